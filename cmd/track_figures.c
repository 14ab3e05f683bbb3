/* Frames and tracks as points of InfluxDB, and as figures for Prometheus. */
#include <jansson.h>
#include <math.h>

#include "track_figures.h"

#include "pipeline/record.h"

enum { FRAMES, TRACKS, NOW, ERRORS, FAMILIES };
static const fc_prom_family families[FAMILIES] = {
    [FRAMES] = {.name = "facecheck_frames_total",
                .help = "Frames that were looked at.",
                .kind = FC_PROM_COUNTER,
                .label = {"camera"}},
    [TRACKS] = {.name = "facecheck_tracks_total",
                .help = "Tracks that began.",
                .kind = FC_PROM_COUNTER,
                .label = {"camera"}},
    [NOW] = {.name = "facecheck_tracks",
             .help = "Tracks that have a face in the last frame.",
             .kind = FC_PROM_GAUGE,
             .label = {"camera"}},
    [ERRORS] = {.name = "facecheck_errors_total",
                .help = "Pictures that failed, by code.",
                .kind = FC_PROM_COUNTER,
                .label = {"camera", "code"}},
};

fc_status track_figures_open(track_figures *f, bool prom, const char *path, fc_error *err)
{
    const fc_status s = prom ? fc_figure_open(&f->out, families, FAMILIES, err) : FC_OK;

    return s ? s : fc_figure_keep(&f->out, path, err);
}

/* What one record holds. */
struct counts {
    const char *camera, *code; /* NULL: none */
    int64_t faces, tracks, begun;
    double time; /* NAN: not known */
};

static struct counts count(track_figures *f, const fc_record *r)
{
    const json_t *time = json_object_get(r->json, "time");
    struct counts c = {.camera = json_string_value(json_object_get(r->json, "camera")),
                       .code = json_string_value(json_object_get(json_object_get(r->json, "error"), "code")),
                       .faces = (int64_t)fc_record_face_count(r),
                       .time = json_is_number(time) ? json_number_value(time) : NAN};
    const json_int_t before = f->last;

    for (size_t i = 0; i < (size_t)c.faces; i++) {
        const json_int_t n = json_integer_value(json_object_get(fc_record_face(r, i), "track"));
        c.tracks += n > 0;
        c.begun += n > before;
        f->last = n > f->last ? n : f->last;
    }
    return c;
}

static fc_status count_prom(track_figures *f, const struct counts *c, fc_error *err)
{
    if (c->code) {
        fc_prom_add(f->out.prom, ERRORS, (const char *[]){c->camera, c->code}, 1);
    } else {
        fc_prom_add(f->out.prom, FRAMES, (const char *[]){c->camera}, 1);
        fc_prom_add(f->out.prom, TRACKS, (const char *[]){c->camera}, (double)c->begun);
        fc_prom_set(f->out.prom, NOW, (const char *[]){c->camera}, (double)c->tracks);
    }
    return fc_figure_check(&f->out, err);
}

fc_status track_figures_put(track_figures *f, const fc_record *r, fc_error *err)
{
    const struct counts c = count(f, r);
    fc_influx_point p;

    if (fc_record_is_gap(r))
        return FC_OK;
    if (f->out.prom)
        return count_prom(f, &c, err);
    fc_influx_begin(&p, "facecheck_tracks");
    fc_influx_tag(&p, "camera", c.camera);
    fc_influx_tag(&p, "code", c.code);
    fc_influx_integer(&p, "faces", c.faces);
    fc_influx_integer(&p, "tracks", c.tracks);
    fc_influx_integer(&p, "begun", c.begun);
    return fc_figure_point(&f->out, &p, c.time, err);
}
