/* fc-events: who came, and when they were gone. */
#include <math.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"
#include "events.h"
#include "match/fuse_names.h"
#include "option_rows.h"
#include "output.h"
#include "pipeline/record.h"
#include "say.h"
#include "track_item.h"
#include "track_rows.h"

static const char *const formats[] = {"json", "tsv", FIGURE_FORMATS, NULL};

static struct events_args args = {.common = COMMON_ARGS_DEFAULTS,
                                  .common.input.videos = true,
                                  .track = {.min_hits = FC_TRACK_HITS, .max_age = FC_TRACK_MAX_AGE},
                                  .events = {.min_faces = FC_EVENT_FACES, .patience = 2, .rejoin = 10},
                                  .fpir = NAN,
                                  .threshold = NAN};

#define AT(field) offsetof(struct events_args, field)
static const option own_options[] = {
    {"min-faces", .kind = OPTION_INT, .arg = "N", .at = AT(events.min_faces), .min = 1, .max = 1000000,
     .help = "faces of a track that make a visit (2)"},
    {"unknown-after", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(events.patience), .role = OPTION_OWN,
     .min = 0, .max = 1e9,
     .help = "with -g: how long a name is waited for before somebody unknown starts (2)"},
    {"rejoin", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(events.rejoin), .min = 0, .max = 1e9,
     .help = "somebody who is back within that time goes on with their visit (10)"},
    {"cooldown", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(events.cooldown), .min = 0, .max = 1e9,
     .help = "behind a visit, no other one of the same person for so long (0)"},
    ROW_MIN_HITS(AT(track.min_hits)),
    ROW_MAX_AGE(AT(track.max_age)),
    {0},
};
static const option who_options[] = {
    ROW_OWN_GALLERY(AT(gallery.path), "find the people among those of a gallery"),
    ROW_FPIR_AS(AT(fpir), NULL, OPTION_APART,
                "with -g: strangers who may get a name, of all strangers; chooses the threshold for the "
                "gallery's number "
                "of people (the rate that it is calibrated for, or 0.01)"),
    ROW_FUSE(AT(fuse), NULL),
    {"threshold", .kind = OPTION_REAL, .arg = "X", .at = AT(threshold), .role = OPTION_APART, .min = -1,
     .max = 2, .help = "with -g: from which similarity on it is somebody (what --fpir takes)"},
    ROW_MODEL(AT(model), "the gallery's, else " FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    {0},
};
static const option output_options[] = {
    ROW_FORMAT(AT(format), formats,
               "json (a line an event), tsv (the same, under a header), influx (points of InfluxDB, a line "
               "each) or prom (figures for Prometheus) (json)"),
    ROW_FIGURES_OUTPUT(AT(output)),
    ROW_TAG_PERSON(AT(tag_person)),
    {"crops", .kind = OPTION_DIR, .arg = "DIR", .at = AT(crops), .role = OPTION_ONCE,
     .help =
         "write the best crop into DIR when a visit starts and when it ends, as ID-start.jpg and ID-end.jpg; "
         "DIR is made if need be"},
    ROW_FORCE(AT(force), "--crops: "),
    {"keep-crop", .at = AT(keep_crop), .help = "the best crop in the lines, as records have it"},
    {"embedding", .at = AT(embedding), .help = "the mean embedding in the lines"},
    {0},
};

static const option_group groups[] = {{"Visits", own_options, &args},
                                      {"People", who_options, &args},
                                      {"Output", output_options, &args},
                                      {"Sealed galleries", key_options, &args.gallery},
                                      VIDEO_GROUP(args.common),
                                      COMMON_GROUPS(args.common),
                                      {0}};

static const program self = {
    .name = "fc-events",
    .summary = "Tell who came and when they were gone, one visit each.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

struct watch {
    struct known known;
    fc_tracker *tracker; /* of records that have no tracks yet */
    fc_events *events;
    fc_figure_out figures;
    size_t timeless; /* records with faces and without a time */
};

static fc_status who(void *ctx, const float *mean, size_t dim, char **name, double *similarity, fc_error *err)
{
    return known_who(&((const struct watch *)ctx)->known, mean, dim, name, similarity, err);
}

static fc_status tell(void *ctx, const fc_event *e, fc_error *err)
{
    struct watch *w = ctx;

    return events_write(&args, &w->figures, args.gallery.path ? &w->known : NULL, e, err);
}

static bool is_tracked(const fc_record *r)
{
    for (size_t i = 0; i < fc_record_face_count(r); i++)
        if (json_object_get(fc_record_face(r, i), "track"))
            return true;
    return false;
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct watch *w = ctx;
    fc_status s = is_tracked(&it->rec) ? FC_OK : track_item(w->tracker, it, err);

    say_old_fault(it, args.common.run.quiet);
    w->timeless += is_timeless(it);
    return s ? s : event_item(w->events, it, err);
}

/* ---- the run ---- */

static fc_status check_args(fc_error *err)
{
    if (!args.gallery.path &&
        (!isnan(args.fpir) || !isnan(args.threshold) || args.gallery.key_file || args.gallery.key_command))
        return fc_fail(err, FC_EUSAGE, "--fpir, --threshold, --key-file and --key-command: want -g GALLERY");
    if (args.threshold > 1)
        return fc_fail(err, FC_EUSAGE, "--threshold: want -1..1, got %.15g", args.threshold);
    if (args.force && !args.crops)
        return fc_fail(err, FC_EUSAGE, "--force: wants --crops DIR");
    if (args.format != EVENTS_JSON && (args.keep_crop || args.embedding))
        return fc_fail(err, FC_EUSAGE, "--keep-crop and --embedding: are for -f json");
    if (args.output && args.format != EVENTS_PROM)
        return fc_fail(err, FC_EUSAGE, "-o: is for -f prom");
    if (args.tag_person && args.format != EVENTS_INFLUX && args.format != EVENTS_PROM)
        return fc_fail(err, FC_EUSAGE, "--tag-person: is for -f influx and prom");
    return FC_OK;
}

static fc_status make_crops_folder(fc_error *err)
{
    fc_status s = args.crops ? fc_make_folder(args.crops, 0777, err) : FC_OK;

    return s || !args.crops || args.force ? s : fc_outputs_keep_folder(args.crops, err);
}

static fc_status open_events(struct watch *w, const run *r, fc_error *err)
{
    const char *contract = w->known.people.contract;
    fc_status s;

    args.track.models = args.events.models = r->models;
    args.track.alike = args.events.alike = NAN;
    args.events.max_age = args.track.max_age;
    args.events.who = args.gallery.path ? who : NULL;
    args.events.contract = *contract ? contract : NULL;
    args.events.sink = tell;
    args.events.ctx = w;
    s = fc_tracker_new(&w->tracker, &args.track, err);
    if (!s)
        s = events_figures_open(&args, &w->figures, err);
    return s ? s : fc_events_new(&w->events, &args.events, err);
}

static fc_status prepare(struct watch *w, run *r, char **operands, int n, fc_error *err)
{
    fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                          .model = args.model,
                          .flip = args.flip,
                          .keep_faces = true,
                          .keep_crops = args.crops || args.keep_crop,
                          .quality = FC_MEASURE_AT_HAND};
    fc_status s = check_args(err);

    if (!s)
        s = make_crops_folder(err);
    if (!s && args.gallery.path)
        s = known_open(&w->known, &args, err);
    if (!s)
        s = models_open(&r->models, args.common.engine.models, err);
    if (!s && args.gallery.path && !args.model && !args.flip) {
        s = known_model(&w->known, &args, r->models, err);
        p.flip = w->known.flip;
        p.model = w->known.model;
    }
    if (!p.model)
        p.model = FC_DEFAULT_MODEL;
    if (!s)
        s = run_open(r, &p, operands, n, err);
    if (!s && args.gallery.path)
        s = known_decide(&w->known, &args, fc_stages_model(r->stages), err);
    return s ? s : open_events(w, r, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    struct watch w = {.figures.out = stdout};
    run r = {.args = &args.common, .emit = emit, .ctx = &w, .ends_softly = true};
    fc_error err;
    int code;

    be_quiet(args.common.run.quiet);
    if (prepare(&w, &r, argv, n, &err)) {
        code = program_error(&self, &err);
    } else {
        events_write_header(&args);
        code = run_all(&r);
        if (!ferror(stdout) && fc_events_finish(w.events, &err))
            code = say_error(&err);
        if (!ferror(stdout) && fc_figure_close(&w.figures, &err))
            code = say_error(&err);
        if (w.timeless)
            note("%zu of the records have faces and neither pts nor time: they are of no visit", w.timeless);
    }
    fc_events_free(w.events);
    fc_tracker_free(w.tracker);
    known_close(&w.known);
    run_close(&r);
    return close_stdout(code);
}
