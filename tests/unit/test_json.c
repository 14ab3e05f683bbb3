/* JSON and YAML from outside: what they may cost is known before they are built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/json.h"
#include "pipeline/record.h"
#include "base/yaml.h"

/* before, then n times middle, then after. Caller frees. */
static char *text_of(const char *before, const char *middle, size_t n, const char *after, size_t *size)
{
    const size_t b = strlen(before), m = strlen(middle), a = strlen(after);
    char *text = malloc(b + n * m + a + 1);

    assert_non_null(text);
    memcpy(text, before, b);
    for (size_t i = 0; i < n; i++)
        memcpy(text + b + i * m, middle, m);
    memcpy(text + b + n * m, after, a + 1);
    *size = b + n * m + a;
    return text;
}

static double seconds_since(clock_t start)
{
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__ /* whose malloc says nothing */
/* What a text becomes takes no more than was said. */
static void check_cost(const char *before, const char *middle, size_t n, const char *after)
{
    size_t size;
    char *text = text_of(before, middle, n, after, &size);
    const size_t cost = fc_json_cost(text, size), empty = mallinfo2().uordblks + mallinfo2().hblkhd;
    json_t *o;

    assert_int_equal(fc_json_read(&o, text, size, JSON_ALLOW_NUL, SIZE_MAX, NULL, NULL), FC_OK);
    const size_t used = mallinfo2().uordblks + mallinfo2().hblkhd - empty;
    assert_true(used <= cost);
    assert_true(used > cost / 8); /* nor is it beside the point */
    json_decref(o);
    free(text);
}

static void test_cost_is_not_below(void **state)
{
    (void)state;
    check_cost("[", "{},", 100000, "0]");
    check_cost("[", "[],", 100000, "0]");
    check_cost("[", "0,", 100000, "0]");
    check_cost("[", "1.5,", 100000, "0]");
    check_cost("[", "\"\",", 100000, "0]");
    check_cost("[", "\"a\",", 100000, "0]");
    check_cost("[", "\"a longer text than the others \\\"\\\\\\\" \\u00fc, with [a] {bracket: in} it\",",
               100000, "0]");
    check_cost("[", "{\"a\":{}},", 100000, "0]");
    check_cost("[", "{\"a\":\"b\",\"c\":\"d\"},", 100000, "0]");
    check_cost("[", "[[[[]]]],", 50000, "0]");
    check_cost("{\"faces\":[",
               "{\"box\":[1.5,2.25,3.0,4.125],\"score\":0.999812,\"landmarks\":[[1.5,2.5],[1.5,2.5],"
               "[1.5,2.5],[1.5,2.5],[1.5,2.5]]},",
               10000, "{}]}");
}
#endif

static void test_members_cost(void **state)
{
    (void)state;
    /* Names differ: a table of 100,000 members. */
    size_t n = 0;
    char *text = malloc(100000 * 16 + 2);
    assert_non_null(text);
    n += (size_t)sprintf(text + n, "{");
    for (int i = 0; i < 100000; i++)
        n += (size_t)sprintf(text + n, "%s\"%x\":0", i ? "," : "", i);
    n += (size_t)sprintf(text + n, "}");
    const size_t empty = mallinfo2().uordblks + mallinfo2().hblkhd;
    json_t *o;
    assert_int_equal(fc_json_read(&o, text, n, JSON_REJECT_DUPLICATES, SIZE_MAX, NULL, NULL), FC_OK);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd - empty <= fc_json_cost(text, n));
#else
    (void)empty;
#endif
    assert_int_equal(json_object_size(o), 100000);
    json_decref(o);
    free(text);
}

static void test_bomb(void **state)
{
    (void)state;
    size_t n;
    char *text = text_of("{\"v\":1,\"src\":\"a\",\"x\":[", "{},", 20u << 20, "{}]}", &n); /* 60 MiB */
    fc_record r;
    fc_error err;
    const clock_t start = clock();
    struct rusage before, after;

    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(fc_record_parse(&r, text, n, "bomb", 3, &err), FC_ELIMIT);
    getrusage(RUSAGE_SELF, &after);
    assert_string_equal(err.message, "bomb:3: more values than fit into 256 MiB of memory");
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 << 10); /* KiB */
    assert_true(seconds_since(start) < 5);
    free(text);
}

/* The largest record that the limits are made for. */
static void test_largest_record(void **state)
{
    (void)state;
    char *crop = malloc(102400 + 1), *e = malloc(21848 + 1), *face;
    size_t n, nface;
    fc_record r;

    assert_true(crop && e);
    memset(crop, 'A', 102400);
    memset(e, 'A', 21848);
    crop[102400] = e[21848] = '\0';
    e[21847] = '=';
    const int size = asprintf(
        &face,
        "{\"box\":[1.5,2.5,3.5,4.5],\"score\":0.999812,\"landmarks\":[[1,2],[1,2],[1,2],[1,2],[1,2]],"
        "\"crop\":{\"w\":160,\"h\":160,\"rgb\":\"%s\",\"mode\":\"box\",\"margin\":14},"
        "\"embedding\":{\"model\":\"facenet:0123456789abcdef\",\"f32\":\"%s\"}},",
        crop, e);
    assert_true(size > 0);
    char *text = text_of("{\"v\":1,\"src\":\"a.jpg\",\"faces\":[", face, FC_DEFAULT_MAX_FACES - 1, face, &n);
    nface = n - 1; /* the last comma */
    text = realloc(text, n + 3);
    assert_non_null(text);
    strcpy(text + nface, "]}");
    fc_error err;
    if (fc_record_parse(&r, text, nface + 2, "large", 1, &err))
        fail_msg("%s", err.message);
    assert_int_equal(fc_record_face_count(&r), FC_DEFAULT_MAX_FACES);
    fc_record_clear(&r);
    free(text);
    free(face);
    free(crop);
    free(e);
}

static void test_faults(void **state)
{
    (void)state;
    json_t *o;
    json_error_t why;
    fc_error err;
    assert_int_equal(fc_json_read(&o, "{\"a\":1,\"a\":2}", 13, JSON_REJECT_DUPLICATES, SIZE_MAX, &why, &err),
                     FC_EFORMAT);
    assert_non_null(strstr(err.message, "duplicate"));
    assert_int_equal(why.line, 1);
    assert_int_equal(fc_json_read(&o, "", 0, 0, SIZE_MAX, NULL, &err), FC_EFORMAT);
    assert_int_equal(fc_json_read(&o, "[1,2,3]", 7, 0, 400, NULL, &err), FC_ELIMIT);
    assert_null(o);
    assert_int_equal(fc_json_cost("\"[[[\\\"[[[\\\\\"", 12), 96 + 12); /* brackets within a text are none */
}

/* Every allocation fails in its turn: always out of memory, never a text that is not JSON. */
static long left = -1;
static void *failing(size_t n)
{
    if (left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    left -= left > 0;
    return malloc(n);
}

static void test_out_of_memory(void **state)
{
    static const char text[] =
        "{\"v\":1,\"src\":\"a\",\"x\":[1.5,\"b\",{\"c\":[null,{}]}],\"ms\":{\"decode\":2}}";
    (void)state;
    fc_record r;
    fc_error err;
    long n = 0;

    for (fc_status s = FC_ENOMEM; s; n++) {
        left = n;
        s = fc_record_parse(&r, text, sizeof text - 1, "line", 7, &err);
        if (s) {
            assert_int_equal(s, FC_ENOMEM);
            assert_non_null(strstr(err.message, "line:7: out of memory"));
        }
    }
    assert_true(n > 20);
    left = -1;
    fc_record_clear(&r);
}

/* ---- YAML ---------------------------------------------------------------------------------------------- */

static fc_status load(const char *before, const char *middle, size_t n, const char *after, fc_error *err)
{
    fc_bytes b;
    yaml_document_t doc;
    b.data = (uint8_t *)text_of(before, middle, n, after, &b.n);
    fc_status s = fc_yaml_load(&doc, &b, "x.yaml", err);
    if (!s)
        yaml_document_delete(&doc);
    fc_bytes_clear(&b);
    return s;
}

static void test_yaml_limits(void **state)
{
    (void)state;
    fc_error err;
    const clock_t start = clock();
    assert_int_equal(load("a: [1, {b: 2}]\n", "", 0, "", &err), FC_OK);
    assert_int_equal(load("", "- a: 1\n  b: [1, 2, 3]\n", 5000, "", &err), FC_OK); /* 110,000 bytes */
    assert_int_equal(load("", "- &a b\n", 133000, "", &err), FC_ELIMIT);           /* the report's 930 kB */
    assert_non_null(strstr(err.message, "x.yaml: more than 131072 bytes"));
    assert_int_equal(load("", "- &a b\n", 18000, "", &err), FC_EMODEL);
    assert_string_equal(err.message, "x.yaml:1: anchors (&) and aliases (*) are not read here");
    assert_int_equal(load("- x\n", "- *a\n", 18000, "", &err), FC_EMODEL);
    assert_int_equal(load("threshold: &a\n  cosine: *a\n", "", 0, "", &err), FC_EMODEL); /* in itself */
    assert_int_equal(load("", "[", 100000, "", &err), FC_EMODEL);
    assert_string_equal(err.message, "x.yaml:1: more than 16 levels of nesting");
    assert_int_equal(load("", "{a: ", 30000, "", &err), FC_EMODEL);
    assert_int_equal(load("", "- ", 60000, "", &err), FC_EMODEL);
    assert_int_equal(load("", "? ", 60000, "", &err), FC_EMODEL);
    (void)load("", "!a ", 40000, "", &err);
    assert_int_equal(load("", "[a,\n", 30000, "", &err), FC_EMODEL);
    assert_int_equal(load("%YAML 1.1\n", "%TAG !a! b\n", 11000, "--- a\n", &err), FC_EMODEL);
    assert_int_equal(load("a", "\n", 100000, "b", &err), FC_OK);
    assert_int_equal(load("", "\n", 100000, "", &err), FC_EEMPTY); /* nothing in it */
    assert_int_equal(load("a: 1\n---\nb: 2\n", "", 0, "", &err), FC_EMODEL);
    assert_string_equal(err.message, "x.yaml:2: a second document begins, want one");
    assert_int_equal(load("---\na: 1\n...\n", "", 0, "", &err), FC_OK);
    assert_true(seconds_since(start) < 20);
}

int main(void)
{
    json_set_alloc_funcs(failing, free); /* before the first is read: that keeps them */
    const struct CMUnitTest tests[] = {
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
        cmocka_unit_test(test_cost_is_not_below),
#endif
        cmocka_unit_test(test_members_cost),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_largest_record),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_yaml_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
