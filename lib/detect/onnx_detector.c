#include "detect/onnx_detector.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "engines/engine.h"
#include "engines/engine_names.h"

#define MAX_BYTES  ((uint64_t)1 << 30)
#define AREA_SCALE 128.0 /* fc_area gives (v - 127.5) / 128 */
#define AREA_SHIFT 127.5

/* ---- input ------------------------------------------------------------------------------------------- */

/* The size at which the picture is seen: reduced, never enlarged, into a network's only input. */
static void seen_size(const fc_onnx_session *s, const fc_image *img, int *w, int *h)
{
    const int side = s->d->side, longest = img->w > img->h ? img->w : img->h;

    *w = img->w;
    *h = img->h;
    if (!side || longest <= side)
        return;
    *w = (int)fmax(1, round((double)img->w * side / longest));
    *h = (int)fmax(1, round((double)img->h * side / longest));
}

static int rounded_up(int v, int multiple)
{
    return (v + multiple - 1) / multiple * multiple;
}

static fc_status make_room(fc_onnx_session *s, size_t *plane, fc_error *err)
{
    size_t all, bytes;

    if (!fc_mul((size_t)s->w, (size_t)s->h, plane) || !fc_mul(*plane, 3, &all) ||
        !fc_mul(all, sizeof(float), &bytes))
        return fc_fail(err, FC_ELIMIT, "a picture of %d x %d pixels is too large for %s", s->w, s->h,
                       s->d->layout->network);
    if (all <= s->room)
        return FC_OK;
    free(s->input);
    s->room = 0;
    s->input = malloc(bytes);
    if (!s->input)
        return fc_fail_nomem(err, bytes);
    s->room = all;
    return FC_OK;
}

/* The picture at the top left, and the border's colour around it. */
static fc_status fill_input(fc_onnx_session *s, const fc_image *img, fc_error *err)
{
    const fc_onnx_layout *l = s->d->layout;
    const float scale = (float)(AREA_SCALE * l->scale), shift = (float)(AREA_SHIFT * l->scale + l->shift);
    const float border = (float)(l->border * l->scale + l->shift);
    size_t plane = 0;
    fc_status st;
    int w, h;

    seen_size(s, img, &w, &h);
    s->step[0] = (float)img->w / (float)w;
    s->step[1] = (float)img->h / (float)h;
    s->w = s->d->side ? s->d->side : rounded_up(w, l->multiple);
    s->h = s->d->side ? s->d->side : rounded_up(h, l->multiple);
    st = make_room(s, &plane, err);
    if (!st)
        st = fc_area_begin(&s->area, img->rgb, img->stride, img->w, img->h, w, h, err);
    for (int y = 0; !st && y < s->h; y++) {
        float *rows[3];
        for (int c = 0; c < 3; c++)
            rows[c] = s->input + (size_t)(l->bgr ? 2 - c : c) * plane + (size_t)y * (size_t)s->w;
        if (y < h)
            fc_area_row(&s->area, y, rows);
        for (int c = 0; c < 3; c++)
            for (int x = 0; x < s->w; x++)
                rows[c][x] = y < h && x < w ? rows[c][x] * scale + shift : border;
    }
    return st;
}

/* ---- output ------------------------------------------------------------------------------------------ */

fc_status fc_onnx_run(fc_onnx_session *s, const char *const *outputs, size_t n, fc_dnn_array *out,
                      fc_error *err)
{
    return s->api->run(s->net, s->input, (const int[]){3, s->h, s->w}, outputs, n, out, err);
}

fc_status fc_onnx_unlike(const fc_onnx_session *s, fc_error *err, const char *why, ...)
{
    char text[200];
    va_list args;

    va_start(args, why);
    vsnprintf(text, sizeof text, why, args);
    va_end(args);
    return fc_fail(err, FC_EMODEL, "%s: not %s: %s", s->d->name, s->d->layout->article, text);
}

double fc_onnx_unit(float v)
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

/* Centres are at integers in the picture and in the input. */
static float in_picture(float v, float step)
{
    return step == 1 ? v : (v + 0.5f) * step - 0.5f;
}

fc_status fc_onnx_add(fc_onnx_session *s, double score, const float box[4], const float landmarks[10],
                      fc_error *err)
{
    fc_proposal c = {.score = (float)score,
                     .x1 = in_picture(box[0], s->step[0]),
                     .y1 = in_picture(box[1], s->step[1]),
                     .x2 = in_picture(box[2], s->step[0]),
                     .y2 = in_picture(box[3], s->step[1])};

    for (int i = 0; i < 10; i++)
        c.landmarks[i / 2][i % 2] = in_picture(landmarks[i], s->step[i % 2]);
    if (!(c.x2 - c.x1 >= s->min_face && c.y2 - c.y1 >= s->min_face) || !is_finite(&c))
        return FC_OK;
    return fc_proposals_add(&s->base.boxes, &c, err);
}

fc_status fc_onnx_detect(fc_detect_session *base, const fc_image *img, const fc_detect_options *o,
                         size_t most, fc_error *err)
{
    fc_onnx_session *s = (fc_onnx_session *)base;
    fc_status st = fill_input(s, img, err);

    s->min_face = o->min_face;
    s->least_score = o->thresholds[2];
    if (!st)
        st = s->d->layout->read(s, err);
    if (!st)
        st = fc_proposals_keep_best(&base->boxes, 0, FC_DETECT_SURVIVORS * most, &base->cut, &base->nms, err);
    return st ? st : fc_nms(&base->boxes, 0, s->d->layout->overlap, FC_OVERLAP_UNION, &base->nms, err);
}

/* ---- files and sessions -------------------------------------------------------------------------------- */

void fc_onnx_session_free(fc_detect_session *base)
{
    fc_onnx_session *s = (fc_onnx_session *)base;

    if (s->net)
        s->api->net_free(s->net);
    fc_area_clear(&s->area);
    free(s->input);
    free(s);
}

fc_status fc_onnx_session_new(fc_detect_session **out, const fc_detector *base, fc_error *err)
{
    const fc_onnx_detector *d = (const fc_onnx_detector *)base;
    fc_onnx_session *s = calloc(1, sizeof *s);
    fc_error why;
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.kind = base->kind;
    s->d = d;
    st = fc_dnn_open(&s->api, &why);
    if (st)
        st = fc_fail(err, st, "%s: %s", d->name, why.message);
    else
        st = s->api->net_new(&s->net, d->file.data, d->file.n, d->name, err);
    if (!st)
        st = d->layout->recognise(s, err);
    if (st)
        fc_onnx_session_free(&s->base);
    else
        *out = &s->base;
    return st;
}

void fc_onnx_detector_free(fc_detector *base)
{
    fc_onnx_detector *d = (fc_onnx_detector *)base;

    fc_bytes_clear(&d->file);
    free(d->name);
    free(d);
}

/* Runs the network on a black picture. */
static fc_status try_out(fc_detect_session *s, int w, int h, fc_error *err)
{
    const fc_detect_options any = {.min_face = 1, .thresholds = {0.5, 0.5, 0.5}};
    fc_image black = {0};
    fc_status st = fc_image_alloc(&black, w, h, err);

    if (!st)
        st = fc_onnx_detect(s, &black, &any, FC_MAX_FACES, err);
    fc_image_clear(&black);
    return st;
}

/* A file that cannot be used is known at once, and so is one that was exported for one size: which takes no picture that
 * is not square, but one of these. */
static fc_status find_side(fc_onnx_detector *d, fc_error *err)
{
    static const int sides[] = {640, 320, 512, 416, 480, 768, 1024, 1280};
    fc_detect_session *s;
    fc_error other;
    fc_status st = fc_onnx_session_new(&s, &d->base, err), one = FC_EMODEL;

    if (st)
        return st;
    st = try_out(s, 320, 256, err);
    for (size_t i = 0; st == FC_EMODEL && one && i < sizeof sides / sizeof *sides; i++) {
        d->side = sides[i];
        one = try_out(s, d->side, d->side, &other);
    }
    fc_detect_session_free(s);
    return one ? st : FC_OK;
}

fc_status fc_onnx_detector_open(fc_detector **out, const fc_detector_source *from,
                                const fc_detector_kind *kind, const fc_onnx_layout *layout, fc_error *err)
{
    fc_onnx_detector *d = calloc(1, sizeof *d);
    fc_status st;

    *out = NULL;
    if (!d)
        return fc_fail_nomem(err, sizeof *d);
    d->base.kind = kind;
    d->layout = layout;
    d->name = strdup(from->path);
    st = d->name ? fc_bytes_read_file(&d->file, from->path, MAX_BYTES, err)
                 : fc_fail_nomem(err, strlen(from->path) + 1);
    if (!st)
        st = find_side(d, err);
    if (st)
        fc_onnx_detector_free(&d->base);
    else
        *out = &d->base;
    return st;
}

size_t fc_onnx_detector_facts(const fc_detector *base, fc_network_facts *out, size_t most)
{
    if (most)
        out[0] = (fc_network_facts){.network = ((const fc_onnx_detector *)base)->layout->network};
    if (most && !fc_engine_describe(&out[0].engine, FC_ENGINE_OPENCV, NULL))
        out[0].engine.precision = FC_PRECISION_FP32;
    return 1;
}
