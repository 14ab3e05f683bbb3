/* What tools say: progress, for whom and how often; messages without passwords. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mask.h"
#include "base/tell.h"
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

/* ---- passwords in messages ---- */

static void urls_in_messages_are_masked(void **state)
{
    static const char *const cases[][2] = {
        {"x://a:b@h/g.db: No such file", "x://a:***@h/g.db: No such file"},
        {"x://a:***@h/?***: again", "x://a:***@h/?***: again"},
        {"'x://a:b@h', (x://t@h?t), x://h#f.", "'x://a:***@h', (x://***@h?***), x://h#***."},
        {"x://a:b/c?d@h/e: no", "x://a:***@h/e: no"},
        {"x://a:b c d@h/e: no", "x://a:***@h/e: no"},
        {"x://h:80/p/password=b&token=c/d: no", "x://h:80/p/password=***&token=***/d: no"},
        {"x://h:80/: to a@b", "x://h:80/: to a@b"},
        {"x://[::1]:80/p: to a@b", "x://[::1]:80/p: to a@b"},
        {"x://h: to a@b", "x://h: to a@b"},
        {"1:/2@3, ://, x://", "1:/2@3, ://, x://"},
        {"", ""}};
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fc_fail(&err, FC_EIO, "%s", cases[i][0]);
        assert_string_equal(err.message, cases[i][1]);
        char *masked = fc_masked(cases[i][0]);
        assert_string_equal(masked, cases[i][1]);
        free(masked);
    }
}

static void take_message(void *ctx, const char *message)
{
    snprintf(ctx, 100, "%s", message);
}

static void so_is_what_is_told(void **state)
{
    char got[100];

    (void)state;
    fc_tell(&(fc_teller){.tell = take_message, .ctx = got}, "%s: gone", "x://a:b@h");
    assert_string_equal(got, "x://a:***@h: gone");
}

/* Of whatever length, cut anywhere: nothing is written behind size bytes. */
static void masks_keep_to_their_room(void **state)
{
    static const char text[] = "x://a:b@h?q x://t@h/pass=#f x://a:b@h";

    (void)state;
    for (size_t size = 1; size < 3 * sizeof text; size++) {
        char room[3 * sizeof text + 1];
        memset(room, 'z', sizeof room);
        snprintf(room, size, "%s", text);
        fc_mask(room, size);
        assert_true(strlen(room) < size);
        for (size_t i = size; i < sizeof room; i++)
            assert_int_equal(room[i], 'z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_terminals),         cmocka_unit_test(after_a_second_then_five_times_in_one),
        cmocka_unit_test(never_where_it_is_off), cmocka_unit_test(urls_in_messages_are_masked),
        cmocka_unit_test(so_is_what_is_told),    cmocka_unit_test(masks_keep_to_their_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
