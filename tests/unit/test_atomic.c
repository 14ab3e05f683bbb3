/* Files that are replaced as a whole, and what is no file to replace. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
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
#include "base/outputs.h"

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
    /* to nothing yet, by another link */
    assert_int_equal(symlink("real/later", "far") || symlink("far", "further"), 0);
    put("further", "made");
    holds("real/later", "made");
    assert_true(S_ISLNK(mode_of("far")) && S_ISLNK(mode_of("further")));
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

static void a_pipe_without_a_reader(void **state)
{
    fc_atomic_file a;
    fc_error err;

    (void)state;
    assert_int_equal(mkfifo("alone", 0600), 0);
    assert_int_equal(fc_atomic_open(&a, "alone", &err), FC_EIO);
    assert_string_equal(err.message, "alone: is a pipe that nobody reads from");
    assert_null(a.f);
    assert_null(a.path);
    assert_int_equal(unlink("alone"), 0);
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

/* Linked with --wrap=umask: it is the process's, and a thread that sets it sets it for all. */
mode_t __wrap_umask(mode_t mask);
static mode_t the_umask(void)
{
    char line[200];
    unsigned mask = 0;
    FILE *f = fopen("/proc/self/status", "r");

    assert_non_null(f);
    while (fgets(line, sizeof line, f) && sscanf(line, "Umask: %o", &mask) != 1)
        ;
    fclose(f);
    return mask;
}
static atomic_int umask_calls;
mode_t __wrap_umask(mode_t mask)
{
    (void)mask;
    umask_calls++;
    return the_umask();
}
mode_t __real_umask(mode_t mask);

enum { THREADS = 16, EACH = 50 };

static void *make_files(void *number)
{
    for (int i = 0; i < EACH; i++) {
        char name[40];
        fc_atomic_file a;
        fc_error err;
        snprintf(name, sizeof name, "masked/%d-%d", *(int *)number, i);
        if (fc_atomic_open(&a, name, &err) || fc_atomic_commit(&a, &err))
            return NULL;
    }
    return number;
}

static void masks(void **state)
{
    static const mode_t wanted[] = {077, 0600, 022, 0644, 0, 0666, 027, 0640};
    pthread_t thread[THREADS];
    int number[THREADS];
    char name[40];

    (void)state;
    assert_int_equal(mkdir("masked", 0700), 0);
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k += 2) {
        const mode_t before = __real_umask(wanted[k]);
        for (int i = 0; i < THREADS; i++) {
            number[i] = i;
            assert_int_equal(pthread_create(&thread[i], NULL, make_files, &number[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            void *done;
            pthread_join(thread[i], &done);
            assert_non_null(done);
        }
        assert_int_equal(the_umask(), wanted[k]);
        __real_umask(before);
        for (int i = 0; i < THREADS * EACH; i++) {
            snprintf(name, sizeof name, "masked/%d-%d", i / EACH, i % EACH);
            assert_int_equal(mode_of(name) & 0777, wanted[k + 1]);
            assert_int_equal(unlink(name), 0);
        }
    }
    assert_int_equal(umask_calls, 0);
}

/* Linked with --wrap=fsync and --wrap=rename: what a power loss may take away. */
int __real_fsync(int);
int __wrap_fsync(int);
int __real_rename(const char *, const char *);
int __wrap_rename(const char *, const char *);
static bool watched;
static char seen[100]; /* f: a file was synced, d: a folder; r: a renaming, l: a link */
static void note(char what)
{
    const size_t n = strlen(seen);
    if (watched && n + 1 < sizeof seen)
        seen[n] = what;
}
static int folder_fault; /* errno of syncing a folder */
int __wrap_fsync(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    note(S_ISDIR(st.st_mode) ? 'd' : 'f');
    if (!folder_fault || !S_ISDIR(st.st_mode))
        return __real_fsync(fd);
    errno = folder_fault;
    return -1;
}
int __wrap_rename(const char *from, const char *to)
{
    note('r');
    return __real_rename(from, to);
}

static void synced(void **state)
{
    fc_atomic_file a;
    fc_error err;

    (void)state;
    watched = true;
    put("synced", "1");
    assert_string_equal(seen, "frd");
    assert_int_equal(mkdir("other", 0700), 0);
    put("other/file", "1");
    assert_int_equal(symlink("other/file", "linked"), 0);
    memset(seen, 0, sizeof seen);
    put("linked", "2"); /* the folder that the file is in, not the link's */
    assert_string_equal(seen, "frd");
    memset(seen, 0, sizeof seen);
    assert_int_equal(fc_create_private("created", "1", 1, &err), FC_OK);
    assert_true(!strcmp(seen, "fd") ||
                !strcmp(seen, "ffd")); /* the latter where nameless files get no names */
    no_linkat = true;
    memset(seen, 0, sizeof seen);
    assert_int_equal(fc_create_private("created2", "1", 1, &err), FC_OK);
    assert_string_equal(seen + strlen(seen) - 2, "fd");
    no_linkat = false;

    folder_fault = EINVAL; /* a file system without it */
    put("synced", "2");
    folder_fault = EIO;
    assert_int_equal(fc_atomic_open(&a, "other/file", &err), FC_OK);
    assert_int_equal(fc_atomic_commit(&a, &err), FC_EIO);
    assert_non_null(strstr(err.message, "other: Input/output error"));
    folder_fault = 0;
    watched = false;
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

/* File systems without some ways to give a file a name that no other has. */
static bool no_noreplace, no_links;
int __real_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    if (!no_noreplace)
        return __real_renameat2(a, from, b, to, flags);
    errno = EINVAL;
    return -1;
}
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    if (!no_links)
        return __real_link(from, to);
    errno = EPERM;
    return -1;
}

static void is_kept(const char *path, const char *text)
{
    fc_atomic_file a;
    fc_error err;

    assert_int_equal(fc_atomic_open(&a, path, &err), FC_OK);
    fputs(text, a.f);
    assert_int_equal(fc_atomic_commit(&a, &err), FC_EEXISTS);
    assert_non_null(strstr(err.message, path));
}

static size_t count_files(const char *path)
{
    size_t n = 0;
    DIR *d = opendir(path);

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* In a folder whose files are kept, no other file is replaced. */
static void kept(void **unused)
{
    static char big[100000];
    fc_error err;
    (void)unused;

    assert_int_equal(mkdir("kept", 0777), 0);
    put("kept/old", "old");
    assert_int_equal(fc_outputs_keep_folder("nowhere", &err), FC_EMISSING);
    assert_int_equal(fc_outputs_keep_folder("kept", &err), FC_OK);
    assert_true(fc_outputs_keeps("kept/x"));
    assert_true(fc_outputs_keeps("./kept/../kept/x"));
    assert_false(fc_outputs_keeps("x"));
    memset(big, 'x', sizeof big - 1);
    for (int way = 0; way < 3; way++) {
        no_noreplace = way > 0;
        no_links = way > 1;
        is_kept("kept/old", "new");
        is_kept("kept/old", "olde");
        is_kept("kept/old", "");
        holds("kept/old", "old");
        put("kept/old", "old");
        put("kept/new", "new");
        put("kept/new", "new");
        is_kept("kept/new", "old");
        holds("kept/new", "new");
        put("kept/big", big);
        put("kept/big", big);
        big[sizeof big - 2] ^= 1;
        is_kept("kept/big", big);
        assert_int_equal(count_files("kept"), 3);
        assert_int_equal(unlink("kept/new") || unlink("kept/big"), 0);
    }
    no_noreplace = no_links = false;
    put("elsewhere", "1");
    put("elsewhere", "2");
    holds("elsewhere", "2");
    assert_int_equal(unlink("kept/old") || rmdir("kept"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files),
                                       cmocka_unit_test(long_names),
                                       cmocka_unit_test(links),
                                       cmocka_unit_test(pipes),
                                       cmocka_unit_test(a_pipe_without_a_reader),
                                       cmocka_unit_test(abandoned),
                                       cmocka_unit_test(made_once),
                                       cmocka_unit_test(full),
                                       cmocka_unit_test(masks),
                                       cmocka_unit_test(synced),
                                       cmocka_unit_test(kept)};
    return cmocka_run_group_tests(tests, enter, leave);
}
