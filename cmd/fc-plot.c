/* fc-plot: figures of reports, a map of embeddings, a time line of events. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "plot/figures.h"
#include "plot/canvas.h"
#include "plot/map.h"
#include "plot.h"
#include "eval/report_file.h"
#include "option_rows.h"
#include "run.h"
#include "say.h"
#include "items.h"
#include "facecheck.h"

struct plot_args {
    struct common_args common;
    const char *model;
    bool flip;
    const char *output, *title, *day;
    fc_texts labels;
    double width, height, scale;
    int method, named;
    double perplexity;
    uint64_t seed;
    bool thumbs;
};
static struct plot_args args = {.common = COMMON_ARGS_DEFAULTS,
                                .model = FC_DEFAULT_MODEL,
                                .scale = 2,
                                .seed = 1,
                                .perplexity = 30,
                                .named = 12};

static const char *const methods[] = {[FC_MAP_TSNE] = "tsne", [FC_MAP_PCA] = "pca", NULL};

#define AT(field) offsetof(struct plot_args, field)
static const option own_options[] = {
    ROW_OUTPUT(AT(output), "the picture; its name ends with .svg, .png or .pdf"),
    {"title", .kind = OPTION_TEXT, .arg = "TEXT", .at = AT(title), .role = OPTION_ONCE,
     .help = "the figure's title (its kind's own)"},
    {"label", .kind = OPTION_TEXTS, .arg = "TEXT", .at = AT(labels), .role = OPTION_ONCE,
     .help = "name of a report in the legend; once for each, in order (the file's name)"},
    {"width", .kind = OPTION_REAL, .arg = "POINTS", .at = AT(width), .min = 150, .max = 5000,
     .help = "width in points, 1/72 inch (480; map, timeline: 720)"},
    {"height", .kind = OPTION_REAL, .arg = "POINTS", .at = AT(height), .min = 150, .max = 5000,
     .help = "height in points (400; map: 640; timeline: what its rows take)"},
    {"day", .kind = OPTION_TEXT, .arg = "YYYY-MM-DD", .at = AT(day), .role = OPTION_ONCE,
     .commands = "timeline", .help = "show this day, by the clocks here (all that is there)"},
    {"scale", .kind = OPTION_REAL, .arg = "X", .at = AT(scale), .role = OPTION_OWN, .min = 0.5, .max = 10,
     .help = "PNG: pixels a point (2)"},
    {0},
};
static const option map_options[] = {
    {"method", .kind = OPTION_CHOICE, .arg = "HOW", .at = AT(method), .choices = methods,
     .help = "tsne (neighbours stay together) or pca (a straight projection) (tsne)"},
    {"perplexity", .kind = OPTION_REAL, .arg = "X", .at = AT(perplexity), .min = 2, .max = 200,
     .help = "tsne: neighbours that count (30)"},
    ROW_SEED(AT(seed), NULL, "tsne: where points start"),
    {"people", .kind = OPTION_INT, .arg = "N", .at = AT(named), .min = 0, .max = 28,
     .help =
         "people with the most pictures who get a colour, a mark and their name; the others are grey (12)"},
    {"thumbs", .at = AT(thumbs), .help = "draw faces where there is room for them"},
    ROW_MODEL(AT(model), FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    {0},
};
static const option_group groups[] = {
    {"Figure", own_options, &args}, {"Map", map_options, &args}, COMMON_GROUPS(args.common), {0}};

static const struct command {
    const char *name;
    fc_figure_kind kind;
} commands[] = {
    {"roc", FC_FIGURE_ROC},         {"det", FC_FIGURE_DET},         {"cmc", FC_FIGURE_CMC},
    {"scores", FC_FIGURE_SCORES},   {"latency", FC_FIGURE_LATENCY}, {"layers", FC_FIGURE_LAYERS},
    {"discard", FC_FIGURE_DISCARD},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };
static const char *const command_names[] = {"roc",    "det",     "cmc", "scores",   "latency",
                                            "layers", "discard", "map", "timeline", NULL};

static const program self = {
    .name = "fc-plot",
    .summary = "Draw reports of fc-eval and fc-bench, maps of embeddings, and who came when.",
    .operands = "roc | det | cmc | scores | latency | layers | discard REPORT... | map "
                "[IMAGE|DIR|RECORDS|-]... | timeline [EVENTS|-]...",
    .operand = OPTION_FILE,
    .commands = command_names,
    .groups = groups,
};

/* The file's name without folder and extension; caller frees. */
static char *short_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

static fc_status draw_reports(fc_figure_kind kind, fc_page_format format, char **path, int n, fc_error *err)
{
    json_t *json[FC_FIGURE_MAX_REPORTS] = {0};
    char *name[FC_FIGURE_MAX_REPORTS] = {0};
    fc_figure_report report[FC_FIGURE_MAX_REPORTS];
    fc_canvas *canvas = NULL;
    fc_status s = FC_OK;

    if (n < 1 || n > FC_FIGURE_MAX_REPORTS)
        return fc_fail(err, FC_EUSAGE, "want 1 to %d reports, got %d", FC_FIGURE_MAX_REPORTS, n);
    if (args.labels.n && args.labels.n != (size_t)n)
        return fc_fail(err, FC_EUSAGE, "--label: %zu labels for %d reports", args.labels.n, n);
    for (int i = 0; i < n && !s; i++) {
        s = fc_report_load(&json[i], path[i], "fc-eval or fc-bench", err);
        name[i] = args.labels.n ? strdup(args.labels.text[i]) : short_name(path[i]);
        if (!s && !name[i])
            s = fc_fail_nomem(err, strlen(path[i]) + 1);
        report[i] = (fc_figure_report){name[i], json[i]};
    }
    const double width = args.width > 0 ? args.width : 480, height = args.height > 0 ? args.height : 400;
    if (!s)
        s = fc_canvas_new(&canvas, format, width, height, args.scale, err);
    if (!s)
        s = fc_figure_draw(fc_canvas_cairo(canvas), width, height, kind, report, (size_t)n, args.title, err);
    if (!s) {
        s = fc_canvas_save(canvas, args.output, err);
        canvas = NULL;
    }
    fc_canvas_free(canvas);
    for (int i = 0; i < n; i++) {
        json_decref(json[i]);
        free(name[i]);
    }
    return s;
}

/* ---- the map ---- */

static fc_status make_templates(fc_templates *t, fc_stages **stages, fc_models **models, char **operands,
                                int n, fc_error *err)
{
    const struct run_args *r = &args.common.run;
    fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                          .model = args.model,
                          .flip = args.flip,
                          .detect = &args.common.detect,
                          .engine = engine_options_of(&args.common.engine)};
    picture_progress shown = {progress_begin(progress_wanted(r->no_progress || r->quiet, false)), 0};
    fc_template_job job = {.choice = (fc_face_choice)args.common.detect.faces,
                           .jobs = fc_jobs(r->jobs),
                           .teller = r->quiet ? NULL : &say_teller,
                           .fail_fast = r->fail_fast,
                           .progress = show_pictures,
                           .ctx = &shown};
    fc_status s = fc_source_open(&job.in, &args.common.input, operands, n, err);

    if (!s)
        s = models_open(models, args.common.engine.models, err);
    p.models = *models;
    if (!s)
        s = fc_stages_new(stages, &p, job.jobs, err);
    job.stages = *stages;
    if (!s)
        s = fc_templates_make(t, &job, err);
    progress_clear();
    fc_source_close(job.in);
    return s;
}

/* Those of the pictures that have a template; caller frees *face. */
static fc_status list_faces(fc_map_face **face, size_t *n, const fc_templates *t, fc_error *err)
{
    *n = 0;
    if (!(*face = calloc(t->n + 1, sizeof **face)))
        return fc_fail_nomem(err, t->n * sizeof **face);
    for (size_t i = 0; i < t->n; i++) {
        const fc_template_image *im = &t->image[i];
        if (im->state == FC_TEMPLATE_MADE)
            (*face)[(*n)++] = (fc_map_face){t->v + i * t->dim, im->person, im->path, im->face};
    }
    return FC_OK;
}

static bool show_iterations(void *ctx, int done, int total)
{
    if (progress_due(ctx))
        progress_show("t-SNE: step %d of %d", done, total);
    return true;
}

static fc_status draw_faces(const fc_templates *t, const fc_image_options *decoding, fc_page_format format,
                            fc_error *err)
{
    progress p = progress_begin(progress_wanted(args.common.run.no_progress || args.common.run.quiet, false));
    const fc_map_settings set = {.method = (fc_map_method)args.method,
                                 .perplexity = args.perplexity,
                                 .seed = args.seed,
                                 .named = (size_t)args.named,
                                 .thumbs = args.thumbs,
                                 .title = args.title,
                                 .width = args.width > 0 ? args.width : 720,
                                 .height = args.height > 0 ? args.height : 640,
                                 .decoding = *decoding,
                                 .progress = show_iterations,
                                 .ctx = &p};
    fc_map_face *face;
    fc_map *map = NULL;
    fc_canvas *canvas = NULL;
    size_t n, thumbs = 0;
    fc_status s = list_faces(&face, &n, t, err);

    if (!s)
        s = fc_map_new(&map, face, n, t->dim, &set, err);
    progress_clear();
    if (!s && !(s = fc_canvas_new(&canvas, format, set.width, set.height, args.scale, err)))
        s = fc_map_draw(fc_canvas_cairo(canvas), map, &thumbs, err);
    if (!s) {
        if (args.thumbs && !thumbs)
            say("--thumbs: none of the pictures can be read again");
        s = fc_canvas_save(canvas, args.output, err);
        canvas = NULL;
    }
    fc_canvas_free(canvas);
    fc_map_free(map);
    free(face);
    return s;
}

/* *code: EXIT_PARTLY where some pictures failed. */
static fc_status draw_map(fc_page_format format, char **operands, int n, int *code, fc_error *err)
{
    fc_templates t = {0};
    fc_stages *stages = NULL;
    fc_models *models = NULL;
    fc_status s = make_templates(&t, &stages, &models, operands, n, err);

    if (!s) {
        const fc_image_options decoding = fc_stages_showing(stages);
        s = draw_faces(&t, &decoding, format, err);
    }
    for (size_t i = 0; i < t.n; i++)
        if (t.image[i].state == FC_TEMPLATE_NOT_DECODED || t.image[i].state == FC_TEMPLATE_NOT_EMBEDDED)
            *code = EXIT_PARTLY;
    fc_templates_clear(&t);
    fc_stages_free(stages);
    fc_models_free(models);
    return s;
}

static fc_status draw_timeline(fc_page_format format, char **path, int n, fc_error *err)
{
    const struct timeline_how how = {.output = args.output,
                                     .title = args.title,
                                     .day = args.day,
                                     .format = format,
                                     .width = args.width,
                                     .height = args.height,
                                     .scale = args.scale};

    return plot_timeline(&how, path, n, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    fc_page_format format;
    fc_error err;
    fc_status s = FC_OK;
    int code = EXIT_DONE, kind = -1;

    for (int i = 0; n && i < NCOMMANDS; i++)
        if (!strcmp(argv[0], commands[i].name))
            kind = i;
    const bool map = n && !strcmp(argv[0], "map"), timeline = n && !strcmp(argv[0], "timeline");
    if (kind < 0 && !map && !timeline)
        s = no_such_command(&self, n ? argv[0] : NULL, &err);
    else if (!args.output)
        s = fc_fail(&err, FC_EUSAGE, "%s: wants -o FILE", argv[0]);
    else if (!map && (s = no_list(&args.common.input, "map", &err)))
        ;
    else if (!(s = fc_page_format_of(&format, args.output, &err)))
        s = timeline ? draw_timeline(format, argv + 1, n - 1, &err)
            : map    ? draw_map(format, argv + 1, n - 1, &code, &err)
                     : draw_reports(commands[kind].kind, format, argv + 1, n - 1, &err);
    if (s)
        code = program_error(&self, &err);
    return close_stdout(code);
}
