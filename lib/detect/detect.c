/* The cascade of MTCNN: Zhang, Zhang, Li, Qiao 2016. Arithmetic in float32 and rounding as in
 * facenet-pytorch 2.6's detect_face, so that boxes agree with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/error.h"
#include "detect/area.h"
#include "detect/nms.h"
#include "detect/yunet.h"
#include "image/image.h"
#include "model/registry.h"
#include "nets/nets.h"
#include "nn/engine.h"
#include "nn/engine_names.h"
#include "detect/mtcnn_pnet_coarse.h"
#include "detect/mtcnn_rnet_coarse.h"
#include "nn/stream.h"

#define CELL      12 /* P-Net's field of view */
#define STRIDE    2  /* between its cells */
#define RNET_SIZE 24
#define ONET_SIZE 48

/* Nearly all that P-Net and R-Net look at is turned down. Where the CPU multiplies bfloat16, that is done in bfloat16:
 * what is far below a threshold is dropped, and the rest, a hundredth of P-Net's cells, is computed in float32, so that
 * float32 decides and its numbers are the result. Far is SCREEN_MARGIN in the logit. Over 4.6 million cells and 125,285
 * crops of LFW and of group photos the two differed near the threshold by 0.28 (P-Net) and 0.1 (R-Net) at the most. */
#define SCREEN_MARGIN 0.5

/* How many candidates are looked at, for each face that is wanted: the best of P-Net's and of R-Net's. A mosaic of 600
 * photos of LFW (6250 x 6000 pixels) has 66 and 10 for each of its faces, small faces side by side 16 and 6. Of few
 * faces wanted as many candidates are looked at as of FEW_FACES. */
#define PROPOSALS 200
#define SURVIVORS 20
#define FEW_FACES 1000

/* Cells of a row from which on a level of the pyramid is cut into strips: fewer would leave short strips, of which too
 * much is seen by two. */
#define STRIPS_FROM 60

struct fc_detector {
    fc_stream *pnet;
    fc_stream *pnet_strips; /* for wide levels; NULL: the scout does them */
    fc_pnet_coarse *scout;  /* NULL: P-Net runs everywhere in float32 */
    fc_net *rnet, *onet;
    fc_rnet_coarse *screen; /* NULL: R-Net looks at every candidate in float32 */
    fc_stream *rnet_batch,
        *onet_batch; /* where the CPU has no tiles: in place of the nets, several candidates at once */
    fc_yunet *yunet; /* instead of the cascade */
};

/* Cells that wait for P-Net in float32. */
struct cells {
    float in[3][CELL][CELL][FC_STREAM_BATCH]; /* as many of the rows and columns as the shape has */
    int x[FC_STREAM_BATCH], y[FC_STREAM_BATCH], n;
};

/* Candidates that go through R-Net or O-Net together. */
struct batch {
    float crop[3 * ONET_SIZE * ONET_SIZE];
    float in[3 * ONET_SIZE * ONET_SIZE * FC_STREAM_BATCH]; /* [channel][y][x][lane] */
    fc_candidate of[FC_STREAM_BATCH];
    int n, lanes, size;
    float threshold;
    bool landmarks;
};

struct fc_detect_session {
    fc_stream_session *pnet, *pnet_strips;
    fc_session *rnet, *onet;
    fc_pnet_coarse_session *scout;
    struct cells *cells, *flushing; /* [4], by shape; the one that is being run */
    const fc_rnet_coarse *screen;
    fc_stream_session *rnet_batch, *onet_batch;
    struct batch *batch;
    fc_yunet_session *yunet;
    fc_area area;
    fc_candidates boxes;
    fc_nms_scratch nms;
    fc_detect_ms ms;
    /* of the pyramid's level being searched */
    float scale, threshold, margin;
    size_t first;     /* its first candidate */
    size_t proposals; /* to keep of a level, and of all of them */
    bool cut;         /* there were more candidates than are looked at */
};

void fc_detector_free(fc_detector *d)
{
    if (!d)
        return;
    fc_stream_free(d->pnet);
    fc_stream_free(d->pnet_strips);
    fc_pnet_coarse_free(d->scout);
    fc_net_free(d->rnet);
    fc_net_free(d->onet);
    fc_rnet_coarse_free(d->screen);
    fc_stream_free(d->rnet_batch);
    fc_stream_free(d->onet_batch);
    fc_yunet_free(d->yunet);
    free(d);
}

/* A net for the row engine, or, where stream is NULL, for a general one. kept: where the weights go, or NULL. */
static fc_status load_net(fc_stream **stream, bool wide, fc_net **net, fc_weights **kept, const fc_models *m,
                          const char *name, const fc_engine_options *opt, fc_error *err)
{
    const fc_model *model;
    fc_weights *w = NULL;
    fc_graph *g = NULL;
    fc_status s = fc_models_get(&model, m, name, err);

    if (!s)
        s = fc_model_weights(&w, model, err);
    if (!s && !(g = fc_net_by_name(model->arch)))
        s = fc_fail(err, FC_EMODEL, "model %s: unknown architecture '%s'", name, model->arch);
    if (!s)
        s = stream ? fc_stream_compile(stream, g, w, wide, err) : fc_net_compile(net, g, w, opt, err);
    fc_graph_free(g);
    if (!s && kept)
        *kept = w;
    else
        fc_weights_free(w);
    return s;
}

/* Whether R-Net and O-Net run on our own kernels, a vector of candidates at a time: where no other engine is asked for
 * and the CPU has no tiles, which R-Net's screen makes more of. */
static bool batches(const fc_engine_options *opt)
{
    const char *engine = opt ? opt->engine : NULL;
    return !fc_cpu_has(FC_ISA_AMX) &&
           (!engine || !strcmp(engine, FC_ENGINE_AUTO) || !strcmp(engine, FC_ENGINE_ONEDNN));
}

fc_status fc_detector_new(fc_detector **out, const fc_models *m, const fc_engine_options *opt, fc_error *err)
{
    fc_engine_options o = opt ? *opt : (fc_engine_options){0};
    fc_detector *d = calloc(1, sizeof *d);
    fc_weights *pnet = NULL, *rnet = NULL;
    fc_status s;

    *out = NULL;
    if (!d)
        return fc_fail_nomem(err, sizeof *d);
    if (o.engine && fc_engine_wants_files(o.engine))
        o.engine = NULL; /* these are graphs */
    o.precision =
        FC_PRECISION_FP32; /* its thresholds were chosen for it, and it is a small part of the time */
    s = load_net(&d->pnet, false, NULL, &pnet, m, "mtcnn-pnet", NULL, err);
    if (!s && fc_cpu_has(FC_ISA_AMX))
        s = fc_pnet_coarse_compile(&d->scout, pnet, err);
    fc_weights_free(pnet);
    if (!s && !d->scout)
        s = load_net(&d->pnet_strips, true, NULL, NULL, m, "mtcnn-pnet", NULL, err);
    if (!s && batches(&o)) {
        s = load_net(&d->rnet_batch, true, NULL, NULL, m, "mtcnn-rnet", NULL, err);
        if (!s)
            s = load_net(&d->onet_batch, true, NULL, NULL, m, "mtcnn-onet", NULL, err);
    } else if (!s) {
        s = load_net(NULL, false, &d->rnet, &rnet, m, "mtcnn-rnet", &o, err);
        if (!s && d->scout)
            s = fc_rnet_coarse_compile(&d->screen, rnet, err);
        fc_weights_free(rnet);
        if (!s)
            s = load_net(NULL, false, &d->onet, NULL, m, "mtcnn-onet", &o, err);
    }
    if (s) {
        fc_detector_free(d);
        return s;
    }
    *out = d;
    return FC_OK;
}

fc_status fc_detector_open(fc_detector **out, const char *kind, const char *path, fc_error *err)
{
    fc_detector *d;
    fc_status s;

    *out = NULL;
    if (strcmp(kind, "yunet"))
        return fc_fail(err, FC_EUSAGE, "no detector '%s' that is read from a file (there is yunet)", kind);
    d = calloc(1, sizeof *d);
    if (!d)
        return fc_fail_nomem(err, sizeof *d);
    s = fc_yunet_open(&d->yunet, path, err);
    if (s)
        free(d);
    else
        *out = d;
    return s;
}

void fc_detect_session_free(fc_detect_session *s)
{
    if (!s)
        return;
    fc_stream_session_free(s->pnet);
    fc_stream_session_free(s->pnet_strips);
    fc_pnet_coarse_session_free(s->scout);
    free(s->cells);
    fc_session_free(s->rnet);
    fc_session_free(s->onet);
    fc_stream_session_free(s->rnet_batch);
    fc_stream_session_free(s->onet_batch);
    free(s->batch);
    fc_yunet_session_free(s->yunet);
    fc_area_clear(&s->area);
    fc_candidates_clear(&s->boxes);
    fc_nms_scratch_clear(&s->nms);
    free(s);
}

static fc_status make_scout(fc_detect_session *s, const fc_pnet_coarse *scout, fc_error *err)
{
    s->cells = calloc(4, sizeof *s->cells);
    if (!s->cells)
        return fc_fail_nomem(err, 4 * sizeof *s->cells);
    return fc_pnet_coarse_session_new(&s->scout, scout, err);
}

static fc_status make_batch(fc_detect_session *s, const fc_detector *d, fc_error *err)
{
    fc_status st;

    s->batch = calloc(1, sizeof *s->batch);
    if (!s->batch)
        return fc_fail_nomem(err, sizeof *s->batch);
    s->batch->lanes = fc_stream_batch(d->rnet_batch);
    st = fc_stream_session_new(&s->rnet_batch, d->rnet_batch, err);
    return st ? st : fc_stream_session_new(&s->onet_batch, d->onet_batch, err);
}

fc_status fc_detect_session_new(fc_detect_session **out, const fc_detector *d, fc_error *err)
{
    fc_detect_session *s = calloc(1, sizeof *s);
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    if (d->yunet) {
        st = fc_yunet_session_new(&s->yunet, d->yunet, err);
    } else {
        st = fc_stream_session_new(&s->pnet, d->pnet, err);
        if (!st && d->pnet_strips)
            st = fc_stream_session_new(&s->pnet_strips, d->pnet_strips, err);
        if (!st && d->rnet_batch)
            st = make_batch(s, d, err);
        if (!st && d->rnet)
            st = fc_session_new(&s->rnet, d->rnet, err);
        if (!st && d->onet)
            st = fc_session_new(&s->onet, d->onet, err);
        s->screen = d->screen;
        if (!st && d->scout)
            st = make_scout(s, d->scout, err);
    }
    if (st) {
        fc_detect_session_free(s);
        return st;
    }
    *out = s;
    return FC_OK;
}

void fc_faces_clear(fc_faces *f)
{
    free(f->face);
    *f = (fc_faces){0};
}

fc_detect_ms fc_detect_last_ms(const fc_detect_session *s)
{
    return s->ms;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* ---- first stage: P-Net over an image pyramid ------------------------------------------------------- */

static void pyramid_row(void *ctx, int y, float *const *plane)
{
    fc_detect_session *s = ctx;
    fc_area_row(&s->area, y, plane);
}

/* One cell's logits of "no face" and "face" and its regression, each at [i] of a plane. */
static fc_status add_cell(fc_detect_session *s, int x, int y, const float *const *plane, int i, fc_error *err)
{
    /* the softmax's value is needed only near and above the threshold */
    float ahead = plane[1][i] - plane[0][i];
    if (ahead < s->margin)
        return FC_OK;
    float score = 1.0f / (1.0f + expf(-ahead));
    if (score < s->threshold)
        return FC_OK;
    fc_candidate c = {.x1 = floorf((float)(STRIDE * x + 1) / s->scale),
                      .y1 = floorf((float)(STRIDE * y + 1) / s->scale),
                      .x2 = floorf((float)(STRIDE * x + CELL) / s->scale),
                      .y2 = floorf((float)(STRIDE * y + CELL) / s->scale),
                      .score = score,
                      .reg = {plane[2][i], plane[3][i], plane[4][i], plane[5][i]}};
    fc_status st = FC_OK;
    if (s->boxes.n - s->first >= 4 * s->proposals) /* not at each one: sorting takes its time */
        st = fc_candidates_keep_best(&s->boxes, s->first, 2 * s->proposals, &s->cut, &s->nms, err);
    return st ? st : fc_candidates_add(&s->boxes, &c, err);
}

static fc_status cells_row(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_status st = FC_OK;
    for (int x = 0; !st && x < n; x++)
        st = add_cell(ctx, x, y, plane, x, err);
    return st;
}

/* ---- cells that the scout points at ------------------------------------------------------------------- */

/* A cell sees 12x12 pixels; the last one of a row or column only 11 where the pooling's last window is half outside. */
static int cell_side(int cell, int picture)
{
    return STRIDE * cell + CELL <= picture ? CELL : CELL - 1;
}

static void batch_row(void *ctx, int y, float *const *plane)
{
    const struct cells *b = ((fc_detect_session *)ctx)->flushing;
    for (int c = 0; c < 3; c++)
        memcpy(plane[c], b->in[c][y], sizeof b->in[c][y]);
}

static fc_status batch_cells(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_detect_session *s = ctx;
    const struct cells *b = s->flushing;
    fc_status st = FC_OK;
    (void)y, (void)n; /* one row of one cell */
    for (int i = 0; !st && i < b->n; i++)
        st = add_cell(s, b->x[i], b->y[i], plane, i, err);
    return st;
}

static fc_status flush_cells(fc_detect_session *s, struct cells *b, fc_error *err)
{
    fc_status st = FC_OK;

    s->flushing = b;
    if (b->n)
        st = fc_stream_run_batch(s->pnet, cell_side(b->x[0], s->area.out_w),
                                 cell_side(b->y[0], s->area.out_h), batch_row, batch_cells, s, err);
    b->n = 0;
    return st;
}

static fc_status add_pointed(fc_detect_session *s, int x, int y, fc_error *err)
{
    const int w = cell_side(x, s->area.out_w), h = cell_side(y, s->area.out_h);
    struct cells *b = &s->cells[2 * (w < CELL) + (h < CELL)];

    for (int c = 0; c < 3; c++)
        for (int dy = 0; dy < h; dy++) {
            const float *from = fc_pnet_coarse_pixels(s->scout, STRIDE * y + dy, c) + STRIDE * x;
            for (int dx = 0; dx < w; dx++)
                b->in[c][dy][dx][b->n] = from[dx];
        }
    b->x[b->n] = x;
    b->y[b->n] = y;
    return ++b->n == FC_STREAM_BATCH ? flush_cells(s, b, err) : FC_OK;
}

static fc_status scouted_row(void *ctx, int y, const float *ahead, int n, fc_error *err)
{
    fc_detect_session *s = ctx;
    const float least = s->margin - (float)SCREEN_MARGIN;
    fc_status st = FC_OK;

    for (int x = 0; !st && x < n; x++)
        if (ahead[x] >= least)
            st = add_pointed(s, x, y, err);
    return st;
}

/* All cells of a level w x h. */
static fc_status search_level(fc_detect_session *s, int w, int h, fc_error *err)
{
    fc_status st;

    if (!s->scout)
        return fc_stream_run(w / STRIDE < STRIPS_FROM ? s->pnet : s->pnet_strips, w, h, pyramid_row,
                             cells_row, s, err);
    for (int i = 0; i < 4; i++)
        s->cells[i].n = 0;
    st = fc_pnet_coarse_run(s->scout, w, h, pyramid_row, scouted_row, s, err);
    for (int i = 0; !st && i < 4; i++)
        st = flush_cells(s, &s->cells[i], err);
    return st;
}

static fc_status propose(fc_detect_session *s, const fc_image *img, const fc_detect_options *o, fc_error *err)
{
    double scale = CELL / o->min_face;
    double side = (double)(img->w < img->h ? img->w : img->h) * scale;
    fc_status st = FC_OK;

    s->threshold = (float)o->thresholds[0];
    s->margin = (float)(log(o->thresholds[0] / (1 - o->thresholds[0])) - 1e-3);
    for (; !st && side >= CELL; side *= o->factor, scale *= o->factor) {
        int w = (int)(img->w * scale + 1), h = (int)(img->h * scale + 1);
        s->scale = (float)scale;
        s->first = s->boxes.n;
        st = fc_area_begin(&s->area, img->rgb, img->stride, img->w, img->h, w, h, err);
        if (!st)
            st = search_level(s, w, h, err);
        if (!st)
            st = fc_nms(&s->boxes, s->first, 0.5, FC_OVERLAP_UNION, &s->nms, err);
        if (!st)
            st = fc_candidates_keep_best(&s->boxes, 0, 2 * s->proposals, &s->cut, &s->nms, err);
    }
    if (!st)
        st = fc_nms(&s->boxes, 0, 0.7, FC_OVERLAP_UNION, &s->nms, err);
    if (!st)
        st = fc_candidates_keep_best(&s->boxes, 0, s->proposals, &s->cut, &s->nms, err);
    return st;
}

/* ---- second and third stage ------------------------------------------------------------------------- */

/* Moves the corners by the regression, in units of a box w x h. */
static void regress(fc_candidate *c, float w, float h)
{
    c->x1 += c->reg[0] * w;
    c->y1 += c->reg[1] * h;
    c->x2 += c->reg[2] * w;
    c->y2 += c->reg[3] * h;
}

/* The square with the same centre and the longer side. */
static void make_square(fc_candidate *c)
{
    float w = c->x2 - c->x1, h = c->y2 - c->y1, side = w > h ? w : h;
    c->x1 = c->x1 + w * 0.5f - side * 0.5f;
    c->y1 = c->y1 + h * 0.5f - side * 0.5f;
    c->x2 = c->x1 + side;
    c->y2 = c->y1 + side;
}

static int clamp_int(float v, int lo, int hi)
{
    return !(v > (float)lo) ? lo : v >= (float)hi ? hi : (int)v;
}

/* The part of the box that lies in the picture, as the net's input; false where there is none. */
static bool crop_input(fc_detect_session *s, const fc_image *img, const fc_candidate *c, float *input,
                       int size, fc_status *st, fc_error *err)
{
    int x = clamp_int(c->x1, 1, img->w + 1), y = clamp_int(c->y1, 1, img->h + 1);
    int ex = clamp_int(c->x2, 0, img->w), ey = clamp_int(c->y2, 0, img->h);

    if (ey <= y - 1 || ex <= x - 1)
        return false;
    *st = fc_area_begin(&s->area, img->rgb + (size_t)(y - 1) * img->stride + 3 * (size_t)(x - 1), img->stride,
                        ex - (x - 1), ey - (y - 1), size, size, err);
    if (*st)
        return false;
    for (int i = 0; i < size; i++) {
        float *row = input + i * size;
        fc_area_row(&s->area, i, (float *const[]){row, row + size * size, row + 2 * size * size});
    }
    return true;
}

/* O-Net's landmarks, five x and five y in units of the box, in pixels. */
static void place_landmarks(fc_candidate *c, const float *xy)
{
    float w = c->x2 - c->x1 + 1, h = c->y2 - c->y1 + 1;
    for (int i = 0; i < 5; i++) {
        c->landmarks[i][0] = w * xy[i] + c->x1 - 1;
        c->landmarks[i][1] = h * xy[5 + i] + c->y1 - 1;
    }
}

/* Drops the candidates that R-Net would turn down by far. */
static fc_status screen(fc_detect_session *s, const fc_image *img, double threshold, fc_error *err)
{
    const float least = (float)(log(threshold / (1 - threshold)) - SCREEN_MARGIN);
    float crop[FC_RNET_COARSE_BATCH][FC_RNET_COARSE_CROP], ahead[FC_RNET_COARSE_BATCH];
    size_t kept = 0, of[FC_RNET_COARSE_BATCH];
    fc_status st = FC_OK;

    for (size_t i = 0; !st && i < s->boxes.n;) {
        int n = 0;
        for (; !st && i < s->boxes.n && n < FC_RNET_COARSE_BATCH; i++)
            if (crop_input(s, img, &s->boxes.at[i], crop[n], RNET_SIZE, &st, err))
                of[n++] = i;
        fc_rnet_coarse_run(s->screen, crop, n, ahead);
        for (int k = 0; k < n; k++)
            if (ahead[k] >= least)
                s->boxes.at[kept++] = s->boxes.at[of[k]];
    }
    if (!st)
        s->boxes.n = kept;
    return st;
}

/* Runs a net on every candidate and keeps those above the threshold, with their new score, regression and,
 * from a net that has them, landmarks. */
static fc_status refine(fc_detect_session *s, const fc_image *img, fc_session *net, int size,
                        double threshold, bool landmarks, fc_error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->boxes.n; i++) {
        fc_candidate c = s->boxes.at[i];
        fc_status st = FC_OK;
        if (!crop_input(s, img, &c, fc_session_input(net), size, &st, err)) {
            if (st)
                return st;
            continue;
        }
        st = fc_session_run(net, err);
        if (st)
            return st;
        c.score = fc_session_output(net, 0)[1];
        if (!(c.score > (float)threshold))
            continue;
        memcpy(c.reg, fc_session_output(net, 1), sizeof c.reg);
        if (landmarks)
            place_landmarks(&c, fc_session_output(net, 2));
        s->boxes.at[kept++] = c;
    }
    s->boxes.n = kept;
    return FC_OK;
}

static void crop_row(void *ctx, int y, float *const *plane)
{
    const struct batch *b = ((fc_detect_session *)ctx)->batch;
    const size_t row = (size_t)b->size * (size_t)b->lanes;
    for (int c = 0; c < 3; c++)
        memcpy(plane[c], b->in + (size_t)(c * b->size + y) * row, row * sizeof *b->in);
}

/* The logits of "no face" and "face", the regression and landmarks of a batch: what refine() takes from a net. */
static fc_status judge(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_detect_session *s = ctx;
    struct batch *b = s->batch;
    (void)y, (void)n, (void)err; /* one row of one pixel */

    for (int i = 0; i < b->n; i++) {
        fc_candidate *c = &b->of[i];
        float xy[10];
        c->score = 1.0f / (1.0f + expf(plane[0][i] - plane[1][i]));
        if (!(c->score > b->threshold))
            continue;
        for (int k = 0; k < 4; k++)
            c->reg[k] = plane[2 + k][i];
        for (int k = 0; b->landmarks && k < 10; k++)
            xy[k] = plane[6 + k][i];
        if (b->landmarks)
            place_landmarks(c, xy);
        s->boxes.at[s->boxes.n++] = *c; /* no further than where it came from */
    }
    b->n = 0;
    return FC_OK;
}

static void add_crop(struct batch *b, const fc_candidate *c)
{
    const int pixels = 3 * b->size * b->size;
    for (int i = 0; i < pixels; i++)
        b->in[i * b->lanes + b->n] = b->crop[i];
    b->of[b->n++] = *c;
}

/* refine() with a vector of candidates at a time. */
static fc_status refine_batches(fc_detect_session *s, const fc_image *img, fc_stream_session *net, int size,
                                double threshold, bool landmarks, fc_error *err)
{
    const size_t all = s->boxes.n;
    struct batch *b = s->batch;
    fc_status st = FC_OK;

    b->size = size;
    b->threshold = (float)threshold;
    b->landmarks = landmarks;
    b->n = 0;
    s->boxes.n = 0;
    for (size_t i = 0; !st && i < all; i++) {
        if (crop_input(s, img, &s->boxes.at[i], b->crop, size, &st, err))
            add_crop(b, &s->boxes.at[i]);
        if (!st && b->n && (b->n == b->lanes || i + 1 == all))
            st = fc_stream_run_batch(net, size, size, crop_row, judge, s, err);
    }
    return st;
}

static void each(fc_candidates *c, void (*f)(fc_candidate *))
{
    for (size_t i = 0; i < c->n; i++)
        f(&c->at[i]);
}

/* P-Net's regression is in units of the box, the others' of the box with both borders counted. */
static void regress_cell(fc_candidate *c)
{
    regress(c, c->x2 - c->x1, c->y2 - c->y1);
}

static void regress_box(fc_candidate *c)
{
    regress(c, c->x2 - c->x1 + 1, c->y2 - c->y1 + 1);
}

static double rounded(double v, double unit)
{
    return round(v * unit) / unit;
}

/* A place in the picture held, in the file's pixels, with decimals that read back exactly. Centres are at integers. */
static double full_size(double v, double scale)
{
    return rounded((v + 0.5) * scale - 0.5, 1e3);
}

static fc_status deliver(const fc_candidates *c, const fc_image *img, fc_faces *out, fc_error *err)
{
    const double sx = (double)img->full_w / img->w, sy = (double)img->full_h / img->h;

    if (c->n > out->cap) {
        fc_face *p = realloc(out->face, c->n * sizeof *p);
        if (!p)
            return fc_fail_nomem(err, c->n * sizeof *p);
        out->face = p;
        out->cap = c->n;
    }
    for (size_t i = 0; i < c->n; i++) {
        const fc_candidate *a = &c->at[i];
        fc_face *f = &out->face[i];
        *f = (fc_face){.score = rounded((double)a->score, 1e6), .has_landmarks = true};
        f->box[0] = full_size(a->x1, sx);
        f->box[1] = full_size(a->y1, sy);
        f->box[2] = rounded((double)(a->x2 - a->x1) * sx, 1e3);
        f->box[3] = rounded((double)(a->y2 - a->y1) * sy, 1e3);
        for (int k = 0; k < 5; k++) {
            f->landmarks[k][0] = full_size(a->landmarks[k][0], sx);
            f->landmarks[k][1] = full_size(a->landmarks[k][1], sy);
        }
    }
    out->n = c->n;
    return FC_OK;
}

static fc_status check_options(const fc_detect_options *o, fc_error *err)
{
    if (!(o->min_face >= CELL && o->min_face <= 1e6))
        return fc_fail(err, FC_EUSAGE, "smallest face: want %d..1000000 pixels, got %g", CELL, o->min_face);
    if (!(o->factor >= 0.1 && o->factor <= 0.99))
        return fc_fail(err, FC_EUSAGE, "pyramid factor: want 0.1..0.99, got %g", o->factor);
    for (int i = 0; i < 3; i++)
        if (!(o->thresholds[i] > 0 && o->thresholds[i] < 1))
            return fc_fail(err, FC_EUSAGE, "threshold: want a number between 0 and 1, got %g",
                           o->thresholds[i]);
    if (o->max_faces < 0 || o->max_faces > FC_MAX_FACES)
        return fc_fail(err, FC_EUSAGE, "most faces: want 0..%d, got %d", FC_MAX_FACES, o->max_faces);
    return FC_OK;
}

/* The three stages, into boxes. most: faces. */
static fc_status cascade(fc_detect_session *s, const fc_image *img, const fc_detect_options *o, size_t most,
                         fc_error *err)
{
    double start = now_ms(), then;
    fc_status st;

    s->proposals = PROPOSALS * most;
    st = propose(s, img, o, err);
    then = now_ms();
    s->ms.pnet += then - start;
    if (st)
        return st;
    start = then;
    each(&s->boxes, regress_cell);
    each(&s->boxes, make_square);
    if (s->screen)
        st = screen(s, img, o->thresholds[1], err);
    if (!st)
        st = s->batch ? refine_batches(s, img, s->rnet_batch, RNET_SIZE, o->thresholds[1], false, err)
                      : refine(s, img, s->rnet, RNET_SIZE, o->thresholds[1], false, err);
    if (!st)
        st = fc_nms(&s->boxes, 0, 0.7, FC_OVERLAP_UNION, &s->nms, err);
    if (!st)
        st = fc_candidates_keep_best(&s->boxes, 0, SURVIVORS * most, &s->cut, &s->nms, err);
    each(&s->boxes, regress_box);
    each(&s->boxes, make_square);
    then = now_ms();
    s->ms.rnet += then - start;
    if (st)
        return st;
    start = then;
    st = s->batch ? refine_batches(s, img, s->onet_batch, ONET_SIZE, o->thresholds[2], true, err)
                  : refine(s, img, s->onet, ONET_SIZE, o->thresholds[2], true, err);
    each(&s->boxes, regress_box);
    if (!st)
        st = fc_nms(&s->boxes, 0, 0.7, FC_OVERLAP_MIN, &s->nms, err);
    s->ms.onet += now_ms() - start;
    return st;
}

/* Faces of the picture as it is. */
static fc_status detect_once(fc_detect_session *s, const fc_image *img, const fc_detect_options *o,
                             fc_faces *faces, fc_error *err)
{
    const size_t max_faces = o->max_faces ? (size_t)o->max_faces : FC_DEFAULT_MAX_FACES,
                 most = max_faces > FEW_FACES ? max_faces : FEW_FACES;
    fc_status st;

    faces->n = 0;
    faces->cut = s->cut = false;
    s->boxes.n = 0;
    st = s->yunet ? fc_yunet_detect(s->yunet, img, o->min_face, o->thresholds[2], SURVIVORS * most, &s->boxes,
                                    &s->cut, err)
                  : cascade(s, img, o, most, err);
    if (!st)
        st = fc_candidates_keep_best(&s->boxes, 0, max_faces, &s->cut, &s->nms, err);
    if (!st)
        st = deliver(&s->boxes, img, faces, err);
    faces->cut = s->cut;
    return st;
}

/* ---- pictures on their side ---------------------------------------------------------------------------- */

/* The score of the best good face; 0 where there is none. */
static double merit_of(const fc_detect_session *s, const fc_faces *f)
{
    const double good = s->yunet ? FC_GOOD_SCORE_YUNET : FC_GOOD_SCORE_MTCNN;

    for (size_t i = 0; i < f->n && f->face[i].score >= good; i++)
        if (fc_face_misfit(&f->face[i]) <= FC_GOOD_MISFIT)
            return f->face[i].score;
    return 0;
}

/* A place in the picture turned clockwise, in the w x h picture as it is. */
static void turn_back(double p[2], int turn, int w, int h)
{
    const double x = p[0], y = p[1];

    p[0] = rounded(turn == 90 ? y : turn == 180 ? w - 1 - x : w - 1 - y, 1e3);
    p[1] = rounded(turn == 90 ? h - 1 - x : turn == 180 ? h - 1 - y : x, 1e3);
}

static void turn_face_back(fc_face *f, int turn, int w, int h)
{
    double a[2] = {f->box[0], f->box[1]}, b[2] = {f->box[0] + f->box[2], f->box[1] + f->box[3]};

    turn_back(a, turn, w, h);
    turn_back(b, turn, w, h);
    f->box[0] = fmin(a[0], b[0]);
    f->box[1] = fmin(a[1], b[1]);
    if (turn != 180) {
        const double side = f->box[2];
        f->box[2] = f->box[3];
        f->box[3] = side;
    }
    for (int i = 0; i < 5; i++)
        turn_back(f->landmarks[i], turn, w, h);
    f->turn = turn;
}

/* The faces of the turn with the best face, where that is a good one; else faces stays as it is. */
static fc_status try_turns(fc_detect_session *s, const fc_image *img, const fc_detect_options *o,
                           fc_faces *faces, fc_error *err)
{
    fc_image turned = {0};
    fc_faces found = {0};
    double best = 0;
    int best_turn = 0;
    fc_status st = FC_OK;

    for (int turn = 90; !st && turn <= 270; turn += 90) {
        st = fc_image_turn(&turned, img, turn, err);
        if (!st)
            st = detect_once(s, &turned, o, &found, err);
        const double merit = st ? 0 : merit_of(s, &found);
        if (merit > best) {
            const fc_faces other = *faces;
            *faces = found;
            found = other;
            best = merit;
            best_turn = turn;
        }
    }
    for (size_t i = 0; !st && best_turn && i < faces->n; i++)
        turn_face_back(&faces->face[i], best_turn, img->full_w, img->full_h);
    fc_image_clear(&turned);
    fc_faces_clear(&found);
    return st;
}

fc_status fc_detect(fc_detect_session *s, const fc_image *img, const fc_detect_options *opt, fc_faces *faces,
                    fc_error *err)
{
    const fc_detect_options o = opt ? *opt : FC_DETECT_DEFAULTS;
    fc_status st = check_options(&o, err);

    faces->n = 0;
    faces->cut = false;
    s->ms = (fc_detect_ms){0};
    if (!st)
        st = detect_once(s, img, &o, faces, err);
    if (!st && o.turns && merit_of(s, faces) == 0)
        st = try_turns(s, img, &o, faces, err);
    return st;
}

/* ---- choice ------------------------------------------------------------------------------------------ */

/* Larger is better. */
static double merit(const fc_face *f, fc_face_choice choice, int w, int h)
{
    double dx = f->box[0] + f->box[2] / 2 - w / 2.0, dy = f->box[1] + f->box[3] / 2 - h / 2.0;
    switch (choice) {
    case FC_FACES_LARGEST:
        return f->box[2] * f->box[3];
    case FC_FACES_CENTER:
        return -(dx * dx + dy * dy);
    default:
        return f->score;
    }
}

void fc_faces_choose(fc_faces *faces, fc_face_choice choice, int w, int h)
{
    size_t best = 0;

    if (choice == FC_FACES_ALL || choice == FC_FACES_ONE || faces->n < 2)
        return;
    for (size_t i = 1; i < faces->n; i++)
        if (merit(&faces->face[i], choice, w, h) > merit(&faces->face[best], choice, w, h))
            best = i;
    faces->face[0] = faces->face[best];
    faces->n = 1;
}
