/* fc-gallery calibrate: a threshold from strangers' faces. */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "gallery_commands.h"
#include "items.h"
#include "match/fuse_names.h"
#include "output.h"
#include "say.h"

struct calibration {
    fc_models *models;
    char *model; /* what the gallery's contract names; owned */
    fc_pipeline_plan plan;
    fc_stages *stages;
    fc_source *in;
    fc_templates t;
    size_t failed; /* pictures that could not be read or embedded */
};

static void clear(struct calibration *c)
{
    fc_templates_clear(&c->t);
    fc_source_close(c->in);
    fc_stages_free(c->stages);
    fc_models_free(c->models);
    free(c->model);
}

/* ---- the cohort ---- */

/* With the model of the gallery's embeddings. */
static fc_status open_stages(struct calibration *c, const char *contract, fc_error *err)
{
    const struct common_args *a = &args.common;
    bool flip = false;
    fc_status s = models_open(&c->models, a->engine.models, err);

    if (!s)
        s = fc_contract_model(c->models, contract, (fc_precision)a->engine.precision, &c->model, &flip, err);
    if (s)
        return s;
    c->plan = (fc_pipeline_plan){.upto = FC_STAGE_EMBED,
                                 .models = c->models,
                                 .engine = engine_options_of(&a->engine),
                                 .detect = &a->detect,
                                 .model = c->model ? c->model : FC_DEFAULT_MODEL,
                                 .flip = flip};
    return fc_stages_new(&c->stages, &c->plan, fc_jobs(a->run.jobs), err);
}

static fc_status read_cohort(struct calibration *c, const char *contract, fc_error *err)
{
    const struct run_args *r = &args.common.run;
    picture_progress shown = {progress_begin(progress_wanted(r->no_progress || r->quiet, false)), 0};
    fc_status s = open_stages(c, contract, err);

    if (!s && *contract && strcmp(contract, fc_stages_model(c->stages)->contract))
        return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this run makes those of %s",
                       args.gallery.path, contract, fc_stages_model(c->stages)->contract);
    args.common.input.recursive = true;
    if (!s)
        s = fc_source_open(&c->in, &args.common.input, (char **)(void *)args.cohort.text, (int)args.cohort.n,
                           err);
    if (s)
        return s;
    const fc_template_job job = {.stages = c->stages,
                                 .in = c->in,
                                 .choice = (fc_face_choice)args.common.detect.faces,
                                 .jobs = fc_jobs(r->jobs),
                                 .teller = r->quiet ? NULL : &say_teller,
                                 .fail_fast = r->fail_fast,
                                 .progress = show_pictures,
                                 .ctx = &shown};
    s = fc_templates_make(&c->t, &job, err);
    progress_clear();
    for (size_t i = 0; i < c->t.n; i++)
        c->failed +=
            c->t.image[i].state == FC_TEMPLATE_NOT_DECODED || c->t.image[i].state == FC_TEMPLATE_NOT_EMBEDDED;
    return s;
}

/* From where on two faces are more alike than strangers are, as far as the model tells. */
static double alike(struct calibration *c, const char *contract)
{
    if (!c->stages && open_stages(c, contract, NULL)) /* a warning is all that it is for */
        return NAN;
    const fc_fmr_curve *curve = &fc_stages_model(c->stages)->curve;
    return curve->n ? curve->point[curve->n - 1].threshold : NAN;
}

/* ---- what is said ---- */

json_t *calibration_json(const fc_calibration *c, double fpir)
{
    const fc_fpir_point p = fc_calibration_at(c, fpir);
    char cohort[FC_SHA256_HEX];
    json_t *o = json_pack("{s:s,s:f,s:f,s:I,s:I,s:I,s:f,s:[f,f],s:s,s:s}", "way",
                          c->way == FC_BY_COHORT ? "cohort" : "leaving out", "threshold", p.threshold,
                          "fpir_wanted", fpir, "people", (json_int_t)c->people, "strangers",
                          (json_int_t)c->looks, "named", (json_int_t)p.named, "fpir", fc_decimal(p.rate),
                          "fpir_interval", fc_decimal(p.interval.low), fc_decimal(p.interval.high), "fuse",
                          fc_fuse_names[c->fuse], "contract", c->contract);

    sodium_bin2hex(cohort, sizeof cohort, c->cohort, sizeof c->cohort);
    if (o)
        json_object_set_new(o, "cohort", c->way == FC_BY_COHORT ? json_string(cohort) : json_null());
    return o;
}

void print_calibration(const fc_calibration *c)
{
    const fc_fpir_point p = fc_calibration_at(c, c->fpir);

    printf("threshold %.6f for an FPIR of %g among %llu %s (%s): of %zu faces of %s %llu get a name "
           "(%.2f %%, %.0f %% interval %.2f to %.2f %%)\n",
           p.threshold, c->fpir, (unsigned long long)c->people, c->people == 1 ? "person" : "people",
           fc_fuse_names[c->fuse], c->looks, c->way == FC_BY_COHORT ? "strangers" : "people left out",
           (unsigned long long)p.named, 100 * p.rate, 100 * FC_CONFIDENCE, 100 * p.interval.low,
           100 * p.interval.high);
}

static void warn_of_few(const fc_calibration *c)
{
    const fc_fpir_point p = fc_calibration_at(c, c->fpir);

    if (!p.enough)
        note("warning: %zu faces of strangers cannot show an FPIR of %g; that takes %.0f: of strangers up to "
             "%.1f %% may get a name (95 %% interval)",
             c->looks, c->fpir, ceil(3 / c->fpir), 100 * p.interval.high);
}

/* ---- the command ---- */

static fc_status make(struct calibration *c, fc_gallery *g, fc_calibration **out, fc_error *err)
{
    const bool cohort = args.cohort.n > 0 || args.common.input.files_from;
    fc_gallery_info info;
    fc_status s = fc_gallery_get_info(g, &info, err);

    if (!s && cohort)
        s = read_cohort(c, info.contract, err);
    if (s)
        return s;
    const fc_calibrate_options how = {.fpir = args.fpir,
                                      .fuse = (fc_fuse)args.fuse,
                                      .alike = alike(c, info.contract),
                                      .teller = &note_teller};
    return fc_gallery_calibrate(g, cohort ? &c->t : NULL,
                                cohort ? fc_stages_model(c->stages)->contract : NULL, &how, out, err);
}

fc_status run_calibrate(fc_gallery *g, char **operand, int n, fc_error *err)
{
    struct calibration c = {.models = NULL};
    fc_calibration *made = NULL;
    fc_status s = make(&c, g, &made, err);

    (void)operand, (void)n;
    if (!s) {
        warn_of_few(made);
        args.partly = c.failed > 0;
        if (args.format == FORMAT_JSON)
            s = print_line(calibration_json(made, made->fpir), err);
        else
            print_calibration(made);
    }
    clear(&c);
    free(made);
    return s;
}
