#include "run.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/threads.h"
#include "option_rows.h"
#include "items.h"
#include "journal.h"
#include "output.h"
#include "facecheck.h"
#include "say.h"
#include "streams.h"

#define AT(field) offsetof(struct run_args, field)
const option run_options[] = {
    ROW_JOBS(AT(jobs), "pictures to work on at the same time"),
    {"fail-fast", .at = AT(fail_fast), .role = OPTION_ASIDE,
     .help = "stop at the first input that fails, with exit status 2"},
    ROW_QUIET(AT(quiet), ", nor messages about inputs that fail; records and exit status tell"),
    ROW_NO_PROGRESS(AT(no_progress)),
    {0},
};

static struct cache_context context_of(const run *r, const fc_pipeline_plan *p)
{
    const struct common_args *a = r->args;

    return (struct cache_context){.stages = r->stages,
                                  .model = p->upto == FC_STAGE_EMBED ? p->model : NULL,
                                  .models = r->models,
                                  .detect = &a->detect,
                                  .engine = &a->engine,
                                  .crops = p->keep_crops,
                                  .quality = p->quality,
                                  .background = p->background};
}

static fc_status open_journal(run *r, const fc_pipeline_plan *p, fc_error *err)
{
    const struct cache_context context = context_of(r, p);
    json_t *basis;

    if (r->emit != emit_json)
        return fc_fail(err, FC_EUSAGE, "--journal: keeps records, and other formats are none");
    fc_source_refuse_live(r->in, "--journal: a live stream cannot be gone on with");
    fc_status s = caching_basis(&basis, &context, err);
    if (!s)
        s = journal_open(&r->journal, r->args->run.journal, r->self, basis, err);
    json_decref(basis);
    return s;
}

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
    if (!s)
        s = fc_stages_new(&r->stages, &full, fc_jobs(a->run.jobs), err);
    if (!s && full.upto == FC_STAGE_EMBED) {
        const struct cache_context context = context_of(r, &full);
        s = caching_open(&r->cache, &a->cache, &context, err);
    }
    return s || !a->run.journal ? s : open_journal(r, &full, err);
}

void run_close(run *r)
{
    streams_end_softly(NULL, false);
    journal_close(r->journal);
    caching_close(r->cache, &r->args->cache, r->args->run.quiet);
    fc_item_free(r->first);
    fc_stages_free(r->stages);
    fc_source_close(r->in);
    fc_models_free(r->models);
}

/* One run_all. */
struct loop {
    const run *r;
    progress progress;
};

static fc_status finish_item(void *ctx, fc_item *it, fc_error *err)
{
    const run *r = ((struct loop *)ctx)->r;

    return r->finish(r->ctx, it, err);
}

/* Whether the pipe that stdout is, is empty, or nobody reads it any more, which the next write tells. */
static bool is_taken(void *ctx)
{
    struct pollfd p = {.fd = STDOUT_FILENO};
    struct stat st;
    int n = 0;

    (void)ctx;
    if (fstat(STDOUT_FILENO, &st) || !S_ISFIFO(st.st_mode) || ioctl(STDOUT_FILENO, FIONREAD, &n))
        return true;
    return n == 0 || (poll(&p, 1, 0) > 0 && p.revents & POLLERR);
}

static fc_status emit_item(void *ctx, fc_item *it, fc_error *err)
{
    const run *r = ((struct loop *)ctx)->r;

    fc_status s = r->journal ? journal_put(r->journal, it->text, it->text_size, err) : FC_OK;

    if (!s)
        s = r->emit(r->ctx, it, err);
    return s ? s : flush_stdout(err);
}

static void show_progress(void *ctx, const fc_run *f)
{
    progress *p = &((struct loop *)ctx)->progress;

    if (progress_due(p))
        progress_show("%zu done, %zu failed, %.1f/s", f->done, f->failed,
                      (double)f->done / (p->shown - p->start));
}

/* What an earlier run did. *ended: it is all that is to be done. */
static fc_status go_on(run *r, size_t *done, size_t *failed, bool *ended, fc_error *err)
{
    const struct run_args *a = &r->args->run;
    const fc_record fresh = {0};
    const fc_image_options decoding = fc_stages_decoding(r->stages, &fresh);

    fc_source_decoding(r->in, &decoding); /* a video that is passed over in part is not opened again */
    const fc_status s = journal_replay(r->journal, r->in, a->fail_fast, done, failed, err);

    *ended = a->fail_fast && *failed;
    if (!s && *done && !a->quiet)
        say("%s: %zu of the inputs are done already", a->journal, *done);
    return s;
}

int run_all(run *r)
{
    const struct run_args *a = &r->args->run;
    size_t done = 0, failed = 0;
    bool ended = false;
    struct loop l = {.r = r, .progress = progress_begin(progress_wanted(a->no_progress || a->quiet, true))};
    const size_t extra = r->first != NULL; /* is not one of the inputs */
    fc_run f = {.in = r->in,
                .stages = r->stages,
                .cache = r->cache,
                .first = r->first,
                .choice = (fc_face_choice)r->args->detect.faces,
                .workers = fc_jobs(a->jobs),
                .fail_fast = a->fail_fast,
                .finish = r->finish ? finish_item : NULL,
                .emit = emit_item,
                .taken = is_taken,
                .progress = show_progress,
                .ctx = &l,
                .teller = a->quiet ? NULL : &say_teller};
    fc_error err;
    fc_status s;

    streams_end_softly(r->in, r->ends_softly);
    s = r->journal ? go_on(r, &done, &failed, &ended, &err) : FC_OK;
    if (!s && ended)
        f.stopped = true;
    else if (!s)
        s = fc_run_all(&f, &err);
    r->first = f.first;
    r->done = f.done += done;
    f.failed += failed;
    progress_clear();
    if (!a->quiet)
        say_streams(r->in);
    if (s)
        return say_error(&err);
    if (!a->quiet && !done)
        say_nothing_came(r->in);
    if (f.failed && !a->quiet && f.done - extra > 1)
        say("%zu of %zu inputs failed%s", f.failed, f.done - extra, f.stopped ? "; stopped" : "");
    return f.stopped ? EXIT_BROKEN : f.failed || streams_missed(r->in) ? EXIT_PARTLY : EXIT_DONE;
}
