/* Inside fc-head-train and fc-finetune: what is told of a training. */
#ifndef CMD_HEAD_H
#define CMD_HEAD_H
#include <stdio.h>
#include "classify/head_train.h"
#include "progress.h"

/* The epochs: a line on a terminal, and a table in a file. */
struct head_log {
    progress shown;
    bool top5; /* the table has the share of right answers among the five best, too */
    FILE *f;   /* NULL: no file */
    int fault; /* errno of the first write that failed; 0: none has */
    const char *path;
};
/* path: NULL for none; it is not written yet. */
struct head_log head_log_of(const char *path, bool shown, bool top5);
/* fc_head_work.begin, with the log as its ctx: the file is emptied, and has its heading. */
fc_status head_log_begin(void *log, fc_error *err);
/* fc_head_work.progress, so too. */
void head_log_epoch(void *log, const fc_head_epoch *e);
/* The failure of an earlier write shows here. */
fc_status head_log_close(struct head_log *log, fc_error *err);

/* head_report.c: of heads. */
fc_status head_print_json(const fc_head *h, const fc_head_report *r, fc_error *err);
void head_print_text(const fc_head *h, const fc_head_report *r);

#endif
