/* TensorFlow Lite files: one that is made here, cut and changed in every place, and MTCNN's from its package where it
 * is at hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/import.h"
#include "models/import_tflite.h"
#include "models/tflite.h"
#include "seed.h"

/* ---- making a file ---------------------------------------------------------------------------------- */

/* FlatBuffers written front to back: a place that will hold an offset is filled when what it points to is there. */
typedef struct buffer {
    uint8_t byte[16384];
    size_t n;
} buffer;

static size_t put32(buffer *b, uint32_t v)
{
    assert_true(b->n + 4 <= sizeof b->byte);
    for (int i = 0; i < 4; i++)
        b->byte[b->n++] = (uint8_t)(v >> 8 * i);
    return b->n - 4;
}

/* The offset at place points to what comes next. */
static void here(buffer *b, size_t place)
{
    uint32_t distance = (uint32_t)(b->n - place);
    for (int i = 0; i < 4; i++)
        b->byte[place + (size_t)i] = (uint8_t)(distance >> 8 * i);
}

/* A table whose n fields of 4 bytes are all there, one after the other; returns the place of the first. */
static size_t table(buffer *b, size_t place, int n)
{
    uint32_t vsize = 4 + 2 * (uint32_t)n, padded = (vsize + 3) / 4 * 4;
    size_t vtable = b->n;

    put32(b, vsize | (4 + 4 * (uint32_t)n) << 16);
    for (int i = 0; i < n; i += 2)
        put32(b, (4 + 4 * (uint32_t)i) | (i + 1 < n ? (8 + 4 * (uint32_t)i) << 16 : 0));
    assert_int_equal(b->n - vtable, padded);
    here(b, place);
    put32(b, (uint32_t)(b->n - vtable));
    for (int i = 0; i < n; i++)
        put32(b, 0);
    return b->n - 4 * (size_t)n;
}

static void set32(buffer *b, size_t place, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        b->byte[place + (size_t)i] = (uint8_t)(v >> 8 * i);
}

static void text(buffer *b, size_t place, const char *s)
{
    here(b, place);
    put32(b, (uint32_t)strlen(s));
    for (size_t i = 0; i < strlen(s) + 1; i += 4) {
        char four[4] = {0};
        memcpy(four, s + i, strnlen(s + i, 4));
        uint32_t v;
        memcpy(&v, four, 4);
        put32(b, v);
    }
}

/* Two tensors, "x" computed by a RELU of "weights", which is int32 [2][3]. */
static void make_with(buffer *b, const char *name, uint32_t rows, uint32_t copies)
{
    size_t root, graph, op, f, list;

    *b = (buffer){0};
    size_t start = put32(b, 0);
    put32(b, 0x334c4654); /* TFL3 */
    root = table(b, start, 5);
    set32(b, root, 3);

    here(b, root + 4); /* operator codes */
    put32(b, 1);
    list = put32(b, 0);
    f = table(b, list, 1);
    set32(b, f, FC_TFL_RELU);

    here(b, root + 16); /* buffers */
    put32(b, 2);
    list = put32(b, 0);
    put32(b, 0);
    f = table(b, list, 1);
    here(b, f);
    put32(b, 0);
    f = table(b, list + 4, 1);
    here(b, f);
    put32(b, 12 * rows);
    for (uint32_t i = 0; i < 3 * rows; i++)
        put32(b, 10 + i);

    here(b, root + 8); /* graphs */
    put32(b, 1);
    list = put32(b, 0);
    graph = table(b, list, 4);

    here(b, graph); /* tensors */
    put32(b, 2 + copies);
    list = put32(b, 0);
    for (uint32_t i = 0; i <= copies; i++)
        put32(b, 0);
    for (uint32_t i = 0; i < 2 + copies; i++) {
        char copy[16];
        snprintf(copy, sizeof copy, "copy%u", (unsigned)i);
        f = table(b, list + 4 * i, 4);
        here(b, f);
        put32(b, 2);
        put32(b, rows);
        put32(b, 3);
        set32(b, f + 4, 2);
        set32(b, f + 8, i != 1);
        text(b, f + 12, i == 0 ? name : i == 1 ? "x" : copy);
    }
    for (int k = 4; k < 12; k += 4) { /* inputs and outputs, empty */
        here(b, graph + (size_t)k);
        put32(b, 0);
    }
    here(b, graph + 12); /* operators */
    put32(b, 1);
    list = put32(b, 0);
    op = table(b, list, 3);
    here(b, op + 4);
    put32(b, 1);
    put32(b, 0);
    here(b, op + 8);
    put32(b, 1);
    put32(b, 1);
}

static void make(buffer *b, const char *name)
{
    make_with(b, name, 2, 0);
}

static fc_status import(const uint8_t *bytes, size_t n, fc_weights **w, fc_error *err)
{
    uint8_t *copy = malloc(n ? n : 1); /* exactly as long, so that a sanitizer sees a read behind it */
    memcpy(copy, bytes, n);
    *err = (fc_error){0};
    keep_seed("tflite", copy, n);
    fc_status s = fc_import_tflite(w, copy, n, "x.tflite", err);
    free(copy);
    assert_true((s == FC_OK) == (*w != NULL));
    return s;
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static void kept_as_it_is(void **state)
{
    static const int32_t want[] = {10, 11, 12, 13, 14, 15};
    buffer b;
    fc_tflite t;
    fc_weights *w;
    fc_error err;

    (void)state;
    make(&b, "weights");
    if (fc_tflite_parse(&t, b.byte, b.n, "x", &err))
        fail_msg("%s", err.message);
    assert_int_equal(t.ntensor, 2);
    assert_int_equal(t.nop, 1);
    assert_int_equal(t.op[0].code, FC_TFL_RELU);
    assert_int_equal(t.tensor[1].made_by, 0);
    assert_null(t.tensor[1].data);
    fc_tflite_clear(&t);

    assert_int_equal(import(b.byte, b.n, &w, &err), FC_OK);
    assert_int_equal(fc_weights_count(w), 1);
    const fc_tensor *x = fc_weights_at(w, 0);
    assert_string_equal(x->name, "weights");
    assert_int_equal(x->dtype, FC_I32);
    assert_int_equal(x->rank, 2);
    assert_int_equal(x->dim[1], 3);
    assert_memory_equal(x->data, want, sizeof want);
    fc_weights_free(w);
}

/* Tensors may share a buffer, but much memory out of a small file is refused. */
static void shared_buffers(void **state)
{
    buffer b;
    fc_weights *w;
    fc_error err;

    (void)state;
    make_with(&b, "weights", 200, 1);
    assert_int_equal(import(b.byte, b.n, &w, &err), FC_OK);
    assert_int_equal(fc_weights_count(w), 2);
    fc_weights_free(w);
    make_with(&b, "weights", 200, 40);
    assert_true(41 * 2400 > 4 * b.n);
    assert_int_equal(import(b.byte, b.n, &w, &err), FC_ELIMIT);
    assert_non_null(strstr(err.message, "share buffers more than 4 times"));
}

/* A file that only calls itself a known network is not taken for it. */
static void false_names(void **state)
{
    static const char *const names[] = {"pnet/conv1/weights/read", "MobileFaceNet/Conv/weights/read"};
    buffer b;
    fc_weights *w;
    fc_error err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        make(&b, names[i]);
        assert_int_equal(import(b.byte, b.n, &w, &err), FC_EMODEL);
        assert_non_null(strstr(err.message, "x.tflite"));
    }
}

static void cut_and_changed(void **state)
{
    buffer b, c;
    fc_weights *w;
    fc_error err;

    (void)state;
    make(&b, "weights");
    for (size_t n = 0; n < b.n; n++)
        assert_int_not_equal(import(b.byte, n, &w, &err), FC_OK);
    for (size_t i = 0; i < b.n; i++)
        for (int v = 0; v < 256; v++) {
            c = b;
            c.byte[i] = (uint8_t)v;
            if (!import(c.byte, c.n, &w, &err))
                fc_weights_free(w);
        }
    /* Every 4 bytes as an offset or count far outside. */
    for (size_t i = 0; i + 4 <= b.n; i += 4) {
        static const uint32_t far[] = {0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0x40000000};
        for (size_t k = 0; k < sizeof far / sizeof *far; k++) {
            c = b;
            set32(&c, i, far[k]);
            if (!import(c.byte, c.n, &w, &err))
                fc_weights_free(w);
        }
    }
}

/* The package's files give the committed ones. */
static void needs_package_files(void **state)
{
    static const char *const nets[][3] = {{"pnet", "mtcnn-pnet", "pnet"},
                                          {"rnet", "mtcnn-rnet", "rnet"},
                                          {"onet", "mtcnn-onet", "onet"},
                                          {"MobileFaceNet", "mobilefacenet", "mobilefacenet"}};
    const char *assets = getenv("FC_TFLITE");

    (void)state;
    if (!assets)
        skip();
    for (size_t i = 0; i < 4; i++) {
        char path[512], ours[512];
        fc_weights *a, *b;
        fc_error err;

        snprintf(path, sizeof path, "%s/%s.tflite", assets, nets[i][0]);
        snprintf(ours, sizeof ours, "%s/../models/%s.safetensors", getenv("FC_TESTS"), nets[i][1]);
        if (access(path, R_OK))
            skip();
        if (fc_import(&a, path, &err) || fc_weights_open(&b, ours, &err))
            fail_msg("%s", err.message);
        assert_string_equal(fc_weights_meta(a, "arch"), nets[i][2]);
        assert_int_equal(fc_weights_count(a), fc_weights_count(b));
        for (size_t k = 0; k < fc_weights_count(a); k++) {
            const fc_tensor *t = fc_weights_at(a, k), *u = fc_weights_at(b, k);
            assert_string_equal(t->name, u->name);
            assert_memory_equal(t->dim, u->dim, sizeof t->dim);
            assert_memory_equal(t->data, u->data, t->count * 4);
        }
        fc_weights_free(a);
        fc_weights_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kept_as_it_is), cmocka_unit_test(shared_buffers),
                                       cmocka_unit_test(false_names), cmocka_unit_test(cut_and_changed),
                                       cmocka_unit_test(needs_package_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
