/* Who the faces of a picture are: as comparing all of them says, at the threshold, and nobody twice. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facecheck.h"
#include "match/similarity.h"

enum { DIM = 8, PEOPLE = 12, SAMPLES = 3, FACES = 300 };

static uint64_t seed = 3;

static float uniform(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(int64_t)(seed ^ seed >> 31) / 9223372036854775808.0);
}

static void make_vector(float *e)
{
    do {
        for (int i = 0; i < DIM; i++)
            e[i] = uniform();
    } while (!fc_normalise(e, DIM));
}

/* rows: [people][samples][DIM]; sample numbers are rows + 100. */
static fc_table *make_table(const float *rows, size_t people, size_t samples)
{
    fc_table *t;
    const fc_table_size size = {people * samples, DIM, people, people * 2};

    assert_int_equal(fc_table_new(&t, &size, NULL), FC_OK);
    for (size_t p = 0; p < people; p++)
        assert_int_equal(fc_table_put_subject(t, (int64_t)p + 1, "xy", 2, samples, NULL), FC_OK);
    for (size_t r = 0; r < size.rows; r++)
        assert_int_equal(
            fc_table_put(t, r, &(fc_table_row){rows + r * DIM, (int64_t)r + 100, r / samples}, NULL), FC_OK);
    return t;
}

/* A person's similarity by hand. */
static double similarity_of(const float *rows, size_t person, const float *face, fc_fuse fuse)
{
    fc_fused f = {0};

    for (size_t i = 0; i < SAMPLES; i++)
        fc_fused_add(&f, fc_cosine(rows + (person * SAMPLES + i) * DIM, face, DIM));
    return fc_decimal(fc_fused_score(&f, fuse));
}

/* Candidates fall, have their similarity by hand, and nobody left out is more similar. */
static void check_candidates(const fc_identity *who, const float *rows, const float *face,
                             const fc_identify_options *o)
{
    bool named[PEOPLE] = {0};

    assert_int_equal(who->n, o->candidates < PEOPLE ? o->candidates : PEOPLE);
    for (size_t i = 0; i < who->n; i++) {
        const fc_candidate *c = &who->candidate[i];
        assert_true(c->subject < PEOPLE && !named[c->subject]);
        named[c->subject] = true;
        assert_true(c->similarity == similarity_of(rows, c->subject, face, o->fuse));
        assert_true(i == 0 || c[-1].similarity >= c->similarity);
        assert_int_equal((size_t)(c->sample - 100) / SAMPLES, c->subject);
    }
    for (size_t p = 0; p < PEOPLE; p++)
        assert_true(named[p] ||
                    similarity_of(rows, p, face, o->fuse) <= who->candidate[who->n - 1].similarity);
}

static void candidates_are_those_of_comparing_all(void **state)
{
    (void)state;
    static float rows[PEOPLE * SAMPLES * DIM], faces[FACES * DIM];
    fc_identity *who;

    for (size_t i = 0; i < PEOPLE * SAMPLES; i++)
        make_vector(rows + i * DIM);
    for (size_t i = 0; i < FACES; i++)
        make_vector(faces + i * DIM);
    fc_table *t = make_table(rows, PEOPLE, SAMPLES);
    for (int fuse = FC_FUSE_MAX; fuse <= FC_FUSE_TOP3; fuse++)
        for (size_t candidates = 1; candidates < 20; candidates += 6) {
            const fc_identify_options o = {.candidates = candidates, .fuse = (fc_fuse)fuse, .threshold = 0.5};
            size_t known = 0;
            assert_int_equal(fc_identify(&who, t, faces, FACES, &o, NULL), FC_OK);
            for (size_t i = 0; i < FACES; i++) {
                const fc_candidate *first = who[i].candidate;
                check_candidates(&who[i], rows, faces + i * DIM, &o);
                assert_true(who[i].is == (first->similarity >= 0.5 ? first : NULL));
                for (size_t k = 0; k < who[i].n; k++)
                    assert_true(first[k].match == (first[k].similarity >= 0.5));
                known += who[i].is != NULL;
            }
            assert_true(known > 0 && known < FACES);
            free(who);
        }
    fc_table_free(t);
}

static void the_threshold_itself_is_a_match(void **state)
{
    (void)state;
    const float row[DIM] = {1}, face[DIM] = {0.6f, 0.8f};
    fc_table *t = make_table(row, 1, 1);
    fc_identify_options o = {.candidates = 1};
    fc_identity *who;

    for (int unique = 0; unique < 2; unique++)
        for (int above = 0; above < 2; above++) {
            o.threshold = 0.6 + above * 1e-6;
            o.unique = unique;
            assert_int_equal(fc_identify(&who, t, face, 1, &o, NULL), FC_OK);
            assert_true(who->n == 1 && who->candidate->similarity == 0.6);
            assert_true((who->is == NULL) == (above == 1) && who->candidate->match == !above);
            free(who);
        }
    fc_table_free(t);
}

/* Two faces like the first person: the one that has another takes it, though it is no candidate that is shown. */
static void nobody_is_there_twice(void **state)
{
    (void)state;
    const float rows[2 * DIM] = {[0] = 1, [DIM + 1] = 1};
    float faces[3 * DIM] = {[0] = 0.9f, [1] = 0.8f, [DIM] = 0.99f, [DIM + 1] = 0.1f, [2 * DIM + 2] = 1};
    fc_table *t = make_table(rows, 2, 1);
    fc_identify_options o = {.candidates = 1, .threshold = 0.5};
    fc_identity *who;

    assert_int_equal(fc_identify(&who, t, faces, 3, &o, NULL), FC_OK);
    assert_true(who[0].is->subject == 0 && who[1].is->subject == 0 && !who[2].is);
    free(who);
    o.unique = true;
    assert_int_equal(fc_identify(&who, t, faces, 3, &o, NULL), FC_OK);
    assert_true(who[0].n == 1 && who[0].candidate->subject == 0 && !who[0].candidate->match);
    assert_true(who[0].is && who[0].is->subject == 1 && who[0].is->match && who[0].is->sample == 101);
    assert_true(who[1].is == who[1].candidate && who[1].is->subject == 0 && who[1].is->match);
    assert_true(who[2].n == 1 && !who[2].is && !who[2].candidate->match);
    free(who);
    fc_table_free(t);
}

static void nobody_and_nonsense(void **state)
{
    (void)state;
    const float row[DIM] = {1}, none[DIM] = {0};
    fc_table *t = make_table(row, 0, 0), *one = make_table(row, 1, 1);
    fc_identity *who;
    fc_error err;

    for (int unique = 0; unique < 2; unique++) {
        fc_identify_options o = {.candidates = 5, .threshold = -1, .unique = unique};
        assert_int_equal(fc_identify(&who, t, row, 1, &o, NULL), FC_OK);
        assert_true(who->n == 0 && !who->is);
        free(who);
        assert_int_equal(fc_identify(&who, one, row, 0, &o, NULL), FC_OK);
        free(who);
        assert_int_equal(fc_identify(&who, one, none, 1, &o, &err), FC_EUSAGE);
        assert_null(who);
        o.candidates = 0;
        assert_int_equal(fc_identify(&who, one, row, 1, &o, &err), FC_EUSAGE);
    }
    fc_table_free(t);
    fc_table_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_are_those_of_comparing_all),
        cmocka_unit_test(the_threshold_itself_is_a_match),
        cmocka_unit_test(nobody_is_there_twice),
        cmocka_unit_test(nobody_and_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
