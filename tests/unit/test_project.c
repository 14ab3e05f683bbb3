/* Projections to the plane. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plot/project.h"

static uint64_t state64 = 5;

static double uniform(void)
{
    state64 = state64 * 6364136223846793005u + 1442695040888963407u;
    return (double)(state64 >> 11) / 9007199254740992.0;
}

/* An ellipse with axes 5, 3 and a little of all else, turned: variance along the axes comes out, in their order. */
static void principal_components(void **state)
{
    enum { N = 400, DIM = 19 };
    static float v[N * DIM];
    static double at[N][2];
    double sum[2] = {0}, squares[2] = {0}, cross = 0;
    (void)state;

    for (int i = 0; i < N; i++) {
        const double a = 5 * sin(2 * M_PI * i / N), b = 3 * cos(2 * M_PI * i / N);
        for (int k = 0; k < DIM; k++)
            v[i * DIM + k] = (float)(7 + 0.01 * uniform());
        v[i * DIM + 2] += (float)(0.6 * a - 0.8 * b);
        v[i * DIM + 11] += (float)(0.8 * a + 0.6 * b);
    }
    assert_int_equal(fc_project_pca(at, v, N, DIM, NULL), FC_OK);
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < 2; c++) {
            sum[c] += at[i][c];
            squares[c] += at[i][c] * at[i][c];
        }
        cross += at[i][0] * at[i][1];
        /* The largest component of the first axis is that of 11, which is positive. */
        assert_true(fabs(at[i][0] - 5 * sin(2 * M_PI * i / N)) < 0.05);
    }
    assert_true(fabs(sum[0]) < 1e-6 && fabs(sum[1]) < 1e-6);
    assert_true(fabs(squares[0] / N - 12.5) < 0.1 && fabs(squares[1] / N - 4.5) < 0.1);
    assert_true(fabs(cross) < 1e-3);
}

enum { GROUPS = 8, EACH = 25, POINTS = GROUPS * EACH, DIM = 37 };

static void make_groups(float *v)
{
    for (int g = 0; g < GROUPS; g++) {
        double centre[DIM];
        for (int k = 0; k < DIM; k++)
            centre[k] = uniform() - 0.5;
        for (int i = 0; i < EACH; i++)
            for (int k = 0; k < DIM; k++)
                v[(g * EACH + i) * DIM + k] = (float)(centre[k] + 0.15 * (uniform() - 0.5));
    }
}

static double distance(const double *a, const double *b)
{
    return hypot(a[0] - b[0], a[1] - b[1]);
}

/* Everybody's nearest in the plane is of the own group, and all is the same again the next time. */
static void groups_stay_together(void **state)
{
    static float v[POINTS * DIM];
    static double at[POINTS][2], again[POINTS][2], other[POINTS][2];
    fc_tsne_options o = FC_TSNE_DEFAULTS;
    (void)state;

    make_groups(v);
    o.perplexity = 10;
    assert_int_equal(fc_project_tsne(at, v, POINTS, DIM, &o, NULL), FC_OK);
    for (int i = 0; i < POINTS; i++) {
        int nearest = -1;
        assert_true(isfinite(at[i][0]) && isfinite(at[i][1]));
        for (int j = 0; j < POINTS; j++)
            if (j != i && (nearest < 0 || distance(at[i], at[j]) < distance(at[i], at[nearest])))
                nearest = j;
        assert_int_equal(nearest / EACH, i / EACH);
    }
    assert_int_equal(fc_project_tsne(again, v, POINTS, DIM, &o, NULL), FC_OK);
    assert_memory_equal(again, at, sizeof at);
    o.seed = 2;
    assert_int_equal(fc_project_tsne(other, v, POINTS, DIM, &o, NULL), FC_OK);
    assert_true(memcmp(other, at, sizeof at) != 0);
}

static void few_and_equal_points(void **state)
{
    float v[9 * 3] = {1, 0, 0, 0, 1, 0};
    double at[9][2];
    fc_tsne_options o = FC_TSNE_DEFAULTS;
    fc_error err;
    (void)state;

    for (size_t n = 1; n <= 9; n++) {
        assert_int_equal(fc_project_tsne(at, v, n, 3, &o, NULL), FC_OK);
        for (size_t i = 0; i < n; i++)
            assert_true(isfinite(at[i][0]) && isfinite(at[i][1]));
    }
    memset(v, 0, sizeof v);
    assert_int_equal(fc_project_pca(at, v, 9, 3, NULL), FC_OK);
    assert_true(at[3][0] == 0 && at[3][1] == 0);
    assert_int_equal(fc_project_tsne(at, v, 9, 3, &o, NULL), FC_OK);
    assert_true(isfinite(at[3][0]));
    assert_int_equal(fc_project_tsne(at, v, FC_TSNE_MAX + 1, 3, &o, &err), FC_ELIMIT);
}

static bool stop_soon(void *ctx, int done, int total)
{
    *(int *)ctx = done;
    return done < 7 && total == 1000;
}

static void progress_may_stop(void **state)
{
    static float v[POINTS * DIM];
    static double at[POINTS][2];
    int done = 0;
    fc_tsne_options o = FC_TSNE_DEFAULTS;
    (void)state;

    make_groups(v);
    o.progress = stop_soon;
    o.ctx = &done;
    assert_int_equal(fc_project_tsne(at, v, POINTS, DIM, &o, NULL), FC_OK);
    assert_int_equal(done, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principal_components),
        cmocka_unit_test(groups_stay_together),
        cmocka_unit_test(few_and_equal_points),
        cmocka_unit_test(progress_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
