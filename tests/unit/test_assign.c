/* The assignment is as good as the best of all there are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/assign.h"

/* ---- the method over a whole matrix: what the sparse one must give, even where many assignments are even ---- */

struct dense {
    const double *weight;
    size_t rows, columns, all; /* all = columns + rows */
    size_t *row_of;            /* [all]: the column's row, or FC_ASSIGN_NONE */
    size_t *before;   /* [all]: the column before it on the shortest path; FC_ASSIGN_NONE: the start */
    double *distance; /* [all]: of the path to it */
    double *u, *v;    /* potentials: [rows], [all] */
    bool *reached;    /* [all] */
};

static double cost(const struct dense *t, size_t row, size_t column)
{
    if (column >= t->columns)
        return column - t->columns == row ? 0 : INFINITY;
    const double w = t->weight[row * t->columns + column];
    return w > 0 ? -w : INFINITY;
}

/* Dijkstra over reduced costs from row start to the nearest column without a row; its length is in *length. */
static size_t find_path(struct dense *t, size_t start, double *length)
{
    size_t row = start, from = FC_ASSIGN_NONE;

    *length = 0;
    for (size_t i = 0; i < t->all; i++) {
        t->distance[i] = INFINITY;
        t->reached[i] = false;
    }
    for (;;) {
        size_t nearest = FC_ASSIGN_NONE;
        for (size_t i = 0; i < t->all; i++) {
            if (t->reached[i])
                continue;
            const double d = *length + cost(t, row, i) - t->u[row] - t->v[i];
            if (d < t->distance[i]) {
                t->distance[i] = d;
                t->before[i] = from;
            }
            if (nearest == FC_ASSIGN_NONE || t->distance[i] < t->distance[nearest])
                nearest = i;
        }
        *length = t->distance[nearest]; /* never infinite: the row's own column is free */
        t->reached[nearest] = true;
        if (t->row_of[nearest] == FC_ASSIGN_NONE)
            return nearest;
        from = nearest;
        row = t->row_of[nearest];
    }
}

static void add_row(struct dense *t, size_t row)
{
    double length;
    size_t end = find_path(t, row, &length);

    t->u[row] += length;
    for (size_t i = 0; i < t->all; i++) {
        if (t->reached[i] && i != end) {
            t->u[t->row_of[i]] += length - t->distance[i];
            t->v[i] -= length - t->distance[i];
        }
    }
    for (; t->before[end] != FC_ASSIGN_NONE; end = t->before[end])
        t->row_of[end] = t->row_of[t->before[end]];
    t->row_of[end] = row;
}

static void assign_dense(const double *weight, size_t rows, size_t columns, size_t *column)
{
    const size_t all = rows + columns + 1;
    struct dense t = {.weight = weight, .rows = rows, .columns = columns, .all = rows + columns};

    t.row_of = malloc(all * sizeof *t.row_of);
    t.before = malloc(all * sizeof *t.before);
    t.distance = malloc(all * sizeof *t.distance);
    t.u = calloc(rows + 1, sizeof *t.u);
    t.v = calloc(all, sizeof *t.v);
    t.reached = calloc(all, sizeof *t.reached);
    for (size_t i = 0; i < t.all; i++)
        t.row_of[i] = FC_ASSIGN_NONE;
    for (size_t i = 0; i < rows; i++)
        add_row(&t, i);
    for (size_t i = 0; i < rows; i++)
        column[i] = FC_ASSIGN_NONE;
    for (size_t i = 0; i < columns; i++)
        if (t.row_of[i] != FC_ASSIGN_NONE)
            column[t.row_of[i]] = i;
    free(t.row_of);
    free(t.before);
    free(t.distance);
    free(t.u);
    free(t.v);
    free(t.reached);
}

/* ---- the matrix's pairs; those that are never made may be there or not ---- */

static fc_status assign(const double *w, size_t rows, size_t columns, bool all, size_t *column)
{
    size_t *first = calloc(rows + 1, sizeof *first), n = 0;
    uint32_t *at = calloc(rows * columns + 1, sizeof *at);
    double *weight = calloc(rows * columns + 1, sizeof *weight);
    fc_error err;

    for (size_t i = 0; i < rows; i++) {
        for (size_t c = columns; c-- > 0;) { /* in any order */
            if (!all && w[i * columns + c] <= 0)
                continue;
            at[n] = (uint32_t)c;
            weight[n++] = w[i * columns + c];
        }
        first[i + 1] = n;
    }
    fc_status s = fc_assign(&(fc_assign_pairs){rows, columns, first, at, weight}, column, &err);
    free(first);
    free(at);
    free(weight);
    return s;
}

static uint64_t state = 1;

static double uniform(void) /* -1..1 */
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(state ^ state >> 29) / 9223372036854775808.0;
}

/* Similarities in six digits above a threshold, few values with many ties, few pairs, all pairs. */
static void same_as_over_the_whole_matrix(void **unused)
{
    enum { MOST = 60 };
    static double w[MOST * MOST];
    (void)unused;

    for (int run = 0; run < 1200; run++) {
        const size_t rows = (size_t)((uniform() + 1) / 2 * MOST),
                     columns = (size_t)((uniform() + 1) / 2 * MOST);
        const double steps = run % 4 == 0 ? 2 : run % 4 == 1 ? 7 : run % 4 == 2 ? 1000 : 1e6;
        const double low = run % 3 == 0 ? 0.5 : run % 3 == 1 ? -0.5 : -2;
        size_t want[MOST], got[MOST];
        for (size_t i = 0; i < rows * columns; i++) {
            const double score = round(uniform() * steps) / steps;
            w[i] = score >= low ? score - low + 1e-9 : 0;
        }
        assign_dense(w, rows, columns, want);
        assert_int_equal(assign(w, rows, columns, run % 2, got), FC_OK);
        assert_memory_equal(got, want, rows * sizeof *got);
    }
}

/* As many people as faces, each like a few of the others: the matrix alone would take minutes. */
static void a_crowd_takes_no_matrix(void **unused)
{
    enum { N = 100000, EACH = 5 };
    size_t *first = malloc((N + 1) * sizeof *first), *column = malloc(N * sizeof *column), made = 0;
    uint32_t *at = malloc(N * EACH * sizeof *at);
    double *weight = malloc(N * EACH * sizeof *weight);
    fc_error err;
    (void)unused;

    for (size_t i = 0; i <= N; i++)
        first[i] = i * EACH;
    for (size_t i = 0; i < N * EACH; i++) {
        at[i] = (uint32_t)((i / EACH + i % EACH * 7919) % N);
        weight[i] = i % EACH ? 0.3 : 0.9; /* the first of each is the right one */
    }
    assert_int_equal(fc_assign(&(fc_assign_pairs){N, N, first, at, weight}, column, &err), FC_OK);
    for (size_t i = 0; i < N; i++)
        made += column[i] == i;
    assert_int_equal(made, N);
    free(first);
    free(at);
    free(weight);
    free(column);
}

/* The greatest total, by trying everything. */
static double best_total(const double *w, size_t rows, size_t columns, size_t row, unsigned used)
{
    if (row == rows)
        return 0;
    double best = best_total(w, rows, columns, row + 1, used);
    for (size_t i = 0; i < columns; i++) {
        if (!(used & 1u << i) && w[row * columns + i] > 0) {
            const double v = w[row * columns + i] + best_total(w, rows, columns, row + 1, used | 1u << i);
            best = v > best ? v : best;
        }
    }
    return best;
}

static void as_good_as_the_best(void **unused)
{
    (void)unused;

    for (int run = 0; run < 3000; run++) {
        const size_t rows = (size_t)run % 6, columns = (size_t)(run / 6) % 7;
        double w[6 * 7], total = 0;
        size_t column[6];
        unsigned used = 0;
        for (size_t i = 0; i < rows * columns; i++) {
            w[i] = uniform();
            if (run % 3 == 0)
                w[i] = round(w[i] * 3) / 4; /* many of equal weight */
            if (run % 5 == 0)
                w[i] += 1; /* nothing is out of the question */
        }
        assert_int_equal(assign(w, rows, columns, run % 2, column), FC_OK);
        for (size_t i = 0; i < rows; i++) {
            if (column[i] == FC_ASSIGN_NONE)
                continue;
            assert_true(column[i] < columns);
            assert_false(used & 1u << column[i]);
            used |= 1u << column[i];
            assert_true(w[i * columns + column[i]] > 0);
            total += w[i * columns + column[i]];
        }
        assert_true(fabs(total - best_total(w, rows, columns, 0, 0)) < 1e-9);
    }
}

static void the_second_best_for_one_is_better_for_both(void **unused)
{
    static const double w[] = {0.4, 0.35, 0.38, 0.01};
    size_t column[2];
    (void)unused;

    assert_int_equal(assign(w, 2, 2, true, column), FC_OK);
    assert_int_equal(column[0], 1);
    assert_int_equal(column[1], 0);
}

static void sizes_that_overflow_are_refused(void **unused)
{
    fc_error err;
    (void)unused;
    assert_int_equal(fc_assign(&(fc_assign_pairs){.rows = SIZE_MAX, .columns = 2}, NULL, &err), FC_ELIMIT);
    assert_int_equal(fc_assign(&(fc_assign_pairs){.rows = SIZE_MAX / 4, .columns = 2}, NULL, &err),
                     FC_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_over_the_whole_matrix),
        cmocka_unit_test(a_crowd_takes_no_matrix),
        cmocka_unit_test(as_good_as_the_best),
        cmocka_unit_test(the_second_best_for_one_is_better_for_both),
        cmocka_unit_test(sizes_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
