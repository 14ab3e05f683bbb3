/* Folders are made, and what is no folder is not taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/folder.h"

static bool is_folder(const char *path, mode_t mode)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == mode;
}

/* An empty folder to be in. */
static int go_elsewhere(void **state)
{
    char dir[] = "/tmp/fc-folder-XXXXXX";

    umask(022);
    *state = mkdtemp(dir) ? strdup(dir) : NULL;
    return !*state || chdir(*state);
}

static int come_back(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return chdir("/") || system(command);
}

static void one(void **state)
{
    (void)state;
    assert_int_equal(fc_make_folder("one", 0700, NULL), FC_OK);
    assert_true(is_folder("one", 0700));
    assert_int_equal(fc_make_folder("one", 0777, NULL), FC_OK); /* there already: stays as it is */
    assert_true(is_folder("one", 0700));
    assert_int_equal(symlink("one", "link"), 0);
    assert_int_equal(fc_make_folder("link", 0777, NULL), FC_OK);
    assert_int_equal(fc_make_folder("one/", 0777, NULL), FC_OK);
}

static void with_those_above(void **state)
{
    char absolute[256];

    (void)state;
    assert_int_equal(fc_make_folders("a/b//c/d/", 0777, NULL), FC_OK);
    assert_true(is_folder("a", 0755) && is_folder("a/b/c/d", 0755));
    assert_int_equal(fc_make_folders("a/b//c/d/", 0777, NULL), FC_OK);
    snprintf(absolute, sizeof absolute, "%s/e/f", (const char *)*state);
    assert_int_equal(fc_make_folders(absolute, 0700, NULL), FC_OK);
    assert_true(is_folder("e", 0700) && is_folder("e/f", 0700));
    assert_int_equal(fc_make_folders("./x/../y", 0777, NULL), FC_OK);
    assert_true(is_folder("x", 0755) && is_folder("y", 0755));
    assert_int_equal(fc_make_folders("/", 0777, NULL), FC_OK);
}

static void what_is_no_folder(void **state)
{
    static const struct {
        const char *path;
        bool above; /* those above it, too */
        fc_status status;
        const char *message;
    } cases[] = {
        {"", false, FC_EMISSING, ": No such file or directory"},
        {"", true, FC_EMISSING, ": No such file or directory"},
        {"file", false, FC_EIO, "file: File exists"},
        {"file", true, FC_EIO, "file: File exists"},
        {"broken", false, FC_EIO, "broken: File exists"},
        {"missing/x", false, FC_EMISSING, "missing/x: No such file or directory"},
        {"file/x", true, FC_EMISSING, "file/x: Not a directory"},
        {"file/x/y", true, FC_EMISSING, "file/x: Not a directory"},
    };
    (void)state;
    fclose(fopen("file", "we"));
    assert_int_equal(symlink("nothing", "broken"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fc_error err;
        const fc_status s = cases[i].above ? fc_make_folders(cases[i].path, 0777, &err)
                                           : fc_make_folder(cases[i].path, 0777, &err);
        assert_int_equal(s, cases[i].status);
        assert_string_equal(err.message, cases[i].message);
    }
    assert_int_equal(access("missing", F_OK), -1);
    assert_int_equal(access("nothing", F_OK), -1);
}

static void joined(void **state)
{
    static const char *const cases[][3] = {
        {"d", "name", "d/name"},    {"d/", "name", "d/name"}, {"d//", "name", "d/name"},
        {"/", "name", "/name"},     {"//", "name", "/name"},  {"a/b/", "c/d", "a/b/c/d"},
        {"./", ".name", "./.name"}, {"d/", "", "d/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = fc_folder_join(cases[i][0], cases[i][1]);
        assert_non_null(path);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one, go_elsewhere, come_back),
        cmocka_unit_test_setup_teardown(with_those_above, go_elsewhere, come_back),
        cmocka_unit_test_setup_teardown(what_is_no_folder, go_elsewhere, come_back),
        cmocka_unit_test(joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
