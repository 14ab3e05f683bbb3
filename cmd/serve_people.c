/* The gallery of fc-serve: its people in memory, and what is asked and changed of them. */
#include <stdlib.h>
#include <string.h>

#include "answer_gallery.h"
#include "base/error.h"
#include "base/json.h"
#include "serve.h"

/* ---- in memory ---- */

static void release(struct shared_people *p)
{
    if (!p || --p->users)
        return;
    people_clear(&p->people);
    free(p);
}

static fc_status open_gallery(const struct serve *s, fc_gallery_mode mode, fc_gallery **out, fc_error *err)
{
    return fc_gallery_open(out, s->args->gallery.path,
                           &(fc_gallery_options){.mode = mode, .secret = s->secret}, err);
}

fc_status serve_open_gallery(struct request *r, fc_gallery_mode mode, fc_gallery **out, fc_error *err)
{
    *out = NULL;
    if (!r->serve->args->gallery.path)
        return fc_fail(err, FC_EDATA, "this server has no gallery (-g GALLERY)");
    const fc_status s = open_gallery(r->serve, mode, out, err);
    r->own_fault = s != FC_OK;
    return s;
}

/* Embeddings of another model are of no use. */
static fc_status fit_model(const struct serve *s, struct people *p, fc_error *err)
{
    const fc_model_facts *model = fc_stages_model(s->stages);

    if (*p->contract && strcmp(model->contract, p->contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and this server makes those of %s",
                       s->args->gallery.path, p->contract, model->contract);
    if (!*p->contract) /* nobody is there, but pictures are looked at all the same */
        p->size.dim = (size_t)model->dim;
    return FC_OK;
}

fc_status people_load(struct serve *s, fc_error *err)
{
    struct shared_people *new = calloc(1, sizeof *new), *old = new;
    fc_gallery *g = NULL;
    /* one that is written may be made by its first photo */
    const fc_gallery_mode mode = s->args->writable ? FC_GALLERY_CREATE : FC_GALLERY_READ;
    const uint64_t time = atomic_fetch_add(&s->loads, 1) + 1;
    fc_status st = new ? open_gallery(s, mode, &g, err) : fc_fail_nomem(err, sizeof *new);

    if (!st)
        st = people_read(&new->people, g, true, err);
    fc_gallery_free(g);
    if (!st && s->stages)
        st = fit_model(s, &new->people, err);
    if (st) {
        if (new)
            people_clear(&new->people);
        free(new);
        return st;
    }
    new->users = 1;
    pthread_mutex_lock(&s->people_lock);
    if (time > s->loaded) {
        old = s->people;
        s->people = new;
        s->loaded = time;
    }
    release(old);
    pthread_mutex_unlock(&s->people_lock);
    return FC_OK;
}

fc_status serve_reload(struct request *r, fc_error *err)
{
    const fc_status s = people_load(r->serve, err);

    r->own_fault = s != FC_OK;
    return s;
}

fc_status people_take(struct serve *s, struct shared_people **out, fc_error *err)
{
    pthread_mutex_lock(&s->people_lock);
    *out = s->people;
    if (*out)
        (*out)->users++;
    pthread_mutex_unlock(&s->people_lock);
    return *out ? FC_OK : fc_fail(err, FC_EDATA, "this server has no gallery (-g GALLERY)");
}

void people_give(struct serve *s, struct shared_people *p)
{
    pthread_mutex_lock(&s->people_lock);
    release(p);
    pthread_mutex_unlock(&s->people_lock);
}

/* ---- questions ---- */

struct listing {
    struct request *r;
    const char *name; /* NULL: everybody; else this person's */
    size_t found;
};

static fc_status add_person(void *ctx, const fc_subject *p, fc_error *err)
{
    struct listing *l = ctx;
    json_t *line;

    if (l->name && strcmp(l->name, p->name) != 0)
        return FC_OK;
    l->found++;
    const fc_status s = answer_person(&line, p, err);
    return s ? s : fc_reply_add_line(&l->r->reply, line, err);
}

static fc_status add_sample(void *ctx, const fc_sample *sample, fc_error *err)
{
    struct listing *l = ctx;
    json_t *line;
    const fc_status s = answer_sample(&line, l->name, sample, err);

    return s ? s : fc_reply_add_line(&l->r->reply, line, err);
}

static void done(struct request *r)
{
    r->reply.status = 200;
    r->reply.type = "application/jsonl";
}

/* A gallery that is still to be made has nobody. */
static fc_status list_people(struct request *r, const char *name, fc_error *err)
{
    struct listing l = {.r = r, .name = name};
    fc_gallery *g;
    fc_status s =
        serve_open_gallery(r, r->serve->args->writable ? FC_GALLERY_CREATE : FC_GALLERY_READ, &g, err);

    if (!s && !fc_gallery_is_new(g))
        s = fc_gallery_each_subject(g, true, add_person, &l, err);
    if (!s && name && !l.found)
        s = fc_fail(err, FC_EMISSING, "nobody of that name");
    fc_gallery_free(g);
    if (!s)
        done(r);
    return s;
}

fc_status serve_list_people(struct request *r, int worker, const char **stage, fc_error *err)
{
    char *name = NULL;
    fc_status s = r->args.id ? fc_name_normal(&name, r->args.id, err) : FC_OK;

    (void)worker;
    *stage = "gallery";
    if (!s)
        s = list_people(r, name, err);
    free(name);
    return s;
}

fc_status serve_list_photos(struct request *r, int worker, const char **stage, fc_error *err)
{
    struct listing l = {.r = r};
    char *name = NULL;
    int64_t id;
    fc_gallery *g;
    fc_status s = serve_open_gallery(r, FC_GALLERY_READ, &g, err);

    (void)worker;
    *stage = "gallery";
    if (!s)
        s = fc_gallery_find(g, r->args.id, &id, err);
    if (!s)
        s = fc_name_normal(&name, r->args.id, err);
    l.name = name;
    if (!s)
        s = fc_gallery_each_sample(g, id, false, add_sample, &l, err);
    fc_gallery_free(g);
    free(name);
    if (!s)
        done(r);
    return s;
}

/* ---- changes ---- */

/* Ends a change: all of it, or nothing; then the people in memory are those of the gallery. */
static fc_status end_change(struct request *r, fc_gallery *g, fc_status st, fc_error *err)
{
    if (!st)
        st = fc_gallery_commit(g, err);
    else
        fc_gallery_rollback(g);
    fc_gallery_free(g);
    return st ? st : serve_reload(r, err);
}

static fc_status begin_change(struct request *r, fc_gallery **g, fc_error *err)
{
    fc_status st = serve_open_gallery(r, FC_GALLERY_CREATE, g, err);

    if (!st)
        st = fc_gallery_begin(*g, true, err);
    if (st) {
        fc_gallery_free(*g);
        *g = NULL;
    }
    return st;
}

static fc_status say_result(struct request *r, const char *result, fc_error *err)
{
    done(r);
    return fc_reply_add_line(&r->reply,
                             json_pack("{s:i,s:s,s:s}", "v", 1, "id", r->args.id, "result", result), err);
}

fc_status serve_remove_person(struct request *r, int worker, const char **stage, fc_error *err)
{
    int64_t id;
    fc_gallery *g;
    fc_status s;

    (void)worker;
    *stage = "gallery";
    pthread_mutex_lock(&r->serve->writing);
    s = begin_change(r, &g, err);
    if (!s) {
        s = fc_gallery_find(g, r->args.id, &id, err);
        if (!s)
            s = fc_gallery_remove(g, id, err);
        s = end_change(r, g, s, err);
    }
    pthread_mutex_unlock(&r->serve->writing);
    return s ? s : say_result(r, "removed", err);
}

/* What a body of JSON, {"name":...,"meta":{...}}, or fields say. meta: caller frees. */
struct wish {
    json_t *body; /* owned */
    const char *name;
    char *meta; /* owned */
};

static fc_status take_text(const fc_form *f, const char *name, char **out, fc_error *err)
{
    const fc_form_part *p = fc_form_find(f, name);

    if (!p)
        return FC_OK;
    if (p->n && memchr(p->data, 0, p->n))
        return fc_fail(err, FC_EUSAGE, "%s: has a NUL", name);
    *out = strndup(p->n ? (const char *)p->data : "", p->n);
    return *out ? FC_OK : fc_fail_nomem(err, p->n);
}

static fc_status read_wish(struct request *r, struct wish *w, fc_error *err)
{
    const fc_form_part *body = fc_form_find(&r->form, "");
    char *name = NULL, *meta = NULL;
    fc_status s = FC_OK;

    if (body) {
        s = fc_json_read(&w->body, (const char *)body->data, body->n, JSON_REJECT_DUPLICATES,
                         FC_RECORD_MAX_MEMORY, NULL, err);
        if (!s && !json_is_object(w->body))
            s = fc_fail(err, FC_EFORMAT, "want a JSON object");
    } else {
        s = take_text(&r->form, "name", &name, err);
        if (!s)
            s = take_text(&r->form, "meta", &meta, err);
        w->body = json_object();
        if (!s && name && json_object_set_new(w->body, "name", json_string(name)))
            s = fc_fail(err, FC_EUSAGE, "name: is not UTF-8");
    }
    free(name);
    w->meta = meta;
    const json_t *wanted = json_object_get(w->body, "name"), *kept = json_object_get(w->body, "meta");
    w->name = json_string_value(wanted);
    if (!s && ((wanted && !w->name) || (kept && !json_is_object(kept))))
        s = fc_fail(err, FC_EUSAGE, "want {\"name\":\"...\",\"meta\":{...}}, of which each may be left out");
    if (!s && kept && !(w->meta = json_dumps(kept, JSON_COMPACT)))
        s = fc_fail_nomem(err, 0);
    return s;
}

static fc_status put_person(fc_gallery *g, const char *name, const struct wish *w, fc_error *err)
{
    int64_t id;
    fc_status s = fc_name_check(name, err);

    if (!s && w->name)
        s = fc_name_check(w->name, err);
    if (!s)
        s = fc_gallery_put_subject(g, name, &id, err);
    if (!s && w->meta)
        s = fc_gallery_set_meta(g, id, w->meta, err);
    return s || !w->name ? s : fc_gallery_rename(g, id, w->name, err);
}

fc_status serve_put_person(struct request *r, int worker, const char **stage, fc_error *err)
{
    struct wish w = {.name = NULL};
    fc_gallery *g;
    fc_status s = read_wish(r, &w, err);

    (void)worker;
    if (!s) {
        *stage = "gallery";
        pthread_mutex_lock(&r->serve->writing);
        s = begin_change(r, &g, err);
        if (!s)
            s = end_change(r, g, put_person(g, r->args.id, &w, err), err);
        pthread_mutex_unlock(&r->serve->writing);
    }
    if (!s)
        s = say_result(r, "kept", err);
    json_decref(w.body);
    free(w.meta);
    return s;
}
