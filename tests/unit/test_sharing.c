/* What facecheck.h says threads may share, shared, from the first use on. Here wrong answers show; under ThreadSanitizer (the preset
 * tsan), whatever is used by two threads without an order, too. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/grow.h"
#include "classify/head_train.h"
#include "classify/knn_train.h"
#include "facecheck.h"
#include "match/search.h"
#include "nets/nets.h"
#include "nn/plan.h"

enum { THREADS = 4, DIM = 16, PEOPLE = 300, SAMPLES = 4, QUERIES = 20, K = 5 };

static char folder[] = "/tmp/test_sharing.XXXXXX", file[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/file", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(folder);
}

/* do_one, on all threads at the same time. */
struct crew {
    void (*do_one)(void *shared, int thread);
    void *shared;
    pthread_barrier_t start;
};

struct member {
    struct crew *crew;
    int index;
    pthread_t thread;
};

static void *start(void *arg)
{
    struct member *m = arg;

    pthread_barrier_wait(&m->crew->start);
    m->crew->do_one(m->crew->shared, m->index);
    return NULL;
}

static void together(void (*do_one)(void *shared, int thread), void *shared)
{
    struct crew crew = {.do_one = do_one, .shared = shared};
    struct member m[THREADS];

    pthread_barrier_init(&crew.start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        m[i] = (struct member){.crew = &crew, .index = i};
        assert_int_equal(pthread_create(&m[i].thread, NULL, start, &m[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(m[i].thread, NULL);
    pthread_barrier_destroy(&crew.start);
}

/* ---- models, detectors, embedders ---- */

struct networks {
    fc_models *models;
    fc_detector *detector;
    fc_embedder *embedder;
    bool own; /* each thread opens its own */
    float out[THREADS][192];
    bool done[THREADS];
};

static bool embed(const fc_detector *d, const fc_embedder *e, float out[192])
{
    fc_detect_session *ds = NULL;
    fc_embed_session *es = NULL;
    fc_image img = {0}, crop = {0};
    fc_faces faces = {0};
    char path[300];

    snprintf(path, sizeof path, "%s/bad/whole.jpg", getenv("FC_TESTS"));
    const bool done = !fc_detect_session_new(&ds, d, NULL) && !fc_embed_session_new(&es, e, NULL) &&
                      !fc_image_load(&img, path, NULL, NULL) && !fc_detect(ds, &img, NULL, &faces, NULL) &&
                      faces.n == 1 && fc_embedder_dim(e) == 192 &&
                      !fc_align(&crop, &img, &faces.face[0], fc_embedder_alignment(e), NULL) &&
                      !fc_embed(es, &crop, false, out, NULL);
    fc_faces_clear(&faces);
    fc_image_clear(&crop);
    fc_image_clear(&img);
    fc_embed_session_free(es);
    fc_detect_session_free(ds);
    return done;
}

static bool open_networks(const fc_models *m, fc_detector **d, fc_embedder **e)
{
    return !fc_detector_new(d, m, NULL, NULL) && !fc_embedder_new(e, m, FC_DEFAULT_MODEL, NULL, NULL);
}

static void use_networks(void *shared, int thread)
{
    struct networks *n = shared;
    fc_detector *d = NULL;
    fc_embedder *e = NULL;

    if (n->own)
        n->done[thread] = open_networks(n->models, &d, &e) && embed(d, e, n->out[thread]);
    else
        n->done[thread] = embed(n->detector, n->embedder, n->out[thread]);
    fc_embedder_free(e);
    fc_detector_free(d);
}

/* The first of this program that uses them: what is made once is made while all ask for it. */
static void threads_use_networks(void **state)
{
    static struct networks own = {.own = true}, shared;
    char models[300];

    (void)state;
    snprintf(models, sizeof models, "%s/../models", getenv("FC_TESTS"));
    assert_int_equal(fc_models_open(&own.models, models, NULL), FC_OK);
    together(use_networks, &own);
    shared.models = own.models;
    assert_true(open_networks(shared.models, &shared.detector, &shared.embedder));
    together(use_networks, &shared);
    for (int i = 0; i < THREADS; i++) {
        assert_true(own.done[i] && shared.done[i]);
        assert_memory_equal(own.out[i], own.out[0], sizeof own.out[0]);
        assert_memory_equal(shared.out[i], own.out[0], sizeof own.out[0]);
    }
    fc_embedder_free(shared.embedder);
    fc_detector_free(shared.detector);
    fc_models_free(own.models);
}

/* ---- what is searched and asked ---- */

struct known {
    const fc_table *table;
    const fc_classifier *classifier;
    const fc_head *head;
    float (*query)[DIM]; /* [QUERIES] */
    struct answers {
        fc_hit hit[QUERIES * K];
        size_t found[QUERIES];
        fc_prediction prediction[QUERIES];
        fc_head_answer head[QUERIES];
        bool failed;
    } answers[THREADS];
};

static void ask_all(void *shared, int thread)
{
    struct known *k = shared;
    struct answers *a = &k->answers[thread];

    if (k->table)
        a->failed |= fc_search(k->table, k->query[0], QUERIES, &(fc_search_options){.k = K}, a->hit, a->found,
                               NULL) != FC_OK;
    if (k->classifier)
        a->failed |= fc_classifier_predict(k->classifier, k->query[0], QUERIES, a->prediction, NULL) != FC_OK;
    if (k->head)
        a->failed |= fc_head_predict(k->head, k->query[0], QUERIES, a->head, NULL) != FC_OK;
}

/* The same answers, of which those about nobody would be the same, too. */
static void ask_together(struct known *k)
{
    together(ask_all, k);
    for (int i = 0; i < THREADS; i++)
        assert_false(k->answers[i].failed);
    for (int i = 1; i < THREADS; i++) {
        struct answers *a = &k->answers[0], *b = &k->answers[i];
        for (int q = 0; q < QUERIES; q++) {
            assert_int_equal(a->found[q], b->found[q]);
            for (size_t h = 0; h < a->found[q]; h++) {
                assert_int_equal(a->hit[q * K + (int)h].row, b->hit[q * K + (int)h].row);
                assert_true(a->hit[q * K + (int)h].score == b->hit[q * K + (int)h].score);
            }
            assert_ptr_equal(a->prediction[q].name, b->prediction[q].name);
            assert_true(a->prediction[q].score == b->prediction[q].score);
            assert_ptr_equal(a->head[q].name, b->head[q].name);
            assert_true(a->head[q].score == b->head[q].score);
        }
    }
}

/* People with so many photos each, all of a person's the same but the last one. query: of the first people. */
static fc_labelled *make_people(float query[QUERIES][DIM], int people, int samples)
{
    fc_labelled *l;
    uint32_t random = 1;

    assert_int_equal(fc_labelled_new(&l, NULL), FC_OK);
    for (int p = 0; p < people; p++) {
        float e[DIM];
        char name[16], photo[16];
        snprintf(name, sizeof name, "p%d", p);
        for (int d = 0; d < DIM; d++)
            e[d] = (float)((random = random * 1664525 + 1013904223) >> 8) - (1 << 23);
        for (int i = 0; i < samples; i++) {
            snprintf(photo, sizeof photo, "%d", i);
            e[0] += i == samples - 1 ? 1 << 20 : 0;
            assert_int_equal(fc_labelled_add(l, name, "m:1", e, DIM, photo, NULL), FC_OK);
        }
        if (p < QUERIES)
            memcpy(query[p], e, sizeof e);
    }
    return l;
}

/* A table from a file: whether it is whole, and, of rows upon rows, which are the same, is found out when somebody asks. */
static void threads_search_a_table(void **state)
{
    static float query[QUERIES][DIM];
    static struct known k = {.query = query};
    fc_labelled *l = make_people(query, QUERIES, 400);
    fc_table_label label = {.kind = "index"};
    fc_table *t;
    size_t *photo;

    (void)state;
    assert_int_equal(fc_labelled_table(l, &t, &photo, NULL), FC_OK);
    assert_int_equal(fc_table_save(t, &label, file, NULL), FC_OK);
    fc_table_free(t);
    free(photo);
    assert_int_equal(fc_table_map(&t, &label, file, "index", NULL), FC_OK);
    k.table = t;
    ask_together(&k);
    assert_int_equal(k.answers[0].found[0], K);
    fc_table_free(t);
    fc_labelled_free(l);
}

static void threads_ask_classifier_and_head(void **state)
{
    static float query[QUERIES][DIM];
    static struct known k = {.query = query};
    const fc_knn_settings how = {.k = 3, .vote = FC_KNN_MAJORITY, .fpir = 0.1};
    fc_head_settings training = FC_HEAD_DEFAULTS;
    fc_labelled *l = make_people(query, PEOPLE, SAMPLES);
    fc_knn_report knn_report;
    fc_head_report head_report;
    fc_knn *m;
    fc_classifier *c;
    fc_head *h;

    (void)state;
    training.type = FC_HEAD_LINEAR;
    training.epochs = 3;
    assert_int_equal(fc_knn_learn(&m, &knn_report, l, &how, &(fc_knn_work){.workers = THREADS}, NULL), FC_OK);
    assert_int_equal(fc_knn_save(m, file, NULL), FC_OK);
    assert_int_equal(fc_classifier_load(&c, file, NULL), FC_OK);
    assert_int_equal(fc_head_train(&h, &head_report, &(fc_head_input){.samples = l, .gallery = ""}, &training,
                                   &(fc_head_work){.workers = THREADS}, NULL),
                     FC_OK);
    k.classifier = c;
    k.head = h;
    ask_together(&k);
    assert_int_equal(k.answers[0].prediction[0].length, 2);
    assert_memory_equal(k.answers[0].prediction[0].name, "p0", 2);
    assert_string_equal(k.answers[0].head[0].name, "p0");
    fc_head_free(h);
    fc_classifier_free(c);
    fc_knn_report_clear(&knn_report);
    fc_knn_free(m);
    fc_labelled_free(l);
}

/* ---- out of memory ---- */

/* Linked with --wrap=fc_grow: there is no room for steps but the first. */
fc_status __real_fc_grow(void *array, size_t need, size_t *cap, size_t size, fc_error *err);
fc_status __wrap_fc_grow(void *array, size_t need, size_t *cap, size_t size, fc_error *err);
static _Thread_local bool no_steps;

fc_status __wrap_fc_grow(void *array, size_t need, size_t *cap, size_t size, fc_error *err)
{
    return no_steps && size == sizeof(fc_step) && need > 1 ? fc_fail_nomem(err, need * size)
                                                           : __real_fc_grow(array, need, cap, size, err);
}

static void plan_in_vain(void *shared, int thread)
{
    fc_status *s = shared;
    fc_graph *g = fc_net_mobilefacenet();
    fc_plan p;

    no_steps = true;
    s[thread] = fc_plan_make(&p, g, false, NULL);
    no_steps = false;
    fc_graph_free(g);
}

static void threads_plan_without_memory(void **state)
{
    fc_status s[THREADS];

    (void)state;
    together(plan_in_vain, s);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(s[i], FC_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_use_networks), cmocka_unit_test(threads_search_a_table),
        cmocka_unit_test(threads_ask_classifier_and_head), cmocka_unit_test(threads_plan_without_memory)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
