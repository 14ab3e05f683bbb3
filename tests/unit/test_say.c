/* When a tool shows progress: for whom, and how often. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "say.h"

/* progress_wanted with standard output and standard error on a terminal or not. */
static bool wanted(bool out, bool err, bool unwanted, bool among_lines)
{
    const int kept[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)}, nothing = open("/dev/null", O_RDWR),
              master = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && nothing >= 0);
    dup2(out ? terminal : nothing, STDOUT_FILENO);
    dup2(err ? terminal : nothing, STDERR_FILENO);
    const bool yes = progress_wanted(unwanted, among_lines);
    dup2(kept[0], STDOUT_FILENO);
    dup2(kept[1], STDERR_FILENO);
    const int all[] = {kept[0], kept[1], nothing, terminal, master};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        close(all[i]);
    return yes;
}

static void for_terminals(void **state)
{
    (void)state;
    assert_true(wanted(false, true, false, false));
    assert_true(wanted(false, true, false, true));
    assert_true(wanted(true, true, false, false));
    assert_false(wanted(true, true, false, true)); /* it would stand among the lines */
    assert_false(wanted(false, false, false, false));
    assert_false(wanted(true, false, false, false));
    assert_false(wanted(false, true, true, false)); /* --no-progress, --quiet */
    assert_false(wanted(false, true, true, true));
}

static void after_a_second_then_five_times_in_one(void **state)
{
    progress p = progress_begin(true);

    (void)state;
    assert_false(progress_due(&p));
    p.start -= 1;
    assert_true(progress_due(&p));
    assert_true(p.shown >= p.start + 1);
    assert_false(progress_due(&p));
    p.shown -= 0.2;
    assert_true(progress_due(&p));
    assert_false(progress_due(&p));
}

static void never_where_it_is_off(void **state)
{
    progress p = progress_begin(false);

    (void)state;
    p.start -= 1000;
    assert_false(progress_due(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_terminals),
        cmocka_unit_test(after_a_second_then_five_times_in_one),
        cmocka_unit_test(never_where_it_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
