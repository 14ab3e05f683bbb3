/* The steps of networks as bars: what fc-plot draws of fc-bench --layers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "eval/report_file.h"
#include "plot/bars.h"
#include "plot/figure_impl.h"

enum { MAX_NETWORKS = 64, MAX_TEXT = 64 };

/* Kernels without their instruction set, in the order in which they come; the first FC_INKS have a colour. */
struct legend {
    char name[FC_INKS][MAX_TEXT];
    const char *text[FC_INKS];
    size_t n;
    bool others;
};

static size_t ink_of(struct legend *l, const char *kernel)
{
    char name[MAX_TEXT];

    snprintf(name, sizeof name, "%.*s", (int)strcspn(kernel, ":"), kernel);
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->name[i], name))
            return i;
    if (l->n == FC_INKS || !strcmp(name, "-")) {
        l->others = true;
        return FC_BAR_GREY;
    }
    strcpy(l->name[l->n], name);
    l->text[l->n] = l->name[l->n];
    return l->n++;
}

/* What no run measures counts as nothing: a figure of it would have no scale. */
static double number_at(const json_t *o, const char *key)
{
    const double v = json_number_value(json_object_get(o, key));
    return v > 1e-9 && v < 1e9 ? v : 0;
}

struct network {
    char name[MAX_TEXT], note[MAX_TEXT];
    fc_bar_part *part; /* owned */
};

static fc_status read_network(struct network *to, fc_bar *bar, struct legend *l, const json_t *n,
                              fc_error *err)
{
    const json_t *steps = json_object_get(n, "steps"), *level = json_object_get(n, "level"), *s;
    const size_t count = json_array_size(steps);
    char at[16] = "";
    size_t i;

    if (json_is_integer(level))
        snprintf(at, sizeof at, " %d", (int)json_integer_value(level));
    snprintf(to->name, sizeof to->name, "%.40s%s", fc_report_text(n, "network"), at);
    if (number_at(n, "times") > 0)
        snprintf(to->note, sizeof to->note, "%.3g ms, %.2f", number_at(n, "ms"), number_at(n, "times"));
    else
        snprintf(to->note, sizeof to->note, "%.3g ms", number_at(n, "ms"));
    to->part = calloc(count + 1, sizeof *to->part);
    if (!to->part)
        return fc_fail_nomem(err, count * sizeof *to->part);
    json_array_foreach(steps, i, s) to->part[i] =
        (fc_bar_part){number_at(s, "ms"), ink_of(l, fc_report_text(s, "kernel"))};
    if (!count) { /* an engine that does not tell its steps */
        to->part[0] = (fc_bar_part){number_at(n, "ms"), FC_BAR_GREY};
        l->others = true;
    }
    *bar = (fc_bar){.name = to->name,
                    .note = to->note,
                    .part = to->part,
                    .n = count ? count : 1,
                    .mark = number_at(n, "floor")};
    return FC_OK;
}

fc_status fc_figure_draw_layers(cairo_t *cr, double width, double height, const fc_figure_report *r, size_t n,
                                const char *title, fc_error *err)
{
    const json_t *networks = json_object_get(r[0].json, "networks"), *one;
    struct network *network = NULL;
    struct legend legend = {0};
    fc_bar bar[MAX_NETWORKS];
    fc_status s = FC_OK;
    size_t i;

    if (n != 1)
        return fc_fail(err, FC_EUSAGE, "layers: wants one report, got %zu", n);
    if (json_array_size(networks) > MAX_NETWORKS)
        return fc_fail(err, FC_EFORMAT, "%s: more than %d networks", r[0].name, MAX_NETWORKS);
    network = calloc(MAX_NETWORKS, sizeof *network);
    if (!network)
        return fc_fail_nomem(err, MAX_NETWORKS * sizeof *network);
    json_array_foreach(networks, i, one)
    {
        if (!s)
            s = read_network(&network[i], &bar[i], &legend, one, err);
    }
    if (!s)
        fc_bars_draw(cr, width, height,
                     &(fc_bars){.title = title,
                                .axis = "Milliseconds; a part for each step, a line at the floor",
                                .notes = "time, x floor",
                                .bar = bar,
                                .n = json_array_size(networks),
                                .legend = legend.text,
                                .nlegend = legend.n,
                                .grey = legend.others ? "others" : NULL});
    for (i = 0; i < MAX_NETWORKS; i++)
        free(network[i].part);
    free(network);
    return s;
}
