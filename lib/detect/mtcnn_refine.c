/* The second and the third stage: R-Net and O-Net on crops. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "detect/mtcnn.h"

static int clamp_int(float v, int lo, int hi)
{
    return !(v > (float)lo) ? lo : v >= (float)hi ? hi : (int)v;
}

/* The part of the box that lies in the picture, as the net's input; false where there is none. */
static bool crop_input(fc_mtcnn_session *s, const fc_image *img, const fc_proposal *c, float *input, int size,
                       fc_status *st, fc_error *err)
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

/* O-Net's landmarks, five x and five y in units of the box, each at [at] of a plane, in pixels. */
static void place_landmarks(fc_proposal *c, const float *const *plane, int at)
{
    float w = c->x2 - c->x1 + 1, h = c->y2 - c->y1 + 1;
    for (int i = 0; i < 5; i++) {
        c->landmarks[i][0] = w * plane[i][at] + c->x1 - 1;
        c->landmarks[i][1] = h * plane[5 + i][at] + c->y1 - 1;
    }
}

static fc_status drop_hopeless(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err)
{
    const bool tiles = fc_rnet_coarse_isa(s->rnet_coarse) == FC_ISA_AMX;
    const double margin = tiles ? FC_COARSE_MARGIN : FC_COARSE_MARGIN_INT8;
    const float least = (float)(log(threshold / (1 - threshold)) - margin);
    float crop[FC_RNET_COARSE_BATCH][FC_RNET_COARSE_CROP], ahead[FC_RNET_COARSE_BATCH];
    size_t kept = 0, of[FC_RNET_COARSE_BATCH];
    fc_status st = FC_OK;

    for (size_t i = 0; !st && i < s->base.boxes.n;) {
        int n = 0;
        for (; !st && i < s->base.boxes.n && n < FC_RNET_COARSE_BATCH; i++)
            if (crop_input(s, img, &s->base.boxes.at[i], crop[n], FC_RNET_SIZE, &st, err))
                of[n++] = i;
        fc_rnet_coarse_run(s->rnet_coarse, crop, n, ahead);
        for (int k = 0; k < n; k++)
            if (ahead[k] >= least)
                s->base.boxes.at[kept++] = s->base.boxes.at[of[k]];
    }
    if (!st)
        s->base.boxes.n = kept;
    return st;
}

/* What the net says of candidate c, its input of that number; false: it is none. */
static bool is_kept(fc_proposal *c, const fc_session *net, int number, double threshold, bool landmarks)
{
    const float *plane[10];

    c->score = fc_session_output_of(net, number, 0)[1];
    if (!(c->score > (float)threshold))
        return false;
    memcpy(c->reg, fc_session_output_of(net, number, 1), sizeof c->reg);
    if (landmarks) {
        for (int k = 0; k < 10; k++)
            plane[k] = fc_session_output_of(net, number, 2) + k;
        place_landmarks(c, plane, 0);
    }
    return true;
}

/* Runs a net, which takes most inputs at a time, on every candidate and keeps those above the threshold, with their new score,
 * regression and, from a net that has them, landmarks. ms NULL: nothing is measured. */
static fc_status refine(fc_mtcnn_session *s, const fc_image *img, fc_session *net, int most, int size,
                        double threshold, bool landmarks, double *ms, fc_error *err)
{
    fc_proposals *boxes = &s->base.boxes;
    size_t kept = 0, of[FC_NET_BATCH];
    fc_status st = FC_OK;

    for (size_t i = 0; i < boxes->n;) {
        int n = 0;
        for (; !st && i < boxes->n && n < most; i++)
            if (crop_input(s, img, &boxes->at[i], fc_session_input_of(net, n), size, &st, err))
                of[n++] = i;
        if (!st && n)
            st = ms ? fc_session_run_timed(net, n, ms, err) : fc_session_run_batch(net, n, err);
        if (st)
            return st;
        for (int k = 0; k < n; k++) {
            fc_proposal c = boxes->at[of[k]];
            if (is_kept(&c, net, k, threshold, landmarks))
                boxes->at[kept++] = c;
        }
    }
    boxes->n = kept;
    return FC_OK;
}

static float *crop_of(fc_mtcnn_batch *b, int i)
{
    return b->in + (size_t)i * 3 * (size_t)b->size * (size_t)b->size;
}

static void crop_row(void *ctx, int y, float *const *plane)
{
    fc_mtcnn_batch *b = ((fc_mtcnn_session *)ctx)->batch;
    for (int c = 0; c < 3; c++)
        fc_rowwise_spread(b->net, plane[c], b->in + (c * b->size + y) * b->size, 3 * b->size * b->size,
                          b->size);
}

/* The logits of "no face" and "face", the regression and landmarks of a batch: what refine() takes from a net. */
static fc_status judge(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    fc_mtcnn_session *s = ctx;
    fc_mtcnn_batch *b = s->batch;
    (void)y, (void)n, (void)err; /* one row of one pixel */

    for (int i = 0; i < b->n; i++) {
        fc_proposal *c = &b->of[i];
        c->score = 1.0f / (1.0f + expf(plane[0][i] - plane[1][i]));
        if (!(c->score > b->threshold))
            continue;
        for (int k = 0; k < 4; k++)
            c->reg[k] = plane[2 + k][i];
        if (b->landmarks)
            place_landmarks(c, plane + 6, i);
        s->base.boxes.at[s->base.boxes.n++] = *c; /* no further than where it came from */
    }
    b->n = 0;
    return FC_OK;
}

/* refine() with a vector of candidates at a time. */
static fc_status refine_batches(fc_mtcnn_session *s, const fc_image *img, fc_rowwise_session *net, int size,
                                double threshold, bool landmarks, fc_error *err)
{
    const size_t all = s->base.boxes.n, most = (size_t)fc_rowwise_batch(fc_rowwise_of(net));
    fc_mtcnn_batch *b = s->batch;
    fc_status st = FC_OK;

    b->net = net;
    b->size = size;
    b->threshold = (float)threshold;
    b->landmarks = landmarks;
    b->n = 0;
    s->base.boxes.n = 0;
    for (size_t i = 0; !st && i < all; i++) {
        if (!b->n)
            b->lanes = fc_rowwise_lanes(fc_rowwise_of(net), all - i < most ? (int)(all - i) : (int)most);
        if (crop_input(s, img, &s->base.boxes.at[i], crop_of(b, b->n), size, &st, err))
            b->of[b->n++] = s->base.boxes.at[i];
        if (!st && b->n && (b->n == b->lanes || i + 1 == all))
            st = fc_rowwise_run_batch(net, b->lanes, size, size, crop_row, judge, s, err);
    }
    return st;
}

fc_status fc_mtcnn_rnet_coarse(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err)
{
    const size_t inputs = s->base.boxes.n;
    fc_detect_pass *pass = NULL;
    fc_status st = FC_OK;

    if (s->base.profile)
        st = fc_mtcnn_pass(&pass, s, "R-Net, coarse", NULL, NULL, FC_RNET_SIZE, FC_RNET_SIZE, err);
    if (st)
        return st;
    if (pass)
        fc_mtcnn_pass_coarse(pass, s->of->rnet_batch, s->of->rnet);
    const double began = pass ? fc_now_ms() : 0;
    st = drop_hopeless(s, img, threshold, err);
    if (pass)
        fc_mtcnn_pass_end(pass, NULL, began, inputs);
    return st;
}

/* With either; where there is a profile, measured. */
static fc_status look(fc_mtcnn_session *s, const fc_image *img, const char *name, bool onet, double threshold,
                      fc_error *err)
{
    fc_rowwise_session *batch = onet ? s->onet_batch : s->rnet_batch;
    const int size = onet ? FC_ONET_SIZE : FC_RNET_SIZE;
    const size_t inputs = s->base.boxes.n;
    fc_detect_pass *pass = NULL;
    fc_status st = FC_OK;

    if (s->base.profile)
        st = fc_mtcnn_pass(&pass, s, name, batch, onet ? s->of->onet : s->of->rnet, size, size, err);
    if (st)
        return st;
    const double began = pass ? fc_now_ms() : 0;
    st = batch ? refine_batches(s, img, batch, size, threshold, onet, err)
               : refine(s, img, onet ? s->onet : s->rnet, fc_net_batch(onet ? s->of->onet : s->of->rnet),
                        size, threshold, onet, pass ? pass->layer_ms : NULL, err);
    if (pass)
        fc_mtcnn_pass_end(pass, batch, began, inputs);
    return st;
}

fc_status fc_mtcnn_rnet(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err)
{
    return look(s, img, "R-Net", false, threshold, err);
}

fc_status fc_mtcnn_onet(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err)
{
    return look(s, img, "O-Net", true, threshold, err);
}
