#include "head.h"

#include <errno.h>
#include <math.h>

#include "base/atomic.h"
#include "base/error.h"

/* After a write. */
static void note_fault(struct head_log *log)
{
    if (ferror(log->f) && !log->fault)
        log->fault = errno;
}

struct head_log head_log_of(const char *path, bool shown, bool top5)
{
    return (struct head_log){.shown = progress_begin(shown), .top5 = top5, .path = path};
}

fc_status head_log_begin(void *ctx, fc_error *err)
{
    struct head_log *log = ctx;
    const fc_status s = log->path ? fc_open_written(&log->f, log->path, err) : FC_OK;

    if (!log->path || s)
        return s;
    setvbuf(log->f, NULL, _IOLBF, BUFSIZ); /* for who looks at it meanwhile */
    fprintf(log->f, "pass\tepoch\tloss\tspread\theld_out_loss\theld_out_accuracy%s\n",
            log->top5 ? "\theld_out_top5" : "");
    note_fault(log);
    return FC_OK;
}

static void put_figure(FILE *f, double v)
{
    if (isnan(v))
        fputc('\t', f);
    else
        fprintf(f, "\t%.6f", v);
}

void head_log_epoch(void *ctx, const fc_head_epoch *e)
{
    struct head_log *log = ctx;

    if (log->f) {
        fprintf(log->f, "%d\t%zu", e->pass, e->epoch);
        put_figure(log->f, e->loss);
        put_figure(log->f, e->spread);
        put_figure(log->f, e->held.loss);
        put_figure(log->f, e->held.accuracy);
        if (log->top5)
            put_figure(log->f, e->held.top5);
        fputc('\n', log->f);
        note_fault(log);
    }
    if (!progress_due(&log->shown))
        return;
    if (isnan(e->held.loss))
        progress_show("epoch %zu of %zu: loss %.4f", e->epoch, e->most, e->loss);
    else
        progress_show("epoch %zu of %zu at most: loss %.4f, held out %.4f", e->epoch, e->most, e->loss,
                      e->held.loss);
}

fc_status head_log_close(struct head_log *log, fc_error *err)
{
    progress_clear();
    if (!log->f)
        return FC_OK;
    if (fclose(log->f) && !log->fault)
        log->fault = errno;
    errno = log->fault;
    return log->fault ? fc_fail_errno(err, log->path) : FC_OK;
}
