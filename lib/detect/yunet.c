/* YuNet: Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector". The ONNX files that OpenCV's model
 * collection has, of March 2022 and of March 2023, run by OpenCV. */
#include <math.h>
#include <stddef.h>

#include "detect/detector_names.h"
#include "detect/onnx_detector.h"

#define OUTPUTS 12
#define LEVELS  3 /* of the release of 2023 */

enum { CELLS, ANCHORS }; /* the releases of 2023 and of 2022 */

static const int strides[LEVELS] = {8, 16, 32};

/* A box w x h around cx, cy. */
static fc_status add(fc_onnx_session *s, double score, float cx, float cy, float w, float h,
                     const float landmarks[10], fc_error *err)
{
    const float box[] = {cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};

    return fc_onnx_add(s, score, box, landmarks, err);
}

static fc_status check_sizes(const fc_onnx_session *s, const fc_dnn_array *a, size_t n, const size_t *each,
                             size_t cells, fc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].n != cells * each[i])
            return fc_onnx_unlike(s, err, "an output of %zu numbers, want %zu", a[i].n, cells * each[i]);
    return FC_OK;
}

/* The release of 2022: boxes of several sizes around each cell, moved and scaled. Its outputs: loc [n][14],
 * conf [n][2], iou [n]. */
static fc_status read_anchors(fc_onnx_session *s, const fc_dnn_array out[3], fc_error *err)
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
            const double score = sqrt(fc_onnx_unit(conf[1]) * fc_onnx_unit(iou[0]));
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
static fc_status read_cells(fc_onnx_session *s, const fc_dnn_array out[OUTPUTS], fc_error *err)
{
    fc_status st = FC_OK;

    for (int k = 0; k < LEVELS && !st; k++) {
        const fc_dnn_array level[] = {out[k], out[LEVELS + k], out[2 * LEVELS + k], out[3 * LEVELS + k]};
        const int cols = s->w / strides[k], rows = s->h / strides[k];
        const float step = (float)strides[k];
        st = check_sizes(s, level, 4, (const size_t[]){1, 1, 4, 10}, (size_t)cols * (size_t)rows, err);
        for (int i = 0; i < rows * cols && !st; i++) {
            const double score = sqrt(fc_onnx_unit(level[0].data[i]) * fc_onnx_unit(level[1].data[i]));
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

static fc_status recognise(fc_onnx_session *s, fc_error *err)
{
    s->variant = s->api->has_output(s->net, "loc") ? ANCHORS : CELLS;
    if (s->variant == CELLS && !s->api->has_output(s->net, "cls_8"))
        return fc_onnx_unlike(s, err, "its outputs are neither loc, conf and iou nor cls_8, cls_16 ...");
    return FC_OK;
}

static fc_status read_outputs(fc_onnx_session *s, fc_error *err)
{
    static const char *const anchors[] = {"loc", "conf", "iou"};
    static const char *const cells[OUTPUTS] = {"cls_8",  "cls_16",  "cls_32",  "obj_8", "obj_16", "obj_32",
                                               "bbox_8", "bbox_16", "bbox_32", "kps_8", "kps_16", "kps_32"};
    fc_dnn_array out[OUTPUTS];
    const bool old = s->variant == ANCHORS;
    const fc_status st = fc_onnx_run(s, old ? anchors : cells, old ? 3 : OUTPUTS, out, err);

    return st ? st : old ? read_anchors(s, out, err) : read_cells(s, out, err);
}

static const fc_onnx_layout layout = {.network = "YuNet",
                                      .article = "a YuNet",
                                      .bgr = true,
                                      .scale = 1,
                                      .multiple = 32,
                                      .overlap = 0.3,
                                      .recognise = recognise,
                                      .read = read_outputs};

static fc_status open_yunet(fc_detector **out, const fc_detector_source *from, fc_error *err)
{
    return fc_onnx_detector_open(out, from, &fc_detector_yunet, &layout, err);
}

const fc_detector_kind fc_detector_yunet = {
    .name = FC_DETECTOR_YUNET,
    .from_file = true,
    .good_score = FC_GOOD_SCORE_YUNET,
    .open = open_yunet,
    .free = fc_onnx_detector_free,
    .session_new = fc_onnx_session_new,
    .session_free = fc_onnx_session_free,
    .detect = fc_onnx_detect,
    .facts = fc_onnx_detector_facts,
};
