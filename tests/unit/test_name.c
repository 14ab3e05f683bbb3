/* What people can be called, and which names are one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "facecheck.h"

static void good_names(void **state)
{
    static const char *const names[] = {
        "Ann",
        "unknown person",
        "O'Neil, J. (2)",
        "José",
        "Jose\u0301",
        "山田 太郎",
        "محمد",
        "علی\u200cرضا", /* a joiner that Persian is spelt with */
        "क्\u200dष",
        "\U0001F469\u200d\U0001F469", /* and emoji */
        "❤\uFE0F",
        " Ann ",
        "Ann\u3000B",
        "x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fc_error err;
        if (fc_name_check(names[i], &err))
            fail_msg("%s", err.message);
    }
}

static void bad_names(void **state)
{
    static const char *const names[][2] = {
        {"", "want 1 to 1000 bytes"},
        {" ", "it is blank"},
        {"\u00a0\u3000 ", "it is blank"},
        {"\u2800", "it is blank"},
        {"a\nb", "without control characters"},
        {"a\x7f", "without control characters"},
        {"\xff", "of UTF-8"},
        {"a\xc2\x9b"
         "b",
         "control character U+009B"},
        {"a\xc2\x85"
         "",
         "control character U+0085"},
        {"e\u202elive", "invisible character U+202E"},
        {"\u2066x\u2069", "invisible character U+2066"},
        {"a\u200eb", "invisible character U+200E"},
        {"a\u061cb", "invisible character U+061C"},
        {"Ann\u200b", "invisible character U+200B"},
        {"\ufeffAnn", "invisible character U+FEFF"},
        {"A\u00adnn", "invisible character U+00AD"},
        {"Ann\u2060", "invisible character U+2060"},
        {"Ann\u3164", "invisible character U+3164"},
        {"An\u200dn", "invisible character U+200D"},
        {"\u200cعلی", "invisible character U+200C"},
        {"علی\u200c", "invisible character U+200C"},
        {"\ufe0f", "invisible character U+FE0F"},
        {"Ann\U000E0041", "invisible character U+E0041"},
        {"a\u2028b", "invisible character U+2028"},
        {"unknown", "strangers"},
        {"Unknown", "strangers"},
        {"UNKNOWN", "strangers"},
        {" unknown\u00a0", "strangers"},
        {"ｕｎｋｎｏｗｎ", "strangers"},
        {"Ｕnknown\u3000", "strangers"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fc_error err;
        if (fc_name_check(names[i][0], &err) != FC_EUSAGE || !strstr(err.message, names[i][1]))
            fail_msg("name %zu: %s", i, err.message);
    }
}

static void long_names(void **state)
{
    char name[FC_NAME_MAX + 2] = "";
    fc_error err;

    (void)state;
    memset(name, 'x', FC_NAME_MAX);
    assert_int_equal(fc_name_check(name, &err), FC_OK);
    name[FC_NAME_MAX] = 'x';
    assert_int_equal(fc_name_check(name, &err), FC_EUSAGE);
    /* U+FB2C, 3 bytes, is three letters of 2 bytes in NFC */
    memset(name, 0, sizeof name);
    for (size_t i = 0; i + 3 <= FC_NAME_MAX; i += 3)
        memcpy(name + i, "\xef\xac\xac", 3);
    assert_int_equal(fc_name_check(name, &err), FC_EUSAGE);
    name[3 * 166] = '\0';
    assert_int_equal(fc_name_check(name, &err), FC_OK);
}

static void stored_names(void **state)
{
    fc_error err;

    (void)state;
    assert_int_equal(fc_name_check_stored(" ", &err), FC_OK);
    assert_int_equal(fc_name_check_stored("Unknown", &err), FC_OK);
    assert_int_equal(fc_name_check_stored("a\xc2\x9b"
                                          "b",
                                          &err),
                     FC_OK);
    assert_int_equal(fc_name_check_stored("unknown", &err), FC_EUSAGE);
    assert_int_equal(fc_name_check_stored("a\nb", &err), FC_EUSAGE);
    assert_int_equal(fc_name_check_stored("\xff", &err), FC_EUSAGE);
    assert_int_equal(fc_name_check_stored("", &err), FC_EUSAGE);
}

typedef fc_status form(char **, const char *, fc_error *);

static void becomes(form *f, const char *name, const char *want)
{
    fc_error err;
    char *got;

    if (f(&got, name, &err))
        fail_msg("%s", err.message);
    assert_string_equal(got, want);
    free(got);
}

static void forms(void **state)
{
    (void)state;
    becomes(fc_name_normal, "Jose\u0301", "José");
    becomes(fc_name_normal, "José", "José");
    becomes(fc_name_normal, "Å", "\u00c5"); /* the sign for ångström */
    becomes(fc_name_normal, "Ann  B ", "Ann  B ");
    becomes(fc_name_decomposed, "José", "Jose\u0301");
    becomes(fc_name_look, " JOSE\u0301 ", "jos\u00e9");
    becomes(fc_name_look, "Mary\u00a0Ann", "maryann");
    becomes(fc_name_look, "Ａｎｎ", "ann");
    becomes(fc_name_look, "Straße", "strasse");
    becomes(fc_name_look, "علی\u200cرضا", "علیرضا");
    becomes(fc_name_spell, "Ann B", "Ann B");
    becomes(fc_name_spell, " Ann  B ", "<U+0020>Ann<U+0020><U+0020>B<U+0020>");
    becomes(fc_name_spell, "Jose\u0301", "Jose<U+0301>");
    becomes(fc_name_spell, "\U0001F469", "<U+1F469>");
}

static void shown(void **state)
{
    static const char *const texts[][2] = {
        {"José", "José"},
        {"a\xc2\x9b"
         "2Jb",
         "a\\xc2\\x9b2Jb"},
        {"e\u202evil", "e\\xe2\\x80\\xaevil"},
        {"a\u200bb\ufeff", "a\\xe2\\x80\\x8bb\\xef\\xbb\\xbf"},
        {"علی\u200cرضا", "علی\u200cرضا"},
        {"\x1b[2J\n\\\x7f", "\\x1b[2J\\n\\\\\\x7f"},
        {"\xff\xc2", "\\xff\\xc2"},
        {"\U000E0041", "\\xf3\\xa0\\x81\\x81"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *text = fc_text_escape(texts[i][0], strlen(texts[i][0])), *put = NULL;
        size_t size;
        FILE *f = open_memstream(&put, &size);
        assert_string_equal(text, texts[i][1]);
        assert_non_null(f);
        fc_text_put(f, texts[i][0], strlen(texts[i][0]));
        assert_int_equal(fclose(f), 0);
        assert_string_equal(put, texts[i][1]);
        free(put);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_names), cmocka_unit_test(bad_names),
                                       cmocka_unit_test(long_names), cmocka_unit_test(stored_names),
                                       cmocka_unit_test(forms),      cmocka_unit_test(shown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
