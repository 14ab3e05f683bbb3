/* The state of a training in a file, so that a killed one goes on to the same bytes. */
#ifndef FC_CLASSIFY_HEAD_CHECKPOINT_H
#define FC_CLASSIFY_HEAD_CHECKPOINT_H
#include "classify/head_learn.h"

typedef struct fc_head_state {
    fc_head_optimiser o;
    float *best; /* [o.n]: after the best epoch so far */
    int pass;
    size_t epoch, best_epoch, stale, stuck, second; /* second: epochs of the second pass */
    fc_head_measured best_held;
    fc_head_epoch *history; /* [nhistory] */
    size_t nhistory, history_cap;
} fc_head_state;

/* Also where it fails, the state is to be cleared. */
fc_status fc_head_state_new(fc_head_state *s, size_t n, fc_error *err);
void fc_head_state_clear(fc_head_state *s);

/* print: 64 hexadecimal digits, of the data and settings. Whole, or what was there stays. */
fc_status fc_head_checkpoint_write(const fc_head_state *s, const char *print, const char *path,
                                   fc_error *err);
/* *there: it was there, and s is what it was. FC_EDATA where it is of another print, FC_ECORRUPT where it is damaged. */
fc_status fc_head_checkpoint_read(fc_head_state *s, const char *print, const char *path, bool *there,
                                  fc_error *err);

#endif
