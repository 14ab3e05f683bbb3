/* Curves and histograms on axes. Units are points. */
#ifndef FC_PLOT_CHART_H
#define FC_PLOT_CHART_H
#include "plot/ink.h"

typedef enum fc_scale {
    FC_SCALE_LINEAR,
    FC_SCALE_LOG,   /* base 10 */
    FC_SCALE_PROBIT /* normal deviates, as DET curves have them (Martin et al. 1997) */
} fc_scale;

typedef struct fc_axis {
    fc_scale scale;
    double min, max; /* max > min; log: > 0; probit: 0 < x < 1 */
    const char *title;
    bool percent; /* of numbers 0..1 */
} fc_axis;

typedef enum fc_series_kind { FC_SERIES_LINE, FC_SERIES_STEPS, FC_SERIES_AREA } fc_series_kind;

typedef struct fc_series {
    const char *name, *note; /* for the legend; name NULL: not in it. note may be NULL */
    fc_series_kind kind; /* STEPS: y[i] holds from x[i] to x[i + 1]; AREA: steps, filled down to the axis */
    size_t ink, dash;
    const double *x, *y;
    size_t n;
    bool marks; /* at every point */
} fc_series;

typedef struct fc_mark {
    double x, y;
    size_t ink;
} fc_mark;

typedef struct fc_rule {
    double x; /* a line from bottom to top */
    const char *text;
} fc_rule;

typedef struct fc_chart {
    const char *title;
    fc_axis x, y;
    const fc_series *series;
    size_t nseries;
    const fc_mark *marks;
    size_t nmarks;
    const fc_rule *rules;
    size_t nrules;
    bool diagonal; /* where x equals y */
} fc_chart;

/* On width x height from the origin. */
void fc_chart_draw(cairo_t *cr, double width, double height, const fc_chart *c);

#endif
