/* fc-cluster: who is in an archive, without names. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "cluster.h"
#include "items.h"
#include "option_rows.h"
#include "output.h"
#include "pipeline/record.h"
#include "run.h"
#include "say.h"

enum format { FORMAT_JSON, FORMAT_TSV };
static const char *const formats[] = {"json", "tsv", NULL};
static const char *const ways[] = {
    [FC_CLUSTER_WHISPERS] = "whispers", [FC_CLUSTER_COMPONENTS] = "components", NULL};

static struct args {
    struct common_args common;
    const char *model, *state, *name;
    double threshold, fpir;
    int format, way, links, least;
    uint64_t seed;
    bool flip, grouped;
} args = {.common = COMMON_ARGS_DEFAULTS,
          .common.input.videos = true,
          .model = FC_DEFAULT_MODEL,
          .threshold = NAN,
          .fpir = 0.01,
          .links = FC_CLUSTER_LINKS,
          .least = 2,
          .seed = 1,
          .name = "cluster"};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"threshold", .kind = OPTION_REAL, .arg = "X", .at = AT(threshold), .min = -1, .max = 2,
     .help = "least cosine similarity of two faces that are linked (by --fpir)"},
    ROW_FPIR(
        AT(fpir), NULL,
        "share of faces that may be linked with somebody else's, which sets the threshold by the model's "
        "curve for so many faces (0.01)"),
    {"by", .kind = OPTION_CHOICE, .arg = "HOW", .at = AT(way), .choices = ways,
     .help =
         "what hangs together: whispers (Chinese whispers) or components (any chain of links) (whispers)"},
    {"links", .kind = OPTION_INT, .arg = "N", .at = AT(links), .min = 1, .max = FC_CLUSTER_MOST_LINKS,
     .help = "most similar faces that each is linked with, at most (32)"},
    {"min-size", .kind = OPTION_INT, .arg = "N", .at = AT(least), .min = 1, .max = 1000000000,
     .help = "faces that make a cluster (2)"},
    {"grouped", .at = AT(grouped), .help = "write the faces of clusters only, not those that are alone"},
    {"name", .kind = OPTION_TEXT, .arg = "WORD", .at = AT(name),
     .help = "what clusters are called in \"id\", before their number (cluster)"},
    ROW_SEED(AT(seed), NULL, "the order in which faces hear whispers"),
    {"state", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(state), .role = OPTION_ASIDE,
     .help = "keep in FILE what was searched, to go on there after a stop"},
    ROW_FORMAT(AT(format), formats, "json (a record a face) or tsv (a line a face, under a header) (json)"),
    ROW_MODEL(AT(model), FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    {0},
};

static const option_group groups[] = {{"Clusters", own_options, &args},
                                      CACHE_GROUP(args.common),
                                      VIDEO_GROUP(args.common),
                                      COMMON_GROUPS(args.common),
                                      {0}};

static const program self = {
    .name = "fc-cluster",
    .summary = "Group the faces of an archive that look like one person.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static fc_status put_item(void *ctx, fc_item *it, fc_error *err)
{
    say_old_fault(it, args.common.run.quiet);
    return spool_put(ctx, it, err);
}

/* ---- what is written ---- */

/* The record with this face alone, its cluster, and what the cluster is called. */
static fc_status write_face(fc_record *one, const char *id, uint32_t cluster, fc_error *err)
{
    json_t *face = fc_record_face(one, 0);

    if (json_object_set_new(face, "cluster", cluster ? json_integer(cluster) : json_null()) ||
        (id && json_object_set_new(one->json, "id", json_string(id))))
        return fc_fail_nomem(err, 0);
    return fc_record_write(one, stdout, err);
}

static fc_status write_json(const fc_record *rec, size_t i, uint32_t cluster, fc_error *err)
{
    fc_record one = {json_deep_copy(rec->json)};
    char *id = cluster ? fc_text_format("%s %u", args.name, cluster) : NULL;
    fc_status s = one.json && (id || !cluster) ? FC_OK : fc_fail_nomem(err, 0);

    if (!s) {
        fc_record_keep_face(&one, i);
        s = write_face(&one, id, cluster, err);
    }
    free(id);
    fc_record_clear(&one);
    return s;
}

static fc_status write_row(const fc_record *rec, size_t i, uint32_t cluster, fc_error *err)
{
    char *src = fc_record_display_path(rec);
    fc_face face;
    fc_status s = fc_record_get_face(rec, i, &face, err);

    if (!s && cluster)
        printf("%u\t%s\t%zu", cluster, src ? src : "", i);
    else if (!s)
        printf("\t%s\t%zu", src ? src : "", i);
    if (!s) {
        for (size_t k = 0; k < 4; k++)
            put_number(face.box[k]);
        put_frame(rec);
        putchar('\n');
    }
    free(src);
    return s;
}

static fc_status write_record(void *ctx, fc_record *rec, size_t first, fc_error *err)
{
    const fc_clusters *c = ctx;
    const bool table = args.format == FORMAT_TSV;
    const size_t n = fc_record_is_error(rec) ? 0 : fc_record_face_count(rec);
    fc_status s = FC_OK;

    if (!n && !table && !args.grouped)
        s = fc_record_write(rec, stdout, err);
    for (size_t i = 0; !s && i < n; i++) {
        const uint32_t cluster = c->of[first + i];
        if (!cluster && args.grouped)
            continue;
        s = table ? write_row(rec, i, cluster, err) : write_json(rec, i, cluster, err);
        if (!s && ferror(stdout))
            s = fc_fail_errno(err, "stdout");
    }
    return s;
}

/* ---- the clusters ---- */

static void show_search(void *ctx, size_t done, size_t all)
{
    if (progress_due(ctx))
        progress_show("searching: %.1f %%", 100.0 * (double)done / (double)all);
}

/* Unless it was asked for: that of two faces; or the stricter one that so many faces want. */
static fc_status choose_threshold(const fc_stages *stages, size_t faces, const char **why, fc_error *err)
{
    const fc_model_facts *model = fc_stages_model(stages);
    double by_curve = NAN;

    *why = "";
    if (!isnan(args.threshold))
        return FC_OK;
    if (model->curve.n && faces > 1) {
        const bool known = fc_curve_threshold(&by_curve, &model->curve, fc_fmr_for(args.fpir, faces - 1));
        *why = known ? ", for so many faces" : ", the strictest that the model's curve has";
    }
    if (isnan(by_curve) || by_curve < model->threshold) {
        by_curve = model->threshold;
        *why = ", as of two faces";
    }
    args.threshold = by_curve;
    if (isnan(args.threshold))
        return fc_fail(err, FC_EMODEL,
                       "%s states no threshold: --threshold says from where on faces are linked", args.model);
    return FC_OK;
}

static void summarise(const fc_clusters *c, const char *why)
{
    say("%zu faces: %zu in %zu cluster%s (the largest of %zu), %zu alone; linked from %.6g up%s", c->n,
        c->n - c->alone, c->count, c->count == 1 ? "" : "s", c->count ? c->size[0] : 0, c->alone,
        args.threshold, why);
}

static fc_status cluster_all(spool *sp, const fc_stages *stages, fc_error *err)
{
    const bool quiet = args.common.run.quiet;
    progress p = progress_begin(progress_wanted(args.common.run.no_progress || quiet, false));
    const char *why;
    fc_status s = choose_threshold(stages, sp->faces, &why, err);
    const fc_cluster_options opt = {.way = (fc_cluster_way)args.way,
                                    .threshold = args.threshold,
                                    .links = (size_t)args.links,
                                    .least = (size_t)args.least,
                                    .seed = args.seed,
                                    .jobs = args.common.run.jobs,
                                    .state = args.state,
                                    .progress = show_search,
                                    .ctx = &p};
    fc_clusters c = {0};

    if (!s)
        s = spool_map(sp, err);
    if (!s)
        s = fc_cluster(&c, sp->v, sp->faces, sp->dim, &opt, err);
    progress_clear();
    if (!s && c.resumed && !quiet)
        say("%s: all are compared with the first %zu faces already", args.state, c.resumed);
    if (!s && args.format == FORMAT_TSV)
        puts("cluster\tsrc\tface\tx\ty\tw\th" FRAME_COLUMNS);
    if (!s)
        s = spool_each(sp, write_record, &c, err);
    if (!s && !quiet)
        summarise(&c, why);
    fc_clusters_clear(&c);
    return s;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const fc_pipeline_plan p = {.upto = FC_STAGE_EMBED, .model = args.model, .flip = args.flip};
    spool sp = {0};
    run r = {.args = &args.common, .emit = put_item, .ctx = &sp};
    fc_error err;
    int code;

    if (run_open(&r, &p, argv, n, &err) || spool_open(&sp, (size_t)fc_stages_model(r.stages)->dim, &err)) {
        code = program_error(&self, &err);
    } else {
        code = run_all(&r);
        if (code != EXIT_BROKEN && cluster_all(&sp, r.stages, &err))
            code = say_error(&err);
    }
    spool_close(&sp);
    run_close(&r);
    return close_stdout(code);
}
