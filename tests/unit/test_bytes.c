/* Files that become shorter while they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "say.h"

enum { SIZE = 300000 };
static char folder[] = "/tmp/fc-bytes-XXXXXX";

/* Linked with --wrap=read: the file is cut to so many bytes once somebody has begun to read it. */
ssize_t __real_read(int, void *, size_t);
ssize_t __wrap_read(int, void *, size_t);
static off_t cut_to = -1;
ssize_t __wrap_read(int fd, void *to, size_t n)
{
    const ssize_t got = __real_read(fd, to, n);

    if (cut_to >= 0)
        assert_int_equal(truncate("file", cut_to), 0);
    return got;
}

static void make_file(void)
{
    static const char text[SIZE];
    FILE *f = fopen("file", "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, SIZE, f), SIZE);
    assert_int_equal(fclose(f), 0);
}

static void hashed(void **state)
{
    char hex[FC_SHA256_HEX];
    fc_error err;

    (void)state;
    make_file();
    assert_int_equal(fc_sha256_file(hex, "file", &err), FC_OK);
    /* head -c 300000 /dev/zero | sha256sum */
    assert_string_equal(hex, "886715e4051e827f4fe215df3053af3f85ad0d352db2c829c7487af6d78efe30");
    cut_to = 1000;
    assert_int_equal(fc_sha256_file(hex, "file", &err), FC_EIO);
    assert_string_equal(err.message, "file: became shorter while it was read");
    cut_to = -1;

    assert_int_equal(truncate("file", 0), 0);
    assert_int_equal(fc_sha256_file(hex, "file", &err), FC_EEMPTY);
    assert_int_equal(fc_sha256_file(hex, "nothing", &err), FC_EMISSING);
    assert_int_equal(fc_sha256_file(hex, "/dev/zero", &err), FC_EIO);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(fc_sha256_file(hex, "fifo", &err), FC_EIO);
}

static void taken(void **state)
{
    fc_map m;
    fc_error err;

    (void)state;
    make_file();
    assert_int_equal(fc_map_read(&m, "file", SIZE, &err), FC_OK);
    assert_int_equal(m.n, SIZE);
    assert_int_equal(truncate("file", 0), 0);
    for (size_t i = 0; i < m.n; i++)
        assert_int_equal(m.data[i], 0);
    assert_null(fc_map_name_at(m.data));
    fc_map_close(&m);

    make_file();
    assert_int_equal(fc_map_read(&m, "file", SIZE - 1, &err), FC_ELIMIT);
    cut_to = 0;
    assert_int_equal(fc_map_read(&m, "file", SIZE, &err), FC_OK); /* one read took it all */
    fc_map_close(&m);
    cut_to = -1;
}

static void listed(void **state)
{
    fc_map m[17];
    fc_error err;

    (void)state;
    make_file();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 17; i++)
            assert_int_equal(fc_map_open(&m[i], "file", &err), FC_OK);
        for (int i = 0; i < 16; i++)
            assert_string_equal(fc_map_name_at(m[i].data + SIZE - 1), "file");
        for (int i = 0; i < 17; i++)
            fc_map_close(&m[i]);
    }
    assert_null(fc_map_name_at(&err));
}

/* What a program of ours says, and its status, when it reads a map that was cut. */
static int end_of_program(char *said, size_t size)
{
    int out[2], status;
    size_t got = 0;
    ssize_t n;

    assert_int_equal(pipe(out), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fc_map m;
        dup2(out[1], STDERR_FILENO);
        clean_up_when_stopped();
        if (fc_map_open(&m, "file", NULL) || truncate("file", 10))
            _exit(99);
        _exit(m.data[SIZE - 1]);
    }
    close(out[1]);
    while ((n = __real_read(out[0], said + got, size - 1 - got)) > 0) /* it says it in pieces */
        got += (size_t)n;
    said[got] = '\0';
    close(out[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void cut_map(void **state)
{
    char said[200];

    (void)state;
    make_file();
    const int status = end_of_program(said, sizeof said);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_BROKEN);
    assert_string_equal(said, "test_bytes: file: became shorter while it was read, or its disk failed\n");
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

static void rows_are_hashed_without_what_is_between_them(void **state)
{
    char whole[FC_SHA256_HEX], rows[FC_SHA256_HEX];

    (void)state;
    fc_sha256_hex(whole, "abcdef", 6);
    fc_sha256_rows(rows, "abc..def!!", 3, 5, 2);
    assert_string_equal(rows, whole);
    fc_sha256_rows(rows, "abcdef", 6, 6, 1);
    assert_string_equal(rows, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hashed), cmocka_unit_test(taken),
                                       cmocka_unit_test(listed), cmocka_unit_test(cut_map),
                                       cmocka_unit_test(rows_are_hashed_without_what_is_between_them)};
    return cmocka_run_group_tests(tests, enter, leave);
}
