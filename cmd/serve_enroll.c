/* Photos into the gallery of fc-serve, and out of it. */
#include <stdlib.h>
#include <string.h>

#include "answer_gallery.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "serve.h"
#include "serve/inputs.h"

struct enrol {
    struct request *r;
    size_t all, refused;
    fc_error first; /* reason */
};

static fc_status add_result(void *ctx, const fc_enrolled *e, fc_error *err)
{
    struct enrol *n = ctx;

    n->all++;
    if (e->outcome == FC_REFUSED && !n->refused++)
        n->first = e->why;
    return fc_reply_add_line(&n->r->reply, answer_enrolled(e), err);
}

/* The file's name without folders, for the gallery keeps it: nobody is to find paths in there that a client chose. */
static const char *own_name(const fc_form_part *p)
{
    const char *name = p->file && *p->file ? p->file : p->name, *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

/* The request's files as inputs of a source: photos alone, for what a record names is on the server. */
static fc_status open_photos(struct request *r, fc_source **out, fc_error *err)
{
    fc_input *in = NULL;
    size_t n = 0, cap = 0;
    fc_status s = FC_OK;

    *out = NULL;
    for (size_t i = 0; !s && i < r->form.n; i++) {
        const fc_form_part *p = &r->form.part[i];
        fc_inputs one;
        if (!p->file)
            continue;
        fc_inputs_open(&one, own_name(p), p->data, p->n);
        if (one.records)
            s = fc_fail(err, FC_EUSAGE, "%s: a record; photos are enrolled here", one.name);
        if (!s)
            s = fc_grow(&in, n + 1, &cap, sizeof *in, err);
        if (!s)
            s = fc_inputs_next(&one, &in[n], err);
        n += !s;
    }
    if (!s && !n)
        s = fc_fail(err, FC_EUSAGE, "no photo in the request");
    if (!s)
        s = fc_source_of(out, in, n, err);
    for (size_t i = 0; s && i < n; i++)
        fc_input_clear(&in[i]);
    free(in);
    return s;
}

/* Under the lock of who writes. */
static fc_status enrol(struct enrol *n, const char *id, fc_source *photos, fc_error *err)
{
    const struct serve *sv = n->r->serve;
    fc_face_options detect = sv->args->detect;
    fc_enrolment *e;
    fc_gallery *g = NULL;
    fc_status s;

    detect.faces = FC_FACES_ONE;
    s = fc_enrolment_new(&e,
                         &(fc_enrolment_settings){.detect = &detect,
                                                  .models = sv->models,
                                                  .engine = engine_options_of(&sv->args->engine),
                                                  .model = sv->model,
                                                  .flip = sv->flip,
                                                  .jobs = 1,
                                                  .result = add_result,
                                                  .ctx = n},
                         err);
    if (s)
        return s;
    s = fc_enrolment_add_source(e, id, photos, err);
    if (!s)
        s = serve_open_gallery(n->r, FC_GALLERY_CREATE, &g, err);
    if (!s)
        s = fc_enrolment_run(e, g, NULL, err);
    fc_enrolment_free(e);
    fc_gallery_free(g);
    return s;
}

/* What is committed is answered, and is in the people in memory by then. */
static fc_status enrol_photos(struct request *r, const char *id, struct enrol *n, const char **stage,
                              fc_error *err)
{
    fc_source *photos;
    fc_status s = fc_name_check(id, err);

    if (!s)
        s = open_photos(r, &photos, err);
    if (s)
        return s;
    *stage = "enroll";
    s = enrol(n, id, photos, err);
    fc_source_close(photos);
    if (!s && n->all > n->refused)
        s = serve_reload(r, err);
    if (s)
        return s;
    r->reply.type = "application/jsonl";
    r->reply.status = n->refused == n->all ? fc_reply_status(n->first.status, false) : 200;
    return FC_OK;
}

fc_status serve_enroll(struct request *r, int worker, const char **stage, fc_error *err)
{
    const fc_form_part *field = fc_form_find(&r->form, "id");
    struct enrol n = {.r = r};
    char *id;
    fc_status s;

    (void)worker;
    if (r->args.id)
        id = strdup(r->args.id);
    else if (!field || (field->n && memchr(field->data, 0, field->n)))
        return fc_fail(err, FC_EUSAGE, "no field 'id' that says who it is");
    else
        id = strndup(field->n ? (const char *)field->data : "", field->n);
    if (!id)
        return fc_fail_nomem(err, 0);
    pthread_mutex_lock(&r->serve->writing);
    s = enrol_photos(r, id, &n, stage, err);
    pthread_mutex_unlock(&r->serve->writing);
    free(id);
    return s;
}

/* ---- a photo that is there: by the number of its sample ---- */

struct photo {
    int64_t sample, id;
    bool found;
    uint8_t content[32];
    int face;
    int64_t *views; /* [n], owned: the samples of the same photo */
    size_t n, cap;
};

static fc_status find_photo(void *ctx, const fc_sample *s, fc_error *err)
{
    struct photo *p = ctx;

    (void)err;
    if (s->id == p->sample) {
        p->found = true;
        memcpy(p->content, s->content, sizeof p->content);
        p->face = s->face;
    }
    return FC_OK;
}

static fc_status find_views(void *ctx, const fc_sample *s, fc_error *err)
{
    struct photo *p = ctx;
    fc_status st;

    if (s->face != p->face || memcmp(s->content, p->content, sizeof p->content) != 0)
        return FC_OK;
    st = fc_grow(&p->views, p->n + 1, &p->cap, sizeof *p->views, err);
    if (!st)
        p->views[p->n++] = s->id;
    return st;
}

/* The person's photo of that number. */
static fc_status look_up(fc_gallery *g, const struct request *r, struct photo *p, fc_error *err)
{
    char *end;
    const long long number = strtoll(r->args.photo, &end, 10);
    fc_status s = *end || number < 1
                      ? fc_fail(err, FC_EUSAGE, "want the number of a photo, got '%s'", r->args.photo)
                      : FC_OK;

    p->sample = number;
    if (!s)
        s = fc_gallery_find(g, r->args.id, &p->id, err);
    if (!s)
        s = fc_gallery_each_sample(g, p->id, false, find_photo, p, err);
    return s || p->found ? s : fc_fail(err, FC_EMISSING, "no photo of that number");
}

/* With the views that were made of it, in one transaction. */
static fc_status remove_photo(struct request *r, fc_error *err)
{
    struct photo p = {.found = false};
    fc_gallery *g;
    fc_status s = serve_open_gallery(r, FC_GALLERY_WRITE, &g, err);

    if (s)
        return s;
    s = fc_gallery_begin(g, true, err);
    if (!s) {
        s = look_up(g, r, &p, err);
        if (!s)
            s = fc_gallery_each_sample(g, p.id, false, find_views, &p, err);
        for (size_t i = 0; !s && i < p.n; i++)
            s = fc_gallery_remove_sample(g, p.views[i], err);
        if (s)
            fc_gallery_rollback(g);
        else
            s = fc_gallery_commit(g, err);
    }
    fc_gallery_free(g);
    free(p.views);
    return s ? s : serve_reload(r, err);
}

fc_status serve_remove_photo(struct request *r, int worker, const char **stage, fc_error *err)
{
    fc_status s;

    (void)worker;
    *stage = "gallery";
    pthread_mutex_lock(&r->serve->writing);
    s = remove_photo(r, err);
    pthread_mutex_unlock(&r->serve->writing);
    if (s)
        return s;
    r->reply.status = 200;
    r->reply.type = "application/jsonl";
    return fc_reply_add_line(
        &r->reply,
        json_pack("{s:i,s:s,s:s,s:s}", "v", 1, "id", r->args.id, "photo", r->args.photo, "result", "removed"),
        err);
}

/* Whether the photo in the request is the one that is there; or what it would take the place of is not there. */
static fc_status same_photo(struct request *r, bool *same, fc_error *err)
{
    struct photo p = {.found = false};
    fc_gallery *g;
    fc_status s = serve_open_gallery(r, FC_GALLERY_READ, &g, err);

    *same = false;
    if (!s)
        s = look_up(g, r, &p, err);
    fc_gallery_free(g);
    for (size_t i = 0; !s && i < r->form.n; i++)
        if (r->form.part[i].file) {
            char hex[FC_SHA256_HEX];
            uint8_t content[32];
            fc_sha256_hex(hex, r->form.part[i].data, r->form.part[i].n);
            *same |= fc_sha256_parse(content, hex) && !memcmp(content, p.content, sizeof content);
        }
    return s;
}

/* The new one is there before the old one goes: at no time there is none. */
static fc_status replace(struct request *r, const char **stage, fc_error *err)
{
    struct enrol n = {.r = r};
    bool same;
    fc_status s;

    *stage = "gallery";
    s = same_photo(r, &same, err);
    if (!s && r->form.files != 1)
        s = fc_fail(err, FC_EUSAGE, "want one photo");
    *stage = "request";
    if (!s)
        s = enrol_photos(r, r->args.id, &n, stage, err);
    return s || same || n.refused ? s : remove_photo(r, err);
}

fc_status serve_replace_photo(struct request *r, int worker, const char **stage, fc_error *err)
{
    fc_status s;

    (void)worker;
    pthread_mutex_lock(&r->serve->writing);
    s = replace(r, stage, err);
    pthread_mutex_unlock(&r->serve->writing);
    return s;
}
