#include <stdlib.h>
#include <string.h>

#include "pipeline/record.h"
#include "base/codec.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/threads.h"
#include "base/text.h"
#include "eval.h"
#include "models/align_mode_names.h"
#include "models/registry.h"
#include "engines/facts_json.h"
#include "items.h"
#include "say.h"

static const char *const engine_choice[] = {"engine", "precision", "device",
                                            NULL}; /* no embedding is of it */

/* ---- the protocol ---- */

/* All that the templates depend on. */
static json_t *model_json(const evaluation *e)
{
    const fc_model_facts *f = fc_stages_model(e->stages);
    json_t *alignment =
        json_pack("{s:s, s:i}", "mode", fc_align_mode_names[f->alignment.mode], "size", f->alignment.size);

    if (f->alignment.mode == FC_ALIGN_BOX)
        json_object_set_new(alignment, "margin", json_integer(f->alignment.margin));
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:s, s:o, s:s}", "model", e->args->model, "contract",
                     f->contract, "flip", e->args->flip, "alignment", alignment, "engine",
                     fc_engine_json(e->engine), "instructions", fc_cpu_instructions(), "detector",
                     detector_describe(e->models, &e->args->common.detect), "version", fc_version());
}

static fc_status open_cache(evaluation *e, fc_error *err)
{
    const struct common_args *a = &e->args->common;
    const struct cache_context context = {.stages = e->stages,
                                          .model = e->args->model,
                                          .models = e->models,
                                          .detect = &a->detect,
                                          .engine = &a->engine,
                                          .quality = evaluation_measures(e)};

    return caching_open(&e->cache, &a->cache, &context, err);
}

/* The command line that gives these templates again: all options that decide something, as they were given or by default,
 * whatever the defaults will be, and the engine that ran. Caller frees. */
static char *repeat_line(const evaluation *e)
{
    const struct eval_args *a = e->args;
    const char *variable, *held = isa_allowed(&variable); /* one of its names, or no tool would run */
    fc_text_file t;

    if (fc_text_open(&t, NULL))
        return NULL;
    FILE *f = t.f;
    if (held)
        fprintf(f, "%s=%s ", variable, held);
    fprintf(f, "%s %s --no-config", e->program->name, e->command);
    for (const option_group *g = e->program->groups; g->title; g++)
        if (g->options == engine_options && !e->t.given)
            engine_options_write(f, &a->common.engine, e->engine);
        else
            options_write(f, g->options, g->args, e->command,
                          g->options == engine_options ? engine_choice : NULL);
    for (int i = 0; !a->root && i < e->noperands; i++)
        options_write_word(f, e->operands[i]);
    (void)fc_text_close(&t, NULL);
    return t.data;
}

/* ---- templates ---- */

static fc_template_job job_of(const evaluation *e, picture_progress *shown, size_t pictures)
{
    const struct run_args *r = &e->args->common.run;

    *shown = (picture_progress){progress_begin(progress_wanted(r->no_progress || r->quiet, false)), pictures};
    return (fc_template_job){.stages = e->stages,
                             .cache = e->cache,
                             .choice = (fc_face_choice)e->args->common.detect.faces,
                             .jobs = fc_jobs(r->jobs),
                             .teller = r->quiet ? NULL : &say_teller,
                             .fail_fast = r->fail_fast,
                             .progress = show_pictures,
                             .ctx = shown};
}

/* As protocols take them. A template's states and the causes have the same order. */
static fc_status make_set(evaluation *e, fc_error *err)
{
    const char **message = calloc(e->t.n + 1, sizeof *message);
    fc_status s;

    e->picture = calloc(e->t.n + 1, sizeof *e->picture);
    if (!message || !e->picture) {
        free(message);
        return fc_fail_nomem(err, e->t.n * sizeof *e->picture);
    }
    for (size_t i = 0; i < e->t.n; i++) {
        const fc_template_image *im = &e->t.image[i];
        e->picture[i] = (fc_eval_picture){im->path, (fc_eval_cause)im->state, im->found,
                                          im->face, im->has_quality,          im->quality};
        message[i] = im->message;
    }
    e->set = (fc_eval_set){.picture = e->picture,
                           .v = e->t.v,
                           .n = e->t.n,
                           .dim = e->t.dim,
                           .workers = fc_jobs(e->args->common.run.jobs)};
    s = fc_report_failures(&e->report, &e->set, message, err);
    free(message);
    return s;
}

static fc_status report_protocol(evaluation *e, json_t *protocol, fc_error *err)
{
    char hash[FC_SHA256_HEX];
    char *line = repeat_line(e);
    fc_status s = line ? fc_templates_hash(hash, &e->t, e->args->root, err) : fc_fail_nomem(err, 0);

    if (!s && (json_object_set_new(protocol, "images", json_integer((json_int_t)e->t.n)) ||
               json_object_set_new(protocol, "dataset_sha256", json_string(hash)) ||
               json_object_set_new(protocol, "repeat", json_stringn(line, strlen(line))) ||
               (e->t.given && json_object_set_new(protocol, "engine", json_null()))))
        s = fc_fail_nomem(err, 0);
    free(line);
    return s;
}

fc_status eval_templates(evaluation *e, char *const *path, size_t n, fc_error *err)
{
    picture_progress shown;
    fc_template_job job = job_of(e, &shown, path ? n : 0);
    json_t *protocol = model_json(e);
    fc_status s = fc_report_set(&e->report, NULL, "protocol", protocol, err);

    if (!s)
        s = open_cache(e, err);
    job.cache = e->cache;
    job.path = path;
    job.n = n;
    if (!s && !path)
        s = fc_source_open(&job.in, &e->input, e->operands, e->noperands, err);
    if (!s)
        s = fc_templates_make(&e->t, &job, err);
    progress_clear();
    fc_source_close(job.in);
    if (!s && !(s = report_protocol(e, protocol, err)))
        s = make_set(e, err);
    return s;
}

/* ---- labels ---- */

fc_status eval_label(evaluation *e, fc_error *err)
{
    const char **name = calloc(e->t.n + 1, sizeof *name);
    fc_status s = FC_OK;

    e->label = calloc(e->t.n + 1, sizeof *e->label);
    if (!name || !e->label)
        s = fc_fail_nomem(err, e->t.n * sizeof *name);
    for (size_t i = 0; !s && i < e->t.n; i++) {
        name[i] = e->t.image[i].person;
        if (!name[i])
            s = fc_fail(err, FC_EDATA, "%s: whose face? It is in no folder, and has no id",
                        e->t.image[i].path);
    }
    if (!s)
        s = fc_eval_label(e->label, &e->set.people, name, e->t.n, err);
    free(name);
    e->set.label = e->label;
    return s ? s
             : fc_report_set(&e->report, "protocol", "people", json_integer((json_int_t)e->set.people), err);
}

fc_status eval_labelled(evaluation *e, fc_error *err)
{
    const fc_status s = eval_templates(e, NULL, 0, err);

    return s ? s : eval_label(e, err);
}

/* ---- why an answer is wrong ---- */

static fc_status find_faces(void *ctx, const size_t *picture, size_t n, float **v, size_t *faces,
                            fc_error *err)
{
    const evaluation *e = ctx;
    picture_progress shown;
    fc_template_job job = job_of(e, &shown, n);
    char **path = calloc(n + 1, sizeof *path);
    fc_face_vectors *found = NULL;
    fc_status s = path ? FC_OK : fc_fail_nomem(err, n * sizeof *path);

    for (size_t i = 0; !s && i < n; i++)
        path[i] = e->t.image[picture[i]].path;
    job.path = path;
    job.n = n;
    job.choice = FC_FACES_ALL;
    job.teller = NULL;
    job.fail_fast = false;
    if (!s)
        s = fc_templates_all_faces(&found, &job, err);
    progress_clear();
    for (size_t i = 0; !s && i < n; i++) {
        v[i] = found[i].v;
        faces[i] = found[i].n;
        found[i].v = NULL;
    }
    fc_face_vectors_free(found, n);
    free(path);
    return s;
}

fc_status eval_find_causes(evaluation *e, fc_error *err)
{
    const fc_face_finder finder = {find_faces, e};

    return fc_eval_causes(e->result, &e->set, &finder, err);
}
