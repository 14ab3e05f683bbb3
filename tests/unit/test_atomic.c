/* Files that are replaced as a whole, and what is no file to replace. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/atomic.h"
#include "base/bytes.h"

static char folder[] = "/tmp/fc-atomic-XXXXXX";

static void put(const char *path, const char *text)
{
    fc_atomic_file a;
    fc_error err;

    if (fc_atomic_open(&a, path, &err))
        fail_msg("%s", err.message);
    fputs(text, a.f);
    if (fc_atomic_commit(&a, &err))
        fail_msg("%s", err.message);
}

static void holds(const char *path, const char *text)
{
    fc_bytes b = {0};
    fc_error err;

    if (fc_bytes_read_file(&b, path, 100, &err))
        fail_msg("%s", err.message);
    assert_int_equal(b.n, strlen(text));
    assert_memory_equal(b.data, text, b.n);
    fc_bytes_clear(&b);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode;
}

static void files(void **state)
{
    fc_atomic_file a;
    fc_error err;

    (void)state;
    put("new", "1");
    holds("new", "1");
    assert_int_equal(chmod("new", 0664), 0);
    put("new", "2");
    holds("new", "2");
    assert_int_equal(mode_of("new") & 0777, 0664);
    assert_int_equal(fc_atomic_open(&a, "new", &err), FC_OK);
    fputs("3", a.f);
    fc_atomic_discard(&a);
    holds("new", "2");
    assert_int_equal(fc_atomic_open(&a, "nowhere/new", &err), FC_EMISSING);
    assert_non_null(strstr(err.message, "nowhere/new"));
}

static void long_names(void **state)
{
    char name[NAME_MAX + 1] = {0}, path[NAME_MAX + 3];

    (void)state;
    for (int n = NAME_MAX - 12; n <= NAME_MAX; n++) {
        memset(name, 'x', (size_t)n);
        snprintf(path, sizeof path, "./%s", name);
        put(path, "long");
        holds(path, "long");
    }
}

static void links(void **state)
{
    (void)state;
    assert_int_equal(mkdir("real", 0700), 0);
    put("real/file", "old");
    assert_int_equal(symlink("real/file", "link"), 0);
    put("link", "new");
    holds("real/file", "new");
    assert_true(S_ISLNK(mode_of("link")));
}

static void pipes(void **state)
{
    char read_back[8] = {0};

    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    int fd = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    put("pipe", "through");
    assert_int_equal(read(fd, read_back, sizeof read_back), 7);
    assert_string_equal(read_back, "through");
    close(fd);
    assert_true(S_ISFIFO(mode_of("pipe")));
    put("/dev/null", "gone");
    assert_true(S_ISCHR(mode_of("/dev/null")));
}

static size_t names_here(void)
{
    struct dirent *e;
    size_t n = 0;
    DIR *d = opendir(".");

    assert_non_null(d);
    while ((e = readdir(d)))
        n++;
    closedir(d);
    return n;
}

static void abandoned(void **state)
{
    const size_t before = names_here();
    fc_atomic_file a[3];
    fc_error err;

    (void)state;
    for (int round = 0; round < 100; round++) { /* more than the list has room for, if it forgot none */
        for (int i = 0; i < 3; i++)
            assert_int_equal(fc_atomic_open(&a[i], "abandoned", &err), FC_OK);
        assert_int_equal(names_here(), before + 3);
        fc_atomic_abandon();
        assert_int_equal(names_here(), before);
        for (int i = 0; i < 3; i++)
            fc_atomic_discard(&a[i]);
    }
}

/* Linked with --wrap=linkat: some file systems do not give a nameless file a name. */
int __real_linkat(int, const char *, int, const char *, int);
int __wrap_linkat(int, const char *, int, const char *, int);
static bool no_linkat;
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags)
{
    errno = ENOENT;
    return no_linkat ? -1 : __real_linkat(from, old, to, new, flags);
}

static void made_once(void **state)
{
    fc_error err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *const path = i ? "once" : "./folder/once";
        no_linkat = i;
        if (!i)
            assert_int_equal(mkdir("folder", 0700), 0);
        const size_t before = names_here();
        assert_int_equal(fc_create_private(path, "first", 5, &err), FC_OK);
        assert_int_equal(fc_create_private(path, "second", 6, &err), FC_OK);
        holds(path, "first");
        assert_int_equal(mode_of(path), S_IFREG | 0600);
        assert_int_equal(names_here(), before + (size_t)i);
        assert_int_equal(fc_create_private("nowhere/once", "1", 1, &err), FC_EMISSING);
        assert_non_null(strstr(err.message, "nowhere/once"));
    }
    no_linkat = false;
}

static void full(void **state)
{
    fc_atomic_file a;
    fc_error err;

    (void)state;
    assert_int_equal(fc_atomic_open(&a, "/dev/full", &err), FC_OK);
    fputs("1", a.f);
    assert_int_equal(fc_atomic_commit(&a, &err), FC_EIO);
    assert_true(S_ISCHR(mode_of("/dev/full")));
}

static int enter(void **state)
{
    (void)state;
    return !mkdtemp(folder) || chdir(folder);
}

static int leave(void **state)
{
    char command[sizeof folder + 16];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return chdir("/") || system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files),     cmocka_unit_test(long_names),
                                       cmocka_unit_test(links),     cmocka_unit_test(pipes),
                                       cmocka_unit_test(abandoned), cmocka_unit_test(made_once),
                                       cmocka_unit_test(full)};
    return cmocka_run_group_tests(tests, enter, leave);
}
