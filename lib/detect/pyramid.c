#include "detect/pyramid.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "detect/area_impl.h"

/* From so many rows in one of a level on its rows are made here: of less, most are read when they are in a cache. */
#define LEAST_BIN 4

void fc_pyramid_begin(fc_pyramid *p)
{
    p->n = 0;
}

void fc_pyramid_clear(fc_pyramid *p)
{
    for (int i = 0; i < FC_PYRAMID_LEVELS; i++) {
        free(p->level[i].edge);
        free(p->level[i].count);
        free(p->level[i].above[0]);
        free(p->level[i].made);
    }
    free(p->sums);
    free(p->bins);
    *p = (fc_pyramid){0};
}

bool fc_pyramid_add(fc_pyramid *p, const fc_image *img, int w, int h)
{
    size_t all = (size_t)w * (size_t)h;

    for (int i = 0; i < p->n; i++)
        all += (size_t)p->level[i].w * (size_t)p->level[i].h;
    if (p->n == FC_PYRAMID_LEVELS || img->h / h < LEAST_BIN || all > (size_t)img->w * (size_t)img->h / 4)
        return false;
    p->level[p->n].w = w;
    p->level[p->n++].h = h;
    return true;
}

static fc_status begin_level(fc_pyramid_level *l, const fc_image *img, fc_error *err)
{
    const size_t w = (size_t)l->w, room = w + FC_AREA_SLACK;
    fc_status st = fc_grow(&l->edge, 2 * w, &l->room_edge, sizeof *l->edge, err);

    if (!st)
        st = fc_grow(&l->count, room, &l->room_count, sizeof *l->count, err);
    if (!st)
        st = fc_grow(&l->above[0], 8 * w, &l->room_above, sizeof *l->above[0], err);
    if (!st)
        st = fc_grow(&l->made, 3 * w * (size_t)l->h, &l->room_made, sizeof *l->made, err);
    if (st)
        return st;
    l->above[1] = l->above[0] + 4 * w;
    l->begun = l->done = 0;
    for (int x = 0; x < l->w; x++) {
        const int from = fc_area_from(x, img->w, l->w), to = fc_area_to(x, img->w, l->w);
        l->edge[2 * x] = 4 * from;
        l->edge[2 * x + 1] = 4 * to;
        l->count[x] = (float)(to - from);
    }
    memset(l->count + w, 0, FC_AREA_SLACK * sizeof *l->count);
    return FC_OK;
}

static fc_status begin(fc_pyramid *p, const fc_image *img, fc_error *err)
{
    const size_t sums = 4 * ((size_t)img->w + 1), bins = 4 * ((size_t)p->level[0].w + FC_AREA_SLACK);
    fc_status st = fc_grow(&p->sums, sums, &p->room_sums, sizeof *p->sums, err);

    if (!st)
        st = fc_grow(&p->bins, bins, &p->room_bins, sizeof *p->bins, err);
    for (int i = 0; !st && i < p->n; i++)
        st = begin_level(&p->level[i], img, err);
    if (st)
        return st;
    memset(p->sums, 0, sums * sizeof *p->sums);
    memset(p->bins, 0, bins * sizeof *p->bins);
    return FC_OK;
}

static void planes_of(const fc_pyramid_level *l, int y, float **plane)
{
    const size_t w = (size_t)l->w, h = (size_t)l->h;
    for (size_t c = 0; c < 3; c++)
        plane[c] = l->made + (c * h + (size_t)y) * w;
}

/* The rows above y of the picture, all of img_h, are in the sums: bins that begin there keep them, bins that end
 * there are made. */
static void look(fc_pyramid_level *l, const fc_pyramid *p, const fc_area_kernel *k, int y, int img_h)
{
    float *plane[3];

    if (l->begun > l->done && fc_area_to(l->done, img_h, l->h) == y) {
        const int rows = y - fc_area_from(l->done, img_h, l->h);
        planes_of(l, l->done, plane);
        k->bins(p->bins, l->above[l->done++ % 2], p->sums, l->edge, l->w);
        k->deliver_tall(p->bins, l->count, (float)rows, l->w, plane[0], plane[1], plane[2]);
    }
    if (l->begun < l->h && fc_area_from(l->begun, img_h, l->h) == y)
        k->bins(l->above[l->begun++ % 2], NULL, p->sums, l->edge, l->w);
}

fc_status fc_pyramid_make(fc_pyramid *p, const fc_image *img, fc_error *err)
{
    const fc_area_kernel *k = fc_area_best_kernel();
    fc_status st = p->n ? begin(p, img, err) : FC_OK;

    for (int y = 0; !st && p->n && y <= img->h; y++) {
        for (int i = 0; i < p->n; i++)
            look(&p->level[i], p, k, y, img->h);
        if (y < img->h)
            k->add_row(p->sums, img->rgb + (size_t)y * img->stride, img->w);
    }
    return st;
}

void fc_pyramid_row(const fc_pyramid *p, int level, int y, float *const *plane)
{
    const fc_pyramid_level *l = &p->level[level];
    float *from[3];

    planes_of(l, y, from);
    for (int c = 0; c < 3; c++)
        memcpy(plane[c], from[c], (size_t)l->w * sizeof **from);
}
