/* What a server does without a socket. */
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "facecheck.h"
#include "serve/address.h"
#include "serve/form.h"
#include "serve/inputs.h"
#include "serve/multipart.h"
#include "serve/queue.h"
#include "serve/reply.h"
#include "serve/routes.h"
#include "serve/vector.h"

static const fc_form_limits limits = {.files = 2, .file_bytes = 100};

static fc_status parse(fc_form *f, const char *type, const char *body)
{
    fc_error err;

    return fc_form_parse(f, type, (const uint8_t *)body, strlen(body), &limits, &err);
}

#define FORM "multipart/form-data; boundary=b"
#define FILE_HEAD(name, file)                                                                                \
    "Content-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n\r\n"
#define FIELD_HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static void is_part(const fc_form_part *p, const char *name, const char *file, const char *data)
{
    assert_non_null(p);
    assert_string_equal(p->name, name);
    if (file)
        assert_string_equal(p->file, file);
    else
        assert_null(p->file);
    assert_int_equal(p->n, strlen(data));
    assert_memory_equal(p->data, data, p->n);
}

static void a_body_has_files_and_fields(void **state)
{
    fc_form f;

    (void)state;
    assert_int_equal(parse(&f, FORM,
                           "--b\r\n" FILE_HEAD("ref", "a.jpg") "one\r\n--x\r\n--b\r\n" FIELD_HEAD(
                               "t") "0.5"
                                    "\r\n--b \t\r\n" FILE_HEAD("p", "") "\r\n--b--\r\nepilogue"),
                     FC_OK);
    assert_int_equal(f.n, 3);
    is_part(&f.part[0], "ref", "a.jpg", "one\r\n--x");
    is_part(&f.part[1], "t", NULL, "0.5");
    is_part(&f.part[2], "p", "", "");
    assert_ptr_equal(fc_form_find(&f, "p"), &f.part[2]);
    fc_form_clear(&f);
    /* a preamble, and nothing */
    assert_int_equal(parse(&f, FORM, "hello\r\n--b\r\n" FIELD_HEAD("t") "\r\n--b--"), FC_OK);
    is_part(&f.part[0], "t", NULL, "");
    fc_form_clear(&f);
    assert_int_equal(parse(&f, FORM, "--b--"), FC_OK);
    assert_int_equal(f.n, 0);
    /* no multipart: one file */
    assert_int_equal(parse(&f, "application/x-www-form-urlencoded", "bytes"), FC_OK);
    is_part(&f.part[0], "", FC_FORM_RAW, "bytes");
    fc_form_clear(&f);
    assert_int_equal(parse(&f, NULL, ""), FC_OK);
    assert_int_equal(f.n, 0);
}

static void names_of_files_are_kept(void **state)
{
    static const struct {
        const char *head, *file;
    } cases[] = {
        {"filename=\"a b.jpg\"", "a b.jpg"},
        {"filename=\"a\\\"b\\\\c.jpg\"", "a\"b\\c.jpg"},
        {"filename=\"a%22b%0Dc%0ad%41.jpg\"", "a\"b\rc\nd%41.jpg"},
        {"filename=\"../../etc/passwd\"", "../../etc/passwd"},
        {"filename=token.jpg", "token.jpg"},
        {"filename=\"x\"; filename*=UTF-8''%c3%BC.jpg", "\xc3\xbc.jpg"},
        {"filename*=UTF-8'de'%FF%22.jpg; filename=x", "\xff\".jpg"},
        {"FileName = \"x\"", "x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[300];
        fc_form f;
        snprintf(body, sizeof body,
                 "--b\r\ncontent-disposition: form-data; name=f; %s\r\nX: y\r\n\r\nd\r\n--b--",
                 cases[i].head);
        assert_int_equal(parse(&f, FORM, body), FC_OK);
        is_part(&f.part[0], "f", cases[i].file, "d");
        fc_form_clear(&f);
    }
}

static void what_is_no_form_is_refused(void **state)
{
    static const struct {
        const char *type, *body;
        fc_status status;
    } cases[] = {
        {"multipart/form-data", "--b--", FC_EUSAGE},
        {"multipart/form-data; boundary=\"\"", "--b--", FC_EUSAGE},
        {"multipart/form-data; boundary=\"a b \"", "--a b --", FC_EUSAGE},
        {"multipart/form-data; boundary=\"<b>\"", "--<b>--", FC_EUSAGE},
        {"multipart/form-data; boundary=b=c", "--b--", FC_EUSAGE},
        {FORM, "", FC_ETRUNCATED},
        {FORM, "--b", FC_ETRUNCATED},
        {FORM, "--b\r\n", FC_ETRUNCATED},
        {FORM, "--b\r\n" FIELD_HEAD("t") "0.5", FC_ETRUNCATED},
        {FORM, "--b\r\n" FIELD_HEAD("t") "0.5\r\n--", FC_ETRUNCATED},
        {FORM, "--b\r\n" FIELD_HEAD("t") "0.5\r\n--b", FC_ETRUNCATED},
        {FORM, "--b\r\n\r\n\r\n--b--", FC_EFORMAT},
        {FORM, "--bx\r\n" FIELD_HEAD("t") "\r\n--b--", FC_EFORMAT},
        {FORM, "--b\r\nno colon\r\n\r\n\r\n--b--", FC_EFORMAT},
        {FORM, "--b\r\nContent-Disposition: form-data; name=\"t\r\n\r\n\r\n--b--", FC_EFORMAT},
        {FORM, "--b\r\nContent-Disposition: form-data; name\r\n\r\n\r\n--b--", FC_EFORMAT},
        {FORM, "--b\r\nContent-Disposition: form-data; filename=x\r\n\r\n\r\n--b--", FC_EFORMAT},
        {FORM,
         "--b\r\n" FILE_HEAD("a", "") "\r\n--b\r\n" FILE_HEAD("b", "") "\r\n--b\r\n" FILE_HEAD(
             "c", "") "\r\n--b--",
         FC_ELIMIT},
    };
    char *long_head = calloc(1, 20000);
    fc_form f;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(&f, cases[i].type, cases[i].body), cases[i].status);
        assert_int_equal(f.n, 0);
    }
    strcpy(long_head, "--b\r\nX: ");
    memset(long_head + strlen(long_head), 'x', 10000);
    strcat(long_head, "\r\n\r\n\r\n--b--");
    assert_int_equal(parse(&f, FORM, long_head), FC_ELIMIT);
    free(long_head);
    char large[300] = "--b\r\n" FILE_HEAD("f", "f");
    memset(large + strlen(large), 'x', 101);
    strcat(large, "\r\n--b--");
    assert_int_equal(parse(&f, FORM, large), FC_ELIMIT);
}

static void fields_are_read_strictly(void **state)
{
    static const char *const choices[] = {"cosine", "euclidean", NULL}, *const known[] = {"x", "n", "flag",
                                                                                          "m", NULL};
    double x = 7;
    size_t n = 5;
    bool flag = false;
    int m = 0;
    fc_error err;
    fc_form f = {0};

    (void)state;
    assert_int_equal(fc_form_real(&f, "x", -1, 1, &x, &err), FC_OK);
    assert_true(x == 7);
    assert_int_equal(fc_form_add(&f, "x", "-0.25", &err), FC_OK);
    assert_int_equal(fc_form_add(&f, "x", "1", &err), FC_EUSAGE);
    assert_int_equal(fc_form_add(&f, "n", "12", &err), FC_OK);
    assert_int_equal(fc_form_add(&f, "flag", NULL, &err), FC_OK);
    assert_int_equal(fc_form_add(&f, "m", "euclidean", &err), FC_OK);
    assert_int_equal(fc_form_only(&f, known, &err), FC_OK);
    assert_int_equal(fc_form_real(&f, "x", -1, 1, &x, &err), FC_OK);
    assert_true(x == -0.25);
    assert_int_equal(fc_form_real(&f, "x", 0, 1, &x, &err), FC_EUSAGE);
    assert_string_equal(err.message, "x: want 0..1, got '-0.25'");
    assert_int_equal(fc_form_count(&f, "n", 1, 12, &n, &err), FC_OK);
    assert_int_equal(n, 12);
    assert_int_equal(fc_form_count(&f, "x", 0, 1, &n, &err), FC_EUSAGE);
    assert_int_equal(fc_form_flag(&f, "flag", &flag, &err), FC_OK);
    assert_true(flag);
    assert_int_equal(fc_form_flag(&f, "m", &flag, &err), FC_EUSAGE);
    assert_int_equal(fc_form_choice(&f, "m", choices, &m, &err), FC_OK);
    assert_int_equal(m, 1);
    assert_int_equal(fc_form_choice(&f, "x", choices, &m, &err), FC_EUSAGE);
    assert_string_equal(err.message, "x: want cosine or euclidean, got '-0.25'");
    assert_int_equal(fc_form_add(&f, "y", "1", &err), FC_OK);
    assert_int_equal(fc_form_only(&f, known, &err), FC_EUSAGE);
    fc_form_clear(&f);
}

static void paths_find_their_routes(void **state)
{
    const fc_route *r;
    fc_route_args a;
    fc_error err;
    bool other;
    char allow[64];

    (void)state;
    assert_int_equal(fc_route_find(&r, &a, &other, "GET", "/ping", &err), FC_OK);
    assert_int_equal(r->id, FC_ROUTE_PING);
    assert_int_equal(fc_route_find(&r, &a, &other, "HEAD", "/ping", &err), FC_OK);
    assert_int_equal(fc_route_find(&r, &a, &other, "POST", "/ping", &err), FC_EMISSING);
    assert_true(other);
    fc_route_allow(allow, "/ping");
    assert_string_equal(allow, "GET, HEAD");
    for (size_t i = 0; i < 4; i++) {
        static const char *const none[] = {"/ping/", "ping", "/v1", ""};
        assert_int_equal(fc_route_find(&r, &a, &other, "GET", none[i], &err), FC_EMISSING);
        assert_false(other);
    }
}

static void the_description_has_every_route(void **state)
{
    char *text = fc_routes_openapi(NULL);
    json_t *doc = json_loads(text, 0, NULL), *paths = json_object_get(doc, "paths"), *path;
    const char *name;
    size_t n = 0;

    (void)state;
    json_object_foreach(paths, name, path) n += json_object_size(path);
    assert_int_equal(n, FC_ROUTES);
    for (size_t i = 0; i < FC_ROUTES; i++)
        assert_non_null(json_object_get(paths, fc_routes[i].path));
    json_decref(doc);
    free(text);
}

static void other_sites_are_told(void **state)
{
    static const char *const here[] = {"127.0.0.1", "127.0.0.1:6000", "localhost",  "LocalHost:80",
                                       "[::1]",     "[::1]:6000",     "127.9.9.9:1"};
    static const char *const elsewhere[] = {"",
                                            "example.org",
                                            "example.org:6000",
                                            "192.168.0.1:6000",
                                            "localhost.example.org",
                                            "127.0.0.1.example.org",
                                            "127.0.0.1:x",
                                            "::1",
                                            "[::2]:1",
                                            "localhost:6000:1"};

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        assert_true(fc_host_is_loopback(here[i]));
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        assert_false(fc_host_is_loopback(elsewhere[i]));
    assert_false(fc_host_is_loopback(NULL));
    assert_false(fc_from_other_site(NULL, NULL, "localhost:6000"));
    assert_false(fc_from_other_site("same-origin", "http://a", "b"));
    assert_false(fc_from_other_site("none", NULL, NULL));
    assert_true(fc_from_other_site("cross-site", NULL, "localhost"));
    assert_true(fc_from_other_site("same-site", NULL, "localhost"));
    assert_false(fc_from_other_site(NULL, "http://localhost:6000", "localhost:6000"));
    assert_true(fc_from_other_site(NULL, "http://localhost:6001", "localhost:6000"));
    assert_true(fc_from_other_site(NULL, "https://example.org", "localhost:6000"));
    assert_true(fc_from_other_site(NULL, "null", "localhost:6000"));
    assert_true(fc_from_other_site(NULL, "http://localhost:6000", NULL));
}

static void addresses_are_read(void **state)
{
    static const char *const bad[] = {"",         ":1",         "1.2.3.4", "1.2.3:1",    "1.2.3.4:65536",
                                      "::1:80",   "[::1]",      "[::1]:x", "[::1:80",    "name:80",
                                      "1.2.3.4:", "1.2.3.4: 1", "[]:1",    "1.2.3.4:-1", "1.2.3.4:1x"};
    static const struct {
        const char *text, *shown;
        bool loopback;
    } good[] = {{"127.0.0.1:6000", "127.0.0.1:6000", true},
                {"localhost:0", "127.0.0.1:0", true},
                {"127.9.9.9:1", "127.9.9.9:1", true},
                {"0.0.0.0:65535", "0.0.0.0:65535", false},
                {"[::1]:80", "[::1]:80", true},
                {"[::]:80", "[::]:80", false},
                {"10.0.0.1:80", "10.0.0.1:80", false}};
    fc_address a;
    fc_error err;
    char shown[80];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fc_address_parse(&a, bad[i], &err), FC_EUSAGE);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(fc_address_parse(&a, good[i].text, &err), FC_OK);
        assert_int_equal(a.loopback, good[i].loopback);
        fc_address_text(shown, &a.at);
        assert_string_equal(shown, good[i].shown);
    }
}

static void inputs_are_lines_or_a_picture(void **state)
{
    static const char text[] = "\n {\"v\":1}\n\n{\"v\":2}";
    fc_inputs in;
    fc_input one;
    fc_error err;

    (void)state;
    fc_inputs_open(&in, "x", (const uint8_t *)text, strlen(text));
    assert_int_equal(fc_inputs_next(&in, &one, &err), FC_OK);
    assert_int_equal(one.kind, FC_INPUT_LINE);
    assert_int_equal(one.line, 2);
    assert_int_equal(one.data.n, 8);
    fc_input_clear(&one);
    assert_int_equal(fc_inputs_next(&in, &one, &err), FC_OK);
    assert_int_equal(one.line, 4);
    fc_input_clear(&one);
    assert_int_equal(fc_inputs_next(&in, &one, &err), FC_END);
    fc_inputs_open(&in, "x", (const uint8_t *)"abc", 3);
    assert_int_equal(fc_inputs_next(&in, &one, &err), FC_OK);
    assert_int_equal(one.kind, FC_INPUT_BYTES);
    assert_int_equal(one.data.n, 3);
    fc_input_clear(&one);
    assert_int_equal(fc_inputs_next(&in, &one, &err), FC_END);
    fc_inputs_open(&in, "x", (const uint8_t *)"", 0);
    assert_int_equal(fc_inputs_next(&in, &one, &err), FC_EEMPTY);
}

/* ---- the queue ---- */

struct work {
    pthread_mutex_t gate;
    pthread_mutex_t lock;
    int begun, sum;
};

static void begin_worker(void *ctx, int worker)
{
    struct work *w = ctx;

    (void)worker;
    pthread_mutex_lock(&w->lock);
    w->begun++;
    pthread_mutex_unlock(&w->lock);
}

static void add(void *ctx, int worker, void *job)
{
    struct work *w = ctx;

    assert_in_range(worker, 0, 1);
    pthread_mutex_lock(&w->gate);
    pthread_mutex_unlock(&w->gate);
    pthread_mutex_lock(&w->lock);
    w->sum += *(int *)job;
    pthread_mutex_unlock(&w->lock);
}

static void the_queue_is_bounded_and_drains(void **state)
{
    struct work w = {.gate = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER};
    int jobs[] = {1, 2, 4, 8, 16, 32}, more = 64;
    fc_queue *q;
    fc_error err;

    (void)state;
    pthread_mutex_lock(&w.gate);
    assert_int_equal(fc_queue_new(&q, 2, 4, begin_worker, add, &w, &err), FC_OK);
    for (size_t i = 0; i < 6; i++)
        assert_true(fc_queue_put(q, &jobs[i]));
    assert_false(fc_queue_put(q, &more));
    assert_false(fc_queue_drain(q, 0));
    while (fc_queue_look(q).busy < 2)
        usleep(1000);
    assert_int_equal(fc_queue_look(q).waiting, 4);
    assert_ptr_equal(fc_queue_take_back(q), &jobs[2]);
    pthread_mutex_unlock(&w.gate);
    assert_true(fc_queue_drain(q, 60));
    assert_null(fc_queue_take_back(q));
    fc_queue_free(q);
    assert_int_equal(w.sum, 1 + 2 + 8 + 16 + 32);
    assert_int_equal(w.begun, 2);
}

/* ---- answers ---- */

static void faults_have_a_status_and_say_what_is_wrong(void **state)
{
    fc_reply r = {.exit = -1};

    (void)state;
    fc_reply_fail(&r, 413, "decode", "limit", "a \"b\"\n\xff");
    assert_int_equal(r.status, 413);
    assert_string_equal(
        r.body,
        "{\"error\":{\"stage\":\"decode\",\"code\":\"limit\",\"message\":\"a \\\"b\\\"\\\\n\\\\xff\"}}\n");
    fc_reply_clear(&r);
    assert_int_equal(fc_reply_status(FC_EFORMAT, false), 415);
    assert_int_equal(fc_reply_status(FC_EFORMAT, true), 400);
    assert_int_equal(fc_reply_status(FC_EFACES, false), 422);
    assert_int_equal(fc_reply_status(FC_ECONTRACT, false), 409);
    assert_int_equal(fc_reply_status(FC_EENGINE, false), 500);
    assert_int_equal(fc_reply_status_own(FC_EMISSING), 503);
    assert_int_equal(fc_reply_status_own(FC_ECORRUPT), 500);
}

/* ---- stored embeddings ---- */

static size_t make_npy(uint8_t *out, const char *dict, const void *data, size_t n)
{
    const size_t length = strlen(dict);

    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (uint8_t)length;
    out[9] = (uint8_t)(length >> 8);
    memcpy(out + 10, dict, length);
    memcpy(out + 10 + length, data, n);
    return 10 + length + n;
}

static fc_status read_npy(const char *dict, const void *data, size_t n, float **v, size_t *dim)
{
    uint8_t file[300];
    fc_error err;
    const size_t size = make_npy(file, dict, data, n);

    assert_true(fc_vector_is(file, size));
    return fc_vector_read(v, dim, file, size, "x", &err);
}

static void arrays_of_numpy_are_read(void **state)
{
    static const float f[] = {1, -2, 3}, zero[3], bad[] = {1, INFINITY, 0};
    static const double d[] = {1, -2, 3};
    float *v;
    size_t dim;

    (void)state;
    assert_int_equal(
        read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", f, sizeof f, &v, &dim), FC_OK);
    assert_int_equal(dim, 3);
    assert_memory_equal(v, f, sizeof f);
    free(v);
    assert_int_equal(
        read_npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1, 3), }", d, sizeof d, &v, &dim), FC_OK);
    assert_memory_equal(v, f, sizeof f);
    free(v);
    assert_int_equal(read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", f, 11, &v, &dim),
                     FC_ETRUNCATED);
    assert_int_equal(read_npy("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", f, 12, &v, &dim),
                     FC_EUNSUPPORTED);
    assert_int_equal(read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1), }", f, 12, &v, &dim),
                     FC_EUNSUPPORTED);
    assert_int_equal(read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", f, 12, &v, &dim),
                     FC_EUNSUPPORTED);
    assert_int_equal(read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", f, 12, &v, &dim),
                     FC_EDATA);
    assert_int_equal(
        read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", zero, 12, &v, &dim),
        FC_ECORRUPT);
    assert_int_equal(read_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", bad, 12, &v, &dim),
                     FC_ECORRUPT);
    assert_int_equal(read_npy("", f, 12, &v, &dim), FC_EUNSUPPORTED);
    assert_null(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_has_files_and_fields),
        cmocka_unit_test(names_of_files_are_kept),
        cmocka_unit_test(what_is_no_form_is_refused),
        cmocka_unit_test(fields_are_read_strictly),
        cmocka_unit_test(paths_find_their_routes),
        cmocka_unit_test(the_description_has_every_route),
        cmocka_unit_test(other_sites_are_told),
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(inputs_are_lines_or_a_picture),
        cmocka_unit_test(the_queue_is_bounded_and_drains),
        cmocka_unit_test(faults_have_a_status_and_say_what_is_wrong),
        cmocka_unit_test(arrays_of_numpy_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
