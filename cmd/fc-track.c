/* fc-track: follows faces through videos. */
#include "base/error.h"
#include "option_rows.h"
#include "output.h"
#include "run.h"
#include "say.h"
#include "track_figures.h"
#include "track_item.h"
#include "track_rows.h"

enum format { FORMAT_JSON, FORMAT_INFLUX, FORMAT_PROM };
static const char *const formats[] = {"json", FIGURE_FORMATS, NULL};

static struct args {
    struct common_args common;
    const char *model, *output;
    int format;
    fc_track_options track;
    bool flip, keep_crops, timings;
} args = {.common = COMMON_ARGS_DEFAULTS,
          .common.input.videos = true,
          .model = FC_DEFAULT_MODEL,
          .track = {.min_hits = FC_TRACK_HITS, .max_age = FC_TRACK_MAX_AGE}};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_MIN_HITS(AT(track.min_hits)),
    ROW_MAX_AGE(AT(track.max_age)),
    ROW_MODEL(AT(model), FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    {"keep-crop", .at = AT(keep_crops), .help = "leave the crops in the records"},
    ROW_FORMAT(AT(format), formats,
               "json (records), influx (points of InfluxDB, a line a frame) or prom (figures for Prometheus) "
               "(json)"),
    ROW_FIGURES_OUTPUT(AT(output)),
    ROW_TIMINGS(AT(timings)),
    {0},
};

static const option_group groups[] = {
    {"Tracks", own_options, &args}, VIDEO_GROUP(args.common), COMMON_GROUPS(args.common), {0}};

static const program self = {
    .name = "fc-track",
    .summary = "Follow faces from frame to frame.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

struct follow {
    fc_tracker *tracker;
    track_figures figures;
    size_t timeless; /* records with faces and without a time */
};

/* In order, on one thread: what a face is depends on those before it. */
static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct follow *f = ctx;
    fc_status s = track_item(f->tracker, it, err);

    f->timeless += is_timeless(it);
    if (s)
        return s;
    if (args.format != FORMAT_JSON)
        return track_figures_put(&f->figures, &it->rec, err);
    s = finish_json(NULL, it, err);
    return s ? s : emit_json(NULL, it, err);
}

static fc_status check_args(fc_error *err)
{
    if (args.format != FORMAT_JSON && (args.keep_crops || args.timings))
        return fc_fail(err, FC_EUSAGE, "--keep-crop and --timings: are for -f json");
    if (args.output && args.format != FORMAT_PROM)
        return fc_fail(err, FC_EUSAGE, "-o: is for -f prom");
    return FC_OK;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                                .model = args.model,
                                .flip = args.flip,
                                .keep_faces = true,
                                .keep_crops = args.keep_crops,
                                .times = args.timings};
    struct follow f = {.figures.out.out = stdout};
    run r = {.args = &args.common, .emit = emit, .ctx = &f};
    fc_error err;
    int code;
    fc_status s = check_args(&err);

    if (!s)
        s = run_open(&r, &p, argv, n, &err);
    args.track.models = r.models;
    if (!s)
        s = track_figures_open(&f.figures, args.format == FORMAT_PROM, args.output, &err);
    if (!s)
        s = fc_tracker_new(&f.tracker, &args.track, &err);
    code = s ? program_error(&self, &err) : run_all(&r);
    if (!s && !ferror(stdout) && fc_figure_close(&f.figures.out, &err))
        code = say_error(&err);
    if (f.timeless && code != EXIT_BROKEN && !args.common.run.quiet)
        say("%zu of the records have faces and neither pts nor time: they got no tracks", f.timeless);
    fc_tracker_free(f.tracker);
    run_close(&r);
    return close_stdout(code);
}
