/* Bars made of parts: a row for each, from zero on. */
#ifndef FC_PLOT_BARS_H
#define FC_PLOT_BARS_H
#include "plot/ink.h"

#define FC_BAR_GREY ((size_t)-1) /* the ink of what has no name in the legend */

typedef struct fc_bar_part {
    double length; /* >= 0 */
    size_t ink;    /* of the legend, or FC_BAR_GREY */
} fc_bar_part;

typedef struct fc_bar {
    const char *name, *note; /* to the left and to the right of it */
    const fc_bar_part *part; /* [n] */
    size_t n;
    double mark; /* a line across it; 0: none */
} fc_bar;

typedef struct fc_bars {
    const char *title, *axis, *notes; /* notes: what they are, above them */
    const fc_bar *bar;                /* [n] */
    size_t n;
    const char *const *legend; /* [nlegend], by ink */
    size_t nlegend;
    const char *grey; /* what grey is; NULL: there is none */
} fc_bars;

/* On width x height from the origin, on a linear axis. */
void fc_bars_draw(cairo_t *cr, double width, double height, const fc_bars *b);

#endif
