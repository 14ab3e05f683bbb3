#include "tune/set.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "base/tell.h"
#include "base/threads.h"
#include "match/similarity.h"
#include "pipeline/cache.h"
#include "pipeline/record.h"
#include "pipeline/views.h"

struct loop {
    const fc_tune_source *from;
    fc_tune_set *set;
    size_t next, done;
};

/* A photo on its way. */
struct piece {
    fc_tune_photo *photo;
    fc_item *it;
    fc_record all; /* of the photo and its views */
    bool from_cache;
};

void fc_tune_set_clear(fc_tune_set *s)
{
    fc_tune_people_clear(&s->p);
    *s = (fc_tune_set){0};
}

/* ---- from a record to samples ---- */

static fc_status take_embedding(float *to, const fc_record *r, size_t i, const fc_tune_set *set, bool *good,
                                fc_error *err)
{
    const char *contract;
    float *e;
    size_t dim;
    fc_status s = fc_face_get_embedding(fc_record_face(r, i), &contract, &e, &dim, err);

    if (s)
        return s;
    *good = dim == set->dim;
    if (*good) {
        memcpy(to, e, dim * sizeof *to);
        *good = fc_normalise(to, dim);
    }
    free(e);
    return FC_OK;
}

static fc_status take_crop(uint8_t *to, const fc_record *r, size_t i, const fc_tune_set *set, bool *good,
                           fc_error *err)
{
    const size_t row = (size_t)set->size * 3;
    fc_image crop = {0};
    fc_status s = fc_face_get_crop(fc_record_face(r, i), &crop, err);

    *good = !s && crop.w == set->size && crop.h == set->size;
    for (int y = 0; *good && y < set->size; y++)
        memcpy(to + (size_t)y * row, crop.rgb + (size_t)y * crop.stride, row);
    fc_image_clear(&crop);
    return s;
}

/* photo->data stays NULL where the record is not of so many samples. */
static fc_status take_samples(fc_tune_photo *photo, const fc_record *r, const fc_tune_set *set, fc_error *err)
{
    const size_t each =
        set->dim ? set->dim * sizeof(float) : (size_t)set->size * (size_t)set->size * 3; /* bytes */
    uint8_t *data;
    bool good = true;
    fc_status s = FC_OK;

    if (fc_record_face_count(r) != set->samples)
        return FC_OK;
    if (!(data = malloc(set->samples * each)))
        return fc_fail_nomem(err, set->samples * each);
    for (size_t i = 0; !s && good && i < set->samples; i++)
        s = set->dim ? take_embedding((float *)(data + i * each), r, i, set, &good, err)
                     : take_crop(data + i * each, r, i, set, &good, err);
    if (s || !good)
        free(data);
    else
        photo->data = data;
    return s == FC_ENOMEM ? s : FC_OK;
}

/* ---- a photo ---- */

static void drop_piece(void *ctx, void *what)
{
    struct piece *p = what;

    (void)ctx;
    fc_item_free(p->it);
    fc_record_clear(&p->all);
    free(p);
}

static fc_status read_piece(void *ctx, void **out, fc_error *err)
{
    struct loop *l = ctx;
    struct piece *p;

    if (l->next == l->set->p.n)
        return FC_END;
    if (!(p = calloc(1, sizeof *p)))
        return fc_fail_nomem(err, sizeof *p);
    p->photo = &l->set->p.photo[l->next++];
    fc_input in = {.kind = FC_INPUT_PATH, .path = strdup(p->photo->path)};
    fc_status s = in.path ? fc_item_new(&p->it, &in, l->from->choice, err) : fc_fail_nomem(err, 0);
    if (s)
        free(p);
    else
        *out = p;
    return s;
}

static fc_status look_up(const struct loop *l, struct piece *p, fc_error *err)
{
    fc_bytes text = {0};
    fc_status s;

    /* A file that cannot be read is left to the stages, which say why. */
    if ((s = fc_sha256_file(p->photo->sha256, p->photo->path, err))) {
        p->photo->sha256[0] = '\0';
        return s == FC_ENOMEM ? s : FC_OK; /* its views have the hash for a seed */
    }
    if (!l->from->cache)
        return FC_OK;
    s = fc_cache_get(l->from->cache, p->photo->sha256, &text, err);
    if (s)
        return s == FC_END ? FC_OK : s;
    if (!fc_record_parse(&p->all, (const char *)text.data, text.n, "cache", 1, NULL))
        s = take_samples(p->photo, &p->all, l->set, err);
    p->from_cache = p->photo->data != NULL;
    fc_record_clear(&p->all);
    fc_bytes_clear(&text);
    return s;
}

/* The faces of more go behind those of r. */
static fc_status join(fc_record *r, const fc_record *more, fc_error *err)
{
    json_t *to = json_object_get(r->json, "faces"), *from = json_object_get(more->json, "faces");

    return json_array_extend(to, from) ? fc_fail_nomem(err, 0) : FC_OK;
}

/* What is wrong with the photo becomes the item's fault. */
static fc_status make_views(const struct loop *l, int worker, struct piece *p, fc_error *err)
{
    uint8_t content[32];
    const bool known = fc_sha256_parse(content, p->photo->sha256);
    const uint64_t seed = fc_views_seed(l->from->seed, known ? content : NULL);
    fc_image img = {0};
    fc_item *views = NULL;
    fc_error fault;
    fc_status s = fc_views_picture(&img, l->from->stages, p->it, NULL, &fault);

    if (!s)
        s = fc_views_make(&views, l->from->stages, worker, p->it, &img, 0, seed, l->from->views, &fault);
    fc_image_clear(&img);
    if (s && s != FC_ENOMEM)
        return fc_item_fail(p->it, "views", &fault) ? FC_OK : fc_fail_nomem(err, 0);
    if (s)
        return fc_fail(err, s, "%s", fault.message);
    s = join(&p->it->rec, &views->rec, err);
    fc_item_free(views);
    return s;
}

static fc_status work_piece(void *ctx, int worker, void *what, fc_error *err)
{
    struct loop *l = ctx;
    struct piece *p = what;
    fc_status s = look_up(l, p, err);

    if (s || p->from_cache)
        return s;
    s = fc_stages_run(l->from->stages, worker, p->it, err);
    if (s || p->it->failed || fc_record_face_count(&p->it->rec) != 1)
        return s;
    if (l->from->views)
        s = make_views(l, worker, p, err);
    return s || p->it->failed ? s : take_samples(p->photo, &p->it->rec, l->set, err);
}

static fc_status put(const struct loop *l, const struct piece *p, fc_error *err)
{
    char *text;
    size_t n;
    fc_status s;

    if (!l->from->cache || p->from_cache || !p->photo->data || !p->photo->sha256[0])
        return FC_OK;
    if ((s = fc_record_text(&p->it->rec, &text, &n, err)))
        return s;
    s = fc_cache_put(l->from->cache, p->photo->sha256, text, n, err);
    free(text);
    return s;
}

static fc_status write_piece(void *ctx, void *what, fc_error *err)
{
    struct loop *l = ctx;
    struct piece *p = what;
    const fc_status s = put(l, p, err);

    l->set->cached += p->from_cache;
    if (p->it->failed_here)
        fc_tell(l->from->teller, "%s", p->it->fault.message);
    else if (!p->photo->data)
        fc_tell(l->from->teller, "%s: no face", p->photo->path);
    if (p->it->note)
        fc_tell(l->from->teller, "%s", p->it->note);
    l->done++;
    drop_piece(ctx, p);
    if (l->from->progress)
        l->from->progress(l->from->ctx, l->done);
    return s;
}

/* ---- the set ---- */

/* Of each person's photos, drawn by the seed. */
static fc_status hold_out(fc_tune_set *s, double share, uint64_t seed, fc_error *err)
{
    size_t *order = calloc(s->p.n + 1, sizeof *order);

    if (!order)
        return fc_fail_nomem(err, s->p.n * sizeof *order);
    for (size_t at = 0, end; at < s->p.n; at = end) {
        for (end = at; end < s->p.n && s->p.photo[end].person == s->p.photo[at].person; end++)
            order[end - at] = end;
        const size_t n = end - at, most = n - 1, asked = (size_t)(share * (double)n + 0.5);
        const size_t some = asked < 1 ? 1 : asked > most ? most : asked;
        fc_shuffle(order, n, fc_random(&seed));
        for (size_t i = 0; i < some; i++)
            s->p.photo[order[i]].held = true;
        s->held += some;
        s->train += n - some;
    }
    free(order);
    return FC_OK;
}

fc_status fc_tune_set_read(fc_tune_set *out, const fc_tune_source *from, fc_error *err)
{
    static const fc_pipeline pipeline = {
        .read = read_piece, .work = work_piece, .write = write_piece, .drop = drop_piece};
    const fc_model_facts *model = fc_stages_model(from->stages);
    struct loop l = {.from = from, .set = out};
    fc_status s;

    *out = (fc_tune_set){.samples = (size_t)from->views + 1};
    if (from->crops)
        out->size = model->alignment.size;
    else
        out->dim = (size_t)model->dim;
    s = fc_tune_people_find(&out->p, from->dir, from->rules, from->teller, err);
    out->found = out->p.n;
    if (!s)
        s = fc_pipeline_run(&pipeline, &l, from->jobs, err);
    if (!s)
        s = fc_tune_people_sift(&out->p, 2, from->teller, err);
    if (!s && out->p.people < 2)
        s = fc_fail(err, FC_EDATA, "%s: %s: two people are wanted who can be told apart", from->dir,
                    out->p.people ? "usable photos of one person" : "no usable photos");
    if (!s)
        s = hold_out(out, from->hold_out, from->seed, err);
    if (s)
        fc_tune_set_clear(out);
    return s;
}
