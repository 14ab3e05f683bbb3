/* The lists of names, and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "detect/detector_names.h"
#include "engines/engine.h"
#include "engines/engine_names.h"
#include "facecheck.h"
#include "kernels/precision_names.h"
#include "match/fuse_names.h"
#include "models/align_mode_names.h"

enum { TWO = 1, ONE = 0, THREE = 2 };
#define TOYS(FIRST, X, LAST) FIRST(ONE, "one") X(TWO, "two") LAST(THREE, "three")
#define PAIR(FIRST, X, LAST) FIRST(ONE, "this") LAST(TWO, "that")

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(FC_NAMES_OR(TOYS), "one, two or three");
    assert_string_equal(FC_NAMES_AND(TOYS), "one, two and three");
    assert_string_equal(FC_NAMES_COMMAS(TOYS), "one,two,three");
    assert_string_equal(FC_NAMES_OR(PAIR), "this or that");
}

static void test_tables(void **state)
{
    static const char *const table[] = FC_NAMES_TABLE(TOYS), *const choices[] = {FC_NAMES_CHOICES(TOYS)};

    (void)state;
    assert_int_equal(sizeof table / sizeof *table, 4);
    assert_int_equal(sizeof choices / sizeof *choices, 3);
    assert_string_equal(table[TWO], "two");
    assert_string_equal(choices[TWO], "two");
    assert_null(table[3]);
}

/* Files and reports have these names: none may change. */
static void test_names_of_the_library(void **state)
{
    static const char *const detectors[] = FC_NAMES_TABLE(FC_DETECTORS);
    size_t n = 0;

    (void)state;
    assert_string_equal(fc_align_mode_names[FC_ALIGN_FIVE_POINT], "five-point");
    assert_string_equal(fc_align_mode_names[FC_ALIGN_BOX], "box");
    assert_string_equal(fc_align_mode_names[FC_ALIGN_DLIB], "dlib");
    assert_null(fc_align_mode_names[FC_ALIGN_DLIB + 1]);
    assert_string_equal(fc_precision_names[FC_PRECISION_AUTO], "auto");
    assert_string_equal(fc_precision_names[FC_PRECISION_FP32], "fp32");
    assert_string_equal(fc_precision_names[FC_PRECISION_BF16], "bf16");
    assert_null(fc_precision_names[FC_PRECISION_BF16 + 1]); /* int16 cannot be asked for */
    assert_string_equal(fc_precision_name(FC_PRECISION_BF16), "bf16");
    assert_string_equal(fc_precision_name(FC_PRECISION_INT16), "int16");
    assert_string_equal(fc_precision_name(FC_PRECISION_INT8), "int8");
    assert_string_equal(fc_fuse_names[FC_FUSE_MAX], "max");
    assert_string_equal(fc_fuse_names[FC_FUSE_MEAN], "mean");
    assert_string_equal(fc_fuse_names[FC_FUSE_TOP3], "top3");
    assert_null(fc_fuse_names[FC_FUSE_TOP3 + 1]);
    /* the table of the detectors has the order of the list */
    for (; detectors[n]; n++)
        assert_string_equal(fc_detector_name(n), detectors[n]);
    assert_null(fc_detector_name(n));
    assert_string_equal(detectors[FC_FIND_YUNET], "yunet");
    n = 0;
    for (const char *const *e = (const char *const[]){FC_ENGINE_CHOICES, NULL}; *e; e++)
        assert_string_equal(fc_engine_name(n++), *e);
    assert_null(fc_engine_name(n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_tables),
                                       cmocka_unit_test(test_names_of_the_library)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
