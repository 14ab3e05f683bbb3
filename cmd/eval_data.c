#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/pipeline.h"
#include "base/text.h"
#include "eval.h"
#include "match/fuse.h"
#include "match/similarity.h"
#include "models/registry.h"
#include "engines/facts_json.h"
#include "say.h"

static const char *const detector_parts[] = {"mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet"};
static const char *const model_folders[] = {"models",
                                            NULL}; /* the contract and the hashes say what was in them */

/* ---- the protocol ---- */

/* The networks' hashes, and all options of detection that decide a result: the table of options is the one list of
 * them, for the protocol, the cache's context and the line that repeats the run. */
static json_t *detector_json(const evaluation *e)
{
    const fc_face_options *d = &e->args->common.detect;
    json_t *files = json_array(), *detector;
    char hex[FC_SHA256_HEX];

    for (size_t i = 0; !d->detector_model && i < sizeof detector_parts / sizeof *detector_parts; i++) {
        const fc_model *m = fc_models_find(e->models, detector_parts[i]);
        json_array_append_new(files, m && m->sha256 ? json_string(m->sha256) : json_null());
    }
    if (d->detector_model && !fc_sha256_file(hex, d->detector_model, NULL))
        json_array_append_new(files, json_string(hex));
    detector = json_pack("{s:s, s:o}", "name", detector_names[d->detector], "sha256", files);
    if (!detector || options_describe(detector, detect_options, d, detect_resources))
        return detector;
    json_decref(detector);
    return NULL;
}

/* All that the templates depend on: what the cache's context is made of. */
static json_t *model_json(const evaluation *e)
{
    const fc_model_facts *f = fc_stages_model(e->stages);
    json_t *alignment =
        json_pack("{s:s, s:i}", "mode", f->alignment.mode == FC_ALIGN_BOX ? "box" : "five-point", "size",
                  f->alignment.size);

    if (f->alignment.mode == FC_ALIGN_BOX)
        json_object_set_new(alignment, "margin", json_integer(f->alignment.margin));
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:s, s:o, s:s}", "model", e->args->model, "contract",
                     f->contract, "flip", e->args->flip, "alignment", alignment, "engine",
                     fc_engine_json(e->engine), "instructions", fc_cpu_instructions(), "detector",
                     detector_json(e), "version", fc_version());
}

/* The engine's options as they were given count, too: where the model brings its engine along (ONNX), they say what runs
 * the detector. */
static char *context_of(const evaluation *e, const json_t *protocol)
{
    char *text = json_dumps(protocol, JSON_SORT_KEYS | JSON_INDENT(1));
    fc_text_file t = {0};

    if (text && !fc_text_open(&t, NULL)) {
        fprintf(t.f, "%s\n", text);
        options_write(t.f, engine_options, &e->args->common.engine, model_folders);
        (void)fc_text_close(&t, NULL);
    }
    free(text);
    return t.data;
}

static fc_status open_cache(evaluation *e, const json_t *protocol, fc_error *err)
{
    char *context = context_of(e, protocol);
    fc_status s = context ? fc_cache_open(&e->cache, e->args->cache, context, err) : fc_fail_nomem(err, 0);

    free(context);
    return s;
}

/* What a command has of its own. */
static void write_command_options(FILE *f, const evaluation *e)
{
    const struct eval_args *a = e->args;
    char fmr[FC_NUMBER_SIZE];

    if (!strcmp(e->command, "identify")) {
        fprintf(f, " --enroll %d --min-images %d --seed %llu --fuse %s", a->enroll, a->min_images,
                (unsigned long long)a->seed, eval_fuses[a->fuse]);
        if (a->strangers >= 0)
            fprintf(f, " --strangers %d", a->strangers);
    }
    if (!strcmp(e->command, "knn"))
        fprintf(f, " -k %d --folds %d --min-images %d --seed %llu", a->k, a->folds, a->min_images,
                (unsigned long long)a->seed);
    fc_text_number(fmr, a->fmr);
    if (!strcmp(e->command, "calibrate"))
        fprintf(f, " --fmr %s", fmr);
}

/* The command line that gives these templates again, whatever the defaults will be. Caller frees. */
static char *repeat_line(const evaluation *e)
{
    static const char *const implied[] = {"recursive", NULL};
    const struct eval_args *a = e->args;
    const char *variable, *held = isa_allowed(&variable); /* one of its names, or no tool would run */
    fc_text_file t;

    if (fc_text_open(&t, NULL))
        return NULL;
    FILE *f = t.f;
    if (held)
        fprintf(f, "%s=%s ", variable, held);
    fprintf(f, "fc-eval %s", e->command);
    if (a->root) {
        fputs(" --root", f);
        options_write_word(f, a->root);
    }
    if (a->pairs) {
        fputs(" --pairs", f);
        options_write_word(f, a->pairs);
    }
    options_write(f, input_options, &a->common.input, implied);
    fputs(" -m", f);
    options_write_word(f, a->model);
    if (a->flip)
        fputs(" --flip", f);
    options_write(f, detect_options, &a->common.detect, detect_resources);
    if (a->common.engine.models) {
        fputs(" --models", f);
        options_write_word(f, a->common.engine.models);
    }
    if (!e->t.given)
        engine_options_write(f, &a->common.engine, e->engine);
    write_command_options(f, e);
    for (int i = 0; !a->root && i < e->noperands; i++)
        options_write_word(f, e->operands[i]);
    (void)fc_text_close(&t, NULL);
    return t.data;
}

/* ---- templates ---- */

static fc_template_job job_of(const evaluation *e)
{
    const struct run_args *r = &e->args->common.run;

    return (fc_template_job){.stages = e->stages,
                             .cache = e->cache,
                             .choice = (fc_face_choice)e->args->common.detect.faces,
                             .jobs = fc_jobs(r->jobs),
                             .quiet = r->quiet,
                             .fail_fast = r->fail_fast,
                             .progress = progress_wanted(r->no_progress || r->quiet, false)};
}

/* The images without a template, and how many there are of each state. */
static fc_status report_failures(evaluation *e, fc_error *err)
{
    json_t *list = json_array();
    size_t failed[4] = {0};
    char *note = NULL;
    fc_status s;

    for (size_t i = 0; list && i < e->t.n; i++) {
        const fc_template_image *im = &e->t.image[i];
        failed[im->state]++;
        if (im->state == FC_TEMPLATE_MADE)
            continue;
        char *path = fc_text_escape(im->path, strlen(im->path)),
             *why = fc_text_escape(im->message, strlen(im->message));
        int bad = !path || !why ||
                  json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "image", path, "state",
                                                        fc_template_state_name(im->state), "message", why));
        free(why);
        free(path);
        if (bad) {
            json_decref(list);
            list = NULL;
        }
    }
    const size_t total = failed[1] + failed[2] + failed[3];
    if ((s = eval_set(e, NULL, "failures", list, err)) ||
        (s = eval_set(e, "metrics", "fte", eval_number(e->t.n ? (double)total / (double)e->t.n : NAN), err)))
        return s;
    if (asprintf(&note, "%zu not decoded, %zu not detected, %zu not embedded",
                 failed[FC_TEMPLATE_NOT_DECODED], failed[FC_TEMPLATE_NOT_DETECTED],
                 failed[FC_TEMPLATE_NOT_EMBEDDED]) < 0)
        return fc_fail_nomem(err, 0);
    s = eval_row(e, "without template", note, err, "%zu of %zu pictures", total, e->t.n);
    free(note);
    for (size_t i = 0, told = 0; !s && i < e->t.n && told < 10; i++) {
        if (e->t.image[i].state == FC_TEMPLATE_MADE)
            continue;
        char *path = fc_text_escape(e->t.image[i].path, strlen(e->t.image[i].path));
        s = path ? eval_row(e, "", path, err, "%s", fc_template_state_name(e->t.image[i].state))
                 : fc_fail_nomem(err, 0);
        free(path);
        if (!s && ++told == 10 && total > 10)
            s = eval_row(e, "", "the report (-o) names all", err, "and %zu more", total - 10);
    }
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
    fc_template_job job = job_of(e);
    json_t *protocol = model_json(e);
    fc_status s = eval_set(e, NULL, "protocol", protocol, err);

    if (!s && e->args->cache)
        s = open_cache(e, protocol, err);
    job.cache = e->cache;
    job.path = path;
    job.n = n;
    if (!s && !path)
        s = fc_source_open(&job.in, &e->args->common.input, e->operands, e->noperands, err);
    if (!s)
        s = fc_templates_make(&e->t, &job, err);
    fc_source_close(job.in);
    if (!s && !(s = report_protocol(e, protocol, err)))
        s = report_failures(e, err);
    return s;
}

/* ---- labels ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

fc_status eval_labelled(evaluation *e, uint32_t **label, const char ***person, size_t *people, fc_error *err)
{
    fc_status s = eval_templates(e, NULL, 0, err);
    const char **name = NULL;
    size_t n = 0;

    *label = NULL;
    if (s)
        return s;
    name = calloc(e->t.n + 1, sizeof *name);
    *label = calloc(e->t.n + 1, sizeof **label);
    if (!name || !*label)
        s = fc_fail_nomem(err, e->t.n * sizeof *name);
    for (size_t i = 0; !s && i < e->t.n; i++) {
        if (!e->t.image[i].person)
            s = fc_fail(err, FC_EDATA, "%s: whose face? It is in no folder, and has no id",
                        e->t.image[i].path);
        name[i] = e->t.image[i].person;
    }
    if (s)
        goto out;
    if (e->t.n)
        qsort(name, e->t.n, sizeof *name, by_name);
    for (size_t i = 0; i < e->t.n; i++)
        if (!n || strcmp(name[n - 1], name[i]))
            name[n++] = name[i];
    for (size_t i = 0; i < e->t.n; i++) {
        const char *key = e->t.image[i].person;
        const char **found = bsearch(&key, name, n, sizeof *name, by_name);
        (*label)[i] = (uint32_t)(found - name);
    }
    *people = n;
    if ((s = eval_set(e, "protocol", "people", json_integer((json_int_t)n), err)))
        goto out;
    if (person)
        *person = name;
    else
        free(name);
    return FC_OK;
out:
    free(name);
    free(*label);
    *label = NULL;
    return s;
}

/* ---- why an answer is wrong ---- */

/* How far an answer is on the right side of its threshold; a missing score of a genuine pair is the worst. */
static double margin(const eval_case *c)
{
    return c->same ? c->score - c->threshold : c->threshold - c->score;
}

static int worst_first(const void *a, const void *b)
{
    const eval_case *x = a, *y = b;
    double p = margin(x), q = margin(y);
    if (p != q)
        return p < q ? -1 : 1;
    return x->a != y->a ? (x->a < y->a ? -1 : 1) : (x->b > y->b) - (x->b < y->b);
}

void eval_sort_cases(evaluation *e)
{
    if (e->ncases)
        qsort(e->cases, e->ncases, sizeof *e->cases, worst_first);
}

static const char not_chosen[] = "wrong face chosen", below[] = "below threshold",
                  above[] = "above threshold", other[] = "another person nearer";

static bool has_choice(const evaluation *e, const eval_case *c)
{
    return e->t.image[c->a].found > 1 || e->t.image[c->b].found > 1;
}

/* Any two faces of the two pictures that would have been accepted. */
static bool other_faces_match(const fc_face_vectors *a, const fc_face_vectors *b, size_t dim,
                              double threshold)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (fc_accepts(fc_cosine(a->v + i * dim, b->v + j * dim, dim), threshold))
                return true;
    return false;
}

static fc_status find_wrong_choices(evaluation *e, fc_error *err)
{
    fc_template_job job = job_of(e);
    size_t *at = calloc(e->t.n + 1, sizeof *at); /* 1 + the picture's place in job.path */
    char **path = calloc(2 * e->ncases + 1, sizeof *path);
    fc_face_vectors *faces = NULL;
    fc_status s = at && path ? FC_OK : fc_fail_nomem(err, e->t.n * sizeof *at);

    for (size_t i = 0; !s && i < e->ncases; i++) {
        const eval_case *c = &e->cases[i];
        for (int k = 0; k < 2 && c->cause == below && has_choice(e, c); k++) {
            size_t image = k ? c->b : c->a;
            if (!at[image]) {
                path[job.n++] = e->t.image[image].path;
                at[image] = job.n;
            }
        }
    }
    job.path = path;
    job.choice = FC_FACES_ALL;
    job.quiet = true;
    job.fail_fast = false;
    if (!s && job.n)
        s = fc_templates_all_faces(&faces, &job, err);
    for (size_t i = 0; !s && i < e->ncases; i++) {
        eval_case *c = &e->cases[i];
        if (faces && c->cause == below && has_choice(e, c) &&
            other_faces_match(&faces[at[c->a] - 1], &faces[at[c->b] - 1], e->t.dim, c->threshold))
            c->cause = not_chosen;
        else if (c->cause == below && c->other_nearer)
            c->cause = other;
    }
    fc_face_vectors_free(faces, job.n);
    free(path);
    free(at);
    return s;
}

fc_status eval_causes(evaluation *e, fc_error *err)
{
    for (size_t i = 0; i < e->ncases; i++) {
        eval_case *c = &e->cases[i];
        const fc_template_state a = e->t.image[c->a].state, b = e->t.image[c->b].state;
        const fc_template_state first = a != FC_TEMPLATE_MADE ? a : b;
        if (fc_accepts(c->score, c->threshold) == c->same)
            c->cause = NULL;
        else if (first != FC_TEMPLATE_MADE)
            c->cause = fc_template_state_name(a == FC_TEMPLATE_NOT_DECODED || b == FC_TEMPLATE_NOT_DECODED
                                                  ? FC_TEMPLATE_NOT_DECODED
                                                  : first);
        else
            c->cause = c->same ? below : c->other_nearer ? other : above;
    }
    return find_wrong_choices(e, err);
}

static json_t *case_json(const evaluation *e, const eval_case *c)
{
    const char *path[2] = {e->t.image[c->a].path, e->t.image[c->b].path};
    char *a = fc_text_escape(path[0], strlen(path[0])), *b = fc_text_escape(path[1], strlen(path[1]));
    json_t *one = NULL;

    if (a && b)
        one = json_pack("{s:s, s:s, s:b, s:o, s:f, s:s}", "a", a, "b", b, "same", c->same, "score",
                        eval_number(c->score), "threshold", c->threshold, "cause", c->cause);
    free(a);
    free(b);
    return one;
}

/* "13 below threshold, 6 above threshold" */
static fc_status report_causes(evaluation *e, const size_t *count, const char *const *cause, size_t n,
                               fc_error *err)
{
    json_t *all = json_object();
    char note[300] = "";
    size_t wrong = 0, used = 0;

    for (size_t k = 0; k < n; k++) {
        json_object_set_new(all, cause[k], json_integer((json_int_t)count[k]));
        if (count[k] && used < sizeof note)
            used += (size_t)snprintf(note + used, sizeof note - used, "%s%zu %s", used ? ", " : "", count[k],
                                     cause[k]);
        wrong += count[k];
    }
    fc_status s = eval_set(e, NULL, "causes", all, err);
    return s ? s : eval_row(e, "wrong answers", note, err, "%zu", wrong);
}

fc_status eval_report_cases(evaluation *e, size_t max, fc_error *err)
{
    const char *const cause[] = {fc_template_state_name(FC_TEMPLATE_NOT_DECODED),
                                 fc_template_state_name(FC_TEMPLATE_NOT_DETECTED),
                                 fc_template_state_name(FC_TEMPLATE_NOT_EMBEDDED),
                                 not_chosen,
                                 below,
                                 above,
                                 other};
    enum { NCAUSES = sizeof cause / sizeof *cause };
    size_t count[NCAUSES] = {0};
    json_t *list = json_array();

    for (size_t i = 0; i < e->ncases; i++) {
        const eval_case *c = &e->cases[i];
        for (size_t k = 0; c->cause && k < NCAUSES; k++)
            count[k] += !strcmp(c->cause, cause[k]);
        if (c->cause && json_array_size(list) < max && json_array_append_new(list, case_json(e, c))) {
            json_decref(list);
            return fc_fail_nomem(err, 0);
        }
    }
    fc_status s = eval_set(e, NULL, "errors", list, err);
    return s ? s : report_causes(e, count, cause, NCAUSES, err);
}
