/* fc-plot's settings, and its map of embeddings. */
#ifndef CMD_PLOT_MAP_H
#define CMD_PLOT_MAP_H
#include "plot/canvas.h"
#include "run.h"

enum { PLOT_MAP_TSNE, PLOT_MAP_PCA };

struct plot_args {
    struct common_args common;
    const char *model;
    bool flip;
    const char *output, *title;
    fc_texts labels;
    double width, height, scale;
    int method, named;
    double perplexity;
    uint64_t seed;
    bool thumbs;
};

/* *code: EXIT_PARTLY where some pictures failed. */
fc_status plot_map(const struct plot_args *args, fc_page_format format, char **operands, int n, int *code,
                   fc_error *err);

#endif
