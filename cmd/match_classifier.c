/* Who is it, says a classifier. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"
#include "facecheck.h"
#include "pipeline/record.h"
#include "items.h"
#include "match.h"
#include "output.h"
#include "say.h"

static const char header[] = "probe\tface\tid\tmatch\tnearest\tscore\tvotes\tk\tsimilarity\tthreshold\tmodel"
                             "\tprobe_score\tx\ty\tw\th" FRAME_COLUMNS "\n";

struct classifier {
    struct match_args own; /* what the classifier decides filled in */
    const struct match_args *args;
    char *file; /* of its model, if it has one: with a slash, so that it is no model's name; owned */
    fc_classifier *c;
    const fc_classifier_facts *facts;
    double threshold;
    size_t matches;
};

/* On any thread. The item's result: a fc_prediction for each face. */
static fc_status classify(void *ctx, fc_item *it, fc_error *err)
{
    const struct classifier *c = ctx;
    const double start = fc_now_ms();
    float *queries = NULL;
    fc_prediction *answers = NULL;
    size_t n;
    fc_status s;

    if (it->failed || fc_record_face_count(&it->rec) == 0)
        return FC_OK;
    s = answer_vectors(it, c->facts->dim, &queries, &n, err);
    if (s)
        return s;
    answers = calloc(n, sizeof *answers);
    it->result = answers;
    it->free_result = free;
    s = answers ? fc_classifier_predict(c->c, queries, n, answers, err)
                : fc_fail_nomem(err, n * sizeof *answers);
    if (!s && !c->args->no_timings)
        s = fc_record_add_ms(&it->rec, "match", fc_now_ms() - start, err);
    free(queries);
    return s;
}

static fc_status write_json(const struct classifier *c, const fc_item *it, size_t i, const fc_prediction *a,
                            bool match, fc_error *err)
{
    json_t *o = answer_begin(it, i), *name = json_stringn(a->name, a->length);

    json_object_set_new(o, "match", json_boolean(match));
    json_object_set_new(o, "id", match ? json_incref(name) : json_string("unknown"));
    json_object_set_new(o, "nearest", name);
    json_object_set_new(o, "score", json_real(a->score));
    if (c->facts->voters) {
        json_object_set_new(o, "votes", json_integer(a->votes));
        json_object_set_new(o, "k", json_integer(c->facts->voters));
    }
    if (!isnan(a->similarity))
        json_object_set_new(o, "similarity", json_real(a->similarity));
    json_object_set_new(o, "threshold", json_real(c->threshold));
    answer_end(o, !c->args->no_timings, it, i);
    return match_write_line(c->args, it, o, err);
}

static fc_status write_tsv(const struct classifier *c, const fc_item *it, size_t i, const fc_prediction *a,
                           bool match, fc_error *err)
{
    const json_t *face = fc_record_face(&it->rec, i), *box = json_object_get(face, "box");
    char *probe = fc_record_display_path(&it->rec);

    if (!probe)
        return fc_fail_nomem(err, 0);
    printf("%s\t%zu\t", probe, i);
    fc_text_put(stdout, match ? a->name : "unknown", match ? a->length : 7);
    printf("\t%s\t", match ? "true" : "false");
    fc_text_put(stdout, a->name, a->length);
    put_number(a->score);
    if (c->facts->voters)
        printf("\t%d\t%d", a->votes, c->facts->voters);
    else
        fputs("\t\t", stdout);
    put_number(a->similarity);
    put_number(c->threshold);
    put_shown(json_string_value(json_object_get(json_object_get(face, "embedding"), "model")));
    match_put_score(answer_score_of(it->rec.json, i));
    for (size_t k = 0; k < 4; k++)
        match_put_score(json_array_get(box, k));
    put_frame(&it->rec);
    putchar('\n');
    free(probe);
    return FC_OK;
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct classifier *c = ctx;
    const fc_prediction *answers = it->result;
    bool done;
    fc_status s = match_no_faces(c->args, it, &done, err);

    for (size_t i = 0; !s && !done && i < fc_record_face_count(&it->rec); i++) {
        const bool match = fc_accepts(answers[i].score, c->threshold);
        c->matches += match;
        s = (c->args->format == MATCH_TSV ? write_tsv : write_json)(c, it, i, &answers[i], match, err);
    }
    return s;
}

static fc_status prepare(struct classifier *c, run *r, char **model, char **operands, int n, fc_error *err)
{
    const char *path = c->own.knn ? c->own.knn : c->own.classify;
    fc_status s = fc_classifier_load(&c->c, path, err);

    if (!s && c->own.classify) {
        c->own.model = c->file = strchr(path, '/') ? strdup(path) : fc_folder_join(".", path);
        s = c->file ? FC_OK : fc_fail_nomem(err, strlen(path) + 1);
    }
    if (s)
        return s;
    c->facts = fc_classifier_get_facts(c->c);
    s = match_open_run(r, c->args, c->facts->contract, path, model, operands, n, err);
    if (s)
        return s;
    c->threshold = fc_decimal(isnan(c->args->threshold) ? c->facts->threshold : c->args->threshold);
    return match_begin(c->args, header, err);
}

int match_classifier(const program *p, const struct match_args *args, char **operands, int n)
{
    struct classifier c = {.own = *args, .args = &c.own};
    run r = {.args = &args->common, .finish = classify, .emit = emit, .ctx = &c};
    char *model = NULL;
    fc_error err;
    int code;

    if (prepare(&c, &r, &model, operands, n, &err)) {
        code = program_error(p, &err);
    } else {
        code = run_all(&r);
        code = match_end(args, match_exit_code(code, r.done, c.matches));
    }
    run_close(&r);
    fc_classifier_free(c.c);
    free(c.file);
    free(model);
    return code;
}
