#include "monitor/figure_out.h"

#include <stdlib.h>

#include "base/error.h"

fc_status fc_figure_open(fc_figure_out *f, const fc_prom_family *families, size_t n, fc_error *err)
{
    return fc_prom_new(&f->prom, families, n, err);
}

fc_status fc_figure_keep(fc_figure_out *f, const char *path, fc_error *err)
{
    const fc_status s = path ? fc_prom_file_open(&f->file, f->prom, path, err) : FC_OK;

    if (s) {
        fc_prom_free(f->prom);
        f->prom = NULL;
    }
    return s;
}

fc_status fc_figure_check(fc_figure_out *f, fc_error *err)
{
    return f->file ? fc_prom_file_check(f->file, err) : FC_OK;
}

fc_status fc_figure_point(fc_figure_out *f, const fc_influx_point *p, double time, fc_error *err)
{
    return fc_influx_put(p, fc_influx_clock_tick(&f->clock, time), f->out, err);
}

static fc_status put_text(const fc_figure_out *f, fc_error *err)
{
    char *text = fc_prom_text(f->prom);
    fc_status s = text ? FC_OK : fc_fail_nomem(err, 0);

    if (text && fputs(text, f->out) < 0)
        s = fc_fail_errno(err, "the figures");
    free(text);
    return s;
}

fc_status fc_figure_close(fc_figure_out *f, fc_error *err)
{
    fc_status s = FC_OK;

    if (f->file)
        s = fc_prom_file_close(f->file, err);
    else if (f->prom)
        s = put_text(f, err);
    fc_prom_free(f->prom);
    f->file = NULL;
    f->prom = NULL;
    return s;
}
