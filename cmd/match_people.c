/* Who of a gallery is it? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "match.h"
#include "match/assign.h"
#include "match/decide.h"
#include "match/index.h"
#include "match/search.h"
#include "output.h"
#include "say.h"

static const char header[] = "probe\tface\tid\trank\tcandidate\tsimilarity\tmatch\tthreshold\tfuse\tmodel"
                             "\tprobe_score\tx\ty\tw\th\n";

/* A person's attendance. */
struct presence {
    size_t pictures;
    double similarity; /* the greatest */
    char *src;         /* the picture of it, escaped; owned */
};

struct finder {
    const struct match_args *args;
    fc_table *t;
    fc_table_size size;
    char contract[200];
    double threshold;
    struct presence *presence; /* [size.subjects], with --attendance */
    size_t matches;
};

/* What a face's record carries from the worker to the line: "found", a list of [subject, sample, similarity], and
 * "is", the index in it of who it is, or -1. */

/* ---- finding, on any thread ---- */

/* Each face the first of its candidates that is similar enough. */
static void choose_first(const struct finder *f, const fc_hit *hits, const size_t *found, size_t n, size_t k,
                         size_t *is)
{
    for (size_t i = 0; i < n; i++)
        is[i] = found[i] && fc_accepts(hits[i * k].score, f->threshold) ? 0 : FC_ASSIGN_NONE;
}

static int by_value(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* Nobody twice: what counts is by how much a similarity is above the threshold. */
static fc_status choose_unique(const struct finder *f, const fc_hit *hits, const size_t *found, size_t n,
                               size_t k, size_t *is, fc_error *err)
{
    size_t *subject = calloc(n * k + 1, sizeof *subject), count = 0, columns = 0, *column;
    double *weight = NULL;
    fc_status s = FC_OK;

    column = calloc(n + 1, sizeof *column);
    if (!subject || !column) {
        s = fc_fail_nomem(err, n * k * sizeof *subject);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < found[i]; c++)
            subject[count++] = hits[i * k + c].subject;
    qsort(subject, count, sizeof *subject, by_value);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || subject[i] != subject[columns - 1])
            subject[columns++] = subject[i];
    weight = calloc(n * columns + 1, sizeof *weight);
    if (!weight) {
        s = fc_fail_nomem(err, n * columns * sizeof *weight);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < found[i]; c++) {
            const fc_hit *h = &hits[i * k + c];
            const size_t *at = bsearch(&h->subject, subject, columns, sizeof *subject, by_value);
            if (h->score >= f->threshold) /* at the threshold counts, too */
                weight[i * columns + (size_t)(at - subject)] = h->score - f->threshold + 1e-9;
        }
    }
    s = fc_assign(weight, n, columns, column, err);
    for (size_t i = 0; !s && i < n; i++) {
        is[i] = FC_ASSIGN_NONE;
        for (size_t c = 0; column[i] != FC_ASSIGN_NONE && c < found[i]; c++)
            if (hits[i * k + c].subject == subject[column[i]])
                is[i] = c;
    }
out:
    free(subject);
    free(column);
    free(weight);
    return s;
}

static fc_status keep(const item *it, size_t face, const fc_hit *hits, size_t found, size_t is, fc_error *err)
{
    json_t *f = fc_record_face(&it->rec, face), *list = json_array();
    int bad = 0;

    for (size_t i = 0; i < found; i++)
        bad |= json_array_append_new(list, json_pack("[I,I,f]", (json_int_t)hits[i].subject,
                                                     (json_int_t)hits[i].sample, hits[i].score));
    bad |= json_object_set_new(f, "found", list);
    bad |= json_object_set_new(f, "is", json_integer(is == FC_ASSIGN_NONE ? -1 : (json_int_t)is));
    return bad ? fc_fail_nomem(err, found * sizeof *hits) : FC_OK;
}

static fc_status find(void *ctx, item *it, fc_error *err)
{
    const struct finder *f = ctx;
    const double start = match_now_ms();
    size_t n, k = (size_t)f->args->candidates, *found = NULL, *is = NULL;
    float *queries = NULL;
    fc_hit *hits = NULL;
    fc_status s = FC_OK;

    if (it->failed || fc_record_face_count(&it->rec) == 0)
        return FC_OK;
    s = match_vectors(it, f->size.dim, &queries, &n, err);
    if (s)
        return s;
    if (f->args->unique && k < n) /* with as many to choose from as there are faces, nobody misses anything */
        k = n < FC_SEARCH_MAX_K ? n : FC_SEARCH_MAX_K;
    hits = calloc(n * k, sizeof *hits);
    found = calloc(n, sizeof *found);
    is = calloc(n, sizeof *is);
    if (!hits || !found || !is)
        s = fc_fail_nomem(err, n * k * sizeof *hits);
    if (!s && f->size.rows)
        s = fc_search(f->t, queries, n, &(fc_search_options){.k = k, .fuse = (fc_fuse)f->args->fuse}, hits,
                      found, err);
    for (size_t i = 0; !s && i < n * k; i++)
        hits[i].score = fc_decimal(hits[i].score);
    if (!s && f->args->unique)
        s = choose_unique(f, hits, found, n, k, is, err);
    else if (!s)
        choose_first(f, hits, found, n, k, is);
    for (size_t i = 0; !s && i < n; i++)
        s = keep(it, i, hits + i * k, found[i], is[i], err);
    if (!s && !f->args->no_timings)
        fc_record_add_ms(&it->rec, "match", match_now_ms() - start);
    free(queries);
    free(hits);
    free(found);
    free(is);
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

static fc_status write_json(const struct finder *f, const item *it, size_t i, const struct candidate *is,
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
    json_object_set_new(o, "fuse", json_string(match_fuses[f->args->fuse]));
    json_object_set_new(o, "candidates", list);
    match_end_line(o, f->args, it, i);
    if (!s)
        return match_write_line(o, err);
    json_decref(o);
    return s;
}

static void put_row(const struct finder *f, const item *it, size_t i, const char *probe, const char *id,
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
    put_text(match_fuses[f->args->fuse]);
    put_shown(json_string_value(json_object_get(json_object_get(face, "embedding"), "model")));
    match_put_score(match_score_of(it->rec.json, i));
    for (size_t k = 0; k < 4; k++)
        match_put_score(json_array_get(box, k));
    putchar('\n');
}

static fc_status write_tsv(const struct finder *f, const item *it, size_t i, const struct candidate *is,
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

static fc_status note_presence(struct finder *f, const item *it, const struct candidate *is, fc_error *err)
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
static void count_picture(struct finder *f, const item *it, size_t face, size_t subject)
{
    for (size_t i = 0; i < face; i++) {
        const json_t *earlier = fc_record_face(&it->rec, i);
        const json_int_t is = json_integer_value(json_object_get(earlier, "is"));
        const json_t *one = is < 0 ? NULL : json_array_get(json_object_get(earlier, "found"), (size_t)is);
        if (one && (size_t)json_integer_value(json_array_get(one, 0)) == subject)
            return;
    }
    f->presence[subject].pictures++;
}

static fc_status emit_face(struct finder *f, const item *it, size_t i, fc_error *err)
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
    count_picture(f, it, i, is.subject);
    return note_presence(f, it, &is, err);
}

static fc_status emit(void *ctx, item *it, fc_error *err)
{
    struct finder *f = ctx;
    bool done;
    fc_status s = match_no_faces(f->args, it, &done, err);

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
        f->size.dim = (size_t)stages_model(r->stages)->dim;
    f->threshold =
        fc_decimal(isnan(f->args->threshold) ? stages_model(r->stages)->threshold : f->args->threshold);
    if (isnan(f->threshold))
        return fc_fail(err, FC_EUSAGE, "the model states no threshold; give one with --threshold");
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
        if (code == EXIT_DONE && f.matches == 0)
            code = EXIT_NO;
    }
    run_close(&r);
    for (size_t i = 0; f.presence && i < f.size.subjects; i++)
        free(f.presence[i].src);
    free(f.presence);
    fc_table_free(f.t);
    free(model);
    return code;
}
