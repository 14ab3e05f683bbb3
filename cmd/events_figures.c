/* Visits as points of InfluxDB, and as figures for Prometheus. */
#include <math.h>

#include "events.h"

static const double seconds[] = {1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600};

enum { VISITS, UPDATES, SECONDS, PRESENT, FAMILIES };
static const fc_prom_family families[FAMILIES] = {
    [VISITS] = {.name = "facecheck_visits_total",
                .help = "Visits that started, by what was decided then: known, unknown.",
                .kind = FC_PROM_COUNTER,
                .label = {"camera", "decision", "person"}},
    [UPDATES] = {.name = "facecheck_visit_updates_total",
                 .help = "Visits that got another name.",
                 .kind = FC_PROM_COUNTER,
                 .label = {"camera"}},
    [SECONDS] = {.name = "facecheck_visit_seconds",
                 .help = "How long visits were, from the first face to the last.",
                 .kind = FC_PROM_HISTOGRAM,
                 .label = {"camera"},
                 .bounds = seconds,
                 .nbounds = sizeof seconds / sizeof *seconds},
    [PRESENT] = {.name = "facecheck_visitors",
                 .help = "Visits that go on.",
                 .kind = FC_PROM_GAUGE,
                 .label = {"camera"}},
};

fc_status events_figures_open(const struct events_args *a, fc_figure_out *f, fc_error *err)
{
    const fc_status s = a->format == EVENTS_PROM ? fc_figure_open(f, families, FAMILIES, err) : FC_OK;

    if (!s && a->format == EVENTS_PROM && !a->tag_person)
        fc_prom_forget(f->prom, "person");
    return s ? s : fc_figure_keep(f, a->output, err);
}

static const char *camera_of(const fc_event *e)
{
    return json_string_value(json_object_get(e->from, "camera"));
}

/* NULL: nobody was looked for. */
static const char *decision_of(const struct known *known, const fc_event *e)
{
    return !known ? NULL : e->name ? "known" : "unknown";
}

fc_status events_count(const struct events_args *a, fc_figure_out *f, const struct known *known,
                       const fc_event *e, fc_error *err)
{
    const char *camera = camera_of(e), *person = a->tag_person ? e->name : NULL;

    switch (e->type) {
    case FC_EVENT_START:
        fc_prom_add(f->prom, VISITS, (const char *[]){camera, decision_of(known, e), person}, 1);
        fc_prom_change(f->prom, PRESENT, (const char *[]){camera}, 1);
        break;
    case FC_EVENT_UPDATE:
        fc_prom_add(f->prom, UPDATES, (const char *[]){camera}, 1);
        break;
    case FC_EVENT_END:
        fc_prom_observe(f->prom, SECONDS, (const char *[]){camera}, e->last - e->first);
        fc_prom_change(f->prom, PRESENT, (const char *[]){camera}, -1);
    }
    return fc_figure_check(f, err);
}

fc_status events_point(const struct events_args *a, fc_figure_out *f, const struct known *known,
                       const fc_event *e, fc_error *err)
{
    fc_influx_point p;

    fc_influx_begin(&p, "facecheck_visit");
    fc_influx_tag(&p, "camera", camera_of(e));
    fc_influx_tag(&p, "decision", decision_of(known, e));
    fc_influx_tag(&p, "person", a->tag_person ? e->name : NULL);
    fc_influx_tag(&p, "type", fc_event_type_name(e->type));
    fc_influx_text(&p, "id", e->id);
    fc_influx_real(&p, "seconds", e->last - e->first);
    fc_influx_integer(&p, "seen", (int64_t)e->frames);
    fc_influx_real(&p, "similarity", known ? e->similarity : NAN);
    fc_influx_real(&p, "threshold", known ? known->how.threshold : NAN);
    return fc_figure_point(f, &p, e->unix_time ? e->time : NAN, err);
}
