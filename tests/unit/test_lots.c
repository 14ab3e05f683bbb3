/* Drawing lots: the same on every machine, and fair to everybody. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "eval/lots.h"

/* The first numbers of SplitMix64 from 1234567, as its authors' program prints them. */
static void numbers_are_splitmix64(void **state)
{
    const uint64_t want[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u};
    uint64_t seed = 1234567, again = seed;
    (void)state;

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(fc_random(&seed) == want[i]);
        assert_true(fabs(fc_random_fraction(&again) * 18446744073709551616.0 - (double)want[i]) <= 2048);
    }
}

/* Of the orders of three, each comes up about as often as the others. */
static void orders_are_equally_likely(void **state)
{
    size_t count[27] = {0};
    (void)state;

    for (uint64_t seed = 0; seed < 6000; seed++) {
        size_t v[] = {0, 1, 2};
        fc_shuffle(v, 3, seed);
        count[v[0] * 9 + v[1] * 3 + v[2]]++;
    }
    for (size_t i = 0; i < 27; i++) {
        const size_t a = i / 9, b = i / 3 % 3, c = i % 3;
        if (a != b && b != c && a != c)
            assert_in_range(count[i], 880, 1120);
        else
            assert_int_equal(count[i], 0);
    }
}

static void everybody_keeps_their_pictures(void **state)
{
    const uint32_t label[] = {2, 0, 2, 2, 0, 3};
    fc_people_images p, again, other;
    bool seen[6] = {false};
    (void)state;

    assert_int_equal(fc_people_images_draw(&p, label, 6, 5, 7, NULL), FC_OK);
    assert_int_equal(fc_people_images_draw(&again, label, 6, 5, 7, NULL), FC_OK);
    const size_t first[] = {0, 2, 2, 5, 6, 6}; /* 1 and 4 have none */
    assert_memory_equal(p.first, first, sizeof first);
    for (size_t k = 0; k < 5; k++)
        for (size_t i = p.first[k]; i < p.first[k + 1]; i++) {
            assert_int_equal(label[p.image[i]], k);
            assert_false(seen[p.image[i]]);
            seen[p.image[i]] = true;
        }
    assert_memory_equal(p.image, again.image, sizeof seen / sizeof *seen * sizeof *p.image);
    size_t differ = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(fc_people_images_draw(&other, label, 6, 5, seed, NULL), FC_OK);
        differ += memcmp(p.image, other.image, 6 * sizeof *p.image) != 0;
        fc_people_images_clear(&other);
    }
    assert_true(differ > 10);
    fc_people_images_clear(&p);
    fc_people_images_clear(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_splitmix64),
        cmocka_unit_test(orders_are_equally_likely),
        cmocka_unit_test(everybody_keeps_their_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
