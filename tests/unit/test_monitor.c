/* Points of InfluxDB and figures of Prometheus: what a writer gives, and what is read back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "monitor/influx.h"
#include "monitor/prom.h"

/* ---- points ---- */

static char *line_of(const fc_influx_point *p, int64_t ns, fc_status want)
{
    fc_text_file t;
    fc_error err;

    assert_int_equal(fc_text_open(&t, NULL), FC_OK);
    assert_int_equal(fc_influx_put(p, ns, t.f, &err), want);
    assert_int_equal(fc_text_close(&t, NULL), FC_OK);
    return t.data;
}

static void assert_line(const fc_influx_point *p, int64_t ns, const char *want)
{
    char *line = line_of(p, ns, FC_OK);

    assert_string_equal(line, want);
    free(line);
}

static void a_point_is_a_line(void **state)
{
    fc_influx_point p;

    (void)state;
    fc_influx_begin(&p, "a b,c=d");
    fc_influx_tag(&p, "z", "last");
    fc_influx_tag(&p, "a=b, c", "x=y, \"z\"\\w");
    fc_influx_tag(&p, "empty", "");
    fc_influx_tag(&p, "none", NULL);
    fc_influx_real(&p, "real", 0.1);
    fc_influx_real(&p, "nan", NAN);
    fc_influx_real(&p, "infinite", -INFINITY);
    fc_influx_integer(&p, "integer", INT64_MIN);
    fc_influx_text(&p, "text", "a \"b\" \\ c, d=e \xc3\xa4");
    fc_influx_text(&p, "none", NULL);
    assert_line(&p, 12,
                "a\\ b\\,c=d,a\\=b\\,\\ c=x\\=y\\,\\ \"z\"\\w,z=last real=0.1,integer=-9223372036854775808i,"
                "text=\"a \\\"b\\\" \\\\ c, d=e \xc3\xa4\" 12\n");
    fc_influx_begin(&p, "m");
    fc_influx_integer(&p, "n", 1);
    assert_line(&p, FC_INFLUX_NO_TIME, "m n=1i\n");
    fc_influx_begin(&p, "m"); /* no fields, no point */
    fc_influx_tag(&p, "t", "x");
    fc_influx_real(&p, "nan", NAN);
    assert_line(&p, 1, "");
}

/* Whatever a text holds, a line stays one, and a tag does not take what follows. */
static void no_text_breaks_a_line(void **state)
{
    fc_influx_point p;

    (void)state;
    fc_influx_begin(&p, "m");
    fc_influx_tag(&p, "a", "new\nline\ttab");
    fc_influx_tag(&p, "b", "end\\");
    fc_influx_tag(&p, "c", "\xff");
    fc_influx_tag(&p, "d", "\\");
    fc_influx_text(&p, "t", "x\ny\\");
    fc_influx_text(&p, "u", "end\\");
    assert_line(&p, 1,
                "m,a=new\\nline\\ttab,b=end\\x5c,c=\\xff,d=\\x5c t=\"x\\\\ny\\\\\\\\\",u=\"end\\\\\" 1\n");
}

static void what_has_no_room_is_refused(void **state)
{
    char *longest = malloc(FC_INFLUX_SERIES_SIZE + 1), *line;
    fc_influx_point p;

    (void)state;
    fc_influx_begin(&p, "m");
    for (int i = 0; i <= FC_INFLUX_FIELDS; i++)
        fc_influx_integer(&p, "n", i);
    free(line_of(&p, 1, FC_ELIMIT));
    fc_influx_begin(&p, "m");
    for (int i = 0; i <= FC_INFLUX_TAGS; i++)
        fc_influx_tag(&p, "t", "x");
    fc_influx_integer(&p, "n", 1);
    free(line_of(&p, 1, FC_ELIMIT));
    memset(longest, 'x', FC_INFLUX_SERIES_SIZE);
    longest[FC_INFLUX_SERIES_SIZE] = '\0';
    fc_influx_begin(&p, "m");
    fc_influx_tag(&p, "t", longest);
    fc_influx_integer(&p, "n", 1);
    line = line_of(&p, 1, FC_ELIMIT);
    assert_string_equal(line, ""); /* nothing of it is written */
    free(line);
    longest[FC_INFLUX_SERIES_SIZE - 4] = '\0'; /* m,t= */
    free(line_of(&p, 1, FC_OK));
    free(longest);
}

static void no_two_points_have_one_time(void **state)
{
    fc_influx_clock c = {0};

    (void)state;
    assert_int_equal(fc_influx_clock_tick(&c, 1607123958.748), 1607123958748000000);
    assert_int_equal(fc_influx_clock_tick(&c, 1607123958.748), 1607123958748000001);
    assert_int_equal(fc_influx_clock_tick(&c, 1607123958.748), 1607123958748000002);
    assert_int_equal(fc_influx_clock_tick(&c, 1607123958.749), 1607123958749000000);
    assert_int_equal(fc_influx_clock_tick(&c, -1.5), -1500000000);
    const int64_t now = fc_influx_clock_tick(&c, NAN);
    assert_true(now > 1607123958748000000 && now < fc_influx_clock_tick(&c, INFINITY));
    assert_true(fc_influx_clock_tick(&c, 1e300) > now);
    /* several cameras, whose times go back and forth */
    assert_int_equal(fc_influx_clock_tick(&c, 1607123958.748), 1607123958748000003);
    assert_int_equal(fc_influx_clock_tick(&c, -1.5), -1499999999);
    assert_int_equal(fc_influx_clock_tick(&c, 1607123958.749), 1607123958749000001);
    /* a microsecond that is full goes on behind the next one's */
    for (int i = 0; i < 999; i++)
        fc_influx_clock_tick(&c, 1);
    assert_int_equal(fc_influx_clock_tick(&c, 1.000001), 1000001000);
    assert_int_equal(fc_influx_clock_tick(&c, 1), 1000000999);
    assert_int_equal(fc_influx_clock_tick(&c, 1), 1000001001);
    /* of many times the first one is forgotten */
    for (int i = 0; i < FC_INFLUX_TIMES; i++)
        fc_influx_clock_tick(&c, 100 + i);
    assert_int_equal(fc_influx_clock_tick(&c, 1), 1000000000);
}

/* ---- figures ---- */

enum { COUNT, PLAIN, LEVEL, TOOK, FAMILIES };
static const double bounds[] = {0.5, 1};
static const fc_prom_family families[FAMILIES] = {
    [COUNT] = {.name = "c_total", .help = "Counts.", .kind = FC_PROM_COUNTER, .label = {"b", "a"}},
    [PLAIN] = {.name = "p_total", .help = "Plain.", .kind = FC_PROM_COUNTER},
    [LEVEL] = {.name = "g", .help = "A gauge.", .kind = FC_PROM_GAUGE},
    [TOOK] = {.name = "h",
              .help = "Took.",
              .kind = FC_PROM_HISTOGRAM,
              .label = {"s"},
              .bounds = bounds,
              .nbounds = 2},
};

static fc_prom *fresh(void)
{
    fc_prom *p;

    assert_int_equal(fc_prom_new(&p, families, FAMILIES, NULL), FC_OK);
    return p;
}

static void assert_text(fc_prom *p, const char *want)
{
    char *text = fc_prom_text(p);

    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

static const char full[] = "# HELP c_total Counts.\n# TYPE c_total counter\n"
                           "c_total 1\n"
                           "c_total{a=\"only\"} 2.5\n"
                           "c_total{b=\"a \\\"b\\\" \\\\ c, {d}\\nnew \xc3\xa4\",a=\"x\"} 3\n"
                           "# HELP p_total Plain.\n# TYPE p_total counter\n"
                           "p_total 9007199254740991\n"
                           "# HELP g A gauge.\n# TYPE g gauge\n"
                           "g -4\n"
                           "# HELP h Took.\n# TYPE h histogram\n"
                           "h_bucket{s=\"q\",le=\"0.5\"} 2\n"
                           "h_bucket{s=\"q\",le=\"1.0\"} 2\n"
                           "h_bucket{s=\"q\",le=\"+Inf\"} 3\n"
                           "h_sum{s=\"q\"} 2.75\n"
                           "h_count{s=\"q\"} 3\n";

static fc_prom *filled(void)
{
    fc_prom *p = fresh();

    fc_prom_add(p, COUNT, (const char *[]){"a \"b\" \\ c, {d}\nnew \xc3\xa4", "x"}, 3);
    fc_prom_add(p, COUNT, (const char *[]){NULL, "only"}, 2);
    fc_prom_add(p, COUNT, (const char *[]){"", "only"}, 0.5);
    fc_prom_add(p, COUNT, (const char *[]){"", NULL}, 1);
    fc_prom_add(p, PLAIN, NULL, 9007199254740991);
    fc_prom_set(p, LEVEL, NULL, -3);
    fc_prom_change(p, LEVEL, NULL, -1);
    fc_prom_observe(p, TOOK, (const char *[]){"q"}, 0.25);
    fc_prom_observe(p, TOOK, (const char *[]){"q"}, 0.5); /* a bucket's end is in it */
    fc_prom_observe(p, TOOK, (const char *[]){"q"}, 2);
    return p;
}

static void figures_as_text(void **state)
{
    fc_prom *p = fresh();

    (void)state;
    assert_text(p, "# HELP p_total Plain.\n# TYPE p_total counter\np_total 0\n");
    fc_prom_free(p);
    p = filled();
    fc_prom_add(p, PLAIN, NULL, -1); /* no count */
    fc_prom_add(p, PLAIN, NULL, NAN);
    fc_prom_set(p, LEVEL, NULL, INFINITY);
    fc_prom_observe(p, TOOK, (const char *[]){"q"}, NAN);
    assert_text(p, full);
    fc_prom_free(p);
}

static void counters_go_on(void **state)
{
    fc_prom *p = fresh();
    fc_error err;

    (void)state;
    assert_int_equal(fc_prom_parse(p, full, strlen(full), "f", &err), FC_OK);
    fc_prom_set(p, LEVEL, NULL, -4); /* a gauge is of now */
    assert_text(p, full);
    fc_prom_free(p);

    p = fresh();
    assert_int_equal(fc_prom_parse(p, full, strlen(full), "f", &err), FC_OK);
    fc_prom_add(p, COUNT, (const char *[]){"", "only"}, 1);
    fc_prom_observe(p, TOOK, (const char *[]){"q"}, 0.75);
    char *text = fc_prom_text(p);
    assert_non_null(strstr(text, "c_total{a=\"only\"} 3.5\n"));
    assert_non_null(strstr(text,
                           "h_bucket{s=\"q\",le=\"0.5\"} 2\nh_bucket{s=\"q\",le=\"1.0\"} 3\n"
                           "h_bucket{s=\"q\",le=\"+Inf\"} 4\nh_sum{s=\"q\"} 3.5\nh_count{s=\"q\"} 4\n"));
    assert_null(strstr(text, "\ng "));
    free(text);
    fc_prom_free(p);
}

static void other_files_are_refused(void **state)
{
    static const char *const bad[] = {
        "p_total 1", /* no end */
        "p_total\n",
        "p_total  1\n",
        "p_total 1 1395066363000\n", /* with a time */
        "p_total -1\n",
        "p_total nan\n",
        "p_total 0x1\n",
        "p_total{} 1\n",
        "p_total{a=\"b\"} 1\n", /* a label of another */
        "q_total 1\n",          /* another figure */
        "p 1\n",
        "c_total{a=\"b} 1\n",
        "c_total{a=\"\\q\"} 1\n",
        "c_total{a=\"b\"\n",
        "c_total{a=\"\xff\"} 1\n",
        "c_total{a=\"1\",b=\"2\",a=\"3\",b=\"4\",a=\"5\",b=\"6\"} 1\n",
        "h_bucket{s=\"q\"} 1\n",
        "h_bucket{s=\"q\",le=\"2\"} 1\n", /* another bucket */
        "h_sum{s=\"q\",le=\"1\"} 1\n",
        "h_bucket{s=\"q\",le=\"0.5\"} 2\nh_bucket{s=\"q\",le=\"1\"} 1\nh_bucket{s=\"q\",le=\"+Inf\"} 2\n",
        "any text\n",
    };
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_prom *p = fresh();
        assert_int_equal(fc_prom_parse(p, bad[i], strlen(bad[i]), "f", &err), FC_EFORMAT);
        assert_memory_equal(err.message, "f:", 2);
        fc_prom_free(p);
    }
    fc_prom *p = fresh();
    assert_int_equal(fc_prom_parse(p, "p_total 1\n\0p_total 1\n", 21, "f", &err), FC_EFORMAT);
    assert_int_equal(fc_prom_parse(p, "", 0, "f", &err), FC_OK);
    assert_int_equal(fc_prom_parse(p, "# a comment\n\np_total 1\n", 23, "f", &err), FC_OK);
    fc_prom_free(p);
}

static void series_are_bounded(void **state)
{
    char name[32], *longest = calloc(1, FC_PROM_LABEL_SIZE + 2), *text;
    fc_prom *p = fresh();

    (void)state;
    memset(longest, 'x', FC_PROM_LABEL_SIZE + 1);
    fc_prom_add(p, COUNT, (const char *[]){longest, "\xff"}, 1);
    for (int i = 0; i < FC_PROM_SERIES + 500; i++) {
        snprintf(name, sizeof name, "camera %d", i);
        fc_prom_add(p, COUNT, (const char *[]){name, ""}, 1);
    }
    fc_prom_add(p, COUNT, (const char *[]){"camera 1", ""}, 1); /* one that is there still counts */
    text = fc_prom_text(p);
    assert_non_null(strstr(text, "c_total{b=\"other\",a=\"other\"} 502\n"));
    assert_non_null(strstr(text, "c_total{b=\"camera 1\"} 2\n"));
    assert_null(strstr(text, "xxx"));
    free(text);
    free(longest);
    fc_prom_free(p);
}

static void a_file_is_kept(void **state)
{
    char path[] = "/tmp/fc-monitor-XXXXXX";
    fc_prom_file *f;
    fc_error err;
    struct stat st;

    (void)state;
    close(mkstemp(path)); /* empty */
    for (int run = 1; run <= 3; run++) {
        fc_prom *p = fresh();
        assert_int_equal(fc_prom_file_open(&f, p, path, &err), FC_OK);
        fc_prom_add(p, PLAIN, NULL, 1);
        assert_int_equal(fc_prom_file_check(f, &err), FC_OK);
        assert_int_equal(fc_prom_file_close(f, &err), FC_OK);
        fc_prom_free(p);
        p = fresh();
        assert_int_equal(fc_prom_load(p, path, &err), FC_OK);
        char want[100];
        snprintf(want, sizeof want, "# HELP p_total Plain.\n# TYPE p_total counter\np_total %d\n", run);
        assert_text(p, want);
        fc_prom_free(p);
    }
    FILE *other = fopen(path, "w");
    fputs("my notes\n", other);
    fclose(other);
    fc_prom *p = fresh();
    assert_int_equal(fc_prom_file_open(&f, p, path, &err), FC_EFORMAT);
    assert_null(f);
    assert_true(!stat(path, &st) && st.st_size == 9); /* as it was */
    assert_int_equal(fc_prom_file_open(&f, p, "/nowhere/at/all", &err), FC_EMISSING);
    assert_int_equal(fc_prom_file_open(&f, p, "/dev/full", &err), FC_OK);
    assert_int_equal(fc_prom_file_close(f, &err), FC_EIO);
    fc_prom_free(p);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_a_line),
        cmocka_unit_test(no_text_breaks_a_line),
        cmocka_unit_test(what_has_no_room_is_refused),
        cmocka_unit_test(no_two_points_have_one_time),
        cmocka_unit_test(figures_as_text),
        cmocka_unit_test(counters_go_on),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(series_are_bounded),
        cmocka_unit_test(a_file_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
