/* fc-bench --layers: what each step of each network takes, and which share of what the CPU can do that is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench.h"
#include "detect/facts_json.h"
#include "detect/profile.h"
#include "embed/measure.h"
#include "engines/facts_json.h"
#include "eval/report_file.h"
#include "nn/roofline.h"
#include "say.h"

/* What is measured: the means of all rounds. */
struct layers {
    const bench *b;
    bench_variant *v;
    const bench_picture *picture;
    fc_image image, crop;
    fc_detect_profile sum; /* of the detector's passes, over the rounds */
    int steps;             /* of the network that embeds */
    double *embed_ms;      /* [steps] */
    double embed_total;
    double detect_total;
    fc_roofline roofline;
};

/* ---- measuring ---- */

/* The first picture in which a face is found, or else the first one, decoded, and its first face's crop, or a black
 * one. */
static fc_status choose_picture(struct layers *l, fc_error *err)
{
    const fc_alignment *a = fc_embedder_alignment(l->v->embedder);
    fc_faces faces = {0};
    fc_status s = FC_OK;

    for (size_t i = 0; i <= l->b->npictures && !s && !faces.n; i++) { /* behind the last: the first again */
        bench_picture *p = &l->b->picture[i < l->b->npictures ? i : 0];
        fc_image_clear(&l->image);
        s = bench_decode(&l->image, l->b, p, err);
        if (!s)
            s = fc_detect(l->v->detect, &l->image, NULL, &faces, err);
        p->faces = faces.n;
        l->picture = p;
    }
    if (!s)
        s = faces.n ? fc_align(&l->crop, &l->image, &faces.face[0], a, err)
                    : fc_image_alloc(&l->crop, a->size, a->size, err);
    fc_faces_clear(&faces);
    return s;
}

/* The same passes in each round: what one finds does not differ. */
static fc_status add_round(fc_detect_profile *sum, const fc_detect_profile *one, fc_error *err)
{
    for (size_t i = 0; i < one->n; i++) {
        fc_detect_pass *to = i < sum->n ? &sum->pass[i] : NULL;
        fc_status s = to ? FC_OK : fc_detect_profile_add(&to, sum, err);
        if (s)
            return s;
        if (!to->n) {
            *to = one->pass[i];
            continue;
        }
        to->ms += one->pass[i].ms;
        for (int k = 0; k < to->n; k++)
            to->layer_ms[k] += one->pass[i].layer_ms[k];
    }
    return FC_OK;
}

static fc_status run_round(struct layers *l, bool counts, fc_error *err)
{
    fc_detect_profile one = {0};
    fc_faces faces = {0};
    float e[FC_MAX_DIM];
    fc_status s;

    fc_detect_measure(l->v->detect, &one);
    const double start = fc_now_ms();
    s = fc_detect(l->v->detect, &l->image, NULL, &faces, err);
    l->detect_total += fc_now_ms() - start;
    fc_detect_measure(l->v->detect, NULL);
    if (!s && counts)
        s = add_round(&l->sum, &one, err);
    const double began = fc_now_ms();
    if (!s)
        s = fc_embed_measured(l->v->embed, &l->crop, e, l->embed_ms, err);
    l->embed_total += fc_now_ms() - began;
    if (!counts) {
        memset(l->embed_ms, 0, (size_t)l->steps * sizeof *l->embed_ms);
        l->embed_total = l->detect_total = 0;
    }
    fc_detect_profile_clear(&one);
    fc_faces_clear(&faces);
    return s;
}

static fc_status measure(struct layers *l, fc_error *err)
{
    fc_status s = choose_picture(l, err);

    l->steps = fc_embed_layers(l->v->embedder);
    l->embed_ms = calloc((size_t)l->steps + 1, sizeof *l->embed_ms);
    if (!s && !l->embed_ms)
        s = fc_fail_nomem(err, (size_t)l->steps * sizeof *l->embed_ms);
    if (l->b->progress)
        progress_show("layers: the peak of this CPU");
    if (!s)
        s = fc_roofline_measure(&l->roofline, err);
    for (int i = -l->b->warmup; i < l->b->rounds && !s; i++) {
        if (l->b->progress)
            progress_show("layers: round %d of %d", i < 0 ? 0 : i + 1, l->b->rounds);
        s = run_round(l, i >= 0, err);
    }
    progress_clear();
    return s;
}

/* ---- the report ---- */

/* A network's steps, and the sums of their floors. */
struct network {
    const fc_layer_facts *layer; /* [n] */
    int n;
    fc_precision precision;
    const double *ms; /* [n] of all rounds */
    double inputs;    /* pictures that went through in each */
    const fc_bandwidth *bandwidth;
    double floor; /* milliseconds; what has no step has none */
};

static void set_floor(json_t *o, double floor, double ms)
{
    if (o && floor > 0) {
        json_object_set_new(o, "floor", json_real(floor));
        json_object_set_new(o, "times", json_real(ms / floor));
    }
}

static json_t *step_json(const struct layers *l, struct network *n, int i)
{
    const fc_layer_facts *f = &n->layer[i];
    const fc_peak *peak = fc_roofline_peak(&l->roofline, f, n->precision);
    const double ms = n->ms[i] / l->b->rounds, floor = fc_roofline_floor(f, peak, n->bandwidth, n->inputs);
    const double gflops = ms > 0 ? f->flops * n->inputs / ms * 1e-6 : 0;
    json_t *o = json_pack("{s:s, s:s, s:[i,i,i], s:[i,i,i], s:f, s:f, s:f}", "step", f->step, "kernel",
                          f->kernel, "in", f->c, f->h, f->w, "out", f->oc, f->oh, f->ow, "ms", ms, "flops",
                          f->flops, "bytes", f->weights + f->maps * n->inputs);

    n->floor += floor;
    if (o && f->kh)
        json_object_set_new(o, "window", json_pack("[i,i]", f->kh, f->kw));
    if (o && f->kh)
        json_object_set_new(o, "stride", json_integer(f->stride));
    if (o && f->flops > 0) {
        json_object_set_new(o, "gflops", json_real(gflops));
        json_object_set_new(o, "numbers", json_string(peak->numbers));
        json_object_set_new(o, "share", json_real(gflops / peak->gflops));
    }
    set_floor(o, floor, ms);
    return o;
}

static json_t *network_json(const struct layers *l, struct network *n, const char *name, int level, int h,
                            int w, double ms)
{
    json_t *steps = json_array(), *o;

    n->bandwidth = fc_roofline_bandwidth(&l->roofline, n->layer, n->n);
    for (int i = 0; steps && i < n->n; i++)
        json_array_append_new(steps, step_json(l, n, i));
    o = json_pack("{s:s, s:o, s:[i,i], s:I, s:f, s:f, s:o}", "network", name, "level",
                  level < 0 ? json_null() : json_integer(level), "size", h, w, "inputs",
                  (json_int_t)n->inputs, "ms", ms, "gbs", n->bandwidth->gbs, "steps", steps);
    set_floor(o, n->floor, ms);
    return o;
}

static json_t *pass_json(const struct layers *l, const fc_detect_pass *p, double *floor)
{
    struct network n = {.layer = p->layer,
                        .n = p->n,
                        .precision = FC_PRECISION_FP32,
                        .ms = p->layer_ms,
                        .inputs = (double)p->inputs};
    json_t *o = network_json(l, &n, p->network, p->level, p->h, p->w, p->ms / l->b->rounds);

    /* without the steps of one of its networks the detector has no floor */
    *floor = n.floor > 0 || !p->inputs ? *floor + n.floor : NAN;
    return o;
}

static json_t *embedder_json(const struct layers *l, const fc_layer_facts *layer, double *floor)
{
    const fc_embedder *e = l->v->embedder;
    const int size = fc_embedder_alignment(e)->size;
    struct network n = {.layer = layer,
                        .n = l->steps,
                        .precision = fc_embedder_facts(e)->precision,
                        .ms = l->embed_ms,
                        .inputs = 1};
    json_t *o = network_json(l, &n, l->b->model, -1, size, size, l->embed_total / l->b->rounds);

    *floor += n.floor;
    return o;
}

/* What a stage took, in units in which machines compare: of its floor, and of what the float32 peak multiplies meanwhile. */
static json_t *stage_json(const struct layers *l, const char *name, double ms, double floor)
{
    json_t *o = json_pack("{s:s, s:f, s:f}", "stage", name, "ms", ms, "gflop",
                          ms * l->roofline.peak[0].gflops * 1e-3);

    set_floor(o, floor, ms);
    return o;
}

static json_t *peaks_json(const fc_roofline *r)
{
    json_t *peaks = json_array();

    for (int i = 0; peaks && i < r->npeaks; i++)
        json_array_append_new(peaks, json_pack("{s:s, s:s, s:f}", "numbers", r->peak[i].numbers, "isa",
                                               r->peak[i].isa, "gflops", r->peak[i].gflops));
    return peaks;
}

static json_t *bandwidths_json(const fc_roofline *r)
{
    json_t *all = json_array();

    for (int i = 0; all && i < FC_BANDWIDTHS; i++)
        json_array_append_new(all, json_pack("{s:I, s:f}", "bytes", (json_int_t)r->bandwidth[i].bytes, "gbs",
                                             r->bandwidth[i].gbs));
    return all;
}

/* Every network with its steps, and the stages that they make. */
static void networks_json(json_t *networks, json_t *stages, const struct layers *l,
                          const fc_layer_facts *layer)
{
    const double rounds = l->b->rounds;
    double detect = 0, embed = 0;

    for (size_t i = 0; networks && i < l->sum.n; i++)
        json_array_append_new(networks, pass_json(l, &l->sum.pass[i], &detect));
    if (networks)
        json_array_append_new(networks, embedder_json(l, layer, &embed));
    if (stages) {
        json_array_append_new(stages, stage_json(l, "detect", l->detect_total / rounds, detect));
        json_array_append_new(stages, stage_json(l, "embed", l->embed_total / rounds, embed));
    }
}

static fc_status make_report(json_t **out, const struct layers *l, fc_error *err)
{
    json_t *networks = json_array(), *stages = json_array();
    fc_layer_facts *layer = calloc((size_t)l->steps + 1, sizeof *layer);
    const bench_picture *p = l->picture;
    char when[32];

    *out = NULL;
    if (!layer) {
        json_decref(networks);
        json_decref(stages);
        return fc_fail_nomem(err, (size_t)l->steps * sizeof *layer);
    }
    for (int i = 0; i < l->steps; i++)
        fc_embed_layer(l->v->embedder, i, &layer[i]);
    networks_json(networks, stages, l, layer);
    free(layer);
    fc_report_time(when);
    *out = json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:s, s:i, s:i, s:{s:s, s:I, s:i, s:i}, s:o, s:o, s:o, s:o, s:o, s:o}", "v",
        1, "kind", "layers", "version", fc_version(), "when", when, "machine", bench_machine(), "model",
        l->b->model, "rounds", l->b->rounds, "warmup", l->b->warmup, "picture", "sha256", p->sha256, "faces",
        (json_int_t)p->faces, "w", p->w, "h", p->h, "engine",
        fc_engine_json(fc_embedder_facts(l->v->embedder)), "detector", fc_detector_json(l->v->detector),
        "peak", peaks_json(&l->roofline), "bandwidth", bandwidths_json(&l->roofline), "networks", networks,
        "stages", stages);
    return *out ? FC_OK : fc_fail_nomem(err, 0);
}

fc_status bench_layers(json_t **report, bench *b, fc_error *err)
{
    struct layers l = {.b = b, .v = b->variant};
    fc_status s;

    *report = NULL;
    if (b->nvariants != 1)
        return fc_fail(err, FC_EUSAGE, "--layers: wants one engine and one precision, not %zu", b->nvariants);
    s = measure(&l, err);
    if (!s)
        s = make_report(report, &l, err);
    fc_image_clear(&l.image);
    fc_image_clear(&l.crop);
    fc_detect_profile_clear(&l.sum);
    free(l.embed_ms);
    return s;
}
