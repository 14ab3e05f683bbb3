/* A map of faces: points that lie near each other where their embeddings do, in their people's colours. */
#ifndef FC_PLOT_MAP_H
#define FC_PLOT_MAP_H
#include <cairo.h>

#include "facecheck.h"

typedef enum fc_map_method { FC_MAP_TSNE, FC_MAP_PCA } fc_map_method;

typedef struct fc_map_face {
    const float *v;     /* [dim], unit length */
    const char *person; /* NULL or "": nobody knows */
    const char *path;   /* of the picture, for thumbs; NULL: none */
    fc_face face;       /* in the picture */
} fc_map_face;

typedef struct fc_map_settings {
    fc_map_method method;
    double perplexity;         /* t-SNE: neighbours that count */
    uint64_t seed;             /* t-SNE: where points start */
    size_t named;              /* people with the most pictures who get a colour, a mark and their name */
    bool thumbs;               /* small pictures of the faces, where there is room */
    const char *title;         /* NULL: "Map of embeddings" */
    double width, height;      /* of the page, in points */
    fc_image_options decoding; /* of pictures for thumbs: limits, and the budget of memory */
    /* t-SNE: after each step; false: points stay where they are then. May be NULL. */
    bool (*progress)(void *ctx, int done, int total);
    void *ctx;
} fc_map_settings;

typedef struct fc_map fc_map;

/* Finds everybody's place. face [n] and what it points to, and the title, are borrowed until fc_map_free. FC_EFACES: n is 0;
 * FC_ELIMIT: more than FC_TSNE_MAX for t-SNE. */
fc_status fc_map_new(fc_map **out, const fc_map_face *face, size_t n, size_t dim, const fc_map_settings *set,
                     fc_error *err);
/* *thumbs: how many small pictures there are; one whose picture cannot be read again is left out. */
fc_status fc_map_draw(cairo_t *cr, const fc_map *m, size_t *thumbs, fc_error *err);
void fc_map_free(fc_map *m);

#endif
