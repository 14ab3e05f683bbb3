/* Encodings as others stored them: arrays of NumPy's, tables, lists of names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/npy_read.h"
#include "gallery/encodings_csv.h"
#include "seed.h"

/* ---- arrays ---- */

/* A file of format version.0 with this header and these bytes behind it. */
static size_t make(uint8_t *out, int version, const char *header, const void *data, size_t n)
{
    const size_t length = strlen(header), wide = version > 1 ? 4 : 2;

    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version;
    out[7] = 0;
    for (size_t i = 0; i < wide; i++)
        out[8 + i] = (uint8_t)(length >> 8 * i);
    memcpy(out + 8 + wide, header, length);
    memcpy(out + 8 + wide + length, data, n);
    keep_seed("npy", out, 8 + wide + length + n);
    return 8 + wide + length + n;
}

#define DICT(type, order, shape) "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }  \n"

static void numbers_are_what_was_stored(void **state)
{
    const float f4[] = {1, 2, 3, 4, 5, 6};
    const double f8[] = {1, 4, 2, 5, 3, 6}; /* column by column */
    uint8_t big[24], file[512];
    fc_npy_table t;
    (void)state;

    for (size_t i = 0; i < sizeof big; i++)
        big[i] = ((const uint8_t *)f4)[i / 4 * 4 + 3 - i % 4];
    const struct {
        int version;
        const char *header;
        const void *data;
        size_t n;
    } cases[] = {
        {1, DICT("<f4", "False", "(2, 3)"), f4, sizeof f4},
        {2, DICT("<f4", "False", "(2, 3)"), f4, sizeof f4},
        {3, DICT("<f4", "False", "(2,3)"), f4, sizeof f4},
        {1, DICT(">f4", "False", "(2, 3)"), big, sizeof big},
        {1, DICT("<f8", "True", "(2, 3)"), f8, sizeof f8},
        {1, "{\"shape\": (2L, 3L), \"descr\": \"<f4\", \"fortran_order\": False}", f4, sizeof f4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = make(file, cases[i].version, cases[i].header, cases[i].data, cases[i].n);
        assert_int_equal(fc_npy_parse(&t, file, n, "x", NULL), FC_OK);
        assert_true(t.rows == 2 && t.columns == 3);
        for (size_t k = 0; k < 6; k++)
            assert_true(fc_npy_number(&t, k / 3, k % 3) == (double)k + 1);
    }
    size_t n = make(file, 1, DICT("<f4", "False", "(6,)"), f4, sizeof f4);
    assert_int_equal(fc_npy_parse(&t, file, n, "x", NULL), FC_OK);
    assert_true(t.rows == 1 && t.columns == 6);
    n = make(file, 1, DICT("<f4", "False", "(0, 128)"), f4, 0);
    assert_int_equal(fc_npy_parse(&t, file, n, "x", NULL), FC_OK);
    assert_int_equal(t.rows, 0);
}

static void what_is_no_table_is_refused(void **state)
{
    static const struct {
        const char *header;
        fc_status s;
    } bad[] = {
        {DICT("|O", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {DICT("O", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {"{'descr': [('a', '<f4'), ('b', '<f4', (2,))], 'fortran_order': False, 'shape': (2,), }",
         FC_EUNSUPPORTED},
        {DICT("<i4", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {DICT("<f2", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {DICT("<c8", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {DICT("f4", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {DICT("", "False", "(2, 3)"), FC_EUNSUPPORTED},
        {DICT("<f4", "False", "()"), FC_EUNSUPPORTED},
        {DICT("<f4", "False", "(2, 3, 1)"), FC_EUNSUPPORTED},
        {DICT("<f4", "False", "(2, 4)"), FC_EFORMAT},
        {DICT("<f4", "False", "(2, 2)"), FC_EFORMAT},
        {DICT("<f4", "False", "(4611686018427387904, 4)"), FC_EFORMAT},
        {DICT("<f4", "False", "(99999999999999999999999, 3)"), FC_EFORMAT},
        {DICT("<f4", "False", "(-2, 3)"), FC_EFORMAT},
        {DICT("<f4", "False", "(2.0, 3)"), FC_EFORMAT},
        {DICT("<f4", "False", "(1, 1, 1, 1, 1, 1, 1, 2, 3)"), FC_EFORMAT},
        {DICT("<f4", "Maybe", "(2, 3)"), FC_EFORMAT},
        {DICT("<f4", "False", "(2, 3") "}", FC_EFORMAT},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", FC_EFORMAT},
        {"{'descr': '<f4', 'shape': (2, 3)}", FC_EFORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}", FC_EFORMAT},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", FC_EFORMAT},
        {"{'descr': '<f4", FC_EFORMAT},
        {"{'descr': [[[[", FC_EFORMAT},
        {"{'descr'", FC_EFORMAT},
        {"", FC_EFORMAT},
    };
    const float f4[6] = {1};
    uint8_t file[512];
    fc_npy_table t;
    fc_error err;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const size_t n = make(file, 1, bad[i].header, f4, sizeof f4);
        assert_int_equal(fc_npy_parse(&t, file, n, "x.npy", &err), bad[i].s);
        assert_memory_equal(err.message, "x.npy: ", 7);
    }
}

static void a_file_that_ends_early_is_refused(void **state)
{
    const float f4[6] = {1, 2, 3, 4, 5, 6};
    uint8_t file[512];
    fc_npy_table t;
    (void)state;

    for (int version = 1; version <= 2; version++) {
        const size_t n = make(file, version, DICT("<f4", "False", "(2, 3)"), f4, sizeof f4);
        for (size_t k = 0; k < n; k++) {
            uint8_t *part = malloc(k + 1); /* what is read behind it is found */
            memcpy(part, file, k);
            assert_int_equal(fc_npy_parse(&t, part, k, "x", NULL), FC_EFORMAT);
            free(part);
        }
    }
    const size_t n = make(file, 1, DICT("<f4", "False", "(2, 3)"), f4, sizeof f4);
    file[6] = 4; /* a version that is still to come */
    assert_int_equal(fc_npy_parse(&t, file, n, "x", NULL), FC_EFORMAT);
    file[6] = 2; /* then the length has four bytes, of which two are text */
    assert_int_equal(fc_npy_parse(&t, file, n, "x", NULL), FC_EFORMAT);
}

/* ---- tables ---- */

static void begin(fc_csv *c, const char *text)
{
    keep_seed("csv", text, strlen(text));
    fc_csv_begin(c, (const uint8_t *)text, strlen(text));
}

static void lines_are_names_and_numbers(void **state)
{
    static const char *const same[] = {
        "Ann,1,-2.5,3e-1\nDoe, 1 ,-2.5 ,0.3\n",
        "\xef\xbb\xbfname,v1,v2,v3\r\n\"Ann\",1,-2.5,0.3\r\n\r\nDoe,1,-2.5,0.3",
        ",0,1,2\nAnn,1,-2.5,0.3\n\nDoe,1,-2.5,0.3\n\n",
        "id,1,2,3\nAnn,1,-2.5,0.3\nDoe,1.0,-2.50,0.30",
        "a\"b,c,d\nAnn,1,-2.5,0.3\nDoe,1,-2.5,0.3",
        "who,info,infrared,nancy\nAnn,1,-2.5,0.3\nDoe,1,-2.5,0.3", /* no number that is none */
        "\n\r\nname,v1,v2,v3\nAnn,1,-2.5,0.3\nDoe,1,-2.5,0.3",
        "\n,0,1,2\nAnn,1,-2.5,0.3\nDoe,1,-2.5,0.3",
    };
    char name[FC_NAME_MAX + 1];
    float e[3];
    fc_csv c;
    (void)state;

    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        begin(&c, same[i]);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(fc_csv_encoding(&c, name, e, 3, NULL), FC_OK);
            assert_string_equal(name, k ? "Doe" : "Ann");
            assert_true(e[0] == 1 && e[1] == -2.5F && e[2] == 0.3F);
        }
        assert_int_equal(fc_csv_encoding(&c, name, e, 3, NULL), FC_END);
    }
    begin(&c, "\"Doe, \"\"Ann\"\"\",1,2,4\n");
    assert_int_equal(fc_csv_encoding(&c, name, e, 3, NULL), FC_OK);
    assert_string_equal(name, "Doe, \"Ann\"");
    begin(&c, "");
    assert_int_equal(fc_csv_encoding(&c, name, e, 3, NULL), FC_END);
}

static void a_line_that_is_no_encoding_is_refused(void **state)
{
    static const char *const bad[] = {
        "Ann,1,2\n",         "Ann,1,2,3,4\n",    "Ann,1,2,3,\n",      "Ann\n",
        "Ann,nan,nan,nan\n", "Ann,nan,2,3\n",    "Ann,-inf,x,y\n",    "Ann,1,2,NaN\n",
        "Ann,1,,3\n",        "Ann,1,2,0x3\n",    "Ann,1,2,3 4\n",     "Ann;1;2;3\n",
        "Ann,1,2,1e999\n",   "\"Ann,1,2,3\n",    "\"Ann\"x,1,2,3\n",  "name,a,b,c\nBob",
        "Ann,1,2,x\n",       "A,infinity,x,y\n", "A,-nan(ind),x,y\n", "A,1,2,3,4\nname,a,b,c\n",
    };
    static char long_name[FC_NAME_MAX + 20], long_number[120];
    char name[FC_NAME_MAX + 1];
    float e[3];
    fc_csv c;
    fc_error err;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(&c, bad[i]);
        assert_int_equal(fc_csv_encoding(&c, name, e, 3, &err), FC_ERECORD);
    }
    memset(long_name, 'a', FC_NAME_MAX + 1);
    strcat(long_name, ",1,2,3");
    begin(&c, long_name);
    assert_int_equal(fc_csv_encoding(&c, name, e, 3, &err), FC_ERECORD);
    memset(long_number, '1', 100);
    memcpy(long_number, "Ann,", 4);
    strcat(long_number, ",2,3");
    begin(&c, long_number);
    assert_int_equal(fc_csv_encoding(&c, name, e, 3, &err), FC_ERECORD);
    fc_csv_begin(&c, (const uint8_t *)"A\0n,1,2,3", 9);
    assert_int_equal(fc_csv_encoding(&c, name, e, 3, &err), FC_ERECORD);
    fc_csv_begin(&c, (const uint8_t *)"Ann,1,2,3\0", 10);
    assert_int_equal(fc_csv_encoding(&c, name, e, 3, &err), FC_ERECORD);
}

static void a_list_of_names_has_a_line_for_each(void **state)
{
    static const char *const bad[] = {"a\\", "a\\b", "\\x", "\\xe", "\\xg0", "\\x0G", "\\x00", "\\xE2"};
    static char long_name[FC_NAME_MAX + 2];
    char name[FC_NAME_MAX + 1];
    fc_csv c;
    (void)state;

    begin(&c, "a\\\\b\\tc\\xe2\\x80\\x8fd\te\\f");
    assert_int_equal(fc_csv_name(&c, name, NULL), FC_OK);
    assert_string_equal(name, "a\\b\tc\xe2\x80\x8f"
                              "d");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(&c, bad[i]);
        assert_int_equal(fc_csv_name(&c, name, NULL), FC_ERECORD);
    }
    memset(long_name, 'a', FC_NAME_MAX + 1);
    for (int i = 1; i >= 0; i--) {
        long_name[FC_NAME_MAX + i] = '\0';
        begin(&c, long_name);
        assert_int_equal(fc_csv_name(&c, name, NULL), i ? FC_ERECORD : FC_OK);
    }
    begin(&c, "Ann\tphoto.jpg\t0\r\nDoe, Bob\n\nEve");
    assert_int_equal(fc_csv_name(&c, name, NULL), FC_OK);
    assert_string_equal(name, "Ann");
    assert_int_equal(fc_csv_name(&c, name, NULL), FC_OK);
    assert_string_equal(name, "Doe, Bob");
    assert_int_equal(fc_csv_name(&c, name, NULL), FC_ERECORD);
    assert_int_equal(c.line, 3);
    assert_int_equal(fc_csv_name(&c, name, NULL), FC_OK);
    assert_string_equal(name, "Eve");
    assert_int_equal(fc_csv_name(&c, name, NULL), FC_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_what_was_stored),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(a_file_that_ends_early_is_refused),
        cmocka_unit_test(lines_are_names_and_numbers),
        cmocka_unit_test(a_line_that_is_no_encoding_is_refused),
        cmocka_unit_test(a_list_of_names_has_a_line_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
