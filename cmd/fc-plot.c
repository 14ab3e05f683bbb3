/* fc-plot: figures of reports, and a map of embeddings. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/figures.h"
#include "plot/canvas.h"
#include "plot_map.h"
#include "eval/report_file.h"
#include "say.h"

static struct plot_args args = {.common = COMMON_ARGS_DEFAULTS,
                                .model = DEFAULT_MODEL,
                                .scale = 2,
                                .seed = 1,
                                .perplexity = 30,
                                .named = 12};

static const char *const methods[] = {[PLOT_MAP_TSNE] = "tsne", [PLOT_MAP_PCA] = "pca", NULL};

#define AT(field) offsetof(struct plot_args, field)
static const option own_options[] = {
    {"output", 'o', OPTION_OUTPUT, .arg = "FILE", .at = AT(output),
     .help = "the picture; its name ends with .svg, .png or .pdf"},
    {"title", .kind = OPTION_TEXT, .arg = "TEXT", .at = AT(title),
     .help = "the figure's title (its kind's own)"},
    {"label", .kind = OPTION_TEXTS, .arg = "TEXT", .at = AT(labels),
     .help = "name of a report in the legend; once for each, in order (the file's name)"},
    {"width", .kind = OPTION_REAL, .arg = "POINTS", .at = AT(width), .min = 150, .max = 5000,
     .help = "width in points, 1/72 inch (480; map: 720)"},
    {"height", .kind = OPTION_REAL, .arg = "POINTS", .at = AT(height), .min = 150, .max = 5000,
     .help = "height in points (400; map: 640)"},
    {"scale", .kind = OPTION_REAL, .arg = "X", .at = AT(scale), .min = 0.5, .max = 10,
     .help = "PNG: pixels a point (2)"},
    {0},
};
static const option map_options[] = {
    {"method", .kind = OPTION_CHOICE, .arg = "HOW", .at = AT(method), .choices = methods,
     .help = "tsne (neighbours stay together) or pca (a straight projection) (tsne)"},
    {"perplexity", .kind = OPTION_REAL, .arg = "X", .at = AT(perplexity), .min = 2, .max = 200,
     .help = "tsne: neighbours that count (30)"},
    {"seed", .kind = OPTION_COUNT, .arg = "N", .at = AT(seed), .min = 0, .max = 9007199254740992,
     .help = "tsne: where points start (1)"},
    {"people", .kind = OPTION_INT, .arg = "N", .at = AT(named), .min = 0, .max = 28,
     .help =
         "people with the most pictures who get a colour, a mark and their name; the others are grey (12)"},
    {"thumbs", .at = AT(thumbs), .help = "draw faces where there is room for them"},
    {"model", 'm', OPTION_TEXT, .arg = "MODEL", .at = AT(model),
     .help = "the model that embeds (" DEFAULT_MODEL ")"},
    {"flip", .at = AT(flip), .help = "add the mirrored crop's embedding"},
    {0},
};
static const option_group groups[] = {
    {"Figure", own_options, &args}, {"Map", map_options, &args}, COMMON_GROUPS(args.common), {0}};

static const struct command {
    const char *name;
    fc_figure_kind kind;
} commands[] = {
    {"roc", FC_FIGURE_ROC},       {"det", FC_FIGURE_DET},         {"cmc", FC_FIGURE_CMC},
    {"scores", FC_FIGURE_SCORES}, {"latency", FC_FIGURE_LATENCY}, {"layers", FC_FIGURE_LAYERS},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };
static const char *const command_names[] = {"roc", "det", "cmc", "scores", "latency", "layers", "map", NULL};

static const program self = {
    .name = "fc-plot",
    .summary = "Draw the reports of fc-eval and fc-bench, and maps of embeddings.",
    .operands = "roc | det | cmc | scores | latency | layers REPORT... | map [IMAGE|DIR|RECORDS|-]...",
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
    const bool map = n && !strcmp(argv[0], "map");
    if (kind < 0 && !map)
        s = no_such_command(&self, n ? argv[0] : NULL, &err);
    else if (!args.output)
        s = fc_fail(&err, FC_EUSAGE, "%s: wants -o FILE", argv[0]);
    else if (!(s = fc_page_format_of(&format, args.output, &err)))
        s = map ? plot_map(&args, format, argv + 1, n - 1, &code, &err)
                : draw_reports(commands[kind].kind, format, argv + 1, n - 1, &err);
    if (s)
        code = program_error(&self, &err);
    return close_stdout(code);
}
