/* Who of a gallery is it? */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "match.h"
#include "facecheck.h"
#include "match/fuse_names.h"
#include "pipeline/record.h"
#include "output.h"
#include "say.h"

static const char header[] = "probe\tface\tid\trank\tcandidate\tsimilarity\tmatch\tthreshold\tfuse\tmodel"
                             "\tprobe_score\tx\ty\tw\th";

/* A person's attendance. */
struct presence {
    size_t pictures, last; /* last: the number of the last of them */
    double similarity;     /* the greatest */
    char *src;             /* the picture of it, escaped; owned */
};

/* What a worker finds: who the faces look like, and who they are. */
struct found {
    fc_identity *who;      /* [faces], owned */
    fc_decision *decision; /* [faces], owned */
};

struct finder {
    const struct match_args *args;
    fc_head *head; /* NULL: the gallery alone decides; owned, as what it decides by */
    fc_two_stage *stages;
    fc_table *t;
    fc_table_size size;
    char contract[200];
    fc_identify_options how;
    fc_calibration *calibration; /* NULL: there is none */
    uint64_t photos;             /* counted where the user chose no threshold */
    fc_threshold chosen;         /* threshold NAN: the user chose it */
    struct presence *presence;   /* [size.subjects], with --attendance */
    size_t matches, pictures;
};

static void free_found(void *result)
{
    struct found *found = result;

    if (!found)
        return;
    free(found->who);
    free(found->decision);
    free(found);
}

/* On any thread. The item's result is a struct found. */
static fc_status find(void *ctx, fc_item *it, fc_error *err)
{
    const struct finder *f = ctx;
    const double start = fc_now_ms();
    struct found *found;
    float *queries;
    size_t n;
    fc_status s;

    if (it->failed || fc_record_face_count(&it->rec) == 0)
        return FC_OK;
    s = match_vectors(it, f->size.dim, &queries, &n, err);
    if (s)
        return s;
    it->result = found = calloc(1, sizeof *found);
    it->free_result = free_found;
    if (!found || !(found->decision = calloc(n, sizeof *found->decision)))
        s = fc_fail_nomem(err, n * sizeof *found->decision);
    if (!s)
        s = fc_identify(&found->who, f->t, queries, n, &f->how, err);
    if (!s)
        s = fc_decide(f->stages, found->who, queries, n, found->decision, err);
    free(queries);
    if (s)
        return s;
    return f->args->no_timings ? FC_OK : fc_record_add_ms(&it->rec, "match", fc_now_ms() - start, err);
}

/* ---- lines, in order ---- */

/* A subject's name; empty where the table is damaged, which *s says. */
static fc_table_subject subject_of(const struct finder *f, const fc_candidate *c, fc_status *s, fc_error *err)
{
    fc_table_subject who = {0};

    if (!*s)
        *s = fc_table_get_subject(f->t, c->subject, &who, err);
    return who;
}

static json_t *name_of(const fc_table_subject *who)
{
    return json_stringn(who->name, who->length);
}

static json_t *list_candidates(const struct finder *f, const fc_identity *who, fc_status *s, fc_error *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < who->n; i++) {
        const fc_candidate *c = &who->candidate[i];
        const fc_table_subject person = subject_of(f, c, s, err);
        json_array_append_new(list,
                              json_pack("{s:o,s:f,s:b,s:I}", "id", name_of(&person), "similarity",
                                        c->similarity, "match", c->match, "sample", (json_int_t)c->sample));
    }
    return list;
}

/* What the head says; null where it was not asked. */
static json_t *head_of(const struct finder *f, const fc_decision *d)
{
    if (!d->asked)
        return json_null();
    return json_pack("{s:s,s:s,s:f,s:b}", "type", fc_head_type_name(fc_head_get_facts(f->head)->type), "id",
                     d->head.name, "score", d->head.score, "stranger", d->head.background);
}

/* is: NULL: nobody known */
static fc_status write_json(const struct finder *f, const fc_item *it, size_t i, const struct found *found,
                            const fc_table_subject *is, fc_error *err)
{
    const fc_identity *who = &found->who[i];
    fc_status s = FC_OK;
    json_t *o = match_new_line(it, i), *list = list_candidates(f, who, &s, err);
    const fc_candidate *nearest = who->is ? who->is : who->n ? who->candidate : NULL;

    json_object_set_new(o, "match", json_boolean(is));
    json_object_set_new(o, "id", is ? name_of(is) : json_string("unknown"));
    json_object_set_new(o, "similarity", nearest ? json_real(nearest->similarity) : json_null());
    json_object_set_new(o, "threshold", json_real(f->how.threshold));
    if (!isnan(f->chosen.threshold)) {
        json_object_set_new(o, "threshold_by", json_string(match_threshold_by(&f->chosen)));
        json_object_set_new(o, "fpir", json_real(f->chosen.fpir));
    }
    json_object_set_new(o, "fuse", json_string(fc_fuse_names[f->how.fuse]));
    json_object_set_new(o, "candidates", list);
    if (f->head)
        json_object_set_new(o, "head", head_of(f, &found->decision[i]));
    match_end_line(o, f->args, it, i);
    if (!s)
        return match_write_line(o, err);
    json_decref(o);
    return s;
}

/* c: the candidate of that rank, who is called person; NULL: there is none. */
static void put_row(const struct finder *f, const fc_item *it, size_t i, const char *probe,
                    const fc_table_subject *is, size_t rank, const fc_candidate *c,
                    const fc_table_subject *person, const fc_decision *d)
{
    const json_t *face = fc_record_face(&it->rec, i), *box = json_object_get(face, "box");

    printf("%s\t%zu\t", probe, i);
    fc_text_put(stdout, is->name, is->length);
    if (c)
        printf("\t%zu\t", rank);
    else
        fputs("\t\t", stdout);
    if (c)
        fc_text_put(stdout, person->name, person->length);
    put_number(c ? c->similarity : NAN);
    put_text(c && c->match ? "true" : "false");
    put_number(f->how.threshold);
    put_text(fc_fuse_names[f->how.fuse]);
    put_shown(json_string_value(json_object_get(json_object_get(face, "embedding"), "model")));
    match_put_score(match_score_of(it->rec.json, i));
    for (size_t k = 0; k < 4; k++)
        match_put_score(json_array_get(box, k));
    if (f->head) {
        put_shown(d->asked ? d->head.name : "");
        put_number(d->asked ? d->head.score : NAN);
    }
    putchar('\n');
}

static fc_status write_tsv(const struct finder *f, const fc_item *it, size_t i, const struct found *found,
                           const fc_table_subject *is, fc_error *err)
{
    static const fc_table_subject unknown = {.name = "unknown", .length = 7};
    const fc_identity *who = &found->who[i];
    char *probe = fc_record_display_path(&it->rec);
    fc_status s = probe ? FC_OK : fc_fail_nomem(err, 0);

    if (!is)
        is = &unknown;
    if (!s && who->n == 0)
        put_row(f, it, i, probe, is, 0, NULL, NULL, &found->decision[i]);
    for (size_t k = 0; !s && k < who->n; k++) {
        const fc_table_subject person = subject_of(f, &who->candidate[k], &s, err);
        if (!s)
            put_row(f, it, i, probe, is, k + 1, &who->candidate[k], &person, &found->decision[i]);
    }
    free(probe);
    return s;
}

static fc_status note_presence(struct finder *f, const fc_item *it, size_t subject, double similarity,
                               fc_error *err)
{
    struct presence *p = &f->presence[subject];
    char *src;

    if (p->src && similarity <= p->similarity)
        return FC_OK;
    src = fc_record_display_path(&it->rec);
    if (!src)
        return fc_fail_nomem(err, 0);
    free(p->src);
    p->src = src;
    p->similarity = similarity;
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
    const struct found *found = it->result;
    const size_t subject = found->decision[i].subject;
    const bool known = subject != SIZE_MAX;
    fc_table_subject is = {0};
    fc_status s = known ? fc_table_get_subject(f->t, subject, &is, err) : FC_OK;

    f->matches += known;
    if (s)
        return s;
    if (!f->args->attendance)
        return (f->args->format == MATCH_TSV ? write_tsv : write_json)(f, it, i, found, known ? &is : NULL,
                                                                       err);
    if (!known)
        return FC_OK;
    count_picture(f, subject);
    return note_presence(f, it, subject, found->who[i].is->similarity, err);
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

static fc_status open_head(struct finder *f, const fc_gallery_info *info, fc_error *err)
{
    char state[2 * sizeof info->samples_state + 1];
    fc_status s = fc_head_load(&f->head, f->args->head, err);

    if (!s)
        s = fc_two_stage_new(&f->stages, f->head, f->t, info->contract, err);
    if (s)
        return s;
    sodium_bin2hex(state, sizeof state, info->samples_state, sizeof info->samples_state);
    if (!fc_two_stage_is_current(f->stages, state) && !f->args->common.run.quiet)
        say("warning: %s: not trained on the gallery as it is now (fc-head-train --update)", f->args->head);
    return FC_OK;
}

static fc_status open_gallery(struct finder *f, fc_error *err)
{
    fc_gallery *g;
    fc_table_label label;
    fc_gallery_info info;
    fc_status s = gallery_open(&g, &f->args->gallery, FC_GALLERY_READ, false, err);

    if (!s)
        s = fc_gallery_get_info(g, &info, err);
    if (!s)
        s = fc_gallery_get_calibration(g, &f->calibration, err);
    if (!s && isnan(f->args->threshold))
        s = fc_gallery_count_photos(g, &f->photos, err);
    if (!s)
        s = fc_index_open(g, &f->t, &label, NULL, err);
    fc_gallery_free(g); /* the table is all else there is to know */
    if (s)
        return s;
    f->size = fc_table_get_size(f->t);
    strcpy(f->contract, label.contract);
    if (f->args->head && (s = open_head(f, &info, err)))
        return s;
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
    f->chosen.threshold = NAN;
    f->how.threshold = fc_decimal(f->args->threshold);
    if (isnan(f->how.threshold)) {
        s = match_choose_threshold(&f->chosen, f->args, f->calibration, fc_stages_model(r->stages),
                                   f->size.subjects, f->photos, err);
        f->how.threshold = f->chosen.threshold;
    }
    if (s)
        return s;
    if (f->args->format == MATCH_TSV && !f->args->attendance)
        printf("%s%s\n", header, f->head ? "\thead\thead_score" : "");
    return FC_OK;
}

int match_people(const program *p, const struct match_args *args, char **operands, int n)
{
    struct finder f = {
        .args = args,
        .how = {.candidates = (size_t)args->candidates, .fuse = (fc_fuse)args->fuse, .unique = args->unique}};
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
    fc_two_stage_free(f.stages);
    fc_head_free(f.head);
    fc_table_free(f.t);
    free(f.calibration);
    free(model);
    return code;
}
