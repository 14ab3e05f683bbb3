/*
 * SCRFD: Guo, Deng, Lattas, Zafeiriou 2021, "Sample and Computation Redistribution for Efficient Face Detection". The ONNX
 * files that insightface distributes (det_500m, det_10g, scrfd_*_bnkps), run by OpenCV. Of each level, strides 8, 16 and 32
 * with two boxes a cell, or 8 to 128 with one: scores [n][1], distances of the box's sides from the cell's corner [n][4], and
 * landmarks from there [n][10], in strides. Outputs are known by their sizes: their names are numbers, and differ.
 */
#include "detect/detector_names.h"
#include "detect/onnx_detector.h"

enum { SCORE, BOX, LANDMARKS, PARTS, LEVELS = 5 };

static const size_t part_row[PARTS] = {1, 4, 10};

typedef struct levels {
    int n, boxes; /* levels, and boxes a cell */
} levels;

static const levels variants[] = {{3, 2}, {5, 1}};

static int stride_of(int level)
{
    return 8 << level;
}

static size_t boxes_of(const fc_onnx_session *s, const levels *v, int level)
{
    return (size_t)(s->w / stride_of(level)) * (size_t)(s->h / stride_of(level)) * (size_t)v->boxes;
}

static fc_status recognise(fc_onnx_session *s, fc_error *err)
{
    const size_t n = s->api->outputs(s->net);

    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        s->variant = (int)i;
        if (n == (size_t)variants[i].n * PARTS)
            return FC_OK;
        if (n == (size_t)variants[i].n * (PARTS - 1))
            return fc_onnx_unlike(s, err, "it gives no landmarks, which faces are aligned by");
    }
    return fc_onnx_unlike(s, err, "it has %zu outputs, want 9 or 15", n);
}

/* Which output is which. */
static fc_status sort_outputs(const fc_onnx_session *s, const levels *v, const fc_dnn_array *out,
                              const float *part[LEVELS][PARTS], fc_error *err)
{
    for (int o = 0; o < v->n * PARTS; o++) {
        bool known = false;
        for (int k = 0; k < v->n; k++)
            for (int p = 0; p < PARTS; p++)
                if (out[o].last == part_row[p] && out[o].n == boxes_of(s, v, k) * part_row[p]) {
                    known = !part[k][p];
                    part[k][p] = out[o].data;
                }
        if (!known)
            return fc_onnx_unlike(s, err, "an output of %zu numbers in rows of %zu", out[o].n, out[o].last);
    }
    return FC_OK;
}

static fc_status read_level(fc_onnx_session *s, const levels *v, int level, const float *const part[PARTS],
                            fc_error *err)
{
    const int cols = s->w / stride_of(level);
    const float step = (float)stride_of(level);
    fc_status st = FC_OK;

    for (size_t i = 0; i < boxes_of(s, v, level) && !st; i++) {
        const size_t cell = i / (size_t)v->boxes, x = cell % (size_t)cols, y = cell / (size_t)cols;
        const float at[] = {(float)x * step, (float)y * step};
        const float *d = part[BOX] + 4 * i, *l = part[LANDMARKS] + 10 * i;
        const float box[] = {at[0] - d[0] * step, at[1] - d[1] * step, at[0] + d[2] * step,
                             at[1] + d[3] * step};
        const double score = fc_onnx_unit(part[SCORE][i]);
        float landmarks[10];
        if (score < s->least_score)
            continue;
        for (int j = 0; j < 10; j++)
            landmarks[j] = at[j % 2] + l[j] * step;
        st = fc_onnx_add(s, score, box, landmarks, err);
    }
    return st;
}

static fc_status read_outputs(fc_onnx_session *s, fc_error *err)
{
    const levels *v = &variants[s->variant];
    const float *part[LEVELS][PARTS] = {{0}};
    fc_dnn_array out[FC_ONNX_OUTPUTS];
    fc_status st = fc_onnx_run(s, NULL, (size_t)v->n * PARTS, out, err);

    if (!st)
        st = sort_outputs(s, v, out, part, err);
    for (int k = 0; k < v->n && !st; k++)
        st = read_level(s, v, k, part[k], err);
    return st;
}

static const fc_onnx_layout layout = {.network = "SCRFD",
                                      .article = "an SCRFD",
                                      .scale = 1 / 128.0,
                                      .shift = -127.5 / 128,
                                      .multiple = 128,
                                      .overlap = 0.4,
                                      .recognise = recognise,
                                      .read = read_outputs};

static fc_status open_scrfd(fc_detector **out, const fc_detector_source *from, fc_error *err)
{
    return fc_onnx_detector_open(out, from, &fc_detector_scrfd, &layout, err);
}

const fc_detector_kind fc_detector_scrfd = {
    .name = FC_DETECTOR_SCRFD,
    .from_file = true,
    .good_score = FC_GOOD_SCORE_OTHERS,
    .open = open_scrfd,
    .free = fc_onnx_detector_free,
    .session_new = fc_onnx_session_new,
    .session_free = fc_onnx_session_free,
    .detect = fc_onnx_detect,
    .facts = fc_onnx_detector_facts,
};
