/* The loop: inputs through the stages, on several threads, to whoever writes them, in order. */
#ifndef FC_PIPELINE_RUN_H
#define FC_PIPELINE_RUN_H
#include "base/tell.h"
#include "pipeline/stages.h"

typedef struct fc_run fc_run;
struct fc_run {
    fc_source *in;
    fc_stages *stages;
    fc_item *first; /* goes before the inputs and is none of them; taken; may be NULL */
    fc_face_choice choice;
    int workers;    /* as many as the stages were made for */
    bool fail_fast; /* the first item that failed is the last one */
    /* After the stages, on the same thread. May be NULL. */
    fc_status (*finish)(void *ctx, fc_item *it, fc_error *err);
    /* In the order of the inputs, on the calling thread. Failed items come too. */
    fc_status (*emit)(void *ctx, fc_item *it, fc_error *err);
    /* After each item that was emitted, on the calling thread. May be NULL. */
    void (*progress)(void *ctx, const fc_run *r);
    void *ctx;
    const fc_teller *teller; /* hears of items that failed here, and of notes; NULL: nobody */

    size_t done, failed; /* items emitted */
    bool stopped;        /* by fail_fast */
};

/* FC_OK when all inputs were emitted, or it stopped as fail_fast wants; failures are those of the source, the stages, finish
 * and emit. */
fc_status fc_run_all(fc_run *r, fc_error *err);

#endif
