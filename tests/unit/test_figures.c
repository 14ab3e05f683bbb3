/* What is drawn: figures of reports, faces, maps, cases and the page. That it looks right no test says; that it is there, is the
 * same again, and that what does not fit is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plot/canvas.h"
#include "plot/cases.h"
#include "plot/faces.h"
#include "plot/figures.h"
#include "plot/map.h"
#include "plot/page.h"

enum { SIDE = 300 };

/* ---- reports ---- */

static const char pairs_report[] =
    "{\"kind\": \"pairs\", \"metrics\": {\"eer\": 0.1, \"auc\": 0.97},"
    " \"roc\": [[null, 0, 0], [0.8, 0, 0.5], [0.5, 0.1, 0.9], [-1, 1, 1]],"
    " \"operating_points\": [{\"far_target\": 0.01, \"threshold\": 0.8, \"far\": 0.01, \"tar\": 0.5}],"
    " \"histogram\": {\"genuine\": [0, 0, 0, 1, 2, 3, 0, 0], \"impostor\": [0, 3, 2, 1, 0, 0, 0, 0]}}";
static const char identify_report[] =
    "{\"kind\": \"identify\", \"metrics\": {\"rank-1\": 0.9}, \"cmc\": [0.9, 0.95, 1.0],"
    " \"roc\": [[null, 0, 0], [0.5, 0.1, 0.9], [-1, 1, 0.95]]}";
static const char bench_report[] =
    "{\"kind\": \"bench\", \"variants\": [{\"name\": \"one\", \"latency\": {\"decode\": {\"ms\": [1, 2, 3]},"
    " \"total\": {\"ms\": [4, 5, 9]}}}]}";
static const char layers_report[] =
    "{\"kind\": \"layers\", \"networks\": [{\"network\": \"P-Net\", \"level\": 2, \"ms\": 1.5, \"steps\":"
    " [{\"kernel\": \"rowwise: avx2\", \"ms\": 1.0, \"share\": 0.5}, {\"kernel\": \"-\", \"ms\": 0.5}]},"
    " {\"network\": \"embed\", \"ms\": 3}]}";
static const char broken_roc[] = "{\"kind\": \"pairs\", \"roc\": [[null, 0, 0], [0.8, 0, 7]]}";

static json_t *parse(const char *text)
{
    json_t *j = json_loads(text, 0, NULL);
    assert_non_null(j);
    return j;
}

/* The status; *page is the picture, to be cleared. */
static fc_status draw(fc_bytes *page, fc_figure_kind kind, const char *const *text, size_t n, fc_error *err)
{
    json_t *json[FC_FIGURE_MAX_REPORTS + 1];
    fc_figure_report report[FC_FIGURE_MAX_REPORTS + 1];
    fc_canvas *c;
    fc_status s;

    *page = (fc_bytes){.data = NULL};
    for (size_t i = 0; i < n; i++) {
        json[i] = parse(text[i]);
        report[i] = (fc_figure_report){i ? "second" : "first", json[i]};
    }
    assert_int_equal(fc_canvas_new(&c, FC_PAGE_PNG, SIDE, SIDE, 1, NULL), FC_OK);
    s = fc_figure_draw(fc_canvas_cairo(c), SIDE, SIDE, kind, report, n, NULL, err);
    assert_int_equal(fc_canvas_finish(c, page, NULL), FC_OK);
    for (size_t i = 0; i < n; i++)
        json_decref(json[i]);
    return s;
}

static const struct {
    fc_figure_kind kind;
    const char *report, *part;
} figures[] = {{FC_FIGURE_ROC, pairs_report, "roc"},          {FC_FIGURE_DET, pairs_report, "roc"},
               {FC_FIGURE_SCORES, pairs_report, "histogram"}, {FC_FIGURE_CMC, identify_report, "cmc"},
               {FC_FIGURE_ROC, identify_report, "roc"},       {FC_FIGURE_LATENCY, bench_report, "variants"},
               {FC_FIGURE_LAYERS, layers_report, "networks"}};
enum { FIGURES = sizeof figures / sizeof *figures };

static void every_kind_is_drawn(void **state)
{
    const char *const nothing[] = {"{\"kind\": \"pairs\"}"};
    fc_bytes page[FIGURES], again, blank;
    fc_canvas *c;
    (void)state;

    assert_int_equal(fc_canvas_new(&c, FC_PAGE_PNG, SIDE, SIDE, 1, NULL), FC_OK);
    assert_int_equal(fc_canvas_finish(c, &blank, NULL), FC_OK);
    for (size_t i = 0; i < FIGURES; i++) {
        char want[64];
        fc_error err;
        assert_int_equal(draw(&page[i], figures[i].kind, &figures[i].report, 1, NULL), FC_OK);
        assert_int_equal(draw(&again, figures[i].kind, &figures[i].report, 1, NULL), FC_OK);
        assert_true(page[i].n > blank.n + 1000);
        assert_int_equal(page[i].n, again.n);
        assert_memory_equal(page[i].data, again.data, again.n);
        fc_bytes_clear(&again);
        assert_int_equal(draw(&again, figures[i].kind, nothing, 1, &err), FC_EFORMAT);
        snprintf(want, sizeof want, "first: has no '%s' to draw", figures[i].part);
        assert_string_equal(err.message, want);
        fc_bytes_clear(&again);
        for (size_t k = 0; k < i; k++)
            assert_true(page[k].n != page[i].n || memcmp(page[k].data, page[i].data, page[i].n));
    }
    for (size_t i = 0; i < FIGURES; i++)
        fc_bytes_clear(&page[i]);
    fc_bytes_clear(&blank);
}

/* A report of fc-eval compare gives what its sides give as reports of their own. */
static void both_sides_of_a_comparison_are_drawn(void **state)
{
    char compare[4000];
    const char *const two[] = {pairs_report, pairs_report}, *const one[] = {compare};
    const char *const bad[] = {"{\"kind\": \"compare\", \"sides\": [{\"name\": \"x\"}]}"};
    const int end = (int)strlen(pairs_report) - 1;
    fc_bytes want, page;
    fc_error err;
    (void)state;

    snprintf(compare, sizeof compare,
             "{\"kind\": \"compare\", \"sides\": [%.*s, \"name\": \"first\"}, %.*s, \"name\": \"second\"}]}",
             end, pairs_report, end, pairs_report);
    for (int i = 0; i < 2; i++) {
        const fc_figure_kind kind = i ? FC_FIGURE_SCORES : FC_FIGURE_ROC;
        assert_int_equal(draw(&want, kind, two, 2, NULL), FC_OK);
        assert_int_equal(draw(&page, kind, one, 1, NULL), FC_OK);
        assert_int_equal(page.n, want.n);
        assert_memory_equal(page.data, want.data, want.n);
        fc_bytes_clear(&want);
        fc_bytes_clear(&page);
        assert_int_equal(draw(&page, kind, bad, 1, &err), FC_EFORMAT);
        fc_bytes_clear(&page);
    }
    assert_int_equal(draw(&page, FC_FIGURE_CMC, one, 1, &err), FC_EFORMAT);
    assert_string_equal(err.message, "first: has no 'cmc' to draw");
    fc_bytes_clear(&page);
    const char *many[(FC_FIGURE_MAX_REPORTS + 1) / 2];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = compare;
    assert_int_equal(draw(&page, FC_FIGURE_ROC, many, sizeof many / sizeof *many, &err), FC_EUSAGE);
    fc_bytes_clear(&page);
}

static void what_does_not_fit_is_refused(void **state)
{
    const char *both[FC_FIGURE_MAX_REPORTS + 1] = {pairs_report, identify_report};
    const char *const bad[] = {broken_roc}, *const layers[] = {layers_report, layers_report};
    fc_bytes page;
    fc_error err;
    (void)state;

    assert_int_equal(draw(&page, FC_FIGURE_ROC, both, 2, &err), FC_EDATA);
    assert_string_equal(err.message,
                        "second: of identification, and first is not: their rates are different ones");
    fc_bytes_clear(&page);
    assert_int_equal(draw(&page, FC_FIGURE_DET, bad, 1, &err), FC_EFORMAT);
    assert_string_equal(err.message, "first: a broken curve (roc[1])");
    fc_bytes_clear(&page);
    assert_int_equal(draw(&page, FC_FIGURE_LAYERS, layers, 2, NULL), FC_EUSAGE);
    fc_bytes_clear(&page);
    assert_int_equal(draw(&page, FC_FIGURE_ROC, both, 0, NULL), FC_EUSAGE);
    fc_bytes_clear(&page);
    for (size_t i = 0; i <= FC_FIGURE_MAX_REPORTS; i++)
        both[i] = pairs_report;
    assert_int_equal(draw(&page, FC_FIGURE_ROC, both, FC_FIGURE_MAX_REPORTS, NULL), FC_OK);
    fc_bytes_clear(&page);
    assert_int_equal(draw(&page, FC_FIGURE_ROC, both, FC_FIGURE_MAX_REPORTS + 1, NULL), FC_EUSAGE);
    fc_bytes_clear(&page);
}

/* ---- faces ---- */

static bool is_black(const fc_image *img, int x, int y)
{
    const uint8_t *p = img->rgb + (size_t)y * img->stride + (size_t)x * 3;
    return !p[0] && !p[1] && !p[2];
}

/* On pixels that are half as many as the picture has: the box of the picture is twice as far away. */
static void faces_are_marked_where_they_are(void **state)
{
    char label[] = "Ann";
    const fc_face_mark mark = {.face = {.box = {100, 120, 80, 60}}, .verdict = FC_FACE_YES, .label = label};
    fc_image img = {0};
    (void)state;

    assert_int_equal(fc_image_alloc(&img, 200, 160, NULL), FC_OK);
    img.full_w = 400;
    img.full_h = 320;
    assert_int_equal(fc_faces_draw(&img, &mark, 1, NULL, 1, NULL), FC_OK);
    assert_false(is_black(&img, 50, 75)); /* the box's left side */
    assert_false(is_black(&img, 90, 75));
    assert_true(is_black(&img, 70, 75)); /* within */
    assert_true(is_black(&img, 150, 150));
    fc_image_clear(&img);
}

/* ---- a map ---- */

enum { FACES = 12 };

static bool stop_at_once(void *ctx, int done, int total)
{
    (void)done;
    (void)total;
    ++*(int *)ctx;
    return false;
}

static void make_faces(fc_map_face *face, float (*v)[3], const char *path)
{
    for (int i = 0; i < FACES; i++) {
        const double a = i % 2 + 0.01 * i;
        v[i][0] = (float)cos(a);
        v[i][1] = (float)sin(a);
        v[i][2] = 0;
        face[i] = (fc_map_face){v[i],
                                i % 2   ? "Ann"
                                : i > 8 ? NULL
                                        : "Bob",
                                path,
                                {.box = {10, 10, 200, 200}}};
    }
}

static size_t draw_map(fc_bytes *page, const fc_map_face *face, const fc_map_settings *set)
{
    fc_canvas *c;
    fc_map *m;
    size_t thumbs;

    assert_int_equal(fc_map_new(&m, face, FACES, 3, set, NULL), FC_OK);
    assert_int_equal(fc_canvas_new(&c, FC_PAGE_SVG, set->width, set->height, 1, NULL), FC_OK);
    assert_int_equal(fc_map_draw(fc_canvas_cairo(c), m, &thumbs, NULL), FC_OK);
    assert_int_equal(fc_canvas_finish(c, page, NULL), FC_OK);
    fc_map_free(m);
    return thumbs;
}

static void a_map_has_its_faces(void **state)
{
    fc_map_settings set = {.perplexity = 3, .seed = 1, .named = 2, .width = SIDE, .height = SIDE};
    char path[300];
    float v[FACES][3];
    fc_map_face face[FACES];
    fc_bytes tsne, pca, nameless;
    fc_map *m;
    int calls = 0;
    (void)state;

    snprintf(path, sizeof path, "%s/data/photos/grace_hopper.jpg", getenv("FC_TESTS"));
    make_faces(face, v, path);
    assert_int_equal(draw_map(&tsne, face, &set), 0);
    set.method = FC_MAP_PCA;
    assert_int_equal(draw_map(&pca, face, &set), 0);
    assert_true(tsne.n != pca.n || memcmp(tsne.data, pca.data, pca.n));
    set.named = 0;
    assert_int_equal(draw_map(&nameless, face, &set), 0);
    assert_true(nameless.n < pca.n);
    fc_bytes_clear(&tsne);
    fc_bytes_clear(&pca);
    fc_bytes_clear(&nameless);

    assert_int_equal(fc_map_new(&m, face, 0, 3, &set, NULL), FC_EFACES);
    assert_null(m);
    set.method = FC_MAP_TSNE;
    set.progress = stop_at_once;
    set.ctx = &calls;
    assert_int_equal(fc_map_new(&m, face, FACES, 3, &set, NULL), FC_OK); /* where they are after one step */
    assert_int_equal(calls, 1);
    fc_map_free(m);
}

static void small_pictures_keep_to_the_limits(void **state)
{
    fc_map_settings set = {.method = FC_MAP_PCA, .named = 2, .thumbs = true, .width = SIDE, .height = SIDE};
    char path[300];
    float v[FACES][3];
    fc_map_face face[FACES];
    fc_bytes page;
    (void)state;

    snprintf(path, sizeof path, "%s/data/photos/grace_hopper.jpg", getenv("FC_TESTS"));
    make_faces(face, v, path);
    assert_true(draw_map(&page, face, &set) > 0);
    fc_bytes_clear(&page);
    set.decoding.max_pixels = 1000;
    assert_int_equal(draw_map(&page, face, &set), 0);
    fc_bytes_clear(&page);
    set.decoding = (fc_image_options){.max_pixels = 0};
    assert_int_equal(fc_memory_new(&set.decoding.memory, 1000, NULL), FC_OK);
    assert_int_equal(draw_map(&page, face, &set), 0);
    fc_bytes_clear(&page);
    fc_memory_free(set.decoding.memory);
}

/* ---- cases and the page ---- */

static char photo[300];
static const fc_eval_picture pictures[] = {{.path = photo, .found = 1, .face = {.box = {170, 120, 180, 220}}},
                                           {.path = "/nowhere/b<&>.jpg", .missing = FC_CAUSE_NOT_DECODED}};
static const fc_eval_set set_of_two = {.picture = pictures, .n = 2};
static fc_eval_case cases[] = {
    {.a = 0, .b = 1, .same = true, .score = -INFINITY, .threshold = 0.5, .cause = FC_CAUSE_NOT_DECODED},
    {.a = 0, .b = 0, .same = true, .score = 1, .threshold = 0.5}};

static void png_of(fc_bytes *png, const fc_image_options *decoding)
{
    assert_int_equal(fc_case_png(png, &set_of_two, &cases[0], decoding, 1, NULL), FC_OK);
    assert_true(png->n > 100 && !memcmp(png->data, "\x89PNG", 4));
}

static void cases_keep_to_the_limits(void **state)
{
    fc_image_options decoding = {.max_pixels = 0};
    fc_bytes whole, refused, poor;
    (void)state;

    snprintf(photo, sizeof photo, "%s/data/photos/grace_hopper.jpg", getenv("FC_TESTS"));
    png_of(&whole, &decoding);
    assert_int_equal(fc_memory_new(&decoding.memory, 1000, NULL), FC_OK);
    png_of(&poor, &decoding);
    fc_memory_free(decoding.memory);
    decoding = (fc_image_options){.max_pixels = 1000};
    png_of(&refused, &decoding);
    /* A photo has more bytes than the words that stand for it. */
    assert_true(whole.n > 4 * refused.n);
    assert_int_equal(poor.n, refused.n);
    assert_memory_equal(poor.data, refused.data, poor.n);
    fc_bytes_clear(&whole);
    fc_bytes_clear(&poor);
    fc_bytes_clear(&refused);
}

static size_t count(const fc_bytes *text, const char *word)
{
    const char *at = (const char *)text->data, *end = at + text->n;
    size_t n = 0;

    while ((at = memmem(at, (size_t)(end - at), word, strlen(word)))) {
        at += strlen(word);
        n++;
    }
    return n;
}

static void save_page(fc_bytes *html, const fc_page *page)
{
    char dir[] = "/tmp/fc-figures-XXXXXX", path[64];

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/page.html", dir);
    *html = (fc_bytes){.data = NULL};
    assert_int_equal(fc_page_save(page, path, NULL), FC_OK);
    assert_int_equal(fc_bytes_read_file(html, path, 1 << 24, NULL), FC_OK);
    unlink(path);
    rmdir(dir);
}

static void the_page_has_everything(void **state)
{
    char passed[] = "auc>0.5", failed[] = "eer<0.1", why[] = "assertion <failed>";
    fc_check check[] = {{passed, NULL}, {failed, why}};
    const fc_checks checks = {.check = check, .n = 2, .failed = 1};
    fc_report report = {.json = parse(pairs_report),
                        .rows = parse("[[\"AUC\", \"0.97\", \"\"], [\"EER\", \"10 %\", \"a & b\"]]")};
    const fc_eval_result result = {.cases = cases, .ncases = 2};
    fc_page page = {.command = "pairs",
                    .model = "m<1>",
                    .report = &report,
                    .checks = &checks,
                    .result = &result,
                    .set = &set_of_two,
                    .cases = 12};
    fc_bytes html;
    (void)state;

    snprintf(photo, sizeof photo, "%s/data/photos/grace_hopper.jpg", getenv("FC_TESTS"));
    save_page(&html, &page);
    assert_int_equal(count(&html, "<h1>fc-eval pairs: m&#60;1&#62;</h1>"), 1);
    assert_int_equal(count(&html, "<svg "), 3); /* ROC, DET, scores */
    assert_int_equal(count(&html, "data:image/png;base64,"), 2);
    assert_int_equal(
        count(&html, "<tr><td class=\"fail\">eer&#60;0.1</td><td>assertion &#60;failed&#62;</td></tr>"), 1);
    assert_int_equal(count(&html, "class=\"pass\""), 1);
    assert_int_equal(count(&html, "<td class=\"note\">a &#38; b</td>"), 1);
    assert_int_equal(count(&html, "</html>"), 1);
    fc_bytes_clear(&html);
    page.cases = 1;
    save_page(&html, &page);
    assert_int_equal(count(&html, "data:image/png;base64,"), 1);
    fc_bytes_clear(&html);
    fc_report_clear(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_drawn),
        cmocka_unit_test(both_sides_of_a_comparison_are_drawn),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(faces_are_marked_where_they_are),
        cmocka_unit_test(a_map_has_its_faces),
        cmocka_unit_test(small_pictures_keep_to_the_limits),
        cmocka_unit_test(cases_keep_to_the_limits),
        cmocka_unit_test(the_page_has_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
