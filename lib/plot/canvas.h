/* A page to draw on with cairo, which becomes SVG, PNG or PDF. */
#ifndef FC_PLOT_CANVAS_H
#define FC_PLOT_CANVAS_H
#include <cairo.h>

#include "base/bytes.h"

typedef enum fc_page_format { FC_PAGE_SVG, FC_PAGE_PNG, FC_PAGE_PDF } fc_page_format;

/* By the name's extension; FC_EUSAGE where it is none of the three. */
fc_status fc_page_format_of(fc_page_format *out, const char *path, fc_error *err);

typedef struct fc_canvas fc_canvas;

/* width, height in points, 1/72 inch; a PNG has scale pixels a point. */
fc_status fc_canvas_new(fc_canvas **out, fc_page_format format, double width, double height, double scale,
                        fc_error *err);
cairo_t *fc_canvas_cairo(const fc_canvas *c); /* white, its unit a point */
/* The page's bytes. c is freed in any case. */
fc_status fc_canvas_finish(fc_canvas *c, fc_bytes *out, fc_error *err);
/* The same into a file: whole or not at all. */
fc_status fc_canvas_save(fc_canvas *c, const char *path, fc_error *err);
void fc_canvas_free(fc_canvas *c);

#endif
