#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/suggest.h"

static const char *meant(const char *given, size_t n)
{
    static const char *const names[] = {"detect",         "match",    "model", "min-face",
                                        "min-similarity", "max-side", "j"};
    fc_suggestion l = fc_suggest_for(given, n);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fc_suggest_try(&l, names[i]);
    return l.name;
}

static void misspelt(void **state)
{
    static const char *const pairs[][2] = {
        {"mtach", "match"},       {"macth", "match"}, {"detct", "detect"},
        {"dettect", "detect"},    {"modle", "model"}, {"min_face", "min-face"},
        {"max-sied", "max-side"}, {"de", "detect"},   {"min-s", "min-similarity"},
        {"min", "min-face"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(meant(pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
    assert_string_equal(meant("match=5", 5), "match"); /* no byte behind the name counts */
}

static void something_else(void **state)
{
    static const char *const far[] = {"",
                                      "x",
                                      "m",
                                      "xy",
                                      "frobnicate",
                                      "detector-of-faces",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    for (size_t i = 0; i < sizeof far / sizeof *far; i++)
        assert_null(meant(far[i], strlen(far[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(misspelt), cmocka_unit_test(something_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
