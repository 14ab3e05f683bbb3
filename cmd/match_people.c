/* Who of a gallery is it? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "items.h"
#include "match.h"
#include "match_threshold.h"
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

struct finder {
    const struct match_args *args;
    struct people people;
    struct people_how how;
    struct presence *presence; /* [people.size.subjects], with --attendance */
    size_t matches, pictures;
};

static fc_status find(void *ctx, fc_item *it, fc_error *err)
{
    return people_find(&((const struct finder *)ctx)->how, it, err);
}

/* ---- lines, in order ---- */

/* A subject's name; empty where the table is damaged, which *s says. */
static fc_table_subject subject_of(const struct finder *f, const fc_candidate *c, fc_status *s, fc_error *err)
{
    fc_table_subject who = {0};

    if (!*s)
        *s = fc_table_get_subject(f->people.t, c->subject, &who, err);
    return who;
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
    put_number(f->how.identify.threshold);
    put_text(fc_fuse_names[f->how.identify.fuse]);
    put_shown(json_string_value(json_object_get(json_object_get(face, "embedding"), "model")));
    match_put_score(answer_score_of(it->rec.json, i));
    for (size_t k = 0; k < 4; k++)
        match_put_score(json_array_get(box, k));
    if (f->people.head) {
        put_shown(d->asked ? d->head.name : "");
        put_number(d->asked ? d->head.score : NAN);
    }
    put_frame(&it->rec);
    putchar('\n');
}

static fc_status write_json(const struct finder *f, const fc_item *it, size_t i, const fc_table_subject *is,
                            fc_error *err)
{
    json_t *line;
    fc_status s = people_line(&f->how, it, i, is, &line, err);

    return s ? s : match_write_line(f->args, it, line, err);
}

static fc_status write_tsv(const struct finder *f, const fc_item *it, size_t i, const fc_table_subject *is,
                           fc_error *err)
{
    static const fc_table_subject unknown = {.name = "unknown", .length = 7};
    const struct found *found = it->result;
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
    fc_table_subject is = {0};
    bool known;
    fc_status s = people_who(&f->how, it, i, &is, &known, err);

    if (s)
        return s;
    f->matches += known;
    if (!f->args->attendance)
        return (f->args->format == MATCH_TSV ? write_tsv : write_json)(f, it, i, known ? &is : NULL, err);
    if (!known)
        return FC_OK;
    count_picture(f, found->decision[i].subject);
    return note_presence(f, it, found->decision[i].subject, found->who[i].is->similarity, err);
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct finder *f = ctx;
    bool done;
    fc_status s = match_no_faces(f->args, it, &done, err);

    f->pictures += !it->away;
    for (size_t i = 0; !s && !done && i < fc_record_face_count(&it->rec); i++)
        s = emit_face(f, it, i, err);
    return s;
}

static fc_status write_attendance(const struct finder *f, fc_error *err)
{
    fc_status s = FC_OK;

    puts("id\tstatus\tpictures\tsimilarity\tsrc");
    for (size_t i = 0; !s && i < f->people.size.subjects; i++) {
        const struct presence *p = &f->presence[i];
        fc_table_subject who;
        s = fc_table_get_subject(f->people.t, i, &who, err);
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
    const struct match_args *a = f->args;
    bool stale = false;
    fc_gallery *g;
    fc_status s = gallery_open(&g, &a->gallery, FC_GALLERY_READ, false, err);

    if (!s)
        s = people_read(&f->people, g, isnan(a->threshold), err);
    fc_gallery_free(g); /* the table is all else there is to know */
    if (!s && a->head)
        s = people_open_head(&f->people, a->head, &stale, err);
    if (s)
        return s;
    if (stale && !a->common.run.quiet)
        say("warning: %s: not trained on the gallery as it is now (fc-head-train --update)", a->head);
    if (a->attendance)
        f->presence = calloc(f->people.size.subjects + 1, sizeof *f->presence);
    return a->attendance && !f->presence ? fc_fail_nomem(err, f->people.size.subjects * sizeof *f->presence)
                                         : FC_OK;
}

static fc_status prepare(struct finder *f, run *r, char **model, char **operands, int n, fc_error *err)
{
    fc_status s = open_gallery(f, err);

    if (!s)
        s = match_open_run(r, f->args, f->people.contract, f->args->gallery.path, model, operands, n, err);
    if (s)
        return s;
    if (!*f->people.contract) /* nobody is there, but pictures are looked at all the same */
        f->people.size.dim = (size_t)fc_stages_model(r->stages)->dim;
    f->how.chosen.threshold = NAN;
    f->how.identify.threshold = fc_decimal(f->args->threshold);
    if (isnan(f->how.identify.threshold)) {
        const struct threshold_args want = {.fpir = f->args->fpir,
                                            .fuse = (fc_fuse)f->args->fuse,
                                            .people = f->people.size.subjects,
                                            .photos = f->people.photos};
        s = match_choose_threshold(&f->how.chosen, &want, f->people.calibration, fc_stages_model(r->stages),
                                   err);
        f->how.identify.threshold = f->how.chosen.threshold;
    }
    if (s)
        return s;
    if (f->args->attendance)
        return FC_OK;
    s = match_begin(f->args, header, err);
    if (!s && f->args->format == MATCH_TSV)
        puts(f->people.head ? "\thead\thead_score" FRAME_COLUMNS : FRAME_COLUMNS);
    if (!s && *f->args->figures)
        fc_figures_people(*f->args->figures, f->people.size.subjects);
    return s;
}

int match_people(const program *p, const struct match_args *args, char **operands, int n)
{
    struct finder f = {.args = args,
                       .how = {.identify = {.candidates = (size_t)args->candidates,
                                            .fuse = (fc_fuse)args->fuse,
                                            .unique = args->unique},
                               .timings = !args->no_timings}};
    run r = {.args = &args->common, .finish = find, .emit = emit, .ctx = &f};
    char *model = NULL;
    fc_error err;
    int code;

    f.how.people = &f.people;
    if (prepare(&f, &r, &model, operands, n, &err)) {
        code = program_error(p, &err);
    } else {
        code = run_all(&r);
        if (code != EXIT_BROKEN && args->attendance && write_attendance(&f, &err))
            code = say_error(&err);
        code = match_end(args, match_exit_code(code, r.done, f.matches));
    }
    run_close(&r);
    for (size_t i = 0; f.presence && i < f.people.size.subjects; i++)
        free(f.presence[i].src);
    free(f.presence);
    people_clear(&f.people);
    free(model);
    return code;
}
