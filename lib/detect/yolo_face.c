/*
 * YOLO networks that were trained on faces with five landmarks, as their own tools export them to ONNX, run by OpenCV. One
 * output, in pixels of the input:
 *   [1][20][n]  Ultralytics' pose export (YOLOv8-face, YOLO11-face): cx, cy, w, h, score, then x, y and visibility of each
 *               landmark; a box a cell
 *   [1][n][16]  YOLOv5-face (Qi et al. 2021), YOLOv7-face without visibility: cx, cy, w, h, objectness, x and y of each landmark,
 *               the class's score; three boxes a cell
 * of levels with strides 8, 16, 32 and perhaps 64.
 */
#include "detect/detector_names.h"
#include "detect/onnx_detector.h"

enum { POSE_ROWS = 20, ROW = 16, BOXES = 3 };

static fc_status recognise(fc_onnx_session *s, fc_error *err)
{
    const size_t n = s->api->outputs(s->net);

    return n == 1 ? FC_OK : fc_onnx_unlike(s, err, "it has %zu outputs, want one", n);
}

static size_t cells(const fc_onnx_session *s, int levels)
{
    size_t n = 0;

    for (int k = 0; k < levels; k++)
        n += (size_t)(s->w / (8 << k)) * (size_t)(s->h / (8 << k));
    return n;
}

/* Whether that many boxes are those of three or four levels. */
static bool is_count(const fc_onnx_session *s, size_t n, size_t boxes)
{
    return n == cells(s, 3) * boxes || n == cells(s, 4) * boxes;
}

/* Box i of those whose values are apart by step: cx, cy, w, h, then landmarks from first on, each apart by each. */
static fc_status add(fc_onnx_session *s, double score, const float *v, size_t step, size_t first, size_t each,
                     fc_error *err)
{
    const float cx = v[0], cy = v[step], w = v[2 * step], h = v[3 * step];
    const float box[] = {cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};
    float landmarks[10];

    for (size_t i = 0; i < 5; i++)
        for (size_t c = 0; c < 2; c++)
            landmarks[2 * i + c] = v[(first + each * i + c) * step];
    return fc_onnx_add(s, score, box, landmarks, err);
}

static fc_status read_pose(fc_onnx_session *s, const fc_dnn_array *out, fc_error *err)
{
    const size_t n = out->last;
    fc_status st = FC_OK;

    for (size_t i = 0; i < n && !st; i++) {
        const double score = fc_onnx_unit(out->data[4 * n + i]);
        if (score >= s->least_score)
            st = add(s, score, out->data + i, n, 5, 3, err);
    }
    return st;
}

static fc_status read_rows(fc_onnx_session *s, const fc_dnn_array *out, fc_error *err)
{
    fc_status st = FC_OK;

    for (const float *v = out->data; v < out->data + out->n && !st; v += ROW) {
        const double score = fc_onnx_unit(v[4]) * fc_onnx_unit(v[ROW - 1]);
        if (score >= s->least_score)
            st = add(s, score, v, 1, 5, 2, err);
    }
    return st;
}

static fc_status read_output(fc_onnx_session *s, fc_error *err)
{
    fc_dnn_array out;
    const fc_status st = fc_onnx_run(s, NULL, 1, &out, err);

    if (st)
        return st;
    if (out.last == ROW && is_count(s, out.n / ROW, BOXES))
        return read_rows(s, &out, err);
    if (out.last && out.n == out.last * POSE_ROWS && is_count(s, out.last, 1))
        return read_pose(s, &out, err);
    return fc_onnx_unlike(s, err, "an output of %zu numbers in rows of %zu", out.n, out.last);
}

static const fc_onnx_layout layout = {.network = "YOLO-face",
                                      .article = "a YOLO-face",
                                      .scale = 1 / 255.0,
                                      .border = 114,
                                      .multiple = 64,
                                      .overlap = 0.45,
                                      .recognise = recognise,
                                      .read = read_output};

static fc_status open_yolo(fc_detector **out, const fc_detector_source *from, fc_error *err)
{
    return fc_onnx_detector_open(out, from, &fc_detector_yolo_face, &layout, err);
}

const fc_detector_kind fc_detector_yolo_face = {
    .name = FC_DETECTOR_YOLO_FACE,
    .from_file = true,
    .good_score = FC_GOOD_SCORE_OTHERS,
    .open = open_yolo,
    .free = fc_onnx_detector_free,
    .session_new = fc_onnx_session_new,
    .session_free = fc_onnx_session_free,
    .detect = fc_onnx_detect,
    .facts = fc_onnx_detector_facts,
};
