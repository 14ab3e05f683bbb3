/* The cache: by content and context; nothing that is not whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/cache.h"

static char dir[] = "/tmp/test_cache.XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void texts_come_back(void **state)
{
    char path[64], one[FC_SHA256_HEX], two[FC_SHA256_HEX];
    fc_cache *a, *b;
    fc_bytes text;
    (void)state;

    snprintf(path, sizeof path, "%s/new", dir);
    fc_sha256_hex(one, "1", 1);
    fc_sha256_hex(two, "2", 1);
    assert_int_equal(fc_cache_open(&a, path, "contract a", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_open(&b, path, "contract b", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_get(a, one, &text, NULL), FC_END);
    assert_int_equal(fc_cache_put(a, one, "text\n", 5, NULL), FC_OK);
    assert_int_equal(fc_cache_get(a, one, &text, NULL), FC_OK);
    assert_int_equal(text.n, 5);
    assert_memory_equal(text.data, "text\n", 5);
    fc_bytes_clear(&text);
    assert_int_equal(fc_cache_get(a, two, &text, NULL), FC_END);
    assert_int_equal(fc_cache_get(b, one, &text, NULL), FC_END);
    assert_int_equal(fc_cache_put(a, one, "newer", 5, NULL), FC_OK);
    fc_cache_close(a);

    assert_int_equal(fc_cache_open(&a, path, "contract a", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_get(a, one, &text, NULL), FC_OK);
    assert_memory_equal(text.data, "newer", 5);
    fc_bytes_clear(&text);
    fc_cache_close(a);
    fc_cache_close(b);
    fc_cache_close(NULL);
}

static void only_the_owner_may_read(void **state)
{
    char path[64], file[200], hash[FC_SHA256_HEX], context[FC_SHA256_HEX];
    struct stat st;
    fc_cache *c;
    (void)state;

    snprintf(path, sizeof path, "%s/private", dir);
    fc_sha256_hex(hash, "1", 1);
    fc_sha256_hex(context, "c", 1);
    assert_int_equal(fc_cache_open(&c, path, "c", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_put(c, hash, "text\n", 5, NULL), FC_OK);
    snprintf(file, sizeof file, "%s/%.16s/%.2s/%s.jsonl", path, context, hash, hash + 2);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    /* An empty file, left by a full disk, is as good as none. */
    assert_int_equal(truncate(file, 0), 0);
    fc_bytes text;
    assert_int_equal(fc_cache_get(c, hash, &text, NULL), FC_END);
    fc_cache_close(c);
}

/* Neither reading nor writing waits for who may open the other end. */
static void a_pipe_is_no_entry(void **state)
{
    char path[64], name[256], hash[FC_SHA256_HEX];
    fc_cache *c;
    fc_bytes text;
    fc_error err;
    (void)state;

    snprintf(path, sizeof path, "%s/pipes", dir);
    fc_sha256_hex(hash, "3", 1);
    assert_int_equal(fc_cache_open(&c, path, "contract", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_put(c, hash, "text\n", 5, NULL), FC_OK);
    fc_cache_close(c);
    snprintf(name, sizeof name,
             "cd %s && for f in $(find . -name '*.jsonl'); do rm $f && mkfifo $f || exit 1; done", path);
    assert_int_equal(system(name), 0);
    alarm(60);
    assert_int_equal(fc_cache_open(&c, path, "contract", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_get(c, hash, &text, &err), FC_END);
    assert_non_null(strstr(fc_cache_fault(c), "is a pipe, not a file"));
    assert_int_equal(fc_cache_put(c, hash, "text\n", 5, &err), FC_OK);
    assert_int_equal(fc_cache_counted(c).stored, 0);
    fc_cache_close(c);
    snprintf(name, sizeof name, "cd %s/* && rm context.txt && mkfifo context.txt", path);
    assert_int_equal(system(name), 0);
    assert_int_equal(fc_cache_open(&c, path, "contract", 0, &err), FC_OK);
    assert_non_null(strstr(fc_cache_fault(c), "context.txt: not a file of this cache"));
    fc_cache_close(c);
    alarm(0);
}

/* What is not as it was written is not got: cut, changed, or another's. */
static void what_is_not_whole_is_refused(void **state)
{
    static const char *const ways[] = {"truncate -s -1 $f",
                                       "truncate -s +1 $f",
                                       "sed -i s/text/tixt/ $f",
                                       "sed -i 's/^facecheck-cache 1 ./&0/' $f",
                                       "sed -i 1d $f",
                                       "truncate -s 20 $f",
                                       "head -c 17000000 /dev/zero >$f"};
    char path[64], command[300], one[FC_SHA256_HEX], two[FC_SHA256_HEX];
    fc_cache *c;
    fc_bytes text;
    (void)state;

    snprintf(path, sizeof path, "%s/broken", dir);
    fc_sha256_hex(one, "1", 1);
    fc_sha256_hex(two, "2", 1);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        assert_int_equal(fc_cache_open(&c, path, "contract", 0, NULL), FC_OK);
        assert_int_equal(fc_cache_put(c, one, "text\n", 5, NULL), FC_OK);
        snprintf(command, sizeof command, "f=$(echo %s/*/*/*.jsonl) && %s", path, ways[i]);
        assert_int_equal(system(command), 0);
        assert_int_equal(fc_cache_get(c, one, &text, NULL), FC_END);
        assert_null(text.data);
        assert_int_equal(fc_cache_counted(c).hits, 0);
        fc_cache_close(c);
    }
    assert_int_equal(fc_cache_open(&c, path, "contract", 0, NULL), FC_OK);
    assert_int_equal(fc_cache_put(c, one, "text\n", 5, NULL), FC_OK);
    snprintf(command, sizeof command, "cd %s/* && mkdir -p %.2s && cp %.2s/*.jsonl %.2s/%s.jsonl", path, two,
             one, two, two + 2);
    assert_int_equal(system(command), 0);
    assert_int_equal(fc_cache_get(c, two, &text, NULL), FC_END);
    assert_int_equal(fc_cache_counted(c).refused, 1);
    assert_int_equal(fc_cache_get(c, one, &text, NULL), FC_OK);
    fc_bytes_clear(&text);
    fc_cache_close(c);
}

/* Of one folder of two digits, which has a 256th of all. */
static void what_is_oldest_goes(void **state)
{
    char path[64], command[300], key[FC_SHA256_HEX];
    static char big[8192];
    fc_cache *c;
    fc_bytes text;
    (void)state;

    snprintf(path, sizeof path, "%s/bound", dir);
    memset(big, 'x', sizeof big);
    fc_sha256_hex(key, "key", 3);
    assert_int_equal(fc_cache_open(&c, path, "contract", 256 * 100000, NULL), FC_OK);
    for (int i = 0; i < 40; i++) {
        snprintf(command, sizeof command, "ab%d%02d", i == 39 ? 0 : 1,
                 i); /* the last one looks after the bound */
        memcpy(key, command, 5);
        assert_int_equal(fc_cache_put(c, key, big, sizeof big, NULL), FC_OK);
        if (i == 2) { /* neither a link nor another's file is touched, and what was left an hour ago goes */
            snprintf(
                command, sizeof command,
                "cd %s/*/ab && touch -d '2 hours ago' other %s.jsonl.abcdef.tmp && ln -s other %.5s%s.jsonl",
                path, key + 2, "99999", key + 7);
            assert_int_equal(system(command), 0);
        }
    }
    assert_in_range(fc_cache_counted(c).removed, 25, 39);
    memcpy(key, "ab100", 5);
    assert_int_equal(fc_cache_get(c, key, &text, NULL), FC_END);
    memcpy(key, "ab138", 5);
    assert_int_equal(fc_cache_get(c, key, &text, NULL), FC_OK);
    fc_bytes_clear(&text);
    snprintf(command, sizeof command,
             "cd %s/*/ab && test -e other && test -h 99999*.jsonl && ! ls *.tmp 2>/dev/null && test $(du -s "
             "--apparent-size . | cut -f 1) -lt 110",
             path);
    assert_int_equal(system(command), 0);
    assert_null(fc_cache_fault(c));
    fc_cache_close(c);
}

static void others_may_not_write_to_it(void **state)
{
    char path[64];
    fc_cache *c;
    fc_error err;
    (void)state;

    snprintf(path, sizeof path, "%s/open", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0770), 0);
    assert_int_equal(fc_cache_open(&c, path, "contract", 0, &err), FC_EUSAGE);
    assert_non_null(strstr(err.message, "others may write to it"));
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    fc_cache *c;
    fc_error err;
    (void)state;

    assert_int_not_equal(fc_cache_open(&c, "/dev/null/cache", "c", 0, &err), FC_OK);
    assert_non_null(strstr(err.message, "/dev/null/cache"));
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back),
        cmocka_unit_test(only_the_owner_may_read),
        cmocka_unit_test(a_pipe_is_no_entry),
        cmocka_unit_test(what_is_not_whole_is_refused),
        cmocka_unit_test(what_is_oldest_goes),
        cmocka_unit_test(others_may_not_write_to_it),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
