#include "facecheck.h"
#include "base/tell.h"
#include "pipeline/cached.h"
#include "pipeline/record.h"
#include "pipeline/source.h"

#include <limits.h>
#include <time.h>

#include "base/error.h"
#include "base/threads.h"

/* ---- live streams ---- */

/* Frames of live streams are read when there is time for them, and not before: one at a time, for a reader of the output that is slower,
 * and up to as many as there are workers for one that is not. */
static int get_window(void *ctx)
{
    const int n = __atomic_load_n(&((fc_run *)ctx)->window, __ATOMIC_RELAXED);

    return n ? n : INT_MAX;
}

static void set_window(fc_run *r, int n)
{
    __atomic_store_n(&r->window, n, __ATOMIC_RELAXED);
}

/* After a live item was emitted. */
static void await_reader(fc_run *r)
{
    const struct timespec short_while = {.tv_nsec = 2000000};
    const int n = get_window(r);
    bool waited = false;

    while (r->taken && !r->taken(r->ctx) && !fc_source_is_interrupted(r->in)) {
        waited = true;
        nanosleep(&short_while, NULL);
    }
    set_window(r, waited ? 1 : n < r->workers ? n + 1 : r->workers);
}

/* ---- the loop ---- */

static fc_status read_item(void *ctx, void **out, fc_error *err)
{
    fc_run *r = ctx;
    fc_input in;
    fc_item *it;
    fc_status s;

    *out = r->first;
    r->first = NULL;
    if (*out)
        return FC_OK;
    s = fc_source_next(r->in, &in, err);
    if (!s && in.kind == FC_INPUT_FRAME && in.dropped >= 0 && get_window(r) == INT_MAX)
        set_window(r, 1);
    if (!s)
        s = fc_item_new(&it, &in, r->choice, err);
    if (!s)
        *out = it;
    return s;
}

static fc_status work_item(void *ctx, int worker, void *it, fc_error *err)
{
    fc_run *r = ctx;
    fc_item *item = it;
    fc_status s = fc_stages_run_cached(r->stages, r->cache, worker, item, err);

    if (item->live && get_window(r) == INT_MAX)
        set_window(r, 1);
    return s || !r->finish ? s : r->finish(r->ctx, item, err);
}

/* An item that failed, and was emitted. */
static fc_status count_failed(fc_run *r, const fc_item *it, fc_error *err)
{
    r->failed++;
    if (it->failed_here)
        fc_tell(r->teller, "%s", it->fault.message);
    if (!r->fail_fast)
        return FC_OK;
    r->stopped = true;
    return fc_fail(err, FC_END, "stopped at the first input that failed");
}

static fc_status write_item(void *ctx, void *p, fc_error *err)
{
    fc_run *r = ctx;
    fc_item *it = p;
    fc_status s = r->emit(r->ctx, it, err);

    r->done++;
    if (it->note)
        fc_tell(r->teller, "%s", it->note);
    if (!s && it->failed)
        s = count_failed(r, it, err);
    if (!s && it->live)
        await_reader(r);
    fc_item_free(it);
    if (r->progress)
        r->progress(r->ctx, r);
    return s;
}

static void drop_item(void *ctx, void *it)
{
    (void)ctx;
    fc_item_free(it);
}

static void interrupt(void *ctx)
{
    fc_source_interrupt(((fc_run *)ctx)->in);
}

fc_status fc_run_all(fc_run *r, fc_error *err)
{
    static const fc_pipeline pipeline = {.read = read_item,
                                         .work = work_item,
                                         .write = write_item,
                                         .drop = drop_item,
                                         .window = get_window,
                                         .interrupt = interrupt};
    const fc_record fresh = {0};
    const fc_image_options decoding = fc_stages_decoding(r->stages, &fresh);

    fc_source_decoding(r->in, &decoding);
    fc_source_listen(r->in, r->teller);
    const fc_status s = fc_pipeline_run(&pipeline, r, r->workers, err);

    return r->stopped ? FC_OK : s;
}
