/* The first stage: P-Net over an image pyramid. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "detect/mtcnn.h"

#define STRIDE 2 /* between P-Net's cells */

/* Cells of a strip from which on a level of the pyramid is cut into strips: in shorter ones too much is seen by two. */
#define STRIPS_FROM 4

static void pyramid_row(void *ctx, int y, float *const *plane)
{
    fc_mtcnn_session *s = ctx;
    if (s->made < 0)
        fc_area_row(&s->area, y, plane);
    else
        fc_pyramid_row(&s->small, s->made, y, plane);
}

/* A cell whose logit of "face" is so far ahead of that of "no face", with its regression. */
static fc_status add_cell(fc_mtcnn_session *s, int x, int y, float ahead, const float *reg, fc_error *err)
{
    float score = 1.0f / (1.0f + expf(-ahead));
    if (score < s->threshold)
        return FC_OK;
    fc_proposal c = {.x1 = floorf((float)(STRIDE * x + 1) / s->scale),
                     .y1 = floorf((float)(STRIDE * y + 1) / s->scale),
                     .x2 = floorf((float)(STRIDE * x + FC_PNET_CELL) / s->scale),
                     .y2 = floorf((float)(STRIDE * y + FC_PNET_CELL) / s->scale),
                     .score = score,
                     .reg = {reg[0], reg[1], reg[2], reg[3]}};
    fc_status st = FC_OK;
    if (s->base.boxes.n - s->first >= 4 * s->proposals) /* not at each one: sorting takes its time */
        st = fc_proposals_keep_best(&s->base.boxes, s->first, 2 * s->proposals, &s->base.cut, &s->base.nms,
                                    err);
    return st ? st : fc_proposals_add(&s->base.boxes, &c, err);
}

/* The softmax's value and the regression are needed only near and above the threshold. */
static fc_status cells_row(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_mtcnn_session *s = ctx;
    fc_status st = FC_OK;
    float reg[4];

    for (int x = 0; !st && x < n; x++) {
        const float ahead = plane[1][x] - plane[0][x];
        if (ahead < s->margin)
            continue;
        fc_rowwise_others(s->pnet, x, reg);
        st = add_cell(s, x, y, ahead, reg, err);
    }
    return st;
}

/* ---- cells that the coarse P-Net points at ----------------------------------------------------------------- */

/* A cell sees 12x12 pixels; the last one of a row or column only 11 where the pooling's last window is half outside. */
static int cell_side(int cell, int picture)
{
    return STRIDE * cell + FC_PNET_CELL <= picture ? FC_PNET_CELL : FC_PNET_CELL - 1;
}

static void batch_row(void *ctx, int y, float *const *plane)
{
    const fc_mtcnn_session *s = ctx;
    for (int c = 0; c < 3; c++)
        fc_rowwise_spread(s->pnet, plane[c], s->flushing->in[c][y][0], FC_PNET_CELL, FC_PNET_CELL);
}

/* A batch's outputs, which are of cells at those places. */
static fc_status add_cells(fc_mtcnn_session *s, const fc_mtcnn_places *at, const float *const *plane,
                           fc_error *err)
{
    fc_status st = FC_OK;

    for (int i = 0; !st && i < at->n; i++) {
        const float ahead = plane[1][i] - plane[0][i];
        const float reg[] = {plane[2][i], plane[3][i], plane[4][i], plane[5][i]};
        if (!(ahead < s->margin))
            st = add_cell(s, at->x[i], at->y[i], ahead, reg, err);
    }
    return st;
}

static fc_status batch_cells(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_mtcnn_session *s = ctx;
    (void)y, (void)n; /* one row of one cell */
    return add_cells(s, &s->flushing->at, plane, err);
}

/* How many there are with it. */
static int add_place(fc_mtcnn_places *at, int x, int y)
{
    at->x[at->n] = x;
    at->y[at->n] = y;
    return ++at->n;
}

static fc_status flush_cells(fc_mtcnn_session *s, fc_mtcnn_cells *b, fc_error *err)
{
    fc_status st = FC_OK;

    s->flushing = b;
    if (b->at.n)
        st = fc_rowwise_run_batch(s->pnet, FC_ROWWISE_BATCH, cell_side(b->at.x[0], s->w),
                                  cell_side(b->at.y[0], s->h), batch_row, batch_cells, s, err);
    b->at.n = 0;
    return st;
}

static fc_status add_pointed(fc_mtcnn_session *s, int x, int y, fc_error *err)
{
    const int w = cell_side(x, s->w), h = cell_side(y, s->h);
    fc_mtcnn_cells *b = &s->cells[2 * (w < FC_PNET_CELL) + (h < FC_PNET_CELL)];

    for (int c = 0; c < 3; c++)
        for (int dy = 0; dy < h; dy++) {
            const float *from = fc_pnet_coarse_pixels(s->pnet_coarse, STRIDE * y + dy, c) + STRIDE * x;
            memcpy(b->in[c][dy][b->at.n], from, sizeof b->in[c][dy][b->at.n]);
        }
    return add_place(&b->at, x, y) == FC_ROWWISE_BATCH ? flush_cells(s, b, err) : FC_OK;
}

static fc_status coarse_row(void *ctx, int y, const float *ahead, int n, fc_error *err)
{
    fc_mtcnn_session *s = ctx;
    const bool tiles = fc_pnet_coarse_isa(s->of->pnet_coarse) == FC_ISA_AMX;
    const float least = s->margin - (float)(tiles ? FC_COARSE_MARGIN : FC_COARSE_MARGIN_INT16);
    fc_status st = FC_OK;

    for (int x = 0; !st && x < n; x++)
        if (ahead[x] >= least)
            st = add_pointed(s, x, y, err);
    return st;
}

static fc_status search_coarsely(fc_mtcnn_session *s, fc_error *err)
{
    fc_status st;

    for (int i = 0; i < 4; i++)
        s->cells[i].at.n = 0;
    st = fc_pnet_coarse_run(s->pnet_coarse, s->w, s->h, pyramid_row, coarse_row, s, err);
    for (int i = 0; !st && i < 4; i++)
        st = flush_cells(s, &s->cells[i], err);
    return st;
}

/* ---- cells that the bound lets through --------------------------------------------------------------------- */

static void window_row(void *ctx, int y, float *const *plane)
{
    const fc_mtcnn_session *s = ctx;
    const size_t n = FC_PNET_WINDOW_SIDE * (size_t)fc_rowwise_batch(s->of->pnet_rest);
    for (int c = 0; c < FC_PNET_WINDOW_C; c++)
        memcpy(plane[c], s->windows->in + (size_t)(c * FC_PNET_WINDOW_SIDE + y) * n, n * sizeof **plane);
}

static fc_status window_cells(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_mtcnn_session *s = ctx;
    (void)y, (void)n; /* one row of one cell */
    return add_cells(s, &s->windows->at, plane, err);
}

static fc_status flush_windows(fc_mtcnn_session *s, fc_error *err)
{
    fc_status st = FC_OK;

    if (s->windows->at.n)
        st = fc_rowwise_run_batch(s->pnet_rest, fc_rowwise_batch(s->of->pnet_rest), FC_PNET_WINDOW_SIDE,
                                  FC_PNET_WINDOW_SIDE, window_row, window_cells, s, err);
    s->windows->at.n = 0;
    return st;
}

static fc_status bound_row(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_mtcnn_session *s = ctx;
    const float least = s->margin - (float)FC_PNET_BOUND_MARGIN;
    const int batch = fc_rowwise_batch(s->of->pnet_rest);
    fc_status st = FC_OK;

    for (int x = 0; !st && x < n; x++) {
        if (plane[0][x] < least)
            continue;
        fc_rowwise_window(s->pnet_bound, x, s->windows->in + s->windows->at.n, batch);
        if (add_place(&s->windows->at, x, y) == batch)
            st = flush_windows(s, err);
    }
    return st;
}

static fc_status search_bound(fc_mtcnn_session *s, fc_error *err)
{
    fc_status st;

    s->windows->at.n = 0;
    st = fc_rowwise_run(s->pnet_bound, s->w, s->h, pyramid_row, bound_row, s, err);
    return st ? st : flush_windows(s, err);
}

/* All cells of the level. */
static fc_status search(fc_mtcnn_session *s, const fc_image *img, bool bound, fc_error *err)
{
    fc_status st = FC_OK;

    if (s->made < 0)
        st = fc_area_begin(&s->area, img->rgb, img->stride, img->w, img->h, s->w, s->h, err);
    else if (s->made == 0)
        st = fc_pyramid_make(&s->small, img, err);
    if (st)
        return st;
    if (s->pnet_coarse)
        return search_coarsely(s, err);
    return bound ? search_bound(s, err)
                 : fc_rowwise_run_first(s->pnet, s->w, s->h, pyramid_row, cells_row, s, err);
}

/* Where there is a profile, measured. */
static fc_status search_level(fc_mtcnn_session *s, const fc_image *img, int level, fc_error *err)
{
    const bool bound = s->pnet_bound && s->w / STRIDE >= STRIPS_FROM * fc_rowwise_batch(s->of->pnet_bound);
    fc_rowwise_session *net = s->pnet_coarse ? NULL : bound ? s->pnet_bound : s->pnet;
    fc_detect_pass *pass = NULL;
    fc_status st = FC_OK;

    if (s->base.profile)
        st = fc_mtcnn_pass(&pass, s,
                           s->pnet_coarse ? "P-Net, coarse"
                           : bound        ? "P-Net, bound"
                                          : "P-Net",
                           net, NULL, s->w, s->h, err);
    if (st)
        return st;
    if (pass && s->pnet_coarse)
        fc_mtcnn_pass_coarse(pass, s->of->pnet, NULL);
    else if (pass && !bound)
        fc_mtcnn_pass_first(pass, s->of->pnet);
    const double began = pass ? fc_now_ms() : 0;
    st = search(s, img, bound, err);
    if (pass) {
        fc_mtcnn_pass_end(pass, net, began, 1);
        pass->level = level;
    }
    return st;
}

/* The pyramid's levels, from the largest on. */
struct levels {
    const fc_image *img;
    double side, scale, factor; /* side: the shorter one */
};

static struct levels first_level(const fc_image *img, const fc_detect_options *o)
{
    const double scale = FC_PNET_CELL / o->min_face;
    return (struct levels){img, (double)(img->w < img->h ? img->w : img->h) * scale, scale, o->factor};
}

/* The size of the level, and on to the next; false: there is none. */
static bool next_level(struct levels *l, int *w, int *h, float *scale)
{
    if (l->side < FC_PNET_CELL)
        return false;
    *w = (int)(l->img->w * l->scale + 1);
    *h = (int)(l->img->h * l->scale + 1);
    *scale = (float)l->scale;
    l->side *= l->factor;
    l->scale *= l->factor;
    return true;
}

/* Which levels are made together: those from the result on, as many as there are in small. */
static int gather_small(fc_mtcnn_session *s, struct levels l)
{
    int first = 0, w, h;
    float scale;

    fc_pyramid_begin(&s->small);
    while (next_level(&l, &w, &h, &scale))
        if (!fc_pyramid_add(&s->small, l.img, w, h)) {
            if (s->small.n)
                break;
            first++;
        }
    return first;
}

fc_status fc_mtcnn_propose(fc_mtcnn_session *s, const fc_image *img, const fc_detect_options *o,
                           fc_error *err)
{
    struct levels levels = first_level(img, o);
    const int small = gather_small(s, levels);
    fc_status st = FC_OK;

    s->threshold = (float)o->thresholds[0];
    s->margin = (float)(log(o->thresholds[0] / (1 - o->thresholds[0])) - 1e-3);
    for (int level = 0; !st && next_level(&levels, &s->w, &s->h, &s->scale); level++) {
        s->made = level >= small && level - small < s->small.n ? level - small : -1;
        s->first = s->base.boxes.n;
        st = search_level(s, img, level, err);
        if (!st)
            st = fc_nms(&s->base.boxes, s->first, 0.5, FC_OVERLAP_UNION, &s->base.nms, err);
        if (!st)
            st = fc_proposals_keep_best(&s->base.boxes, 0, 2 * s->proposals, &s->base.cut, &s->base.nms, err);
    }
    if (!st)
        st = fc_nms(&s->base.boxes, 0, 0.7, FC_OVERLAP_UNION, &s->base.nms, err);
    if (!st)
        st = fc_proposals_keep_best(&s->base.boxes, 0, s->proposals, &s->base.cut, &s->base.nms, err);
    return st;
}
