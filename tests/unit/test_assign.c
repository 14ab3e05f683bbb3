/* The assignment is as good as the best of all there are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/assign.h"

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
    uint64_t x = 1;
    fc_error err;
    (void)unused;

    for (int run = 0; run < 3000; run++) {
        const size_t rows = (size_t)run % 6, columns = (size_t)(run / 6) % 7;
        double w[6 * 7], total = 0;
        size_t column[6];
        unsigned used = 0;
        for (size_t i = 0; i < rows * columns; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            w[i] = (double)(int64_t)x / 9223372036854775808.0;
            if (run % 3 == 0)
                w[i] = round(w[i] * 3) / 4; /* many of equal weight */
            if (run % 5 == 0)
                w[i] += 1; /* nothing is out of the question */
        }
        assert_int_equal(fc_assign(w, rows, columns, column, &err), FC_OK);
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
    fc_error err;
    (void)unused;

    assert_int_equal(fc_assign(w, 2, 2, column, &err), FC_OK);
    assert_int_equal(column[0], 1);
    assert_int_equal(column[1], 0);
}

static void sizes_that_overflow_are_refused(void **unused)
{
    fc_error err;
    (void)unused;
    assert_int_equal(fc_assign(NULL, SIZE_MAX, 2, NULL, &err), FC_ELIMIT);
    assert_int_equal(fc_assign(NULL, SIZE_MAX / 4, 2, NULL, &err), FC_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_good_as_the_best),
        cmocka_unit_test(the_second_best_for_one_is_better_for_both),
        cmocka_unit_test(sizes_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
