/* For ../cli/suite.bats, which asks what parts.c makes of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void nothing_needs_nothing(void **state)
{
    (void)state;
}

static void needs_good_luck(void **state)
{
    (void)state;
}

static void needs_skipped_one(void **state)
{
    (void)state;
    skip();
}

static void needs_failed_one(void **state)
{
    (void)state;
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_needs_nothing),
        cmocka_unit_test(needs_good_luck),
        cmocka_unit_test(needs_skipped_one),
        cmocka_unit_test(needs_failed_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
