/* Templates of the sample photos, and their cache. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facecheck.h"
#include "pipeline/cache.h"
#include "pipeline/record.h"

enum { N = 4 };
static fc_models *models;
static fc_stages *stages;
static char path[N][300], *paths[N], folder[64];
static size_t told, progressed;

static int setup(void **state)
{
    static const char *const names[N] = {"data/photos/grace_hopper.jpg", "data/photos/not-there.jpg",
                                         "data/photos/640px-IceBlockNearJoekullsarlon.jpg",
                                         "data/photos/astronaut.png"};
    static const fc_face_options faces = FC_FACE_OPTIONS_DEFAULTS;
    char dir[300];

    (void)state;
    strcpy(folder, "/tmp/test_templates.XXXXXX");
    snprintf(dir, sizeof dir, "%s/../models", getenv("FC_TESTS"));
    if (!mkdtemp(folder) || fc_models_open(&models, dir, NULL))
        return -1;
    for (int i = 0; i < N; i++) {
        snprintf(path[i], sizeof path[i], "%s/%s", getenv("FC_TESTS"), names[i]);
        paths[i] = path[i];
    }
    const fc_pipeline_plan plan = {
        .upto = FC_STAGE_EMBED, .models = models, .detect = &faces, .model = FC_DEFAULT_MODEL};
    return fc_stages_new(&stages, &plan, 1, NULL);
}

static int teardown(void **state)
{
    char command[100];

    (void)state;
    fc_stages_free(stages);
    fc_models_free(models);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void tell(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;
    told++;
}

static void hear(void *ctx, size_t done)
{
    (void)ctx;
    assert_int_equal(done, ++progressed);
}

static fc_template_job job_of(fc_cache *cache)
{
    static const fc_teller teller = {.tell = tell};

    told = progressed = 0;
    return (fc_template_job){.stages = stages,
                             .cache = cache,
                             .path = paths,
                             .n = N,
                             .choice = FC_FACES_BEST,
                             .jobs = 1,
                             .teller = &teller,
                             .progress = hear};
}

static void each_picture_has_a_template_or_a_reason(void **state)
{
    static const fc_template_state want[N] = {FC_TEMPLATE_MADE, FC_TEMPLATE_NOT_DECODED,
                                              FC_TEMPLATE_NOT_DETECTED, FC_TEMPLATE_MADE};
    const fc_template_job job = job_of(NULL);
    fc_templates t;
    fc_error err;

    (void)state;
    assert_int_equal(fc_templates_make(&t, &job, &err), FC_OK);
    assert_int_equal(t.n, N);
    assert_int_equal(t.cached, 0);
    assert_int_equal(told, 1);
    assert_int_equal(progressed, N);
    for (size_t i = 0; i < N; i++) {
        double square = 0;
        for (size_t k = 0; k < t.dim; k++)
            square += (double)t.v[i * t.dim + k] * (double)t.v[i * t.dim + k];
        assert_string_equal(t.image[i].path, paths[i]);
        assert_string_equal(t.image[i].person, "photos");
        assert_int_equal(t.image[i].state, want[i]);
        assert_int_equal(t.image[i].found, want[i] == FC_TEMPLATE_MADE);
        assert_true(fabs(square - (want[i] == FC_TEMPLATE_MADE)) < 1e-5);
        assert_int_equal(t.image[i].message == NULL, want[i] == FC_TEMPLATE_MADE);
    }
    assert_string_equal(t.image[2].message, "no face");
    fc_templates_clear(&t);
}

static void the_cache_gives_the_same(void **state)
{
    char hash[2][FC_SHA256_HEX];
    fc_template_job job;
    fc_templates t[2];
    fc_cache *cache;
    fc_error err;

    (void)state;
    assert_int_equal(fc_cache_open(&cache, folder, "test", 0, &err), FC_OK);
    for (int i = 0; i < 2; i++) {
        job = job_of(cache);
        assert_int_equal(fc_templates_make(&t[i], &job, &err), FC_OK);
        assert_int_equal(t[i].cached, i ? N - 1 : 0); /* what is not there is not kept */
        assert_int_equal(fc_templates_hash(hash[i], &t[i], NULL, &err), FC_OK);
    }
    assert_memory_equal(t[0].v, t[1].v, N * t[0].dim * sizeof *t[0].v);
    assert_string_equal(hash[0], hash[1]);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(t[0].image[i].state, t[1].image[i].state);
        assert_int_equal(t[0].image[i].found, t[1].image[i].found);
        assert_memory_equal(t[0].image[i].face.box, t[1].image[i].face.box, sizeof t[0].image[i].face.box);
    }
    fc_templates_clear(&t[0]);
    fc_templates_clear(&t[1]);
    fc_cache_close(cache);
}

static void fail_fast_ends_it(void **state)
{
    fc_template_job job = job_of(NULL);
    fc_templates t;
    fc_error err;

    (void)state;
    job.fail_fast = true;
    assert_int_equal(fc_templates_make(&t, &job, &err), FC_EIO);
    assert_int_equal(t.n, 0);
    assert_int_equal(progressed, 2);
}

static void all_faces_have_vectors(void **state)
{
    const fc_template_job job = job_of(NULL);
    fc_face_vectors *v;
    fc_error err;

    (void)state;
    assert_int_equal(fc_templates_all_faces(&v, &job, &err), FC_OK);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(v[i].n, i == 0 || i == 3);
    fc_face_vectors_free(v, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_picture_has_a_template_or_a_reason),
        cmocka_unit_test(the_cache_gives_the_same),
        cmocka_unit_test(fail_fast_ends_it),
        cmocka_unit_test(all_faces_have_vectors),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
