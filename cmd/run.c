#include "items.h"
#include "run.h"

#include "base/error.h"
#include "base/pipeline.h"
#include "say.h"

#define AT(field) offsetof(struct run_args, field)
const option run_options[] = {
    {"jobs", 'j', OPTION_INT, .arg = "N", .at = AT(jobs), .min = 1, .max = FC_MAX_JOBS,
     .help = "pictures to work on at the same time (the number of CPUs)"},
    {"fail-fast", .at = AT(fail_fast), .help = "stop at the first input that fails, with exit status 2"},
    {"quiet", 'q', .at = AT(quiet),
     .help = "no messages about inputs that fail; records and exit status tell"},
    {"no-progress", .at = AT(no_progress), .help = "no progress line on a terminal"},
    {0},
};

struct loop {
    run *r;
    progress progress;
    bool stopped; /* by --fail-fast */
};

fc_status run_open(run *r, const fc_pipeline_plan *p, char **operands, int n, fc_error *err)
{
    const struct common_args *a = r->args;
    fc_pipeline_plan full = *p;
    fc_status s = fc_source_open(&r->in, &a->input, operands, n, err);

    if (!s && !r->models)
        s = models_open(&r->models, a->engine.models, err);
    full.models = r->models;
    full.engine = engine_options_of(&a->engine);
    full.detect = &a->detect;
    return s ? s : fc_stages_new(&r->stages, &full, fc_jobs(a->run.jobs), err);
}

void run_close(run *r)
{
    fc_item_free(r->first);
    fc_stages_free(r->stages);
    fc_source_close(r->in);
    fc_models_free(r->models);
}

static void show_progress(progress *p, const run *r)
{
    if (progress_due(p))
        progress_show("%zu done, %zu failed, %.1f/s", r->done, r->failed,
                      (double)r->done / (p->shown - p->start));
}

static fc_status read_item(void *ctx, void **out, fc_error *err)
{
    run *r = ((struct loop *)ctx)->r;
    fc_input in;
    fc_item *it;
    fc_status s;

    *out = r->first;
    r->first = NULL;
    if (*out)
        return FC_OK;
    s = fc_source_next(r->in, &in, err);
    if (!s)
        s = fc_item_new(&it, &in, (fc_face_choice)r->args->detect.faces, err);
    if (!s)
        *out = it;
    return s;
}

static fc_status work_item(void *ctx, int worker, void *it, fc_error *err)
{
    run *r = ((struct loop *)ctx)->r;
    fc_status s = fc_stages_run(r->stages, worker, it, err);

    return s || !r->finish ? s : r->finish(r->ctx, it, err);
}

static fc_status write_item(void *ctx, void *p, fc_error *err)
{
    struct loop *l = ctx;
    run *r = l->r;
    fc_item *it = p;
    fc_status s = r->emit(r->ctx, it, err);

    if (!s)
        s = flush_stdout(err);
    r->done++;
    if (it->note && !r->args->run.quiet)
        say("%s", it->note);
    if (!s && it->failed) {
        r->failed++;
        if (it->failed_here && !r->args->run.quiet)
            say("%s", it->fault.message);
        if (r->args->run.fail_fast) {
            l->stopped = true;
            s = fc_fail(err, FC_END, "stopped at the first input that failed");
        }
    }
    fc_item_free(it);
    show_progress(&l->progress, r);
    return s;
}

static void drop_item(void *ctx, void *it)
{
    (void)ctx;
    fc_item_free(it);
}

static void interrupt(void *ctx)
{
    fc_source_interrupt(((struct loop *)ctx)->r->in);
}

int run_all(run *r)
{
    static const fc_pipeline pipeline = {read_item, work_item, write_item, drop_item, interrupt};
    const bool unwanted = r->args->run.no_progress || r->args->run.quiet;
    struct loop l = {.r = r, .progress = progress_begin(progress_wanted(unwanted, true))};
    const size_t extra = r->first != NULL; /* is not one of the inputs */
    fc_error err;

    fc_status s = fc_pipeline_run(&pipeline, &l, fc_jobs(r->args->run.jobs), &err);
    progress_clear();
    if (s && !l.stopped)
        return say_error(&err);
    if (!r->args->run.quiet)
        say_nothing_came(r->in);
    if (r->failed && !r->args->run.quiet && r->done - extra > 1)
        say("%zu of %zu inputs failed%s", r->failed, r->done - extra, l.stopped ? "; stopped" : "");
    return l.stopped ? EXIT_BROKEN : r->failed ? EXIT_PARTLY : EXIT_DONE;
}
