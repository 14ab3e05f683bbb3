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
#include "kernels/peak.h"
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
    fc_peak peak[FC_PEAKS];
    int npeaks;
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
        s = fc_image_decode(&l->image, p->file.data, p->file.n, p->path, NULL, err);
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
    s = fc_detect(l->v->detect, &l->image, NULL, &faces, err);
    fc_detect_measure(l->v->detect, NULL);
    if (!s && counts)
        s = add_round(&l->sum, &one, err);
    const double began = fc_now_ms();
    if (!s)
        s = fc_embed_measured(l->v->embed, &l->crop, e, l->embed_ms, err);
    l->embed_total += fc_now_ms() - began;
    if (!counts) {
        memset(l->embed_ms, 0, (size_t)l->steps * sizeof *l->embed_ms);
        l->embed_total = 0;
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
    l->npeaks = fc_peak_measure(l->peak);
    for (int i = -l->b->warmup; i < l->b->rounds && !s; i++) {
        if (l->b->progress)
            progress_show("layers: round %d of %d", i < 0 ? 0 : i + 1, l->b->rounds);
        s = run_round(l, i >= 0, err);
    }
    progress_clear();
    return s;
}

/* ---- the report ---- */

/* Of what a kernel multiplies: bfloat16 in tiles, whatever it is given. */
static const fc_peak *peak_of(const struct layers *l, const fc_layer_facts *f, fc_precision p)
{
    fc_isa isa = FC_ISA_SSE41;
    const bool bf16 = p == FC_PRECISION_BF16 || (fc_isa_of_kernel(f->kernel, &isa) && isa == FC_ISA_AMX);

    return &l->peak[bf16 && l->npeaks > 1];
}

/* ms: of a run of the step on inputs pictures. */
static json_t *step_json(const struct layers *l, const fc_layer_facts *f, fc_precision p, double ms,
                         double inputs)
{
    const fc_peak *peak = peak_of(l, f, p);
    const double gflops = ms > 0 ? f->flops * inputs / ms * 1e-6 : 0;
    json_t *o = json_pack("{s:s, s:s, s:[i,i,i], s:[i,i,i], s:f, s:f}", "step", f->step, "kernel", f->kernel,
                          "in", f->c, f->h, f->w, "out", f->oc, f->oh, f->ow, "ms", ms, "flops", f->flops);

    if (o && f->kh)
        json_object_set_new(o, "window", json_pack("[i,i]", f->kh, f->kw));
    if (o && f->kh)
        json_object_set_new(o, "stride", json_integer(f->stride));
    if (o && f->flops > 0) {
        json_object_set_new(o, "gflops", json_real(gflops));
        json_object_set_new(o, "numbers", json_string(peak->numbers));
        json_object_set_new(o, "share", json_real(gflops / peak->gflops));
    }
    return o;
}

static json_t *pass_json(const struct layers *l, const fc_detect_pass *p)
{
    const double rounds = l->b->rounds;
    json_t *steps = json_array();

    for (int i = 0; steps && i < p->n; i++)
        json_array_append_new(
            steps, step_json(l, &p->layer[i], FC_PRECISION_FP32, p->layer_ms[i] / rounds, (double)p->inputs));
    return json_pack("{s:s, s:o, s:[i,i], s:I, s:f, s:o}", "network", p->network, "level",
                     p->level < 0 ? json_null() : json_integer(p->level), "size", p->h, p->w, "inputs",
                     (json_int_t)p->inputs, "ms", p->ms / rounds, "steps", steps);
}

static json_t *embedder_json(const struct layers *l)
{
    const fc_embedder *e = l->v->embedder;
    const int size = fc_embedder_alignment(e)->size;
    const double rounds = l->b->rounds;
    json_t *steps = json_array();

    for (int i = 0; steps && i < l->steps; i++) {
        fc_layer_facts f;
        fc_embed_layer(e, i, &f);
        json_array_append_new(steps,
                              step_json(l, &f, fc_embedder_facts(e)->precision, l->embed_ms[i] / rounds, 1));
    }
    return json_pack("{s:s, s:n, s:[i,i], s:i, s:f, s:o}", "network", l->b->model, "level", "size", size,
                     size, "inputs", 1, "ms", l->embed_total / rounds, "steps", steps);
}

static fc_status make_report(json_t **out, const struct layers *l, fc_error *err)
{
    json_t *peaks = json_array(), *networks = json_array();
    const bench_picture *p = l->picture;
    char when[32];

    fc_report_time(when);
    for (int i = 0; peaks && i < l->npeaks; i++)
        json_array_append_new(peaks, json_pack("{s:s, s:s, s:f}", "numbers", l->peak[i].numbers, "isa",
                                               l->peak[i].isa, "gflops", l->peak[i].gflops));
    for (size_t i = 0; networks && i < l->sum.n; i++)
        json_array_append_new(networks, pass_json(l, &l->sum.pass[i]));
    if (networks)
        json_array_append_new(networks, embedder_json(l));
    *out = json_pack("{s:i, s:s, s:s, s:s, s:o, s:s, s:i, s:i, s:{s:s, s:I, s:i, s:i}, s:o, s:o, s:o, s:o}",
                     "v", 1, "kind", "layers", "version", fc_version(), "when", when, "machine",
                     bench_machine(), "model", l->b->model, "rounds", l->b->rounds, "warmup", l->b->warmup,
                     "picture", "sha256", p->sha256, "faces", (json_int_t)p->faces, "w", p->w, "h", p->h,
                     "engine", fc_engine_json(fc_embedder_facts(l->v->embedder)), "detector",
                     fc_detector_json(l->v->detector), "peak", peaks, "networks", networks);
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

/* ---- for people ---- */

static int int_at(const json_t *o, const char *key, size_t i)
{
    return (int)json_integer_value(json_array_get(json_object_get(o, key), i));
}

static void print_step(const json_t *s, double total)
{
    const double ms = fc_report_real(s, "ms");
    char in[32], out[32], window[32] = "";

    snprintf(in, sizeof in, "%dx%dx%d", int_at(s, "in", 0), int_at(s, "in", 1), int_at(s, "in", 2));
    snprintf(out, sizeof out, "%dx%dx%d", int_at(s, "out", 0), int_at(s, "out", 1), int_at(s, "out", 2));
    if (json_object_get(s, "window"))
        snprintf(window, sizeof window, "%dx%d/%d", int_at(s, "window", 0), int_at(s, "window", 1),
                 (int)fc_report_real(s, "stride"));
    printf("  %-10s %-22s %-13s %-13s %-7s %9.4f %5.1f %%", fc_report_text(s, "step"),
           fc_report_text(s, "kernel"), in, out, window, ms, total > 0 ? 100 * ms / total : 0);
    if (json_object_get(s, "gflops"))
        printf(" %9.1f %5.1f %%", fc_report_real(s, "gflops"), 100 * fc_report_real(s, "share"));
    putchar('\n');
}

static void print_network(const json_t *n)
{
    const json_t *level = json_object_get(n, "level"), *s;
    size_t i;

    printf("\n%s", fc_report_text(n, "network"));
    if (json_is_integer(level))
        printf(", level %d", (int)json_integer_value(level));
    printf(", %dx%d", int_at(n, "size", 0), int_at(n, "size", 1));
    if (fc_report_real(n, "inputs") != 1)
        printf(", %.0f inputs", fc_report_real(n, "inputs"));
    printf(": %.4f ms\n", fc_report_real(n, "ms"));
    if (json_array_size(json_object_get(n, "steps")))
        printf("  %-10s %-22s %-13s %-13s %-7s %9s %7s %9s %7s\n", "step", "kernel", "input", "result",
               "window", "ms", "time", "GFLOP/s", "peak");
    json_array_foreach(json_object_get(n, "steps"), i, s) print_step(s, fc_report_real(n, "ms"));
}

void bench_print_layers(const json_t *report)
{
    const json_t *one, *picture = json_object_get(report, "picture");
    size_t i;

    printf("%s; facecheck %s\n%.0f x %.0f pixels, %.0f faces; means of %.0f rounds, one thread\n",
           fc_report_text(json_object_get(report, "machine"), "cpu"), fc_report_text(report, "version"),
           fc_report_real(picture, "w"), fc_report_real(picture, "h"), fc_report_real(picture, "faces"),
           fc_report_real(report, "rounds"));
    json_array_foreach(json_object_get(report, "peak"), i, one)
        printf("peak of %s on %s: %.1f GFLOP/s\n", fc_report_text(one, "numbers"), fc_report_text(one, "isa"),
               fc_report_real(one, "gflops"));
    json_array_foreach(json_object_get(report, "networks"), i, one) print_network(one);
}
