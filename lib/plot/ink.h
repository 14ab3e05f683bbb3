/* Colours, lines, marks and letters of all figures. The colours are Okabe and Ito's (2008), which colour-blind readers
 * tell apart; each comes with a dash and a mark of its own, so that grey print tells them too. */
#ifndef FC_PLOT_INK_H
#define FC_PLOT_INK_H
#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

#include "facecheck.h"

enum { FC_INKS = 7 };

/* The i-th ink, again from the first behind the last. */
void fc_ink_colour(cairo_t *cr, size_t i, double alpha);
void fc_ink_dash(cairo_t *cr, size_t i);
void fc_ink_mark(cairo_t *cr, size_t i, double x, double y, double radius); /* fills */
void fc_ink_grey(cairo_t *cr, double lightness);

typedef enum fc_anchor { FC_LEFT, FC_MIDDLE, FC_RIGHT } fc_anchor;
/* How drawing went: FC_ENOMEM where a text was left out for want of memory, too. */
fc_status fc_ink_status(cairo_t *cr, fc_error *err);
void fc_font(cairo_t *cr, double size, bool bold);
double fc_text_width(cairo_t *cr, const char *text);
/* y is the base line. */
void fc_text(cairo_t *cr, double x, double y, fc_anchor anchor, const char *text);
/* Text cut at the end, with three dots, where it is wider than width. */
void fc_text_fit(cairo_t *cr, double x, double y, double width, const char *text);
/* On white, so that what lies under it does not disturb. */
void fc_text_halo(cairo_t *cr, double x, double y, fc_anchor anchor, const char *text);

#endif
