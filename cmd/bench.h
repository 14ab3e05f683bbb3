/* What fc-bench measures, and on what. */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H
#include <jansson.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "facecheck.h"

typedef enum bench_stage {
    BENCH_DECODE,
    BENCH_PNET,
    BENCH_RNET,
    BENCH_ONET,
    BENCH_ALIGN, /* from here on: of one face */
    BENCH_EMBED,
    BENCH_MATCH,
    BENCH_TOTAL, /* of a picture, all its faces */
    BENCH_STAGES
} bench_stage;
const char *bench_stage_name(bench_stage s);
bool bench_stage_is_per_face(bench_stage s);

typedef struct bench_picture {
    char *path;
    fc_bytes file; /* in memory, so that the disk is not measured */
    char sha256[FC_SHA256_HEX];
    int w, h;
    size_t faces; /* as the first variant finds them */
} bench_picture;

/* One way of running the networks. */
typedef struct bench_variant {
    char name[64]; /* "onednn fp32" */
    fc_engine_options options;
    fc_detector *detector;
    fc_embedder *embedder;
    fc_detect_session *detect;
    fc_embed_session *embed;
    double *sample[BENCH_STAGES]; /* [count[stage]], milliseconds */
    size_t count[BENCH_STAGES], cap[BENCH_STAGES];
    double *picture_ms; /* [pictures * rounds]: BENCH_TOTAL by picture, round; NAN in the warm-up */
    double images_per_second, faces_per_second; /* on all threads */
    double cold_ms, cold_mib; /* a process from its start to its first record; NAN where not measured */
} bench_variant;

typedef struct bench {
    const fc_models *models;
    const char *model;
    bench_picture *picture; /* [npictures], owned */
    size_t npictures, picture_cap;
    bench_variant *variant; /* [nvariants], owned */
    size_t nvariants, variant_cap;
    fc_memory *memory; /* the budget that the pictures on all threads share, owned */
    int rounds, warmup, threads;
    bool progress;
} bench;

void bench_free(bench *b);
/* Within the budget, which waits where other threads have it. */
fc_status bench_decode(fc_image *img, const bench *b, const bench_picture *p, fc_error *err);
/* Loads the variant's networks. */
fc_status bench_variant_open(bench_variant *v, const bench *b, fc_error *err);
void bench_variant_close(bench_variant *v);

/* Every picture rounds times through every variant, on one thread; the variants take turns on each picture, and who
 * begins changes from round to round. The first warmup pictures do not count. */
fc_status bench_latency(bench *b, fc_error *err);
/* All pictures through each variant on all threads, for some seconds. */
fc_status bench_throughput(bench *b, fc_error *err);
/* Starts tool, fc-embed, on the first picture some times. */
fc_status bench_cold(bench *b, const char *tool, const char *models, fc_error *err);

/* ---- bench_layers.c ---- */

/* The variant's networks, step by step, on one picture, b->rounds times behind b->warmup that do not count. */
fc_status bench_layers(json_t **report, bench *b, fc_error *err);

/* ---- bench_layers_print.c ---- */

void bench_print_layers(const json_t *report);

/* ---- bench_report.c ---- */

json_t *bench_machine(void);

fc_status bench_report(json_t **out, const bench *b, fc_error *err);
/* Median of the picture's total over the rounds; NAN where all were warm-up. */
double bench_picture_median(const bench *b, const bench_variant *v, size_t picture);
/* Refuses a report of another machine, of other pictures, or without these variants. */
fc_status bench_check_baseline(const bench *b, const json_t *baseline, fc_error *err);
/* Compares with such a report: adds "baseline" to the report, and sets *slower
 * where the median slowdown is surely above limit (0.1: ten percent). */
fc_status bench_compare(json_t *report, const bench *b, const json_t *baseline, double limit, bool *slower,
                        fc_error *err);
void bench_print(const json_t *report);

#endif
