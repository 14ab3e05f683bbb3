/* What the files of fc-eval share: the settings, the evaluation that a command fills, and what is made of it. */
#ifndef CMD_EVAL_H
#define CMD_EVAL_H
#include "eval/checks.h"
#include "eval_pairs.h"
#include "run.h"
#include "facecheck.h"

struct eval_args {
    struct common_args common;
    fc_texts models;   /* as they were given */
    const char *model; /* the first of them */
    bool flip;
    const char *root, *pairs;
    int format;
    const char *output, *html, *junit, *baseline;
    fc_texts asserts;
    option_int_dir worst;
    double fmr;
    bool dry_run, force;
    int people;
    const char *head;
    double fpir; /* NAN: none */
    int enroll, min_images, strangers, fuse;
    int k, folds;
    uint64_t seed;
};

typedef struct evaluation {
    const program *program; /* its groups hold the options as they were given */
    const struct eval_args *args;
    const char *command;
    fc_source_options input;
    char **operands; /* behind the command */
    int noperands;
    fc_models *models;
    fc_stages *stages;
    fc_cache *cache;
    const fc_engine_facts *engine;
    fc_templates t;

    fc_eval_set set;          /* of the templates; its pictures and labels are these: */
    fc_eval_picture *picture; /* [t.n], owned */
    uint32_t *label;          /* [t.n], owned */

    fc_pairs_result pairs; /* of the command that was run */
    fc_compare_result compare;
    fc_all_pairs_result all_pairs;
    fc_identify_result identify;
    fc_knn_protocol_result knn;
    fc_discard_result discard;
    fc_eval_result *result; /* the common part of it */

    fc_report report;
    size_t unwritten; /* pictures of cases, where other files were in the way */
} evaluation;

/* What the command wants to know of photos. */
fc_measuring evaluation_measures(const evaluation *e);
/* p: the model and how far it goes. What was opened is to be closed, also where this fails; an evaluation of zeros can be. */
fc_status evaluation_open(evaluation *e, const fc_pipeline_plan *p, fc_error *err);
void evaluation_close(evaluation *e);

/* ---- commands: eval_commands.c, eval_compare.c, eval_fusion.c ---- */

fc_status eval_pairs(evaluation *e, fc_error *err);
fc_status eval_all_pairs(evaluation *e, fc_error *err);
fc_status eval_compare(evaluation *e, fc_error *err);
fc_status eval_calibrate(evaluation *e, fc_error *err);
/* The threshold for --fmr over all pairs of the set, reported. */
fc_status eval_find_threshold(evaluation *e, double *threshold, fc_error *err);
/* eval_calibrate of two models. */
fc_status eval_calibrate_two(evaluation *e, fc_error *err);
fc_status eval_identify(evaluation *e, fc_error *err);
fc_status eval_knn(evaluation *e, fc_error *err);
fc_status eval_quality(evaluation *e, fc_error *err);

/* ---- templates: eval_data.c ---- */

/* Templates of the pictures, or of the operands, with the counts and the protocol in the report. */
fc_status eval_templates(evaluation *e, char *const *path, size_t n, fc_error *err);
/* Whose pictures they are, once there are templates. */
fc_status eval_label(evaluation *e, fc_error *err);
/* Both, of a labelled set: --root or the operands. */
fc_status eval_labelled(evaluation *e, fc_error *err);
/* Why the wrong answers among the cases are wrong; looks for other faces in the pictures where that may be. */
fc_status eval_find_causes(evaluation *e, fc_error *err);

/* ---- pictures of cases: eval_worst.c ---- */

/* Says that they will be written, before anything is read. */
fc_status eval_worst_outputs(size_t n, const char *dir, fc_error *err);
/* The n worst cases, as DIR/001.png ... The folder is made where it is not there. Where another file is in the way, says
 * so, and counts it as unwritten. */
fc_status eval_write_worst(evaluation *e, size_t n, const char *dir, fc_error *err);

#endif
