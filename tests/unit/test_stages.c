/* Stages, the loop around them, and the contracts of embeddings, on the sample photos. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/registry.h"
#include "facecheck.h"
#include "pipeline/record.h"

static fc_models *models;
static const fc_face_options faces = FC_FACE_OPTIONS_DEFAULTS;

static int setup(void **state)
{
    char dir[300];

    (void)state;
    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    return fc_models_open(&models, dir, NULL);
}

static int teardown(void **state)
{
    (void)state;
    fc_models_free(models);
    return 0;
}

static char *photo(const char *name)
{
    static char path[4][300];
    static int at;

    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/data/photos/%s", getenv("FC_TESTS"), name);
    return path[at];
}

static fc_stages *stages_upto(fc_stage upto)
{
    const fc_pipeline_plan plan = {
        .upto = upto, .models = models, .detect = &faces, .model = FC_DEFAULT_MODEL};
    fc_stages *s;
    fc_error err;

    assert_int_equal(fc_stages_new(&s, &plan, 1, &err), FC_OK);
    return s;
}

static fc_item *item_of(fc_input_kind kind, const char *path, const char *line, fc_face_choice choice)
{
    fc_input in = {.kind = kind, .path = strdup(path), .line = 7};
    fc_item *it;

    if (line)
        in.data = (fc_bytes){.data = (uint8_t *)strdup(line), .n = strlen(line)};
    assert_int_equal(fc_item_new(&it, &in, choice, NULL), FC_OK);
    return it;
}

static char *text_of(const fc_item *it)
{
    char *text;
    size_t n;

    assert_int_equal(fc_record_text(&it->rec, &text, &n, NULL), FC_OK);
    return text;
}

static void a_photo_gets_faces_and_embeddings(void **state)
{
    fc_stages *s = stages_upto(FC_STAGE_EMBED);
    fc_item *it = item_of(FC_INPUT_PATH, photo("grace_hopper.jpg"), NULL, FC_FACES_ALL);
    const char *contract;
    fc_error err;
    size_t dim;
    float *e;

    (void)state;
    assert_int_equal(fc_stages_run(s, 0, it, &err), FC_OK);
    assert_false(it->failed);
    assert_true(it->looked);
    assert_int_equal(it->found, 1);
    assert_int_equal(fc_item_embedding(it, 0, &contract, &e, &dim, &err), FC_OK);
    assert_string_equal(contract, fc_stages_model(s)->contract);
    assert_int_equal(dim, fc_stages_model(s)->dim);
    assert_false(fc_face_has_crop(fc_record_face(&it->rec, 0)));
    free(e);
    fc_item_free(it);
    fc_stages_free(s);
}

/* Detection alone, then the rest of its record: the same line as all at once. */
static void a_record_goes_on_where_it_stands(void **state)
{
    fc_stages *detect = stages_upto(FC_STAGE_DETECT), *embed = stages_upto(FC_STAGE_EMBED);
    fc_item *first = item_of(FC_INPUT_PATH, photo("astronaut.png"), NULL, FC_FACES_ALL), *second, *whole;
    char *line, *in_two, *at_once;
    fc_error err;

    (void)state;
    assert_int_equal(fc_stages_run(detect, 0, first, &err), FC_OK);
    line = text_of(first);
    second = item_of(FC_INPUT_LINE, "records", line, FC_FACES_ALL);
    whole = item_of(FC_INPUT_PATH, photo("astronaut.png"), NULL, FC_FACES_ALL);
    assert_int_equal(fc_stages_run(embed, 0, second, &err), FC_OK);
    assert_int_equal(fc_stages_run(embed, 0, whole, &err), FC_OK);
    assert_false(second->looked);
    in_two = text_of(second);
    at_once = text_of(whole);
    assert_string_equal(in_two, at_once);
    assert_non_null(strstr(in_two, "embedding"));
    free(line);
    free(in_two);
    free(at_once);
    fc_item_free(first);
    fc_item_free(second);
    fc_item_free(whole);
    fc_stages_free(detect);
    fc_stages_free(embed);
}

/* What is wrong with it is its record's error, at this stage. */
static void expect_failed(fc_stages *s, fc_item *it, const char *stage, fc_status status)
{
    fc_error err;

    assert_int_equal(fc_stages_run(s, 0, it, &err), FC_OK);
    assert_true(it->failed && it->failed_here);
    assert_int_equal(it->fault.status, status);
    assert_string_equal(json_string_value(json_object_get(json_object_get(it->rec.json, "error"), "stage")),
                        stage);
    fc_item_free(it);
}

static void a_picture_that_fails_ends_no_run(void **state)
{
    fc_stages *s = stages_upto(FC_STAGE_EMBED);
    fc_item *fault = item_of(FC_INPUT_FAULT, "folder", NULL, FC_FACES_ALL);
    fc_item *none = item_of(FC_INPUT_PATH, photo("640px-IceBlockNearJoekullsarlon.jpg"), NULL, FC_FACES_ALL);
    fc_error err;

    (void)state;
    expect_failed(s, item_of(FC_INPUT_PATH, photo("not-there.jpg"), NULL, FC_FACES_ALL), "decode",
                  FC_EMISSING);
    expect_failed(s, item_of(FC_INPUT_PATH, photo("../../bad/truncated.jpg"), NULL, FC_FACES_ALL), "decode",
                  FC_ETRUNCATED);
    expect_failed(s, item_of(FC_INPUT_PATH, photo("640px-IceBlockNearJoekullsarlon.jpg"), NULL, FC_FACES_ONE),
                  "detect", FC_EFACES);
    fault->in.fault = (fc_error){.status = FC_EEMPTY, .message = "no pictures"};
    expect_failed(s, fault, "input", FC_EEMPTY);

    assert_int_equal(fc_stages_run(s, 0, none, &err), FC_OK); /* no face is no failure */
    assert_false(none->failed);
    assert_int_equal(fc_record_face_count(&none->rec), 0);
    fc_item_free(none);
    fc_stages_free(s);
}

static int embedded;
fc_status __real_fc_embed_several(fc_embed_session *s, const fc_image *const *crop, int n, bool flip,
                                  float *out, size_t ld, fc_error *err);
fc_status __wrap_fc_embed_several(fc_embed_session *s, const fc_image *const *crop, int n, bool flip,
                                  float *out, size_t ld, fc_error *err);
fc_status __wrap_fc_embed_several(fc_embed_session *s, const fc_image *const *crop, int n, bool flip,
                                  float *out, size_t ld, fc_error *err)
{
    embedded += n;
    return __real_fc_embed_several(s, crop, n, flip, out, ld, err);
}

/* Of three faces one takes longer than all may: the others are not embedded. */
static void a_picture_that_is_late_fails_at_the_next_face(void **state)
{
    const fc_face_options hurried = {.faces = FC_FACES_ALL, .seconds = 1e-9};
    const fc_pipeline_plan align = {.upto = FC_STAGE_ALIGN,
                                    .models = models,
                                    .detect = &faces,
                                    .model = FC_DEFAULT_MODEL,
                                    .keep_crops = true},
                           embed = {.upto = FC_STAGE_EMBED,
                                    .models = models,
                                    .detect = &hurried,
                                    .model = FC_DEFAULT_MODEL};
    fc_item *cut = item_of(FC_INPUT_PATH, photo("sample1.jpg"), NULL, FC_FACES_ALL), *it;
    fc_stages *s, *late;
    fc_error err;

    (void)state;
    assert_int_equal(fc_stages_new(&s, &align, 1, &err), FC_OK);
    assert_int_equal(fc_stages_new(&late, &embed, 1, &err), FC_OK);
    assert_int_equal(fc_stages_run(s, 0, cut, &err), FC_OK);
    char *line = text_of(cut);
    it = item_of(FC_INPUT_LINE, "crops", line, FC_FACES_ALL);
    embedded = 0;
    expect_failed(late, it, "embed", FC_ETIMEOUT);
    assert_int_equal(embedded, 1);
    free(line);
    fc_item_free(cut);
    fc_stages_free(s);
    fc_stages_free(late);
}

static void a_broken_record_ends_the_run(void **state)
{
    static const char others[] = "{\"v\":1,\"src\":\"a\",\"faces\":[{\"box\":[0,0,9,9],\"score\":1,"
                                 "\"landmarks\":[[1,1],[2,1],[1,2],[1,3],[2,3]],"
                                 "\"embedding\":{\"model\":\"another:0\",\"f32\":\"AACAPw==\"}}]}";
    fc_stages *s = stages_upto(FC_STAGE_EMBED);
    fc_item *it = item_of(FC_INPUT_LINE, "records", "{\"v\":1,\"faces\":7}", FC_FACES_ALL);
    fc_error err;

    (void)state;
    assert_int_equal(fc_stages_run(s, 0, it, &err), FC_ERECORD);
    assert_non_null(strstr(err.message, "records:7"));
    fc_item_free(it);
    it = item_of(FC_INPUT_LINE, "records", others, FC_FACES_ALL);
    assert_int_equal(fc_stages_run(s, 0, it, &err), FC_ECONTRACT);
    assert_non_null(strstr(err.message, "records:7: faces[0]: an embedding of 'another:0'"));
    fc_item_free(it);
    fc_stages_free(s);
}

/* ---- the loop ---- */

struct seen {
    size_t made, freed, told, n;
    size_t faces[8];
};
static struct seen seen;

static void free_result(void *result)
{
    seen.freed++;
    free(result);
}

static fc_status finish(void *ctx, fc_item *it, fc_error *err)
{
    size_t *result = malloc(sizeof *result);

    (void)ctx;
    (void)err;
    *result = fc_record_face_count(&it->rec);
    it->result = result;
    it->free_result = free_result;
    seen.made++;
    return FC_OK;
}

static fc_status emit(void *ctx, fc_item *it, fc_error *err)
{
    (void)ctx;
    (void)err;
    seen.faces[seen.n++] = *(size_t *)it->result;
    return FC_OK;
}

static void tell(void *ctx, const char *message)
{
    (void)ctx;
    assert_non_null(strstr(message, "not-there.jpg"));
    seen.told++;
}

static void run_over_four(fc_run *r)
{
    char *operands[] = {photo("grace_hopper.jpg"), photo("not-there.jpg"),
                        photo("640px-IceBlockNearJoekullsarlon.jpg"), photo("astronaut.png")};
    const fc_source_options o = {0};
    const fc_teller teller = {.tell = tell};
    fc_stages *s = stages_upto(FC_STAGE_DETECT);
    fc_error err;

    seen = (struct seen){0};
    r->stages = s;
    r->workers = 1;
    r->finish = finish;
    r->emit = emit;
    r->teller = &teller;
    assert_int_equal(fc_source_open(&r->in, &o, operands, 4, &err), FC_OK);
    assert_int_equal(fc_run_all(r, &err), FC_OK);
    assert_int_equal(seen.freed, seen.made);
    fc_source_close(r->in);
    fc_stages_free(s);
}

static void results_come_in_the_order_of_inputs(void **state)
{
    static const size_t want[] = {1, 0, 0, 1};
    fc_run r = {.choice = FC_FACES_ALL};

    (void)state;
    run_over_four(&r);
    assert_int_equal(r.done, 4);
    assert_int_equal(r.failed, 1);
    assert_int_equal(seen.told, 1);
    assert_false(r.stopped);
    assert_memory_equal(seen.faces, want, sizeof want);
}

static void fail_fast_stops_at_the_first_that_failed(void **state)
{
    fc_run r = {.choice = FC_FACES_ALL, .fail_fast = true};

    (void)state;
    run_over_four(&r);
    assert_true(r.stopped);
    assert_int_equal(r.done, 2);
    assert_int_equal(seen.n, 2);
}

/* ---- contracts ---- */

static void a_contract_names_its_model(void **state)
{
    const fc_model *m = fc_models_find(models, FC_DEFAULT_MODEL);
    char contract[256], *name;
    fc_error err;
    double t;

    (void)state;
    for (int mirrored = 0; mirrored < 2; mirrored++) {
        bool flip = !mirrored;
        assert_int_equal(
            fc_model_contract_in(contract, sizeof contract, m, mirrored, FC_PRECISION_FP32, &err), FC_OK);
        assert_int_equal(fc_contract_model(models, contract, FC_PRECISION_FP32, &name, &flip, &err), FC_OK);
        assert_string_equal(name, FC_DEFAULT_MODEL);
        assert_int_equal(flip, mirrored);
        free(name);
    }
    assert_int_equal(fc_contract_threshold(&t, contract, models, &err), FC_OK);
    assert_true(t == m->threshold);
}

static void an_unknown_contract_has_no_threshold(void **state)
{
    bool flip = true;
    fc_error err;
    char *name;
    double t;

    (void)state;
    assert_int_equal(fc_contract_model(models, "nobody:00", FC_PRECISION_FP32, &name, &flip, &err), FC_OK);
    assert_string_equal(name, "nobody");
    assert_true(flip); /* as it was */
    free(name);
    assert_int_equal(fc_contract_threshold(&t, "nobody:00", models, &err), FC_OK);
    assert_true(isnan(t));
    assert_int_equal(fc_contract_model(models, "no colon", FC_PRECISION_FP32, &name, &flip, &err), FC_OK);
    assert_null(name);
    assert_int_equal(fc_contract_threshold(&t, "no colon", models, &err), FC_OK);
    assert_true(isnan(t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_gets_faces_and_embeddings),
        cmocka_unit_test(a_record_goes_on_where_it_stands),
        cmocka_unit_test(a_picture_that_fails_ends_no_run),
        cmocka_unit_test(a_picture_that_is_late_fails_at_the_next_face),
        cmocka_unit_test(a_broken_record_ends_the_run),
        cmocka_unit_test(results_come_in_the_order_of_inputs),
        cmocka_unit_test(fail_fast_stops_at_the_first_that_failed),
        cmocka_unit_test(a_contract_names_its_model),
        cmocka_unit_test(an_unknown_contract_has_no_threshold),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
