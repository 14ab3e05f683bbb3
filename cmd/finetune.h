/* Inside fc-finetune: what is told of it. */
#ifndef CMD_FINETUNE_H
#define CMD_FINETUNE_H
#include <stdio.h>
#include "tune/tune.h"

/* All that came of it. */
struct finetuned {
    const char *model, *settings; /* what it was made of; JSON */
    const fc_tune_set *set;
    const fc_tune_report *report;
    const fc_layer *layer;
    const fc_head_epoch *epoch; /* [epochs], each that was trained */
    size_t epochs;
    double fpir;
};

/* Lines on stdout. */
void finetune_print_begin(const struct finetuned *f);
void finetune_print_epoch(const fc_head_epoch *e);
void finetune_print_end(const struct finetuned *f);
fc_status finetune_print_json(const struct finetuned *f, fc_error *err);
/* Of all confusions, a table: is, taken_for, times, score. */
fc_status finetune_write_confusions(const struct finetuned *f, const char *path, fc_error *err);

#endif
