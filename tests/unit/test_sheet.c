/* What fc-draw gathers from lines of the tools, and how its drawings in a folder are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plot/names.h"
#include "plot/sheet.h"

static void each_name_once(void **state)
{
    static const char *const cases[][2] = {
        {"a/x.jpg", "d/x.png"},
        {"b/x.jpg", "d/x-2.png"},
        {"x.gif", "d/x-3.png"},
        {"y", "d/y.png"},
        {"c/.hid", "d/.hid.png"},
        {"x-2.jpg", "d/x-2-2.png"},
        {"new\nline.jpg", "d/new_line.png"},
    };
    fc_names names = {.folder = "d/"};
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path;
        assert_int_equal(fc_names_next(&path, &names, cases[i][0], "png", &err), FC_OK);
        assert_string_equal(path, cases[i][1]);
        free(path);
    }
    fc_names_clear(&names);
}

/* The marks of one line. */
static void gather(fc_sheet *s, bool *one_of_many, const char *line, fc_labels labels)
{
    const fc_sheet_options opt = {.labels = labels};
    fc_record rec;
    fc_error err;

    assert_int_equal(fc_sheet_read(&rec, one_of_many, line, strlen(line), "lines", 1, &err), FC_OK);
    assert_int_equal(fc_sheet_add(s, &rec, &opt, &err), FC_OK);
    fc_record_clear(&rec);
}

static void marks_of_records_and_of_decisions(void **state)
{
    static const char record[] = "{\"v\":1,\"src\":\"a\",\"faces\":[{\"box\":[1,2,3,4],\"score\":0.5},"
                                 "{\"box\":[5,6,7,8],\"score\":0.25,\"name\":\"Ann\"}]}";
    static const char decision[] =
        "{\"v\":1,\"probe\":\"a\",\"box\":[1,2,3,4],\"probe_score\":0.5,\"match\":false,"
        "\"similarity\":0.125}";
    fc_sheet s = {0};
    bool one_of_many;

    (void)state;
    gather(&s, &one_of_many, record, FC_LABELS_AUTO);
    assert_false(one_of_many);
    gather(&s, &one_of_many, decision, FC_LABELS_AUTO);
    assert_true(one_of_many);
    assert_int_equal(s.n, 3);
    assert_string_equal(s.mark[0].label, "0.500");
    assert_string_equal(s.mark[1].label, "Ann");
    assert_string_equal(s.mark[2].label, "no match 0.12");
    assert_int_equal(s.mark[0].verdict, FC_FACE_FOUND);
    assert_int_equal(s.mark[2].verdict, FC_FACE_NO);
    gather(&s, &one_of_many, record, FC_LABELS_INDEX);
    assert_string_equal(s.mark[4].label, "1");
    gather(&s, &one_of_many, decision, FC_LABELS_NONE);
    assert_null(s.mark[5].label);
    fc_sheet_clear(&s);
    assert_int_equal(s.n, 0);
}

static void lines_that_are_none(void **state)
{
    static const char *const lines[] = {"", "{", "[]", "{\"v\":2,\"src\":\"a\"}",
                                        "{\"probe\":\"a\",\"box\":1}"};
    fc_record rec;
    bool one_of_many;
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_not_equal(
            fc_sheet_read(&rec, &one_of_many, lines[i], strlen(lines[i]), "lines", i + 1, &err), FC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_once),
        cmocka_unit_test(marks_of_records_and_of_decisions),
        cmocka_unit_test(lines_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
