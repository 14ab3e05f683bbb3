/* Distributions side by side: a row for each of several kinds, and in it a strip for each group. */
#ifndef FC_PLOT_BOXPLOTS_H
#define FC_PLOT_BOXPLOTS_H
#include "plot/ink.h"

typedef struct fc_boxplot {
    const char *name;
    double *sample; /* [n], above zero; sorted by drawing */
    size_t n;
} fc_boxplot;

typedef struct fc_boxplot_group {
    const char *name;
    const fc_boxplot *strip; /* [n], the same names in the same order in every group */
    size_t n;
} fc_boxplot_group;

/* On a logarithmic axis. A dot is the median, a bar the middle half, a line 5 % to 95 %, a tick 99 %; the median stands
 * beside it in figures. */
void fc_boxplots_draw(cairo_t *cr, double width, double height, const char *title, const char *axis,
                      const fc_boxplot_group *group, size_t n);

#endif
