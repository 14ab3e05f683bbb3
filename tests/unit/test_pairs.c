/* LFW's pairs.txt: both headers, and files that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "facecheck.h"
#include "seed.h"

static fc_status parse(fc_pairs *p, const char *text, fc_error *err)
{
    /* From the heap, so that a read behind the end is seen. */
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    keep_seed("pairs", copy, n);
    fc_status s = fc_pairs_parse(p, copy, n, "pairs.txt", err);
    free(copy);
    return s;
}

static void two_folds(void **state)
{
    fc_pairs p;
    fc_error err = {0};
    (void)state;

    assert_int_equal(parse(&p,
                           "2\t1\nAnn\t1\t4\nAnn\t1\tBob\t12\n"
                           "Bob\t12\t12345\r\nC_D\t3\tAnn\t4",
                           &err),
                     FC_OK);
    assert_int_equal(p.n, 4);
    assert_int_equal(p.folds, 2);
    assert_int_equal(p.nimages, 5);
    assert_string_equal(p.image[0], "Ann/Ann_0001.jpg");
    assert_string_equal(p.image[1], "Ann/Ann_0004.jpg");
    assert_string_equal(p.image[2], "Bob/Bob_0012.jpg");
    assert_string_equal(p.image[3], "Bob/Bob_12345.jpg");
    assert_string_equal(p.image[4], "C_D/C_D_0003.jpg");
    const fc_pair want[] = {{0, 1, true, 0}, {0, 2, false, 0}, {2, 3, true, 1}, {4, 1, false, 1}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(p.pair[i].a, want[i].a);
        assert_int_equal(p.pair[i].b, want[i].b);
        assert_int_equal(p.pair[i].same, want[i].same);
        assert_int_equal(p.pair[i].fold, want[i].fold);
    }
    fc_pairs_clear(&p);
}

static void one_fold(void **state)
{
    fc_pairs p;
    (void)state;

    assert_int_equal(parse(&p, "1\nAnn\t1\t2\nAnn\t1\tBob\t1\n\n", NULL), FC_OK);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.folds, 1);
    fc_pairs_clear(&p);
}

/* Blanks for tabs, CRLF, a byte-order mark, blanks at the end: the same pairs. */
static void other_spellings(void **state)
{
    static const char *const text[] = {
        "2\t1\nAnn\t1\t4\nAnn\t1\tBob\t12\nBob\t12\t3\nC_D\t3\tAnn\t4\n",
        "2 1\nAnn 1 4\nAnn 1 Bob 12\nBob 12 3\nC_D 3 Ann 4\n",
        "2\t1\r\nAnn\t1\t4\r\nAnn\t1\tBob\t12\r\nBob\t12\t3\r\nC_D\t3\tAnn\t4\r\n\r\n",
        "\xef\xbb\xbf"
        "2\t1\nAnn\t1\t4\nAnn\t1\tBob\t12\nBob\t12\t3\nC_D\t3\tAnn\t4",
        "\xef\xbb\xbf"
        "  2   1 \r\nAnn  1  4\r\nAnn 1 Bob  12 \nBob\t12\t3\t\n C_D 3 Ann 4 \n \n",
    };
    static const char *const images[] = {"Ann/Ann_0001.jpg", "Ann/Ann_0004.jpg", "Bob/Bob_0012.jpg",
                                         "Bob/Bob_0003.jpg", "C_D/C_D_0003.jpg"};
    (void)state;

    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        fc_pairs p;
        fc_error err = {0};
        if (parse(&p, text[i], &err))
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(p.n, 4);
        assert_int_equal(p.folds, 2);
        assert_int_equal(p.nimages, 5);
        for (size_t k = 0; k < 5; k++)
            assert_string_equal(p.image[k], images[k]);
        assert_true(p.pair[0].same && !p.pair[1].same && p.pair[2].same && !p.pair[3].same);
        fc_pairs_clear(&p);
    }
    /* a name with blanks, between tabs */
    fc_pairs p;
    assert_int_equal(parse(&p, "1\nAnn Lee\t1\t2\nAnn Lee\t1\tBob\t1\n", NULL), FC_OK);
    assert_string_equal(p.image[0], "Ann Lee/Ann Lee_0001.jpg");
    fc_pairs_clear(&p);
}

static void bad_files_are_refused(void **state)
{
    static const struct {
        const char *text;
        fc_status status;
        const char *message;
    } bad[] = {
        {"", FC_EEMPTY, "pairs.txt: empty"},
        {"\n", FC_EFORMAT, "line 1"},
        {"x\t1\n", FC_EFORMAT, "line 1"},
        {"0\t1\n", FC_EFORMAT, "line 1"},
        {"-1\n", FC_EFORMAT, "line 1"},
        {"1 \n", FC_ETRUNCATED, "shorter"},
        {"1 1 1\n", FC_EFORMAT,
         "line 1: want the number of folds and of pairs a fold, or of pairs alone, with tabs or "
         "blanks between them; there are 3"},
        {"2,1\n", FC_EFORMAT, "with tabs or blanks between them and not ','"},
        {"1\nAnn,1,2\nAnn,1,Bob,1\n", FC_EFORMAT,
         "line 2: want NAME, number, number (a matched pair), with tabs or blanks between them and not ','"},
        {"1\nAnn 1 2 3\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: want NAME, number, number (a matched pair)"},
        {"1\nAnn Lee 1 2\nAnn 1 Bob 2\n", FC_EFORMAT, "line 2: want NAME, number, number (a matched pair)"},
        {"1\nAnn 1 2\nAnn Lee 1 2\n", FC_EFORMAT, "line 3: the number of a picture is not a number from 1"},
        {"1\nAnn\t1 2\nAnn 1 Bob 2\n", FC_EFORMAT, "line 2: want NAME, number, number (a matched pair)"},
        {"\xff\xfe"
         "1",
         FC_EFORMAT, "pairs.txt: is UTF-16 text"},
        {"1\t1\t1\n", FC_EFORMAT, "line 1"},
        {"99999999999999999999\n", FC_EFORMAT, "line 1"},
        {"999999999\t999999999\n", FC_ETRUNCATED, "shorter"},
        {"10\t300\nAnn\t1\t2\n", FC_ETRUNCATED, "shorter"},
        {"1\nAnn\t1\t2\n", FC_ETRUNCATED, "ends after line 2"},
        {"1\nAnn\t1\t2\nAnn\t1\tBob\t1\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 4: more pairs"},
        {"1\nAnn\t1\tBob\t2\nAnn\t1\t2\n", FC_EFORMAT, "line 2: want NAME, number, number"},
        {"1\nAnn\t1\t2\nAnn\t1\t3\n", FC_EFORMAT, "line 3: want NAME, number, NAME"},
        {"1\nAnn\t1\t2\nAnn\t1\tBob\t2\t3\n", FC_EFORMAT, "line 3"},
        {"1\nAnn\t1\t2\nAnn\t1\tBob\t2\t3\t4\t5\t6\n", FC_EFORMAT, "line 3"},
        {"1\nAnn\t1\t1\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: a picture paired with itself"},
        {"1\nAnn\t1\t2\nAnn\t1\tAnn\t2\n", FC_EFORMAT, "line 3: a mismatched pair of one person"},
        {"1\n..\t1\t2\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: not a person's name"},
        {"1\na/b\t1\t2\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: not a person's name"},
        {"1\n\t1\t2\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: not a person's name"},
        {"1\nAnn\t0\t2\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: the number of a picture"},
        {"1\nAnn\t1\t+2\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: the number of a picture"},
        {"1\nAnn\t1\t2x\nAnn\t1\tBob\t2\n", FC_EFORMAT, "line 2: the number of a picture"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_pairs p;
        fc_error err = {0};
        assert_int_equal(parse(&p, bad[i].text, &err), bad[i].status);
        if (!strstr(err.message, bad[i].message))
            fail_msg("case %zu: '%s' does not say '%s'", i, err.message, bad[i].message);
        assert_null(p.pair);
        assert_null(p.image);
    }
}

static void odd_bytes_are_refused(void **state)
{
    static const char nul[] = "1\nAnn\0x\t1\t2\nAnn\t1\tBob\t1\n";
    fc_pairs p;
    fc_error err;
    (void)state;

    assert_int_equal(fc_pairs_parse(&p, nul, sizeof nul - 1, "pairs.txt", &err), FC_EFORMAT);
    char *text = malloc(3000);
    strcpy(text, "1\n");
    memset(text + 2, 'A', 2000);
    strcpy(text + 2002, "\t1\t2\nAnn\t1\tBob\t1\n");
    assert_int_equal(fc_pairs_parse(&p, text, strlen(text), "pairs.txt", &err), FC_EFORMAT);
    memset(text + 2, 'A', 300);
    strcpy(text + 302, "\t1\t2\nAnn\t1\tBob\t1\n");
    assert_int_equal(fc_pairs_parse(&p, text, strlen(text), "pairs.txt", &err), FC_EFORMAT);
    free(text);
}

/* Every beginning of a good file, and the file with each byte replaced, is answered without a fault. */
static void cut_and_changed_files(void **state)
{
    static const char good[] = "2\t1\nAnn\t1\t4\nAnn\t1\tBob\t12\nBob\t12\t5\nC_D\t3\tAnn\t4\n";
    static const char bytes[] = {'\0', '\t', '\n', '\r', '9', 'A', '/', '-', (char)0xff};
    fc_pairs p;
    (void)state;

    for (size_t n = 0; n < sizeof good - 1; n++) {
        char *copy = malloc(n ? n : 1);
        memcpy(copy, good, n);
        fc_status s = fc_pairs_parse(&p, copy, n, "x", NULL);
        /* The file without its last newline is whole. */
        assert_true(n == sizeof good - 2 ? s == FC_OK : s != FC_OK);
        fc_pairs_clear(&p);
        free(copy);
    }
    for (size_t i = 0; i < sizeof good - 1; i++)
        for (size_t k = 0; k < sizeof bytes; k++) {
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            text[i] = bytes[k];
            if (fc_pairs_parse(&p, text, sizeof good - 1, "x", NULL) == FC_OK)
                fc_pairs_clear(&p);
            else
                assert_null(p.pair);
        }
}

static void needs_shared_lfw(void **state)
{
    char path[4096];
    fc_bytes text = {0};
    fc_pairs p;
    (void)state;

    snprintf(path, sizeof path, "%s/lfw/pairs.txt", getenv("FC_SHARED") ? getenv("FC_SHARED") : "");
    if (fc_bytes_read_file(&text, path, 1u << 20, NULL))
        skip();
    assert_int_equal(fc_pairs_parse(&p, (const char *)text.data, text.n, path, NULL), FC_OK);
    assert_int_equal(p.n, 3000);
    assert_int_equal(p.folds, 5);
    assert_int_equal(p.nimages, 3811);
    fc_pairs_clear(&p);
    fc_bytes_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_folds),
        cmocka_unit_test(one_fold),
        cmocka_unit_test(other_spellings),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(odd_bytes_are_refused),
        cmocka_unit_test(cut_and_changed_files),
        cmocka_unit_test(needs_shared_lfw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
