/* YuNet: Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector". The ONNX files that OpenCV's model
 * collection has, of March 2022 and of March 2023, run by OpenCV. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/size.h"
#include "detect/detector.h"
#include "detect/detector_names.h"
#include "engines/engine.h"
#include "engines/engine_names.h"
#include "engines/opencv_dnn.h"

#define MAX_BYTES ((uint64_t)1 << 30)
#define MULTIPLE  32  /* of the sides of the network's input */
#define TRIAL     320 /* side of the picture that a file is tried out on */
#define OVERLAP   0.3 /* of boxes that are one face */
#define OUTPUTS   12
#define LEVELS    3 /* of the release of 2023 */

typedef struct fc_yunet_session fc_yunet_session;

typedef struct fc_yunet {
    fc_detector base;
    fc_bytes file;
    char *name; /* the path, for messages */
} fc_yunet;

struct fc_yunet_session {
    fc_detect_session base;
    const fc_yunet *y;
    const fc_dnn_api *api;
    fc_dnn_net *net;
    bool anchors; /* the release of 2022 */
    float *input; /* [3][h][w] */
    size_t room;  /* elements */
    int w, h;
    double min_face, least_score;
};

static const int strides[LEVELS] = {8, 16, 32};

/* ---- input ------------------------------------------------------------------------------------------- */

/* Planes of blue, green and red, 0..255, with black to the right and below. */
static fc_status fill_input(fc_yunet_session *s, const fc_image *img, fc_error *err)
{
    const int pad = MULTIPLE - 1;
    size_t plane, all, bytes;

    s->w = (img->w + pad) / MULTIPLE * MULTIPLE;
    s->h = (img->h + pad) / MULTIPLE * MULTIPLE;
    if (!fc_mul((size_t)s->w, (size_t)s->h, &plane) || !fc_mul(plane, 3, &all) ||
        !fc_mul(all, sizeof(float), &bytes))
        return fc_fail(err, FC_ELIMIT, "a picture of %d x %d pixels is too large for YuNet", img->w, img->h);
    if (all > s->room) {
        free(s->input);
        s->room = 0;
        s->input = malloc(bytes);
        if (!s->input)
            return fc_fail_nomem(err, bytes);
        s->room = all;
    }
    memset(s->input, 0, bytes);
    for (int y = 0; y < img->h; y++) {
        const uint8_t *p = img->rgb + (size_t)y * img->stride;
        float *b = s->input + (size_t)y * (size_t)s->w, *g = b + plane, *r = g + plane;
        for (int x = 0; x < img->w; x++, p += 3) {
            r[x] = p[0];
            g[x] = p[1];
            b[x] = p[2];
        }
    }
    return FC_OK;
}

/* ---- output ------------------------------------------------------------------------------------------ */

/* Of a score's two factors. */
static double unit(float v)
{
    return !(v > 0) ? 0 : v < 1 ? (double)v : 1;
}

static bool is_finite(const fc_proposal *c)
{
    bool ok = isfinite(c->x1) && isfinite(c->y1) && isfinite(c->x2) && isfinite(c->y2);
    for (int i = 0; i < 5; i++)
        ok = ok && isfinite(c->landmarks[i][0]) && isfinite(c->landmarks[i][1]);
    return ok;
}

/* A box w x h around cx, cy with landmarks x, y as the network orders them: eyes, nose, corners of the mouth,
 * each pair from the left of the picture to the right. */
static fc_status add(fc_yunet_session *s, double score, float cx, float cy, float w, float h,
                     const float landmarks[10], fc_error *err)
{
    fc_proposal c = {
        .x1 = cx - w / 2, .y1 = cy - h / 2, .x2 = cx + w / 2, .y2 = cy + h / 2, .score = (float)score};

    memcpy(c.landmarks, landmarks, sizeof c.landmarks);
    if (!(w >= s->min_face && h >= s->min_face) || !is_finite(&c))
        return FC_OK;
    return fc_proposals_add(&s->base.boxes, &c, err);
}

static fc_status check_sizes(const fc_yunet_session *s, const fc_dnn_array *a, size_t n, const size_t *each,
                             size_t cells, fc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].n != cells * each[i])
            return fc_fail(err, FC_EMODEL, "%s: not a YuNet: an output of %zu numbers, want %zu", s->y->name,
                           a[i].n, cells * each[i]);
    return FC_OK;
}

/* The release of 2022: boxes of several sizes around each cell, moved and scaled. Its outputs: loc [n][14],
 * conf [n][2], iou [n]. */
static fc_status read_anchors(fc_yunet_session *s, const fc_dnn_array out[3], fc_error *err)
{
    static const struct {
        int stride, n;
        float size[3];
    } levels[] = {{8, 3, {10, 16, 24}}, {16, 2, {32, 48}}, {32, 2, {64, 96}}, {64, 3, {128, 192, 256}}};
    const size_t nlevels = sizeof levels / sizeof *levels;
    const float *loc = out[0].data, *conf = out[1].data, *iou = out[2].data;
    size_t cells = 0;
    fc_status st;

    for (size_t k = 0; k < nlevels; k++)
        cells += (size_t)(s->w / levels[k].stride) * (size_t)(s->h / levels[k].stride) * (size_t)levels[k].n;
    st = check_sizes(s, out, 3, (const size_t[]){14, 2, 1}, cells, err);
    for (size_t k = 0; k < nlevels && !st; k++) {
        const int cols = s->w / levels[k].stride, rows = s->h / levels[k].stride;
        for (int i = 0; i < rows * cols * levels[k].n && !st; i++, loc += 14, conf += 2, iou++) {
            const double score = sqrt(unit(conf[1]) * unit(iou[0]));
            const int cell = i / levels[k].n;
            const float size = levels[k].size[i % levels[k].n], step = size * 0.1f;
            const float x = ((float)(cell % cols) + 0.5f) * (float)levels[k].stride;
            const float y = ((float)(cell / cols) + 0.5f) * (float)levels[k].stride;
            float landmarks[10];
            if (score < s->least_score)
                continue;
            for (int j = 0; j < 10; j++)
                landmarks[j] = (j % 2 ? y : x) + loc[4 + j] * step;
            /* OpenCV's cv::FaceDetectorYN scales the width by 0.1 and the height by 0.2, too */
            st = add(s, score, x + loc[0] * step, y + loc[1] * step, size * expf(loc[2] * 0.1f),
                     size * expf(loc[3] * 0.2f), landmarks, err);
        }
    }
    return st;
}

/* The release of 2023: one box a cell. Its outputs, of each level: cls [n], obj [n], bbox [n][4], kps [n][10]. */
static fc_status read_cells(fc_yunet_session *s, const fc_dnn_array out[OUTPUTS], fc_error *err)
{
    fc_status st = FC_OK;

    for (int k = 0; k < LEVELS && !st; k++) {
        const fc_dnn_array level[] = {out[k], out[LEVELS + k], out[2 * LEVELS + k], out[3 * LEVELS + k]};
        const int cols = s->w / strides[k], rows = s->h / strides[k];
        const float step = (float)strides[k];
        st = check_sizes(s, level, 4, (const size_t[]){1, 1, 4, 10}, (size_t)cols * (size_t)rows, err);
        for (int i = 0; i < rows * cols && !st; i++) {
            const double score = sqrt(unit(level[0].data[i]) * unit(level[1].data[i]));
            const float *box = level[2].data + 4 * (size_t)i, *kps = level[3].data + 10 * (size_t)i;
            const float x = (float)(i % cols), y = (float)(i / cols);
            float landmarks[10];
            if (score < s->least_score)
                continue;
            for (int j = 0; j < 10; j++)
                landmarks[j] = ((j % 2 ? y : x) + kps[j]) * step;
            st = add(s, score, (x + box[0]) * step, (y + box[1]) * step, expf(box[2]) * step,
                     expf(box[3]) * step, landmarks, err);
        }
    }
    return st;
}

/* Of the options, min_face and the last threshold count. */
static fc_status detect(fc_detect_session *base, const fc_image *img, const fc_detect_options *o, size_t most,
                        fc_error *err)
{
    fc_yunet_session *s = (fc_yunet_session *)base;
    static const char *const anchors[] = {"loc", "conf", "iou"};
    static const char *const cells[OUTPUTS] = {"cls_8",  "cls_16",  "cls_32",  "obj_8", "obj_16", "obj_32",
                                               "bbox_8", "bbox_16", "bbox_32", "kps_8", "kps_16", "kps_32"};
    fc_dnn_array out[OUTPUTS];
    fc_status st = fill_input(s, img, err);

    s->min_face = o->min_face;
    s->least_score = o->thresholds[2];
    if (!st)
        st = s->api->run(s->net, s->input, (const int[]){3, s->h, s->w}, s->anchors ? anchors : cells,
                         s->anchors ? 3 : OUTPUTS, out, err);
    if (!st)
        st = s->anchors ? read_anchors(s, out, err) : read_cells(s, out, err);
    if (!st)
        st = fc_proposals_keep_best(&base->boxes, 0, FC_DETECT_SURVIVORS * most, &base->cut, &base->nms, err);
    return st ? st : fc_nms(&base->boxes, 0, OVERLAP, FC_OVERLAP_UNION, &base->nms, err);
}

/* ---- files and sessions -------------------------------------------------------------------------------- */

static void session_free(fc_detect_session *base)
{
    fc_yunet_session *s = (fc_yunet_session *)base;

    if (s->net)
        s->api->net_free(s->net);
    free(s->input);
    free(s);
}

static fc_status session_new(fc_detect_session **out, const fc_detector *base, fc_error *err)
{
    const fc_yunet *y = (const fc_yunet *)base;
    fc_yunet_session *s = calloc(1, sizeof *s);
    fc_error why;
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.kind = base->kind;
    s->y = y;
    st = fc_dnn_open(&s->api, &why);
    if (st)
        st = fc_fail(err, st, "%s: %s", y->name, why.message);
    else
        st = s->api->net_new(&s->net, y->file.data, y->file.n, y->name, err);
    if (!st) {
        s->anchors = s->api->has_output(s->net, "loc");
        if (!s->anchors && !s->api->has_output(s->net, "cls_8"))
            st = fc_fail(err, FC_EMODEL,
                         "%s: not a YuNet: its outputs are neither loc, conf and iou nor cls_8, cls_16 ...",
                         y->name);
    }
    if (st)
        session_free(&s->base);
    else
        *out = &s->base;
    return st;
}

static void free_yunet(fc_detector *base)
{
    fc_yunet *y = (fc_yunet *)base;

    fc_bytes_clear(&y->file);
    free(y->name);
    free(y);
}

/* Runs the network on a black picture: a file that cannot be used is known at once. */
static fc_status try_out(const fc_yunet *y, fc_error *err)
{
    const fc_detect_options any = {.min_face = 1, .thresholds = {0.5, 0.5, 0.5}};
    fc_detect_session *s = NULL;
    fc_image black = {0};
    fc_status st = session_new(&s, &y->base, err);

    if (!st)
        st = fc_image_alloc(&black, TRIAL, TRIAL, err);
    if (!st)
        st = detect(s, &black, &any, FC_MAX_FACES, err);
    fc_image_clear(&black);
    fc_detect_session_free(s);
    return st;
}

static fc_status open_yunet(fc_detector **out, const fc_detector_source *from, fc_error *err)
{
    const char *path = from->path;
    fc_yunet *y = calloc(1, sizeof *y);
    fc_status st;

    *out = NULL;
    if (!y)
        return fc_fail_nomem(err, sizeof *y);
    y->base.kind = &fc_detector_yunet;
    y->name = strdup(path);
    st = y->name ? fc_bytes_read_file(&y->file, path, MAX_BYTES, err) : fc_fail_nomem(err, strlen(path) + 1);
    if (!st)
        st = try_out(y, err);
    if (st)
        free_yunet(&y->base);
    else
        *out = &y->base;
    return st;
}

static size_t facts(const fc_detector *base, fc_network_facts *out, size_t most)
{
    (void)base;
    if (most)
        out[0] = (fc_network_facts){.network = "YuNet"};
    if (most && !fc_engine_describe(&out[0].engine, FC_ENGINE_OPENCV, NULL))
        out[0].engine.precision = FC_PRECISION_FP32;
    return 1;
}

const fc_detector_kind fc_detector_yunet = {
    .name = FC_DETECTOR_YUNET,
    .from_file = true,
    .good_score = FC_GOOD_SCORE_YUNET,
    .open = open_yunet,
    .free = free_yunet,
    .session_new = session_new,
    .session_free = session_free,
    .detect = detect,
    .facts = facts,
};
