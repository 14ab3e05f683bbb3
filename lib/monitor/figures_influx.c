/* Pictures and decisions as points. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "monitor/figures_impl.h"

/* Without timings, a line that repeats: its time is the record's, or none. */
static int64_t time_of(fc_figures *f, double time)
{
    return isnan(time) && !f->how.timings ? FC_INFLUX_NO_TIME : fc_influx_clock_tick(&f->to.clock, time);
}

fc_status fc_figures_influx_picture(fc_figures *f, const struct picture *p, fc_error *err)
{
    char name[FC_INFLUX_FIELDS][16];
    fc_influx_point point;

    fc_influx_begin(&point, "facecheck_picture");
    fc_influx_tag(&point, "camera", p->camera);
    fc_influx_tag(&point, "code", p->code);
    fc_influx_tag(&point, "result", p->result);
    fc_influx_integer(&point, "faces", (int64_t)p->faces);
    for (size_t i = 0; fc_figures_stages[i]; i++) {
        snprintf(name[i], sizeof *name, "%s_ms", fc_figures_stages[i]);
        fc_influx_real(&point, name[i], fc_figures_number(p->ms, fc_figures_stages[i]));
    }
    return fc_influx_put(&point, time_of(f, p->time), f->to.out, err);
}

/* What text has up to the character. */
static const char *upto(char *out, size_t size, const char *text, char end)
{
    const size_t n = strcspn(text, (const char[]){end, '\0'});

    snprintf(out, size, "%.*s", (int)(n < size ? n : 0), text);
    return out;
}

fc_status fc_figures_influx_decision(fc_figures *f, const struct decision *d, fc_error *err)
{
    char model[200], engine[40];
    fc_influx_point point;

    fc_influx_begin(&point, "facecheck_match");
    fc_influx_tag(&point, "camera", d->camera);
    fc_influx_tag(&point, "decision", d->decision);
    fc_influx_tag(&point, "engine", upto(engine, sizeof engine, d->engine, ' '));
    fc_influx_tag(&point, "model", upto(model, sizeof model, d->contract, ':'));
    fc_influx_tag(&point, "person", d->person);
    fc_influx_text(&point, "contract", *d->contract ? d->contract : NULL);
    fc_influx_real(&point, "similarity", d->similarity);
    fc_influx_real(&point, "distance", d->distance);
    fc_influx_real(&point, "score", d->score);
    fc_influx_real(&point, "threshold", d->threshold);
    fc_influx_real(&point, "face_px", d->width);
    fc_influx_real(&point, "match_ms", d->match_ms);
    return fc_influx_put(&point, time_of(f, d->time), f->to.out, err);
}
