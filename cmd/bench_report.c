#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/threads.h"
#include "bench.h"
#include "detect/facts_json.h"
#include "eval/allpairs.h"
#include "base/stats.h"
#include "eval/report_file.h"
#include "engines/facts_json.h"

static const char *const stage_names[] = {"decode", "P-Net", "R-Net", "O-Net",
                                          "align",  "embed", "match", "total"};

const char *bench_stage_name(bench_stage s)
{
    return stage_names[s];
}

bool bench_stage_is_per_face(bench_stage s)
{
    return s >= BENCH_ALIGN && s <= BENCH_MATCH;
}

/* ---- the machine ---- */

static void cpu_name(char *out, size_t n)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "re");

    snprintf(out, n, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (!colon || (strncmp(line, "model name", 10) && strncmp(line, "Model", 5)))
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(out, n, "%s", colon + 1 + strspn(colon + 1, " \t"));
        break;
    }
    if (f)
        fclose(f);
}

json_t *bench_machine(void)
{
    char cpu[256];

    cpu_name(cpu, sizeof cpu);
    return json_pack("{s:s, s:i, s:s}", "cpu", cpu, "cpus", fc_cpu_count(), "isa", fc_all_pairs_isa());
}

/* ---- latency ---- */

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* sample [n] is sorted by this; its order no longer counts. */
static json_t *stage_json(bench_stage stage, double *sample, size_t n)
{
    json_t *all = json_array();
    double sum = 0;

    for (size_t i = 0; all && i < n; i++) {
        json_array_append_new(all, json_real(sample[i]));
        sum += sample[i];
    }
    fc_sort(sample, n);
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "per",
                     bench_stage_is_per_face(stage) ? "face" : "picture", "n", (json_int_t)n, "mean",
                     number(n ? sum / (double)n : NAN), "p50", number(n ? fc_quantile(sample, n, 0.5) : NAN),
                     "p95", number(n ? fc_quantile(sample, n, 0.95) : NAN), "p99",
                     number(n ? fc_quantile(sample, n, 0.99) : NAN), "ms", all);
}

double bench_picture_median(const bench *b, const bench_variant *v, size_t picture)
{
    double *ms = calloc((size_t)b->rounds, sizeof *ms), median = NAN;
    size_t n = 0;

    for (int r = 0; ms && r < b->rounds; r++) {
        double t = v->picture_ms[picture * (size_t)b->rounds + (size_t)r];
        if (isfinite(t))
            ms[n++] = t;
    }
    if (n) {
        fc_sort(ms, n);
        median = fc_quantile(ms, n, 0.5);
    }
    free(ms);
    return median;
}

static json_t *variant_json(const bench *b, const bench_variant *v)
{
    json_t *latency = json_object(), *pictures = json_array();

    for (int s = 0; latency && s < BENCH_STAGES; s++)
        json_object_set_new(latency, stage_names[s], stage_json((bench_stage)s, v->sample[s], v->count[s]));
    for (size_t i = 0; pictures && i < b->npictures; i++)
        json_array_append_new(pictures, number(bench_picture_median(b, v, i)));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:f, s:f, s:o, s:o}", "name", v->name, "detector",
                     fc_detector_json(v->detector), "engine", fc_engine_json(fc_embedder_facts(v->embedder)),
                     "latency", latency, "picture_ms", pictures, "images_per_second", v->images_per_second,
                     "faces_per_second", v->faces_per_second, "cold_start_ms", number(v->cold_ms),
                     "cold_start_rss_mib", number(v->cold_mib));
}

/* ---- ratios ---- */

/* Median and interval of n ratios, which are sorted by this. */
static json_t *ratio_json(double *ratio, size_t n)
{
    fc_sort(ratio, n);
    fc_interval in = fc_median_interval(ratio, n, FC_CONFIDENCE);
    return json_pack("{s:o, s:[o, o], s:I}", "ratio", number(n ? fc_quantile(ratio, n, 0.5) : NAN),
                     "interval", number(in.low), number(in.high), "n", (json_int_t)n);
}

/* Of each run of a picture, the variant's time by the first one's, which ran just before or after it. */
static json_t *comparisons_json(const bench *b)
{
    const size_t n = b->npictures * (size_t)b->rounds;
    const bench_variant *a = b->variant;
    json_t *list = json_array();
    double *ratio = calloc(n + 1, sizeof *ratio);

    for (size_t k = 1; ratio && k < b->nvariants; k++) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++)
            if (isfinite(a->picture_ms[i]) && isfinite(b->variant[k].picture_ms[i]))
                ratio[m++] = b->variant[k].picture_ms[i] / a->picture_ms[i];
        json_t *one = ratio_json(ratio, m);
        json_object_set_new(one, "of", json_string(b->variant[k].name));
        json_object_set_new(one, "to", json_string(a->name));
        json_array_append_new(list, one);
    }
    free(ratio);
    return list;
}

/* ---- the report ---- */

fc_status bench_report(json_t **out, const bench *b, fc_error *err)
{
    json_t *pictures = json_array(), *variants = json_array();
    struct rusage usage = {0};
    char when[32];

    for (size_t i = 0; pictures && i < b->npictures; i++) {
        const bench_picture *p = &b->picture[i];
        json_array_append_new(pictures, json_pack("{s:s, s:I, s:i, s:i}", "sha256", p->sha256, "faces",
                                                  (json_int_t)p->faces, "w", p->w, "h", p->h));
    }
    for (size_t k = 0; variants && k < b->nvariants; k++)
        json_array_append_new(variants, variant_json(b, &b->variant[k]));
    fc_report_time(when);
    getrusage(RUSAGE_SELF, &usage);
    *out = json_pack("{s:i, s:s, s:s, s:s, s:o, s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:f}", "v", 1, "kind",
                     "bench", "version", fc_version(), "when", when, "machine", bench_machine(), "model",
                     b->model, "rounds", b->rounds, "warmup", b->warmup, "threads", b->threads, "pictures",
                     pictures, "variants", variants, "comparisons", comparisons_json(b), "peak_rss_mib",
                     (double)usage.ru_maxrss / 1024);
    return *out ? FC_OK : fc_fail_nomem(err, 0);
}

/* ---- the baseline ---- */

static const char *text_at(const json_t *o, const char *a, const char *b)
{
    return fc_report_text(json_object_get(o, a), b);
}

static const json_t *variant_named(const json_t *report, const char *name)
{
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(report, "variants"), i, v)
    {
        const char *n = json_string_value(json_object_get(v, "name"));
        if (n && !strcmp(n, name))
            return v;
    }
    return NULL;
}

fc_status bench_check_baseline(const bench *b, const json_t *baseline, fc_error *err)
{
    const json_t *was = json_object_get(baseline, "pictures");
    json_t *machine = bench_machine();
    const char *cpu = json_string_value(json_object_get(machine, "cpu")),
               *isa = json_string_value(json_object_get(machine, "isa"));
    fc_status s = FC_OK;

    if (!cpu || !isa)
        s = fc_fail_nomem(err, 0);
    else if (strcmp(cpu, text_at(baseline, "machine", "cpu")) ||
             strcmp(isa, text_at(baseline, "machine", "isa")))
        s = fc_fail(err, FC_EDATA, "--baseline: measured on another machine: '%s', this is '%s'",
                    text_at(baseline, "machine", "cpu"), cpu);
    else if (json_array_size(was) != b->npictures)
        s = fc_fail(err, FC_EDATA, "--baseline: measured on %zu pictures, these are %zu",
                    json_array_size(was), b->npictures);
    for (size_t i = 0; i < b->npictures && !s; i++) {
        const char *hash = json_string_value(json_object_get(json_array_get(was, i), "sha256"));
        if (!hash || strcmp(hash, b->picture[i].sha256))
            s = fc_fail(err, FC_EDATA, "--baseline: measured on other pictures; '%s' is not its number %zu",
                        b->picture[i].path, i + 1);
    }
    for (size_t k = 0; k < b->nvariants && !s; k++)
        if (json_array_size(json_object_get(variant_named(baseline, b->variant[k].name), "picture_ms")) !=
            b->npictures)
            s = fc_fail(err, FC_EDATA, "--baseline: has no times of '%s'", b->variant[k].name);
    json_decref(machine);
    return s;
}

fc_status bench_compare(json_t *report, const bench *b, const json_t *baseline, double limit, bool *slower,
                        fc_error *err)
{
    json_t *list = json_array();
    double *ratio = calloc(b->npictures + 1, sizeof *ratio);
    fc_status s = ratio ? FC_OK : fc_fail_nomem(err, b->npictures * sizeof *ratio);

    *slower = false;
    for (size_t k = 0; k < b->nvariants && !s; k++) {
        const bench_variant *v = &b->variant[k];
        const json_t *was = json_object_get(variant_named(baseline, v->name), "picture_ms");
        size_t n = 0;
        for (size_t i = 0; i < b->npictures; i++) {
            double before = json_number_value(json_array_get(was, i)), after = bench_picture_median(b, v, i);
            if (before > 0 && isfinite(after))
                ratio[n++] = after / before;
        }
        json_t *one = ratio_json(ratio, n);
        const double low = fc_median_interval(ratio, n, FC_CONFIDENCE).low;
        *slower = *slower || low > 1 + limit;
        json_object_set_new(one, "of", json_string(v->name));
        json_object_set_new(one, "slower", json_boolean(low > 1 + limit));
        json_array_append_new(list, one);
    }
    free(ratio);
    if (!s && json_object_set(report, "baseline", list))
        s = fc_fail_nomem(err, 0);
    json_decref(list);
    return s;
}

/* ---- for people ---- */

static void print_number(double v)
{
    if (!isfinite(v))
        printf(" %9s", "-");
    else
        printf(" %9.*f", v < 0.01 ? 5 : v < 10 ? 3 : 2, v);
}

static void print_variant(const json_t *v)
{
    const json_t *stage;
    const char *name;

    printf("\n%s (%s %s, %s), milliseconds, one thread\n%-8s %-8s %6s %9s %9s %9s\n",
           json_string_value(json_object_get(v, "name")), text_at(v, "engine", "name"),
           text_at(v, "engine", "version"), *text_at(v, "engine", "isa") ? text_at(v, "engine", "isa") : "-",
           "stage", "per", "n", "p50", "p95", "p99");
    json_object_foreach((json_t *)json_object_get(v, "latency"), name, stage)
    {
        printf("%-8s %-8s %6lld", name, json_string_value(json_object_get(stage, "per")),
               json_integer_value(json_object_get(stage, "n")));
        print_number(fc_report_real(stage, "p50"));
        print_number(fc_report_real(stage, "p95"));
        print_number(fc_report_real(stage, "p99"));
        putchar('\n');
    }
    printf("all threads: %.1f images/s, %.1f faces/s\n", fc_report_real(v, "images_per_second"),
           fc_report_real(v, "faces_per_second"));
    if (isfinite(fc_report_real(v, "cold_start_ms")))
        printf("cold start to the first result: %.0f ms, peak %.0f MiB\n", fc_report_real(v, "cold_start_ms"),
               fc_report_real(v, "cold_start_rss_mib"));
}

static void print_ratio(const json_t *r, const char *to)
{
    const json_t *in = json_object_get(r, "interval");

    printf("%s: %.3f times the latency of %s (", json_string_value(json_object_get(r, "of")),
           fc_report_real(r, "ratio"), to);
    if (json_is_number(json_array_get(in, 0)))
        printf("95 %% interval %.3f..%.3f", json_number_value(json_array_get(in, 0)),
               json_number_value(json_array_get(in, 1)));
    else
        printf("too few pictures for an interval");
    printf(", n = %lld)\n", json_integer_value(json_object_get(r, "n")));
}

void bench_print(const json_t *report)
{
    const json_t *one;
    size_t i;

    printf("%s, %lld CPUs, %s; facecheck %s\n%zu pictures, %lld rounds, the first %lld runs are left out; "
           "%lld threads; peak "
           "memory %.0f MiB\n",
           text_at(report, "machine", "cpu"),
           json_integer_value(json_object_get(json_object_get(report, "machine"), "cpus")),
           text_at(report, "machine", "isa"), json_string_value(json_object_get(report, "version")),
           json_array_size(json_object_get(report, "pictures")),
           json_integer_value(json_object_get(report, "rounds")),
           json_integer_value(json_object_get(report, "warmup")),
           json_integer_value(json_object_get(report, "threads")), fc_report_real(report, "peak_rss_mib"));
    json_array_foreach(json_object_get(report, "variants"), i, one) print_variant(one);
    if (json_array_size(json_object_get(report, "comparisons")))
        putchar('\n');
    json_array_foreach(json_object_get(report, "comparisons"), i, one)
        print_ratio(one, json_string_value(json_object_get(one, "to")));
    if (json_array_size(json_object_get(report, "baseline")))
        putchar('\n');
    json_array_foreach(json_object_get(report, "baseline"), i, one) print_ratio(one, "the baseline");
}
