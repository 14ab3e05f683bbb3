/* Who is it, says a classifier. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "match.h"
#include "classify/knn.h"
#include "output.h"
#include "say.h"

static const char header[] = "probe\tface\tid\tmatch\tnearest\tscore\tvotes\tk\tsimilarity\tthreshold\tmodel"
                             "\tprobe_score\tx\ty\tw\th\n";

struct classifier {
    const struct match_args *args;
    fc_knn *knn;
    double threshold;
    size_t matches;
};

/* What a face's record carries from the worker to the line: "answer", [subject, score, votes, nearest]. */

static fc_status classify(void *ctx, fc_item *it, fc_error *err)
{
    const struct classifier *c = ctx;
    const double start = fc_now_ms();
    float *queries = NULL;
    fc_knn_answer *answers = NULL;
    size_t n;
    fc_status s;

    if (it->failed || fc_record_face_count(&it->rec) == 0)
        return FC_OK;
    s = match_vectors(it, fc_table_get_size(fc_knn_table(c->knn)).dim, &queries, &n, err);
    if (s)
        return s;
    answers = calloc(n, sizeof *answers);
    s = answers ? fc_knn_predict(c->knn, queries, n, answers, err) : fc_fail_nomem(err, n * sizeof *answers);
    for (size_t i = 0; !s && i < n; i++) {
        const fc_knn_answer *a = &answers[i];
        json_t *kept = json_pack("[I,f,i,f]", (json_int_t)a->subject, a->score, a->votes, a->nearest);
        if (json_object_set_new(fc_record_face(&it->rec, i), "answer", kept))
            s = fc_fail_nomem(err, 0);
    }
    if (!s && !c->args->no_timings)
        s = fc_record_add_ms(&it->rec, "match", fc_now_ms() - start, err);
    free(queries);
    free(answers);
    return s;
}

struct answer {
    fc_table_subject who;
    double score, nearest;
    int votes;
    bool match;
};

static fc_status get_answer(const struct classifier *c, const json_t *face, struct answer *a, fc_error *err)
{
    const json_t *kept = json_object_get(face, "answer");

    a->score = json_real_value(json_array_get(kept, 1));
    a->votes = (int)json_integer_value(json_array_get(kept, 2));
    a->nearest = json_real_value(json_array_get(kept, 3));
    a->match = fc_accepts(a->score, c->threshold);
    return fc_table_get_subject(fc_knn_table(c->knn), (size_t)json_integer_value(json_array_get(kept, 0)),
                                &a->who, err);
}

static fc_status write_json(const struct classifier *c, const fc_item *it, size_t i, const struct answer *a,
                            fc_error *err)
{
    json_t *o = match_new_line(it, i), *name = json_stringn(a->who.name, a->who.length);

    json_object_set_new(o, "match", json_boolean(a->match));
    json_object_set_new(o, "id", a->match ? json_incref(name) : json_string("unknown"));
    json_object_set_new(o, "nearest", name);
    json_object_set_new(o, "score", json_real(a->score));
    json_object_set_new(o, "votes", json_integer(a->votes));
    json_object_set_new(o, "k", json_integer(fc_knn_get_settings(c->knn)->k));
    json_object_set_new(o, "similarity", json_real(a->nearest));
    json_object_set_new(o, "threshold", json_real(c->threshold));
    match_end_line(o, c->args, it, i);
    return match_write_line(o, err);
}

static fc_status write_tsv(const struct classifier *c, const fc_item *it, size_t i, const struct answer *a,
                           fc_error *err)
{
    const json_t *face = fc_record_face(&it->rec, i), *box = json_object_get(face, "box");
    char *probe = fc_record_display_path(&it->rec);

    if (!probe)
        return fc_fail_nomem(err, 0);
    printf("%s\t%zu\t", probe, i);
    fc_text_put(stdout, a->match ? a->who.name : "unknown", a->match ? a->who.length : 7);
    printf("\t%s\t", a->match ? "true" : "false");
    fc_text_put(stdout, a->who.name, a->who.length);
    put_number(a->score);
    printf("\t%d\t%d", a->votes, fc_knn_get_settings(c->knn)->k);
    put_number(a->nearest);
    put_number(c->threshold);
    put_shown(json_string_value(json_object_get(json_object_get(face, "embedding"), "model")));
    match_put_score(match_score_of(it->rec.json, i));
    for (size_t k = 0; k < 4; k++)
        match_put_score(json_array_get(box, k));
    putchar('\n');
    free(probe);
    return FC_OK;
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    struct classifier *c = ctx;
    bool done;
    fc_status s = match_no_faces(c->args, it, &done, err);

    for (size_t i = 0; !s && !done && i < fc_record_face_count(&it->rec); i++) {
        struct answer a;
        s = get_answer(c, fc_record_face(&it->rec, i), &a, err);
        if (!s) {
            c->matches += a.match;
            s = (c->args->format == MATCH_TSV ? write_tsv : write_json)(c, it, i, &a, err);
        }
    }
    return s;
}

static fc_status prepare(struct classifier *c, run *r, char **model, char **operands, int n, fc_error *err)
{
    fc_status s = fc_knn_load(&c->knn, c->args->knn, err);

    if (!s)
        s = match_open_run(r, c->args, fc_knn_contract(c->knn), c->args->knn, model, operands, n, err);
    if (s)
        return s;
    c->threshold =
        fc_decimal(isnan(c->args->threshold) ? fc_knn_get_measured(c->knn)->threshold : c->args->threshold);
    if (c->args->format == MATCH_TSV)
        fputs(header, stdout);
    return FC_OK;
}

int match_knn(const program *p, const struct match_args *args, char **operands, int n)
{
    struct classifier c = {.args = args};
    run r = {.args = &args->common, .finish = classify, .emit = emit, .ctx = &c};
    char *model = NULL;
    fc_error err;
    int code;

    if (prepare(&c, &r, &model, operands, n, &err)) {
        code = program_error(p, &err);
    } else {
        code = run_all(&r);
        code = match_exit_code(code, r.done, c.matches);
    }
    run_close(&r);
    fc_knn_free(c.knn);
    free(model);
    return code;
}
