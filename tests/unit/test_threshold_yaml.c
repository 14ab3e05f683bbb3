/* A threshold into a description: every other line stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "eval/threshold_yaml.h"
#include "seed.h"

#define HEAD                                                                                                 \
    "# models\nversion: 1\nmodels:\n  - name: a\n    normalisation: {mean: 1, scale: 2} # as trained\n"
#define TAIL                                                                                                 \
    "    dim: 3\n\n  # the other\n  - name: b\n    normalisation:\n      mean: 1\n      # by deviation\n   " \
    "   scale: 2\n"
#define NEW "    threshold: {cosine: 0.471, meaning: \"fmr \\\"1e-4\\\"\"}\n"

static const struct {
    const char *name, *before, *after;
} cases[] = {
    {"a", HEAD TAIL, HEAD NEW TAIL},
    {"b", HEAD TAIL, HEAD TAIL NEW},
    {"a", HEAD "    threshold: {cosine: 0.1}\n" TAIL, HEAD NEW TAIL},
    {"a", HEAD "    threshold:\n      cosine: 0.1\n      meaning: >-\n        of\n        old\n" TAIL,
     HEAD NEW TAIL},
    {"a", HEAD "    threshold:\n      meaning: old\n      cosine: 0.1 # old\n    # about dim\n" TAIL,
     HEAD NEW "    # about dim\n" TAIL},
    {"a", HEAD "    threshold: {cosine: 0.1,\n      meaning: old}\n" TAIL, HEAD NEW TAIL},
    {NULL, "input: 112\nnormalisation: {mean: 1, scale: 2}",
     "input: 112\nnormalisation: {mean: 1, scale: 2}\nthreshold: {cosine: 0.471, meaning: \"fmr "
     "\\\"1e-4\\\"\"}\n"},
};

static char path[] = "/tmp/test_threshold.XXXXXX";

static void write_text(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    keep_seed("yaml", text, strlen(text));
}

static void check_text(const char *want)
{
    fc_bytes text;
    assert_int_equal(fc_bytes_read_file(&text, path, 1 << 20, NULL), FC_OK);
    char *got = strndup((char *)text.data, text.n);
    assert_string_equal(got, want);
    free(got);
    fc_bytes_clear(&text);
}

static void other_lines_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(cases[i].before);
        assert_int_equal(fc_yaml_set_threshold(path, cases[i].name, 0.471, "fmr \"1e-4\"", NULL), FC_OK);
        check_text(cases[i].after);
        /* Again: nothing more changes. */
        assert_int_equal(fc_yaml_set_threshold(path, cases[i].name, 0.471, "fmr \"1e-4\"", NULL), FC_OK);
        check_text(cases[i].after);
    }
}

static void what_does_not_fit_is_left_alone(void **state)
{
    static const char *const bad[] = {
        HEAD,
        "models: [{name: x, normalisation: {mean: 1}}]\n",
        "models: [1, 2\n",
        "models: 3\n",
        "models:\n  - name: x\n",
        "[]\n",
    };
    fc_error err;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(bad[i]);
        assert_int_not_equal(fc_yaml_set_threshold(path, "x", 0.4, "m", &err), FC_OK);
        assert_non_null(strstr(err.message, path));
        check_text(bad[i]);
    }
    assert_int_equal(fc_yaml_set_threshold("/nonexistent/models.yaml", "x", 0.4, "m", &err), FC_EMISSING);
}

/* Ways to write it whose lines are not what they seem: refused, and left as they are. */
static void what_cannot_be_told_by_lines_is_left_alone(void **state)
{
    static const struct {
        const char *name, *text;
    } bad[] = {
        {"a", "models:\n  - threshold: {cosine: 0.1}\n    name: a\n    normalisation: {mean: 1}\n"},
        {NULL, "threshold: {cosine: 0.1}\rnormalisation: {mean: 1}\rinput: 5\n"},
        {NULL, "input: 5\xe2\x80\xa8threshold: {cosine: 0.1}\nnormalisation: {mean: 1}\ndim: 3\n"},
        {NULL, "? threshold\n: {cosine: 0.1}\nnormalisation: {mean: 1}\n"},
        {NULL, "--- !!map\n? normalisation\n: mean: 1\n  ? threshold\n  : 1\n? threshold\n: cosine: 1\n"},
    };
    fc_error err;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(bad[i].text);
        assert_int_equal(fc_yaml_set_threshold(path, bad[i].name, 0.4, "m", &err), FC_EUNSUPPORTED);
        assert_non_null(strstr(err.message, "write threshold: {cosine: 0.4}"));
        check_text(bad[i].text);
    }
}

static int make(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int drop(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_lines_stay),
        cmocka_unit_test(what_does_not_fit_is_left_alone),
        cmocka_unit_test(what_cannot_be_told_by_lines_is_left_alone),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
