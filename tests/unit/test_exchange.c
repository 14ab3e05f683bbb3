/* Galleries out and in again: all of it, some of it, nothing of what is broken; many names do not take long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "gallery/exchange.h"
#include "made_gallery.h"

enum { MANY = 50000 };

/* What is exported as text; the caller frees. */
static char *export(fc_gallery *g, fc_export_format format, char *const *names, size_t n)
{
    fc_text_file t;
    fc_error err = {0};

    assert_int_equal(fc_text_open(&t, NULL), FC_OK);
    if (fc_gallery_export(g, &(fc_export_options){.format = format, .to = t.f, .names = names, .n = n}, &err))
        fail_msg("%s", err.message);
    assert_int_equal(fc_text_close(&t, NULL), FC_OK);
    return t.data;
}

static fc_status import(fc_gallery *g, const char *text, size_t *added, size_t *known, fc_error *err)
{
    fc_import *im;
    fc_status s = fc_import_new(&im, g, err);
    size_t line = 0;

    assert_int_equal(s, FC_OK);
    for (const char *at = text, *end; !s && *at; at = end + 1) {
        end = strchr(at, '\n');
        s = fc_import_line(im, at, (size_t)(end - at), "records", ++line, err);
    }
    if (!s)
        s = fc_import_commit(im, added, known, NULL, err);
    fc_import_free(im);
    return s;
}

static uint64_t samples_of(fc_gallery *g)
{
    fc_gallery_info info;

    assert_int_equal(fc_gallery_get_info(g, &info, NULL), FC_OK);
    return info.samples;
}

static fc_gallery *some_people(const char *path)
{
    static const char *const names[] = {"Ada", "Bea", "Ada", "Cleo\xc3\xa9", "Bea"};
    fc_gallery *g = make_gallery(path);
    float e[MADE_DIM];
    int64_t id;

    for (int i = 0; i < 5; i++) {
        char source[20];
        snprintf(source, sizeof source, i == 3 ? "tab\there" : "%d.jpg", i);
        make_face(e, i, 0);
        put_photo(g, names[i], source, e);
    }
    assert_int_equal(fc_gallery_find(g, "Bea", &id, NULL), FC_OK);
    assert_int_equal(fc_gallery_set_meta(g, id, "{\"room\":12}", NULL), FC_OK);
    return g;
}

static void round_trip(void **state)
{
    fc_gallery *g = some_people("a"), *h = make_gallery("b");
    char *out = export(g, FC_EXPORT_RECORDS, NULL, 0);
    size_t added = 0, known = 0;

    (void)state;
    assert_int_equal(import(h, out, &added, &known, NULL), FC_OK);
    assert_int_equal(added, 5);
    assert_int_equal(known, 0);
    char *again = export(h, FC_EXPORT_RECORDS, NULL, 0);
    assert_string_equal(again, out);
    assert_non_null(strstr(out, "\"meta\":{\"room\":12}"));
    assert_int_equal(import(h, out, &added, &known, NULL), FC_OK);
    assert_int_equal(added, 0);
    assert_int_equal(known, 5);
    free(out);
    free(again);
    fc_gallery_free(g);
    fc_gallery_free(h);
}

static void some_names(void **state)
{
    char *const names[] = {"Bea", "Ada", "Bea"}, *const nobody[] = {"Ada", "Nobody"};
    fc_gallery *g = some_people("some");
    char *out = export(g, FC_EXPORT_TSV, names, 3);
    fc_error err;

    (void)state;
    assert_non_null(strstr(out, "id\tsrc\tface\tview\tquality\tsha256\nAda\t0.jpg\t0\t0\t0.5\t"));
    assert_non_null(strstr(out, "\nBea\t4.jpg\t"));
    assert_null(strstr(out, "Cleo"));
    free(out);
    out = export(g, FC_EXPORT_TSV, NULL, 0);
    assert_non_null(strstr(out, "\nCleo\xc3\xa9\ttab\\there\t"));
    free(out);
    assert_int_equal(
        fc_gallery_export(
            g, &(fc_export_options){.format = FC_EXPORT_TSV, .to = stderr, .names = nobody, .n = 2}, &err),
        FC_EMISSING);
    fc_gallery_free(g);
}

static void array(void **state)
{
    fc_gallery *g = some_people("array");
    fc_error err = {0};
    char list[200] = "";
    FILE *f;

    (void)state;
    if (fc_gallery_export(g, &(fc_export_options){.format = FC_EXPORT_NPY, .path = "x.npy"}, &err))
        fail_msg("%s", err.message);
    f = fopen("x.npy", "r");
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    assert_int_equal(ftell(f), 128 + 5 * MADE_DIM * 4);
    fclose(f);
    f = fopen("x.ids", "r");
    list[fread(list, 1, sizeof list - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(
        list, "Ada\t0.jpg\t0\nBea\t1.jpg\t0\nAda\t2.jpg\t0\nCleo\xc3\xa9\ttab\\there\t0\nBea\t4.jpg\t0\n");
    fc_gallery_free(g);
}

/* A line that is refused takes those before it along. */
static void all_or_nothing(void **state)
{
    static const char *const bad[][2] = {
        {"{\"v\":1,\"src\":\"x\"}\n", "records:6: no \"id\""},
        {"{\"v\":1,\"src\":\"x\",\"id\":\"Dora\"}\n", "records:6: no face"},
        {"{\"v\":1,\"src\":\"x\",\"id\":\"Dora\",\"faces\":[{},{}]}\n", NULL},
        {"{\"v\":1,\"src\":\"x\",\"id\":\"Dora\",\"faces\":[{}]}\n", "records:6: no embedding"},
        {"{\"v\":1,\"src\":\"x\",\"id\":\"Dora\",\"meta\":3,\"faces\":[{}]}\n",
         "records:6: meta: want an object"},
        {"not a record\n", NULL},
    };
    fc_gallery *g = some_people("good"), *h = make_gallery("empty");
    char *out = export(g, FC_EXPORT_RECORDS, NULL, 0);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = fc_text_format("%s%s", out, bad[i][0]);
        size_t added, known;
        fc_error err = {0};
        assert_int_not_equal(import(h, text, &added, &known, &err), FC_OK);
        if (bad[i][1])
            assert_string_equal(err.message, bad[i][1]);
        assert_int_equal(samples_of(h), 0);
        free(text);
    }
    free(out);
    fc_gallery_free(g);
    fc_gallery_free(h);
}

static void tells_of_names_alike(void **state)
{
    fc_gallery *g = make_gallery("alike"), *h = make_gallery("alike-too");
    float e[MADE_DIM];
    size_t added, known;
    fc_import *im;
    heard h1;
    fc_teller tell = hears(&h1);

    (void)state;
    make_face(e, 1, 0);
    put_photo(g, "ANN LEE", "1", e);
    put_photo(h, "Ann Lee", "1", e);
    char *out = export(g, FC_EXPORT_RECORDS, NULL, 0);
    assert_int_equal(fc_import_new(&im, h, NULL), FC_OK);
    assert_int_equal(fc_import_line(im, out, strlen(out), "-", 1, NULL), FC_OK);
    assert_int_equal(fc_import_commit(im, &added, &known, &tell, NULL), FC_OK);
    assert_string_equal(h1.text,
                        "warning: the names 'ANN LEE' and 'Ann Lee' differ in case or blanks only\n");
    fc_import_free(im);
    free(out);
    fc_gallery_free(g);
    fc_gallery_free(h);
}

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Everybody by name takes little more than finding each name and exporting everybody. */
static void many_names(void **state)
{
    char **names = calloc(MANY, sizeof *names);
    fc_gallery *g = make_gallery("many");
    int64_t id;

    (void)state;
    assert_int_equal(fc_gallery_begin(g, true, NULL), FC_OK);
    for (int i = 0; i < MANY; i++) {
        names[i] = fc_text_format("P%d", MANY - i);
        assert_int_equal(fc_gallery_put_subject(g, names[i], &id, NULL), FC_OK);
    }
    assert_int_equal(fc_gallery_commit(g, NULL), FC_OK);
    const double start = cpu();
    free(export(g, FC_EXPORT_TSV, NULL, 0));
    assert_int_equal(fc_gallery_begin(g, false, NULL), FC_OK);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(fc_gallery_find(g, names[i], &id, NULL), FC_OK);
    fc_gallery_rollback(g);
    const double apart = cpu() - start;
    free(export(g, FC_EXPORT_TSV, names, MANY));
    const double together = cpu() - start - apart;
    print_message("%d names: %.3f s; found and exported apart: %.3f s\n", MANY, together, apart);
    assert_true(together < 3 * apart);
    for (int i = 0; i < MANY; i++)
        free(names[i]);
    free(names);
    fc_gallery_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(some_names),
        cmocka_unit_test(array),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(tells_of_names_alike),
        cmocka_unit_test(many_names),
    };
    return cmocka_run_group_tests(tests, go_to_folder, leave_folder);
}
