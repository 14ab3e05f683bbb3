/* Inside fc-finetune: what is known before, and told after. */
#ifndef CMD_FINETUNE_H
#define CMD_FINETUNE_H
#include <stdio.h>
#include "tune/tune.h"

/* ---- photos: finetune_photos.c ---- */

/* All that a photo's samples depend on. */
struct finetune_samples {
    const char *contract;
    int views;
    uint64_t seed;
    const fc_face_options *detect;
};
/* embeds: what the samples' embeddings are made by; NULL: they are crops. */
fc_status finetune_open_cache(fc_cache **out, const char *dir, const struct finetune_samples *what,
                              fc_stages *embeds, fc_error *err);
/* What the model states that so many people and such an FPIR take; else what two faces take; NAN: neither. */
double finetune_floor(const fc_model_facts *m, size_t people, double fpir);
/* Who has a name that looks like another's. */
fc_status finetune_warn_of_names(const fc_tune_people *p, fc_error *err);

/* ---- pairs of faces, before and after: finetune_check.c ---- */

struct finetune_checking {
    const char *root, *pairs;
    const char *before, *after; /* models; after NULL: its embeddings are the same */
    const fc_models *models;
    fc_engine_options engine;
    const fc_face_options *detect;
    int jobs;
    bool shown; /* progress is */
};
struct finetune_figures {
    double accuracy, tar; /* by LFW's protocol; at FAR 1e-3, -1: too few pairs to show it */
};
struct finetune_checked {
    size_t pairs; /* 0: nothing was checked */
    struct finetune_figures before, after;
    size_t worse, better; /* answers that were right before alone, and after alone */
    double p;             /* McNemar's exact test */
};
/* That the list and pictures of it are there: before anything takes time. */
fc_status finetune_check_list(const char *root, const char *list, fc_error *err);
fc_status finetune_check(struct finetune_checked *out, const struct finetune_checking *c, fc_error *err);

/* ---- what is told: finetune_report.c ---- */

/* All that came of it. */
struct finetuned {
    const char *model, *settings; /* what it was made of; JSON */
    const fc_tune_set *set;
    const fc_tune_report *report;
    const fc_layer *layer;
    const fc_head_epoch *epoch; /* [epochs], each that was trained */
    size_t epochs;
    double fpir;
    struct finetune_checked checked;
};

/* Lines on stdout. */
void finetune_print_begin(const char *model, const fc_tune_set *set);
void finetune_print_epoch(const fc_head_epoch *e);
void finetune_print_end(const struct finetuned *f);
void finetune_print_check(const struct finetune_checked *c);
fc_status finetune_print_json(const struct finetuned *f, fc_error *err);
/* Of all confusions, a table: is, taken_for, times, score. */
fc_status finetune_write_confusions(const struct finetuned *f, const char *path, fc_error *err);

#endif
