#include "figure_out.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

fc_status figure_open(figure_out *f, const fc_prom_family *families, size_t n, const char *path,
                      fc_error *err)
{
    const fc_status s = fc_prom_new(&f->prom, families, n, err);

    return s || !path ? s : fc_prom_file_open(&f->file, f->prom, path, err);
}

fc_status figure_point(figure_out *f, const fc_influx_point *p, double time, fc_error *err)
{
    return fc_influx_put(p, fc_influx_clock_tick(&f->clock, time), stdout, err);
}

static fc_status put_text(fc_prom *prom, fc_error *err)
{
    char *text = fc_prom_text(prom);
    fc_status s = text ? FC_OK : fc_fail_nomem(err, 0);

    if (text && fputs(text, stdout) < 0)
        s = fc_fail_errno(err, "stdout");
    free(text);
    return s;
}

fc_status figure_close(figure_out *f, fc_error *err)
{
    fc_status s = FC_OK;

    if (f->file)
        s = fc_prom_file_close(f->file, err);
    else if (f->prom)
        s = put_text(f->prom, err);
    fc_prom_free(f->prom);
    *f = (figure_out){0};
    return s;
}
