#include "facecheck.h"
#include "base/tell.h"
#include "pipeline/cached.h"
#include "pipeline/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/threads.h"
#include "match/similarity.h"

/* One picture on its way. */
struct piece {
    size_t index;
    fc_item *it;
};

struct loop {
    const fc_template_job *job;
    fc_templates *out;    /* fc_templates_make */
    fc_face_vectors *all; /* fc_templates_all_faces */
    size_t next, done, failed;
};

const char *fc_template_state_name(fc_template_state s)
{
    static const char *const names[] = {"", "not decoded", "not detected", "not embedded"};
    return names[s];
}

static void drop_piece(void *ctx, void *p)
{
    struct piece *piece = p;

    (void)ctx;
    fc_item_free(piece->it);
    free(piece);
}

static fc_status read_piece(void *ctx, void **out, fc_error *err)
{
    struct loop *l = ctx;
    const fc_template_job *job = l->job;
    fc_input in = {0};
    fc_status s;

    if (job->path) {
        if (l->next == job->n)
            return FC_END;
        in = (fc_input){.kind = FC_INPUT_PATH, .path = strdup(job->path[l->next])};
        if (!in.path)
            return fc_fail_nomem(err, 0);
    } else if ((s = fc_source_next(job->in, &in, err))) {
        return s;
    }
    struct piece *p = calloc(1, sizeof *p);
    if (!p) {
        fc_input_clear(&in);
        return fc_fail_nomem(err, sizeof *p);
    }
    p->index = l->next++;
    if ((s = fc_item_new(&p->it, &in, job->choice, err)))
        free(p);
    else
        *out = p;
    return s;
}

static void interrupt(void *ctx)
{
    const struct loop *l = ctx;
    if (l->job->in)
        fc_source_interrupt(l->job->in);
}

/* ---- from records to templates ---- */

static fc_template_state state_of(const fc_record *r)
{
    const char *where = json_string_value(json_object_get(json_object_get(r->json, "error"), "stage"));

    if (!where)
        return fc_record_face_count(r) ? FC_TEMPLATE_MADE : FC_TEMPLATE_NOT_DETECTED;
    if (!strcmp(where, "detect"))
        return FC_TEMPLATE_NOT_DETECTED;
    return strcmp(where, "align") && strcmp(where, "embed") && strcmp(where, "quality")
               ? FC_TEMPLATE_NOT_DECODED
               : FC_TEMPLATE_NOT_EMBEDDED;
}

/* The record's id, or the name of the folder that the picture is in; caller frees. */
static char *person_of(const fc_record *r, const char *path)
{
    const char *id = json_string_value(json_object_get(r->json, "id"));
    const char *end = strrchr(path, '/'), *start;

    if (id)
        return strdup(id);
    while (end > path && end[-1] == '/')
        end--;
    if (!end || end == path)
        return NULL;
    for (start = end; start > path && start[-1] != '/';)
        start--;
    return strndup(start, (size_t)(end - start));
}

static fc_status grow(fc_templates *t, fc_error *err)
{
    fc_status s = fc_grow(&t->image, t->n + 1, &t->cap, sizeof *t->image, err);

    return s ? s : fc_grow(&t->v, t->n + 1, &t->v_cap, t->dim * sizeof *t->v, err);
}

/* The i-th face's embedding at unit length into v [dim]; false when it has no length. */
static fc_status get_vector(const struct loop *l, const struct piece *p, size_t i, float *v, bool *made,
                            fc_error *err)
{
    const size_t want = (size_t)fc_stages_model(l->job->stages)->dim;
    const char *contract;
    size_t dim;
    float *e;
    fc_status s = fc_item_embedding(p->it, i, &contract, &e, &dim, err);

    if (s)
        return s;
    if (dim != want)
        s = fc_fail(err, FC_ECONTRACT, "%s: an embedding of %zu numbers, the model's have %zu",
                    p->it->in.path, dim, want);
    else
        memcpy(v, e, dim * sizeof *v);
    free(e);
    *made = !s && fc_normalise(v, dim);
    return s;
}

/* Of the record's face, if it has so many. */
static fc_status add_template(struct loop *l, struct piece *p, size_t face, fc_error *err)
{
    fc_templates *t = l->out;
    fc_status s = grow(t, err);
    fc_template_image *im = &t->image[t->n];
    float *v = t->v + t->n * t->dim;
    bool made = false;

    if (s)
        return s;
    *im = (fc_template_image){.state = state_of(&p->it->rec)};
    s = fc_record_get_path(&p->it->rec, &im->path, err);
    memset(v, 0, t->dim * sizeof *v);
    t->n++;
    if (s == FC_ENOMEM)
        return s;
    s = FC_OK;
    if (!im->path)
        im->path = strdup(p->it->in.path);
    if (!im->path)
        return fc_fail_nomem(err, 0);
    im->person = person_of(&p->it->rec, im->path);
    im->found = p->it->found;
    memcpy(im->sha256, p->it->sha256, sizeof im->sha256);
    if (im->state == FC_TEMPLATE_MADE) {
        if ((s = get_vector(l, p, face, v, &made, err)) ||
            (s = fc_record_get_face(&p->it->rec, face, &im->face, err)))
            return s;
        im->has_quality = fc_face_get_quality(fc_record_face(&p->it->rec, face), &im->quality);
        if (!made)
            im->state = FC_TEMPLATE_NOT_EMBEDDED;
        else if (!im->sha256[0])
            fc_sha256_hex(im->sha256, v, t->dim * sizeof *v);
    }
    t->given += im->state == FC_TEMPLATE_MADE && !p->it->cached && p->it->ms[3] <= 0;
    if (im->state == FC_TEMPLATE_MADE)
        return FC_OK;
    const char *why =
        json_string_value(json_object_get(json_object_get(p->it->rec.json, "error"), "message"));
    im->message = strdup(why                                     ? why
                         : im->state == FC_TEMPLATE_NOT_DETECTED ? "no face"
                                                                 : "an embedding of length zero");
    return im->message ? FC_OK : fc_fail_nomem(err, 0);
}

static fc_status add_templates(struct loop *l, struct piece *p, fc_error *err)
{
    const size_t n = p->it->failed ? 0 : fc_record_face_count(&p->it->rec);
    fc_status s = FC_OK;

    for (size_t i = 0; !s && (i == 0 || (i < n && l->job->choice == FC_FACES_ALL)); i++)
        s = add_template(l, p, i, err);
    return s;
}

static fc_status add_all(struct loop *l, struct piece *p, fc_error *err)
{
    const size_t n = p->it->failed ? 0 : fc_record_face_count(&p->it->rec),
                 dim = (size_t)fc_stages_model(l->job->stages)->dim;
    fc_face_vectors *f = &l->all[p->index];
    fc_status s = FC_OK;

    if (!(f->v = calloc(n ? n * dim : 1, sizeof *f->v)))
        return fc_fail_nomem(err, n * dim * sizeof *f->v);
    for (size_t i = 0; !s && i < n; i++) {
        bool made = false;
        s = get_vector(l, p, i, f->v + f->n * dim, &made, err);
        f->n += made;
    }
    return s;
}

static fc_status work_piece(void *ctx, int worker, void *what, fc_error *err)
{
    struct loop *l = ctx;
    struct piece *p = what;
    fc_item *it = p->it;

    if (l->all)
        return fc_stages_run(l->job->stages, worker, it, err);
    /* a file that cannot be read is left to the stages, which say why */
    if (it->in.kind == FC_INPUT_PATH && fc_sha256_file(it->sha256, it->in.path, NULL))
        it->sha256[0] = '\0';
    return fc_stages_run_cached(l->job->stages, it->sha256[0] ? l->job->cache : NULL, worker, it, err);
}

static fc_status write_piece(void *ctx, void *what, fc_error *err)
{
    struct loop *l = ctx;
    struct piece *p = what;
    fc_status s = p->it->away ? FC_OK : l->all ? add_all(l, p, err) : add_templates(l, p, err);

    if (!s && !l->all && !p->it->away) {
        l->out->cached += p->it->cached;
        if (p->it->failed_here)
            fc_tell(l->job->teller, "%s", p->it->fault.message);
        if (p->it->note)
            fc_tell(l->job->teller, "%s", p->it->note);
        if (!s && p->it->failed && l->job->fail_fast)
            s = fc_fail(err, FC_EIO, "stopped at the first picture that failed");
    }
    l->done++;
    drop_piece(ctx, p);
    if (l->job->progress)
        l->job->progress(l->job->ctx, l->done);
    return s;
}

static fc_status run_loop(struct loop *l, fc_error *err)
{
    static const fc_pipeline pipeline = {.read = read_piece,
                                         .work = work_piece,
                                         .write = write_piece,
                                         .drop = drop_piece,
                                         .interrupt = interrupt};

    return fc_pipeline_run(&pipeline, l, l->job->jobs, err);
}

fc_status fc_templates_make(fc_templates *out, const fc_template_job *job, fc_error *err)
{
    struct loop l = {.job = job, .out = out};
    const double start = fc_now();
    fc_status s;

    *out = (fc_templates){.dim = (size_t)fc_stages_model(job->stages)->dim};
    s = run_loop(&l, err);
    const char *nothing = !s && job->in ? fc_source_nothing(job->in) : NULL;
    if (nothing)
        fc_tell(job->teller, "%s", nothing);
    out->seconds = fc_now() - start;
    if (s)
        fc_templates_clear(out);
    return s;
}

void fc_templates_clear(fc_templates *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->image[i].path);
        free(t->image[i].person);
        free(t->image[i].message);
    }
    free(t->image);
    free(t->v);
    *t = (fc_templates){0};
}

fc_status fc_templates_all_faces(fc_face_vectors **out, const fc_template_job *job, fc_error *err)
{
    struct loop l = {.job = job, .all = calloc(job->n + 1, sizeof *l.all)};
    fc_status s;

    *out = NULL;
    if (!l.all)
        return fc_fail_nomem(err, job->n * sizeof *l.all);
    s = run_loop(&l, err);
    if (s)
        fc_face_vectors_free(l.all, job->n);
    else
        *out = l.all;
    return s;
}

void fc_face_vectors_free(fc_face_vectors *v, size_t n)
{
    for (size_t i = 0; v && i < n; i++)
        free(v[i].v);
    free(v);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

fc_status fc_templates_hash(char hex[FC_SHA256_HEX], const fc_templates *t, const char *root, fc_error *err)
{
    char **line = calloc(t->n + 1, sizeof *line), *all = NULL;
    const size_t nroot = root ? strlen(root) : 0;
    size_t size = 0, room = 1;
    fc_status s = line ? FC_OK : fc_fail_nomem(err, t->n * sizeof *line);

    for (size_t i = 0; !s && i < t->n; i++) {
        const char *name = t->image[i].path;
        if (nroot && !strncmp(name, root, nroot))
            for (name += nroot; *name == '/';)
                name++;
        if (asprintf(&line[i], "%s  %s\n", t->image[i].sha256, name) < 0) {
            line[i] = NULL;
            s = fc_fail_nomem(err, strlen(name) + 1);
        } else {
            room += strlen(line[i]);
        }
    }
    if (!s && !(all = malloc(room)))
        s = fc_fail_nomem(err, room);
    if (!s && t->n)
        qsort(line, t->n, sizeof *line, by_text);
    for (size_t i = 0; line && i < t->n; i++) {
        if (!s && t->image[i].sha256[0])
            size = (size_t)(stpcpy(all + size, line[i]) - all);
        free(line[i]);
    }
    if (!s)
        fc_sha256_hex(hex, all, size);
    free(all);
    free(line);
    return s;
}
