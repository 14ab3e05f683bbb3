/* What the commands of fc-eval share: the settings, the evaluation that a command fills, and the report. */
#ifndef CMD_EVAL_H
#define CMD_EVAL_H
#include <jansson.h>

#include "eval/metrics.h"
#include "match/decide.h"
#include "run.h"
#include "templates.h"

struct eval_args {
    struct common_args common;
    const char *model;
    bool flip;
    const char *root, *pairs, *cache;
    int format;
    const char *output, *html, *junit, *baseline;
    fc_texts asserts;
    option_int_dir worst;
    double fmr;
    bool dry_run, force;
    int enroll, min_images, strangers, fuse;
    int k, folds;
    uint64_t seed;
};

extern const char *const eval_fuses[]; /* by fuse */

/* A comparison that is looked at on its own. */
typedef struct eval_case {
    size_t a, b; /* images of the fc_templates */
    bool same;
    double score;      /* -INFINITY: none */
    double threshold;  /* that it was answered with */
    bool other_nearer; /* identification: somebody else was the first */
    const char *cause; /* of a wrong answer: "not detected" ...; NULL for a right one */
} eval_case;

typedef struct evaluation {
    const struct eval_args *args;
    const char *command;
    char **operands; /* behind the command */
    int noperands;
    fc_models *models;
    fc_stages *stages;
    fc_cache *cache;
    const fc_engine_facts *engine;
    fc_templates t;

    json_t *report;   /* what -o writes */
    json_t *rows;     /* for people: [[name, value, note]...] */
    fc_roc roc;       /* 1:1, or of open-set identification */
    eval_case *cases; /* [ncases]: the worst first; owned */
    size_t ncases;
    uint64_t *cmc; /* [ncmc], owned */
    size_t ncmc, nprobes;
    size_t unwritten; /* pictures of cases, where other files were in the way */
    double comparing; /* seconds that all pairs took; 0 where there were none */
} evaluation;

/* ---- commands: eval_*.c ---- */

fc_status eval_pairs(evaluation *e, fc_error *err);
fc_status eval_all_pairs(evaluation *e, fc_error *err);
fc_status eval_calibrate(evaluation *e, fc_error *err);
fc_status eval_identify(evaluation *e, fc_error *err);
fc_status eval_knn(evaluation *e, fc_error *err);

/* ---- for the commands: eval_data.c ---- */

/* Templates of the pictures, or of the operands, with the counts and the protocol in the report. */
fc_status eval_templates(evaluation *e, char *const *path, size_t n, fc_error *err);
/* The same of a labelled set: --root or the operands. label [t.n] is the person's number, by name; caller frees both,
 * names are borrowed from the templates; person may be NULL. On an error *person is as it was. */
fc_status eval_labelled(evaluation *e, uint32_t **label, const char ***person, size_t *people, fc_error *err);
/* The worst first: those furthest on the wrong side of their threshold. */
void eval_sort_cases(evaluation *e);
/* Says why wrong answers among the cases are wrong; looks for other faces in the pictures where that may be. */
fc_status eval_causes(evaluation *e, fc_error *err);
/* The cases as JSON, the first max, and the number of each cause. */
fc_status eval_report_cases(evaluation *e, size_t max, fc_error *err);

/* ---- the report: eval_report.c ---- */

/* Sets report[section][name], or report[name] where section is NULL. Takes value; NULL is a lack of memory. */
fc_status eval_set(evaluation *e, const char *section, const char *name, json_t *value, fc_error *err);
/* A rate as a metric, and how many of how many it is, which says what --assert may ask of it. */
fc_status eval_set_rate(evaluation *e, const char *name, double rate, uint64_t k, uint64_t n, fc_error *err);
/* A line for people. note may be NULL. */
fc_status eval_row(evaluation *e, const char *name, const char *note, fc_error *err, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for a rate that so many impostors cannot show. */
fc_status eval_row_unshown(evaluation *e, const char *name, const char *whats, uint64_t impostors,
                           fc_error *err);
json_t *eval_number(double v); /* null where it is not finite */
json_t *eval_interval(fc_interval i);
json_t *eval_point(const fc_operating_point *p, double target);
/* [[threshold, fmr, tar]...]: so many points that the curve looks the same. */
json_t *eval_curve(const fc_roc *r);
/* Scores in 256 bins of -1..1; those outside are counted in the last ones, -INFINITY is left out. */
enum { EVAL_BINS = 256 };
json_t *eval_histogram(const uint64_t *genuine, const uint64_t *impostor);
size_t eval_bin(double score);
/* Which of n questions were answered rightly, for a later run's --baseline. of: what tells the questions, such as the
 * hash of their list; the pictures are told by the protocol. */
fc_status eval_report_answers(evaluation *e, const char *of, const bool *right, size_t n, fc_error *err);

/* Of how many a metric is a rate; 0: of no count, or nobody knows. */
uint64_t eval_metric_count(const evaluation *e, const char *name);
/* Whether a command has the metric of an assertion, such as accuracy or tar@far=1e-3; FC_EUSAGE names those it has. */
fc_status eval_knows_metric(const char *command, const char *name, fc_error *err);
/* Its value; FC_EEMPTY when this run gave none, or its impostors are too few to show the rate. */
fc_status eval_metric(const evaluation *e, const char *name, double *out, fc_error *err);

void eval_print(const evaluation *e);
fc_status eval_write_report(const evaluation *e, const char *path, fc_error *err);

/* ---- what may fail a run: eval_check.c ---- */

/* Checks the assertions before the work. */
fc_status eval_check_asserts(const fc_texts *asserts, const char *command, fc_error *err);
/* Reads the report that is compared with, and refuses one of another command. */
fc_status eval_load_baseline(json_t **out, const char *path, const char *command, fc_error *err);
/* All checks: *failed of them; each that fails is told on stderr. checks: [[name, failure or null]...]. */
fc_status eval_checks(evaluation *e, const json_t *baseline, json_t **checks, size_t *failed, fc_error *err);
/* The checks as JUnit's XML. */
fc_status eval_write_junit(const evaluation *e, const json_t *checks, const char *path, fc_error *err);

#endif
