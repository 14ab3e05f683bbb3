/* A time line's events: what a later line says of an id, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "plot/canvas.h"
#include "plot/timeline.h"
#include "plot/timeline_impl.h"

static fc_status add(fc_timeline *t, const char *text, fc_error *err)
{
    json_t *line = json_loads(text, 0, NULL);

    assert_non_null(line);
    const fc_status s = fc_timeline_add(t, line, err);
    json_decref(line);
    return s;
}

static fc_timeline *fresh(void)
{
    fc_timeline *t;

    assert_int_equal(fc_timeline_new(&t, NULL), FC_OK);
    return t;
}

static void the_last_line_of_an_event_counts(void **state)
{
    fc_timeline *t = fresh();

    (void)state;
    assert_int_equal(
        add(t, "{\"type\":\"start\",\"id\":\"a\",\"camera\":\"c\",\"time\":10,\"first\":5,\"last\":10}",
            NULL),
        FC_OK);
    assert_int_equal(
        add(t, "{\"type\":\"start\",\"id\":\"b\",\"time\":11,\"first\":6,\"last\":10,\"person\":\"Bob\"}",
            NULL),
        FC_OK);
    assert_int_equal(add(t,
                         "{\"type\":\"update\",\"id\":\"a\",\"camera\":\"c\",\"time\":12,\"first\":5,"
                         "\"last\":12,\"person\":\"Ann\"}",
                         NULL),
                     FC_OK);
    assert_int_equal(add(t,
                         "{\"type\":\"end\",\"id\":\"a\",\"camera\":\"c\",\"time\":20,\"first\":5,\"last\":"
                         "19,\"person\":\"Ann\"}",
                         NULL),
                     FC_OK);
    /* other lines */
    assert_int_equal(add(t, "{\"type\":\"start\"}", NULL), FC_OK);
    assert_int_equal(add(t, "{\"v\":1,\"faces\":[]}", NULL), FC_OK);
    assert_int_equal(fc_timeline_events(t), 2);
    assert_string_equal(t->visit[0].person, "Ann");
    assert_string_equal(t->visit[0].camera, "c");
    assert_true(t->visit[0].first == 5 && t->visit[0].last == 19 && t->clock);
    assert_string_equal(t->visit[1].person, "Bob");
    fc_timeline_free(t);
}

static void broken_events(void **state)
{
    static const char *const bad[] = {
        "{\"type\":\"start\",\"id\":\"x\"}",
        "{\"type\":\"start\",\"id\":\"x\",\"first\":1}",
        "{\"type\":\"start\",\"id\":\"x\",\"first\":\"1\",\"last\":2}",
        "{\"type\":\"start\",\"id\":\"x\",\"first\":2,\"last\":1}",
        "{\"type\":\"start\",\"id\":\"x\",\"first\":1,\"last\":1e300}",
    };
    fc_timeline *t = fresh();
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(add(t, bad[i], &err), FC_ERECORD);
    assert_int_equal(add(t, "{\"type\":\"start\",\"id\":\"a\",\"time\":1,\"first\":1,\"last\":1}", NULL),
                     FC_OK);
    assert_int_equal(add(t, "{\"type\":\"start\",\"id\":\"b\",\"pts\":1,\"first\":1,\"last\":1}", &err),
                     FC_EDATA);
    fc_timeline_free(t);
}

/* Whatever is drawn, it is drawn to the end: one moment, many people, long and odd names. */
static void odd_lines_are_drawn(void **state)
{
    char text[400];
    fc_timeline *t = fresh();
    fc_canvas *canvas;
    fc_bytes page;
    fc_error err;
    fc_timeline_settings set = {.from = NAN, .to = NAN, .rows = FC_TIMELINE_ROWS, .width = 400};

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text,
                 "{\"type\":\"end\",\"id\":\"%d\",\"camera\":\"c%d\",\"person\":\"%d\\u0001 "
                 "%0100d\",\"time\":7,\"first\":7,\"last\":7}",
                 i, i % 20, i % 60, i);
        assert_int_equal(add(t, text, NULL), FC_OK);
    }
    set.height = fc_timeline_height(t, &set);
    assert_true(set.height > 700);
    assert_int_equal(fc_canvas_new(&canvas, FC_PAGE_SVG, set.width, set.height, 1, NULL), FC_OK);
    assert_int_equal(fc_timeline_draw(fc_canvas_cairo(canvas), t, &set, &err), FC_OK);
    assert_int_equal(fc_canvas_finish(canvas, &page, NULL), FC_OK);
    assert_true(page.n > 1000);
    fc_bytes_clear(&page);
    set.from = 100;
    set.to = 200;
    assert_int_equal(fc_canvas_new(&canvas, FC_PAGE_SVG, set.width, set.height, 1, NULL), FC_OK);
    assert_int_equal(fc_timeline_draw(fc_canvas_cairo(canvas), t, &set, &err), FC_EDATA);
    fc_canvas_free(canvas);
    fc_timeline_free(t);
}

/* Who is seen at another time takes no row. */
static void the_height_is_of_what_is_shown(void **state)
{
    char text[200];
    fc_timeline *t = fresh();
    fc_timeline_settings set = {.from = NAN, .to = NAN, .rows = FC_TIMELINE_ROWS};

    (void)state;
    for (int i = 0; i < 10; i++) {
        snprintf(text, sizeof text,
                 "{\"type\":\"end\",\"id\":\"%d\",\"person\":\"%d\",\"time\":%d,\"first\":%d,\"last\":%d}", i,
                 i, i, i * 100, i * 100 + 1);
        assert_int_equal(add(t, text, NULL), FC_OK);
    }
    const double all = fc_timeline_height(t, &set);
    set.from = 300;
    set.to = 499;
    const double two = fc_timeline_height(t, &set);
    set.rows = 1;
    assert_true(fc_timeline_height(t, &set) == two); /* one, and the others */
    set.to = 350;
    const double one = fc_timeline_height(t, &set);
    assert_true(one < two && all - one == 9 * (two - one));
    fc_timeline_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_line_of_an_event_counts),
        cmocka_unit_test(broken_events),
        cmocka_unit_test(odd_lines_are_drawn),
        cmocka_unit_test(the_height_is_of_what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
