/* Who of a gallery is it? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "match.h"
#include "match/assign.h"
#include "match/decide.h"
#include "gallery/index.h"
#include "match/search.h"
#include "output.h"
#include "say.h"

static const char header[] = "probe\tface\tid\trank\tcandidate\tsimilarity\tmatch\tthreshold\tfuse\tmodel"
                             "\tprobe_score\tx\ty\tw\th\n";

/* A person's attendance. */
struct presence {
    size_t pictures, last; /* last: the number of the last of them */
    double similarity;     /* the greatest */
    char *src;             /* the picture of it, escaped; owned */
};

struct finder {
    const struct match_args *args;
    fc_table *t;
    fc_table_size size;
    char contract[200];
    double threshold;
    struct presence *presence; /* [size.subjects], with --attendance */
    size_t matches, pictures;
};

/* What a face's record carries from the worker to the line: "found", a list of [subject, sample, similarity] of those
 * that are shown and, behind them, who it is, if they are not among them; and "is", the index in it of who it is, or
 * -1. */

/* ---- finding, on any thread ---- */

enum { AT_ONCE = 256 }; /* faces that are searched for together */

/* The faces of a picture. */
struct faces {
    float *queries; /* [n][size.dim] */
    size_t n, k;    /* k: people looked at for each */
    fc_hit *hits;   /* [AT_ONCE][k] */
    size_t found[AT_ONCE];
    /* with --unique: */
    fc_hit *shown;          /* [n][candidates] */
    size_t *nshown, *first; /* [n], [n + 1] */
    struct pair {
        size_t subject;
        int64_t sample;
        double similarity;
    } * pair; /* those of face i that may be them: [first[i], first[i + 1]) */
    size_t room;
};

static void faces_clear(struct faces *f)
{
    free(f->queries);
    free(f->hits);
    free(f->shown);
    free(f->nshown);
    free(f->first);
    free(f->pair);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Who a face is: one of its hits, or one behind them, or NULL. */
static fc_status keep(const fc_item *it, size_t face, const fc_hit *hits, size_t shown, const struct pair *is,
                      fc_error *err)
{
    json_t *f = fc_record_face(&it->rec, face), *list = json_array();
    json_int_t at = -1;
    int bad = 0;

    for (size_t i = 0; i < shown; i++) {
        bad |= json_array_append_new(list, json_pack("[I,I,f]", (json_int_t)hits[i].subject,
                                                     (json_int_t)hits[i].sample, hits[i].score));
        if (is && hits[i].subject == is->subject)
            at = (json_int_t)i;
    }
    if (is && at < 0) {
        at = (json_int_t)shown;
        bad |= json_array_append_new(
            list, json_pack("[I,I,f]", (json_int_t)is->subject, (json_int_t)is->sample, is->similarity));
    }
    bad |= json_object_set_new(f, "found", list);
    bad |= json_object_set_new(f, "is", json_integer(at));
    return bad ? fc_fail_nomem(err, shown * sizeof *hits) : FC_OK;
}

/* Each face the first of its candidates that is similar enough. */
static fc_status keep_first(const struct finder *f, const fc_item *it, struct faces *a, size_t first,
                            size_t n, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        const fc_hit *h = &a->hits[i * a->k];
        const struct pair is = {.subject = h->subject};
        const bool match = a->found[i] && fc_accepts(h->score, f->threshold);
        s = keep(it, first + i, h, a->found[i], match ? &is : NULL, err);
    }
    return s;
}

/* Of n faces from first on, what is shown of each, and who may be it. */
static fc_status add_pairs(const struct finder *f, struct faces *a, size_t first, size_t n, fc_error *err)
{
    const size_t most = (size_t)f->args->candidates;

    for (size_t i = 0; i < n; i++) {
        const fc_hit *h = &a->hits[i * a->k];
        const size_t face = first + i, need = a->first[face] + a->found[i];
        fc_status s = fc_grow(&a->pair, need, &a->room, sizeof *a->pair, err);
        if (s)
            return s;
        a->nshown[face] = smaller(a->found[i], most);
        memcpy(a->shown + face * most, h, a->nshown[face] * sizeof *h);
        size_t at = a->first[face];
        for (size_t c = 0; c < a->found[i]; c++)
            if (fc_accepts(h[c].score, f->threshold))
                a->pair[at++] = (struct pair){h[c].subject, h[c].sample, h[c].score};
        a->first[face + 1] = at;
    }
    return FC_OK;
}

static int by_value(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The subjects of the pairs, each once, in order. */
static size_t list_subjects(size_t *subject, const struct faces *a)
{
    const size_t count = a->first[a->n];
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        subject[i] = a->pair[i].subject;
    qsort(subject, count, sizeof *subject, by_value);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || subject[i] != subject[n - 1])
            subject[n++] = subject[i];
    return n;
}

/* Nobody twice: what counts is by how much a similarity is above the threshold. who: [n], a subject or FC_ASSIGN_NONE. */
static fc_status choose_unique(const struct finder *f, const struct faces *a, size_t *who, fc_error *err)
{
    const size_t count = a->first[a->n];
    size_t *subject = calloc(count + 1, sizeof *subject);
    uint32_t *column = calloc(count + 1, sizeof *column);
    double *weight = calloc(count + 1, sizeof *weight);
    fc_status s = FC_OK;

    if (!subject || !column || !weight) {
        s = fc_fail_nomem(err, count * sizeof *subject);
        goto out;
    }
    const size_t columns = list_subjects(subject, a);
    for (size_t i = 0; i < count; i++) {
        const size_t *at = bsearch(&a->pair[i].subject, subject, columns, sizeof *subject, by_value);
        column[i] = (uint32_t)(at - subject);
        weight[i] = a->pair[i].similarity - f->threshold + 1e-9; /* at the threshold counts, too */
    }
    s = fc_assign(&(fc_assign_pairs){a->n, columns, a->first, column, weight}, who, err);
    for (size_t i = 0; !s && i < a->n; i++)
        if (who[i] != FC_ASSIGN_NONE)
            who[i] = subject[who[i]];
out:
    free(subject);
    free(column);
    free(weight);
    return s;
}

static fc_status keep_unique(const struct finder *f, const fc_item *it, const struct faces *a, fc_error *err)
{
    size_t *who = calloc(a->n + 1, sizeof *who);
    fc_status s = who ? choose_unique(f, a, who, err) : fc_fail_nomem(err, a->n * sizeof *who);

    for (size_t i = 0; !s && i < a->n; i++) {
        const struct pair *is = NULL;
        for (size_t c = a->first[i]; c < a->first[i + 1]; c++)
            if (a->pair[c].subject == who[i])
                is = &a->pair[c];
        s = keep(it, i, a->shown + i * (size_t)f->args->candidates, a->nshown[i], is, err);
    }
    free(who);
    return s;
}

static fc_status open_faces(const struct finder *f, const fc_item *it, struct faces *a, fc_error *err)
{
    const size_t most = (size_t)f->args->candidates;
    fc_status s = match_vectors(it, f->size.dim, &a->queries, &a->n, err);

    if (s)
        return s;
    a->k = most;
    if (f->args->unique &&
        most < a->n) /* with as many to choose from as there are faces, nobody misses anything */
        a->k = smaller(a->n, FC_SEARCH_MAX_K);
    a->hits = calloc(smaller(a->n, AT_ONCE) * a->k, sizeof *a->hits);
    if (f->args->unique) {
        a->shown = calloc(a->n * most, sizeof *a->shown);
        a->nshown = calloc(a->n, sizeof *a->nshown);
        a->first = calloc(a->n + 1, sizeof *a->first);
    }
    if (!a->hits || (f->args->unique && (!a->shown || !a->nshown || !a->first)))
        return fc_fail_nomem(err, a->n * most * sizeof *a->shown);
    return FC_OK;
}

/* n faces from first on. */
static fc_status find_some(const struct finder *f, struct faces *a, size_t first, size_t n, fc_error *err)
{
    /* Similarities are rounded before they are compared with the threshold. */
    const fc_search_options opt = {.k = a->k,
                                   .fuse = (fc_fuse)f->args->fuse,
                                   .sure = (size_t)f->args->candidates,
                                   .least = f->threshold - 1e-6};
    fc_status s = FC_OK;

    memset(a->found, 0, sizeof a->found);
    if (f->size.rows)
        s = fc_search(f->t, a->queries + first * f->size.dim, n, &opt, a->hits, a->found, err);
    for (size_t i = 0; !s && i < n; i++)
        for (size_t c = 0; c < a->found[i]; c++)
            a->hits[i * a->k + c].score = fc_decimal(a->hits[i * a->k + c].score);
    return s;
}

static fc_status find(void *ctx, fc_item *it, fc_error *err)
{
    const struct finder *f = ctx;
    const double start = fc_now_ms();
    struct faces a = {0};
    fc_status s;

    if (it->failed || fc_record_face_count(&it->rec) == 0)
        return FC_OK;
    s = open_faces(f, it, &a, err);
    for (size_t first = 0, n; !s && first < a.n; first += n) {
        n = smaller(a.n - first, AT_ONCE);
        s = find_some(f, &a, first, n, err);
        if (!s && f->args->unique)
            s = add_pairs(f, &a, first, n, err);
        else if (!s)
            s = keep_first(f, it, &a, first, n, err);
    }
    if (!s && f->args->unique)
        s = keep_unique(f, it, &a, err);
    if (!s && !f->args->no_timings)
        s = fc_record_add_ms(&it->rec, "match", fc_now_ms() - start, err);
    faces_clear(&a);
    return s;
}

/* ---- lines, in order ---- */

/* The i-th candidate of a face. */
struct candidate {
    size_t subject;
    long long sample;
    double similarity;
    fc_table_subject who;
    bool match;
};

static fc_status get_candidate(const struct finder *f, const json_t *face, size_t i, struct candidate *c,
                               fc_error *err)
{
    const json_t *one = json_array_get(json_object_get(face, "found"), i);
    const json_int_t is = json_integer_value(json_object_get(face, "is"));

    c->subject = (size_t)json_integer_value(json_array_get(one, 0));
    c->sample = json_integer_value(json_array_get(one, 1));
    c->similarity = json_real_value(json_array_get(one, 2));
    c->match = f->args->unique ? is == (json_int_t)i : fc_accepts(c->similarity, f->threshold);
    return fc_table_get_subject(f->t, c->subject, &c->who, err);
}

/* How many are listed. */
static size_t shown_of(const struct finder *f, const json_t *face)
{
    const size_t found = json_array_size(json_object_get(face, "found")), most = (size_t)f->args->candidates;
    return found < most ? found : most;
}

static json_t *name_of(const fc_table_subject *who)
{
    return json_stringn(who->name, who->length);
}

static fc_status write_json(const struct finder *f, const fc_item *it, size_t i, const struct candidate *is,
                            fc_error *err)
{
    const json_t *face = fc_record_face(&it->rec, i);
    json_t *o = match_new_line(it, i), *list = json_array();
    struct candidate c = {.similarity = NAN};
    fc_status s = FC_OK;

    for (size_t k = 0; !s && k < shown_of(f, face); k++) {
        s = get_candidate(f, face, k, &c, err);
        if (!s)
            json_array_append_new(list,
                                  json_pack("{s:o,s:f,s:b,s:I}", "id", name_of(&c.who), "similarity",
                                            c.similarity, "match", c.match, "sample", (json_int_t)c.sample));
    }
    if (!s && !is && json_array_size(json_object_get(face, "found")))
        s = get_candidate(f, face, 0, &c, err);
    json_object_set_new(o, "match", json_boolean(is));
    json_object_set_new(o, "id", is ? name_of(&is->who) : json_string("unknown"));
    json_object_set_new(o, "similarity",
                        is                    ? json_real(is->similarity)
                        : isnan(c.similarity) ? json_null()
                                              : json_real(c.similarity));
    json_object_set_new(o, "threshold", json_real(f->threshold));
    json_object_set_new(o, "fuse", json_string(fc_fuse_names[f->args->fuse]));
    json_object_set_new(o, "candidates", list);
    match_end_line(o, f->args, it, i);
    if (!s)
        return match_write_line(o, err);
    json_decref(o);
    return s;
}

static void put_row(const struct finder *f, const fc_item *it, size_t i, const char *probe, const char *id,
                    int id_length, size_t rank, const struct candidate *c)
{
    const json_t *face = fc_record_face(&it->rec, i), *box = json_object_get(face, "box");

    printf("%s\t%zu\t", probe, i);
    fc_text_put(stdout, id, (size_t)id_length);
    if (c)
        printf("\t%zu\t", rank);
    else
        fputs("\t\t", stdout);
    if (c)
        fc_text_put(stdout, c->who.name, c->who.length);
    put_number(c ? c->similarity : NAN);
    put_text(c && c->match ? "true" : "false");
    put_number(f->threshold);
    put_text(fc_fuse_names[f->args->fuse]);
    put_shown(json_string_value(json_object_get(json_object_get(face, "embedding"), "model")));
    match_put_score(match_score_of(it->rec.json, i));
    for (size_t k = 0; k < 4; k++)
        match_put_score(json_array_get(box, k));
    putchar('\n');
}

static fc_status write_tsv(const struct finder *f, const fc_item *it, size_t i, const struct candidate *is,
                           fc_error *err)
{
    const json_t *face = fc_record_face(&it->rec, i);
    const char *id = is ? is->who.name : "unknown";
    const int id_length = is ? (int)is->who.length : (int)strlen(id);
    const size_t shown = shown_of(f, face);
    char *probe = fc_record_display_path(&it->rec);
    fc_status s = probe ? FC_OK : fc_fail_nomem(err, 0);

    if (!s && shown == 0)
        put_row(f, it, i, probe, id, id_length, 0, NULL);
    for (size_t k = 0; !s && k < shown; k++) {
        struct candidate c;
        s = get_candidate(f, face, k, &c, err);
        if (!s)
            put_row(f, it, i, probe, id, id_length, k + 1, &c);
    }
    free(probe);
    return s;
}

static fc_status note_presence(struct finder *f, const fc_item *it, const struct candidate *is, fc_error *err)
{
    struct presence *p = &f->presence[is->subject];
    char *src;

    if (p->src && is->similarity <= p->similarity)
        return FC_OK;
    src = fc_record_display_path(&it->rec);
    if (!src)
        return fc_fail_nomem(err, 0);
    free(p->src);
    p->src = src;
    p->similarity = is->similarity;
    return FC_OK;
}

/* A person counts once in a picture, however many of its faces look like them. */
static void count_picture(struct finder *f, size_t subject)
{
    struct presence *p = &f->presence[subject];

    p->pictures += p->last != f->pictures;
    p->last = f->pictures;
}

static fc_status emit_face(struct finder *f, const fc_item *it, size_t i, fc_error *err)
{
    const json_t *face = fc_record_face(&it->rec, i);
    const json_int_t index = json_integer_value(json_object_get(face, "is"));
    struct candidate is;
    fc_status s = FC_OK;

    if (index >= 0) {
        s = get_candidate(f, face, (size_t)index, &is, err);
        f->matches++;
    }
    if (s)
        return s;
    if (!f->args->attendance)
        return (f->args->format == MATCH_TSV ? write_tsv : write_json)(f, it, i, index < 0 ? NULL : &is, err);
    if (index < 0)
        return FC_OK;
    count_picture(f, is.subject);
    return note_presence(f, it, &is, err);
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct finder *f = ctx;
    bool done;
    fc_status s = match_no_faces(f->args, it, &done, err);

    f->pictures++;
    for (size_t i = 0; !s && !done && i < fc_record_face_count(&it->rec); i++)
        s = emit_face(f, it, i, err);
    return s;
}

static fc_status write_attendance(const struct finder *f, fc_error *err)
{
    fc_status s = FC_OK;

    puts("id\tstatus\tpictures\tsimilarity\tsrc");
    for (size_t i = 0; !s && i < f->size.subjects; i++) {
        const struct presence *p = &f->presence[i];
        fc_table_subject who;
        s = fc_table_get_subject(f->t, i, &who, err);
        if (s)
            break;
        fc_text_put(stdout, who.name, who.length);
        printf("\t%s\t%zu", p->src ? "present" : "absent", p->pictures);
        put_number(p->src ? p->similarity : NAN);
        put_text(p->src ? p->src : "");
        putchar('\n');
    }
    return s;
}

/* ---- before and after ---- */

static fc_status open_gallery(struct finder *f, fc_error *err)
{
    fc_gallery *g;
    fc_table_label label;
    fc_status s = gallery_open(&g, &f->args->gallery, FC_GALLERY_READ, false, err);

    if (!s)
        s = fc_index_open(g, &f->t, &label, NULL, err);
    fc_gallery_free(g); /* the table is all there is to know */
    if (s)
        return s;
    f->size = fc_table_get_size(f->t);
    strcpy(f->contract, label.contract);
    if (f->args->attendance)
        f->presence = calloc(f->size.subjects + 1, sizeof *f->presence);
    return f->args->attendance && !f->presence ? fc_fail_nomem(err, f->size.subjects * sizeof *f->presence)
                                               : FC_OK;
}

static fc_status prepare(struct finder *f, run *r, char **model, char **operands, int n, fc_error *err)
{
    fc_status s = open_gallery(f, err);

    if (!s)
        s = match_open_run(r, f->args, f->contract, f->args->gallery.path, model, operands, n, err);
    if (s)
        return s;
    if (!*f->contract) /* nobody is there, but pictures are looked at all the same */
        f->size.dim = (size_t)fc_stages_model(r->stages)->dim;
    f->threshold =
        fc_decimal(isnan(f->args->threshold) ? fc_stages_model(r->stages)->threshold : f->args->threshold);
    if (isnan(f->threshold))
        return fc_fail(err, FC_EMODEL, "the model states no threshold; give one with --threshold");
    if (f->args->format == MATCH_TSV && !f->args->attendance)
        fputs(header, stdout);
    return FC_OK;
}

int match_people(const program *p, const struct match_args *args, char **operands, int n)
{
    struct finder f = {.args = args};
    run r = {.args = &args->common, .finish = find, .emit = emit, .ctx = &f};
    char *model = NULL;
    fc_error err;
    int code;

    if (prepare(&f, &r, &model, operands, n, &err)) {
        code = program_error(p, &err);
    } else {
        code = run_all(&r);
        if (code != EXIT_BROKEN && args->attendance && write_attendance(&f, &err))
            code = say_error(&err);
        code = match_exit_code(code, r.done, f.matches);
    }
    run_close(&r);
    for (size_t i = 0; f.presence && i < f.size.subjects; i++)
        free(f.presence[i].src);
    free(f.presence);
    fc_table_free(f.t);
    free(model);
    return code;
}
