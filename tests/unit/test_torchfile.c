/* PyTorch's state dicts: the reference checkpoints, and files made here that lie, end early or want to run code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zip.h>

#include "base/bytes.h"
#include "models/arch.h"
#include "models/import.h"
#include "models/import_torch.h"
#include "models/unpickle.h"
#include "seed.h"

/* ---- making files ----------------------------------------------------------------------------------- */

typedef struct buffer {
    uint8_t byte[65536];
    size_t n;
} buffer;

static void put(buffer *b, const void *bytes, size_t n)
{
    assert_true(n <= sizeof b->byte - b->n);
    memcpy(b->byte + b->n, bytes, n);
    b->n += n;
}

static void op(buffer *b, int opcode)
{
    put(b, &(uint8_t){(uint8_t)opcode}, 1);
}

static void number(buffer *b, int32_t v)
{
    op(b, 'J');
    put(b, &v, 4);
}

static void text(buffer *b, const char *s)
{
    uint32_t n = (uint32_t)strlen(s);
    op(b, 'X');
    put(b, &n, 4);
    put(b, s, n);
}

static void global(buffer *b, const char *lines)
{
    op(b, 'c');
    put(b, lines, strlen(lines));
}

static void begin(buffer *b)
{
    put(b, "\x80\x02", 2);
}

/* A tensor's value; dim and stride end with -1. */
typedef struct spec {
    const char *type, *key;
    int count, offset, dim[5], stride[5];
} spec;

static void tuple(buffer *b, const int *v)
{
    op(b, '(');
    for (int i = 0; v[i] != -1; i++)
        number(b, v[i]);
    op(b, 't');
}

static void tensor(buffer *b, const spec *t, bool legacy)
{
    char type[64];

    snprintf(type, sizeof type, "torch\n%s\n", t->type);
    global(b, "torch._utils\n_rebuild_tensor_v2\n");
    op(b, '(');
    op(b, '(');
    text(b, "storage");
    global(b, type);
    text(b, t->key);
    text(b, "cpu");
    number(b, t->count);
    if (legacy)
        op(b, 'N');
    op(b, 't');
    op(b, 'Q');
    number(b, t->offset);
    tuple(b, t->dim);
    tuple(b, t->stride);
    op(b, 0x89);
    global(b, "collections\nOrderedDict\n");
    op(b, ')');
    op(b, 'R');
    op(b, 't');
    op(b, 'R');
}

/* The pickle of {"t": tensor}. */
static void one_tensor(buffer *b, const spec *t, bool legacy)
{
    begin(b);
    op(b, '}');
    text(b, "t");
    tensor(b, t, legacy);
    op(b, 's');
    op(b, '.');
}

static void heading(buffer *b)
{
    put(b, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    begin(b);
    number(b, 1001);
    op(b, '.');
    begin(b);
    op(b, '}');
    text(b, "little_endian");
    op(b, 0x88);
    put(b, "s.", 2);
}

/* The list of one storage and its elements 0, 1, 2... */
static void storages(buffer *b, const char *key, int64_t count)
{
    begin(b);
    op(b, ']');
    text(b, key);
    put(b, "a.", 2);
    put(b, &count, 8);
    for (int i = 0; i < count; i++)
        put(b, &(float){(float)i}, 4);
}

static void legacy(buffer *b, const spec *t)
{
    b->n = 0;
    heading(b);
    one_tensor(b, t, true);
    storages(b, t->key, t->count);
}

/* An archive with the pickle and a storage "0" of count floats; method: ZIP_CM_STORE or another. */
static void archive(buffer *out, const buffer *pickle, int count, int method, const char *more)
{
    zip_error_t e;
    zip_source_t *src = zip_source_buffer_create(NULL, 0, 0, &e);
    float values[64];

    for (int i = 0; i < 64; i++)
        values[i] = (float)i;
    zip_source_keep(src);
    zip_t *z = zip_open_from_source(src, ZIP_TRUNCATE, &e);
    assert_non_null(z);
    zip_file_add(z, "a/data.pkl", zip_source_buffer(z, pickle->byte, pickle->n, 0), 0);
    zip_file_add(z, "a/data/0", zip_source_buffer(z, values, (size_t)count * 4, 0), 0);
    if (more)
        zip_file_add(z, more, zip_source_buffer(z, "big", 3, 0), 0);
    for (int i = 0; i < 2 + !!more; i++)
        assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)i, method, 0), 0);
    assert_int_equal(zip_close(z), 0);
    assert_int_equal(zip_source_open(src), 0);
    out->n = (size_t)zip_source_read(src, out->byte, sizeof out->byte);
    zip_source_close(src);
    zip_source_free(src);
}

static fc_status import(const buffer *b, fc_weights **w, fc_error *err)
{
    /* On the heap and exactly as long, so that a sanitizer sees a read behind it. */
    uint8_t *copy = malloc(b->n ? b->n : 1);
    memcpy(copy, b->byte, b->n);
    *err = (fc_error){0};
    keep_seed("torch", copy, b->n);
    fc_status s = fc_import_torch(w, copy, b->n, "x.pt", err);
    free(copy);
    if (s)
        assert_null(*w);
    return s;
}

static void refuses(const buffer *b, fc_status status, const char *words)
{
    fc_weights *w;
    fc_error err;
    fc_status s = import(b, &w, &err);

    if (s != status || !strstr(err.message, words) || !strstr(err.message, "x.pt"))
        fail_msg("want \"%s\" (%s), got \"%s\" (%s)", words, fc_status_name(status), err.message,
                 fc_status_name(s));
}

static const spec plain = {"FloatStorage", "0", 6, 0, {2, 3, -1}, {3, 1, -1}};

/* ---- tests ------------------------------------------------------------------------------------------ */

static void reads(const buffer *b, const size_t *dim, int rank, const float *want, size_t n)
{
    fc_weights *w;
    fc_error err;

    if (import(b, &w, &err))
        fail_msg("%s", err.message);
    const fc_tensor *t = fc_weights_find(w, "t");
    assert_non_null(t);
    assert_int_equal(t->dtype, FC_F32);
    assert_int_equal(t->rank, rank);
    assert_memory_equal(t->dim, dim, (size_t)rank * sizeof *dim);
    assert_int_equal(t->count, n);
    if (n)
        assert_memory_equal(t->data, want, n * 4);
    fc_weights_free(w);
}

static void both_formats(void **state)
{
    static const struct {
        spec t;
        size_t dim[3];
        int rank;
        float want[6];
        size_t n;
    } cases[] = {
        {{"FloatStorage", "0", 6, 0, {2, 3, -1}, {3, 1, -1}}, {2, 3}, 2, {0, 1, 2, 3, 4, 5}, 6},
        {{"FloatStorage", "0", 6, 0, {3, 2, -1}, {1, 3, -1}},
         {3, 2},
         2,
         {0, 3, 1, 4, 2, 5},
         6},                                                                               /* transposed */
        {{"FloatStorage", "0", 6, 1, {2, 2, -1}, {3, 1, -1}}, {2, 2}, 2, {1, 2, 4, 5}, 4}, /* a part */
        {{"FloatStorage", "0", 6, 5, {1, -1}, {9, -1}}, {1}, 1, {5}, 1},
        {{"FloatStorage", "0", 6, 4, {-1}, {-1}}, {0}, 0, {4}, 1},                /* a scalar */
        {{"FloatStorage", "0", 6, 0, {2, 0, -1}, {1, 1, -1}}, {2, 0}, 2, {0}, 0}, /* empty */
    };
    static buffer b, p;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        legacy(&b, &cases[i].t);
        reads(&b, cases[i].dim, cases[i].rank, cases[i].want, cases[i].n);
        p.n = 0;
        one_tensor(&p, &cases[i].t, false);
        archive(&b, &p, 6, ZIP_CM_STORE, NULL);
        reads(&b, cases[i].dim, cases[i].rank, cases[i].want, cases[i].n);
    }
}

static void other_forms(void **state)
{
    static buffer b;
    static const size_t dim[] = {2, 3};
    static const float want[] = {0, 1, 2, 3, 4, 5};

    (void)state;
    /* A checkpoint of a training: {"state_dict": {...}, "epoch": 3}. */
    b.n = 0;
    heading(&b);
    begin(&b);
    put(&b, "}(", 2);
    text(&b, "state_dict");
    op(&b, '}');
    text(&b, "t");
    tensor(&b, &plain, true);
    op(&b, 's');
    text(&b, "epoch");
    number(&b, 3);
    put(&b, "u.", 2);
    storages(&b, "0", 6);
    reads(&b, dim, 2, want, 6);

    /* Python 2's OrderedDict([["t", parameter]]), with attributes. */
    b.n = 0;
    heading(&b);
    begin(&b);
    global(&b, "collections\nOrderedDict\n");
    put(&b, "]]", 2);
    text(&b, "t");
    op(&b, 'a');
    global(&b, "torch._utils\n_rebuild_parameter\n");
    tensor(&b, &plain, true);
    op(&b, 0x88);
    global(&b, "collections\nOrderedDict\n");
    put(&b, ")R\x87Ra", 5);
    put(&b, "a\x85R}b.", 6);
    storages(&b, "0", 6);
    reads(&b, dim, 2, want, 6);
}

static void runs_nothing(void **state)
{
    static buffer b, p, evil;

    (void)state;
    /* The bytes alone, in protocols 0, 2 and 4. */
    b.n = 0;
    put(&b, "cos\nsystem\n(S'touch ran'\ntR.", 28);
    refuses(&b, FC_EUNSUPPORTED, "'os.system'");
    evil.n = 0;
    begin(&evil);
    global(&evil, "os\nsystem\n");
    text(&evil, "touch ran");
    put(&evil, "\x85R.", 3);
    refuses(&evil, FC_EUNSUPPORTED, "'os.system'");
    b.n = 0;
    put(&b,
        "\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x09touch "
        "ran\x94\x85\x94R\x94.",
        42);
    refuses(&b, FC_EUNSUPPORTED, "'posix.system'");

    /* Where PyTorch's files have their pickles. */
    b.n = 0;
    heading(&b);
    put(&b, evil.byte, evil.n);
    refuses(&b, FC_EUNSUPPORTED, "'os.system'");
    archive(&b, &evil, 1, ZIP_CM_STORE, NULL);
    refuses(&b, FC_EUNSUPPORTED, "'os.system'");

    /* As a tensor's hook, in the list of storages, as a persistent id. */
    p.n = 0;
    begin(&p);
    op(&p, '}');
    text(&p, "t");
    global(&p, "builtins\neval\n");
    put(&p, ")Rs.", 4);
    archive(&b, &p, 1, ZIP_CM_STORE, NULL);
    refuses(&b, FC_EUNSUPPORTED, "'builtins.eval'");
    b.n = 0;
    heading(&b);
    one_tensor(&b, &plain, true);
    put(&b, evil.byte, evil.n);
    refuses(&b, FC_EUNSUPPORTED, "'os.system'");
    /* Names that only together look allowed. */
    p.n = 0;
    begin(&p);
    global(&p, "torch._utils._rebuild_tensor\n\n");
    op(&p, '.');
    archive(&b, &p, 1, ZIP_CM_STORE, NULL);
    refuses(&b, FC_EUNSUPPORTED, "'torch._utils._rebuild_tensor.'");
    /* Opcodes that make objects by other ways: INST, OBJ, NEWOBJ, EXT1. */
    static const char *const others[] = {"ios\nsystem\n", "o", "\x81", "\x82\x01"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        p.n = 0;
        begin(&p);
        put(&p, "(", 1);
        put(&p, others[i], strlen(others[i]));
        archive(&b, &p, 1, ZIP_CM_STORE, NULL);
        refuses(&b, FC_EUNSUPPORTED, "opcode");
    }
    assert_int_not_equal(access("ran", F_OK), 0);
}

/* Sizes, strides, offsets and counts that reach outside the file. */
static void lies(void **state)
{
    static const spec bad[] = {
        {"FloatStorage", "0", 6, 1, {2, 3, -1}, {3, 1, -1}},
        {"FloatStorage", "0", 6, 0, {2, 3, -1}, {4, 1, -1}},
        {"FloatStorage", "0", 6, 0, {7, -1}, {1, -1}},
        {"FloatStorage", "0", 6, 0, {7, -1}, {0, -1}},
        {"FloatStorage", "0", 6, 0, {1000000, -1}, {0, -1}},
        {"FloatStorage", "0", 6, 6, {1, -1}, {1, -1}},
        {"FloatStorage", "0", 6, 2147483647, {1, -1}, {1, -1}},
        {"FloatStorage", "0", 6, 0, {2, -1}, {2147483647, -1}},
        {"FloatStorage", "0", 6, 0, {2147483647, 2147483647, 2147483647, -1}, {1, 1, 1, -1}},
        {"FloatStorage", "0", 6, -5, {1, -1}, {1, -1}},
        {"FloatStorage", "0", 6, 0, {-7, -1}, {1, -1}},
        {"FloatStorage", "0", 6, 0, {2, 3, -1}, {1, -1}},
    };
    static buffer b, p;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_weights *w;
        fc_error err;
        legacy(&b, &bad[i]);
        assert_int_equal(import(&b, &w, &err), FC_ECORRUPT);
        p.n = 0;
        one_tensor(&p, &bad[i], false);
        archive(&b, &p, 6, ZIP_CM_STORE, NULL);
        assert_int_equal(import(&b, &w, &err), FC_ECORRUPT);
    }

    b.n = 0;
    heading(&b);
    one_tensor(&b, &plain, true);
    storages(&b, "0", 5);
    refuses(&b, FC_ECORRUPT, "another size");
    b.n = 0;
    heading(&b);
    one_tensor(&b, &plain, true);
    storages(&b, "1", 6);
    refuses(&b, FC_ECORRUPT, "list of storages");
    b.n = 0;
    heading(&b);
    one_tensor(&b, &plain, true);
    put(&b, "\x80\x02].", 4);
    refuses(&b, FC_ECORRUPT, "not in the list");
    p.n = 0;
    one_tensor(&p, &plain, false);
    archive(&b, &p, 5, ZIP_CM_STORE, NULL);
    refuses(&b, FC_ECORRUPT, "has 20 bytes, want 24");
    archive(&b, &p, 6, ZIP_CM_DEFLATE, NULL);
    refuses(&b, FC_EUNSUPPORTED, "compressed");
    archive(&b, &p, 6, ZIP_CM_STORE, "a/constants.pkl");
    refuses(&b, FC_EUNSUPPORTED, "TorchScript");
    archive(&b, &p, 6, ZIP_CM_STORE, "a/byteorder");
    refuses(&b, FC_EUNSUPPORTED, "little-endian");
    archive(&b, &p, 6, ZIP_CM_STORE, NULL);
    for (size_t i = 0; i + 4 < b.n; i++) /* a bit of the last float flips: the checksum sees it */
        if (memcmp(b.byte + i, &(float){5}, 4) == 0)
            b.byte[i] ^= 1;
    refuses(&b, FC_ECORRUPT, "a/data/0");
    archive(&b, &p, 6, ZIP_CM_STORE, NULL);
    static const spec other = {"FloatStorage", "../../etc/passwd", 6, 0, {6, -1}, {1, -1}};
    p.n = 0;
    one_tensor(&p, &other, false);
    archive(&b, &p, 6, ZIP_CM_STORE, NULL);
    refuses(&b, FC_ECORRUPT, "no 'a/data/../../etc/passwd' in the archive");

    b.n = 0;
    heading(&b);
    begin(&b);
    op(&b, '}');
    for (int i = 0; i < 2; i++) {
        text(&b, "t");
        tensor(&b, &plain, true);
        op(&b, 's');
    }
    op(&b, '.');
    storages(&b, "0", 6);
    refuses(&b, FC_ECORRUPT, "tensor 't' twice");

    static const spec bytes = {"ShortStorage", "0", 6, 0, {6, -1}, {1, -1}};
    legacy(&b, &bytes);
    refuses(&b, FC_EUNSUPPORTED, "'torch.ShortStorage'");
    b.n = 0;
    put(&b, "\x80\x02K\x05.", 5);
    refuses(&b, FC_EFORMAT, "not one of torch.save's");
    b.n = 0;
    heading(&b);
    put(&b, "\x80\x02}(", 4);
    text(&b, "epoch");
    number(&b, 3);
    put(&b, "u.", 2);
    refuses(&b, FC_EMODEL, "'epoch' is not a tensor");
}

/* An archive whose directory names the same bytes thirty times: small as a file, not in memory. */
static void overlapping(void **state)
{
    enum { N = 30, COUNT = 2048, OFFSET = 42, DIRECTORY = 46 };
    static float big[COUNT];
    static buffer b, p;
    char key[3], entry[16];
    zip_error_t e;
    zip_source_t *src = zip_source_buffer_create(NULL, 0, 0, &e);
    zip_t *z;

    (void)state;
    p.n = b.n = 0;
    begin(&p);
    op(&p, '}');
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "%02d", i);
        text(&p, key);
        tensor(&p, &(spec){"FloatStorage", key, COUNT, 0, {1, -1}, {1, -1}}, false);
        op(&p, 's');
    }
    op(&p, '.');
    zip_source_keep(src);
    assert_non_null(z = zip_open_from_source(src, ZIP_TRUNCATE, &e));
    zip_file_add(z, "a/data.pkl", zip_source_buffer(z, p.byte, p.n, 0), 0);
    for (int i = 0; i < N; i++) {
        snprintf(entry, sizeof entry, "a/data/%02d", i);
        zip_file_add(z, entry, zip_source_buffer(z, big, i ? 4 : sizeof big, 0), 0);
        assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)i + 1, ZIP_CM_STORE, 0), 0);
    }
    assert_int_equal(zip_set_file_compression(z, 0, ZIP_CM_STORE, 0), 0);
    assert_int_equal(zip_close(z), 0);
    assert_int_equal(zip_source_open(src), 0);
    b.n = (size_t)zip_source_read(src, b.byte, sizeof b.byte);
    zip_source_free(src);

    /* What the directory says of "00", from the checksum to the sizes and then the offset, it says of all. */
    const uint8_t *first = NULL;
    int same = 0;
    for (size_t i = 0; i + DIRECTORY + 9 <= b.n; i++) {
        uint8_t *at = b.byte + i;
        if (memcmp(at, "PK\1\2", 4) || memcmp(at + DIRECTORY, "a/data/", 7))
            continue;
        first = first ? first : at;
        memcpy(at + 16, first + 16, 12);
        memcpy(at + OFFSET, first + OFFSET, 4);
        same++;
    }
    assert_int_equal(same, N);
    refuses(&b, FC_ELIMIT, "its storages are more than 4 times the file");
}

/* Broken pickles: stack, memo and marks used wrongly, values that hold themselves, and much out of little. */
static void broken_pickles(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {".", 1},
        {"a.", 2},
        {"Na.", 3},
        {"e.", 2},
        {"(N", 2},
        {"t.", 2},
        {"\x85.", 2},
        {"(\x85.", 3},
        {"N\x86.", 3},
        {"q\0.", 3},
        {"(q\0.", 4},
        {"h\0.", 3},
        {"}Ns.", 4},
        {"}(Nu.", 5},
        {"](NNu.", 6},
        {"NR.", 3},
        {"N)R.", 4},
        {"Q.", 2},
        {"b.", 2},
        {"NNb.", 4},
        {"NN\x93.", 4},
        {"X\xff\xff\xff\xff.", 6},
        {"\x8a\xff.", 3},
        {"(.", 2},
        {"K", 1},
        {"cos", 3},
        {"ccollections\nOrderedDict\nK\1\x85R.", 29},
        {"r\xff\xff\xff\xff.", 6},
        {"Nr\xff\xff\xff\xff.", 7},
    };
    static const char *const none[] = {NULL};
    fc_pickle p;
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fc_error err = {0};
        if (!fc_pickle_load(&p, (const uint8_t *)bad[i].bytes, bad[i].n, &used, none, "x", &err))
            fail_msg("%zu was read", i);
        assert_true(*err.message);
    }
    /* l = []; l.append(l) */
    assert_int_equal(fc_pickle_load(&p, (const uint8_t *)"]q\0h\0a.", 7, &used, none, "x", NULL), FC_OK);
    assert_int_equal(used, 7);
    const fc_pickle_value *list = fc_pickle_root(&p);
    assert_ptr_equal(fc_pickle_item(&p, list, 0), list);
    fc_pickle_clear(&p);

    /* OrderedDict([pair] * 100000), 50,000 times, would be gigabytes. */
    size_t n = 0;
    uint8_t *big = malloc(1 << 20);
    fc_error err;
    memcpy(big + n, "](NN\x86q\0", 7);
    n += 7;
    for (int i = 0; i < 100000; i++, n += 2)
        memcpy(big + n, "h\0", 2);
    memcpy(big + n, "e\x85q\1ccollections\nOrderedDict\nq\2", 4 + 27);
    n += 4 + 27;
    for (int i = 0; i < 50000; i++, n += 5)
        memcpy(big + n, "h\2h\1R", 5);
    assert_int_equal(fc_pickle_load(&p, big, n, &used, none, "x", &err), FC_ELIMIT);
    free(big);
}

/* Every beginning of a good file is refused, and no byte changed in its pickles makes a read go astray. */
static void cut_and_changed(void **state)
{
    static buffer whole, b, p;
    fc_weights *w;
    fc_error err;

    (void)state;
    for (int format = 0; format < 2; format++) {
        if (format == 0) {
            legacy(&whole, &plain);
        } else {
            p.n = 0;
            one_tensor(&p, &plain, false);
            archive(&whole, &p, 6, ZIP_CM_STORE, NULL);
        }
        for (size_t n = 0; n < whole.n; n++) {
            b.n = 0;
            put(&b, whole.byte, n);
            assert_int_not_equal(import(&b, &w, &err), FC_OK);
        }
        for (size_t i = 0; i < whole.n; i++)
            for (int bit = 0; bit < 8; bit++) {
                b = whole;
                b.byte[i] ^= (uint8_t)(1 << bit);
                if (!import(&b, &w, &err))
                    fc_weights_free(w);
            }
    }
}

/* A network's checkpoints in both formats are the tensors in models/, bit for bit. */
static void check_checkpoints(const char *folder, const char *net)
{
    static const char *const formats[] = {"legacy", "zip"};

    for (int i = 0; i < 2; i++) {
        char path[512], ours[512];
        fc_weights *a, *b;
        fc_error err;

        snprintf(path, sizeof path, "%s/%s-%s.pt", folder, net, formats[i]);
        snprintf(ours, sizeof ours, "%s/../models/mtcnn-%s.safetensors", getenv("FC_TESTS"), net);
        if (fc_import(&a, path, &err) || fc_weights_open(&b, ours, &err))
            fail_msg("%s", err.message);
        assert_string_equal(fc_weights_meta(a, "arch"), net);
        assert_int_equal(fc_weights_count(a), fc_weights_count(b));
        for (size_t k = 0; k < fc_weights_count(a); k++) {
            const fc_tensor *t = fc_weights_at(a, k), *u = fc_weights_find(b, t->name);
            assert_non_null(u);
            assert_int_equal(t->dtype, u->dtype);
            assert_int_equal(t->rank, u->rank);
            assert_memory_equal(t->dim, u->dim, sizeof t->dim);
            assert_memory_equal(t->data, u->data, t->count * fc_dtype_size(t->dtype));
        }
        fc_weights_free(a);
        fc_weights_free(b);
    }
}

static void checkpoints(void **state)
{
    char folder[512];

    (void)state;
    snprintf(folder, sizeof folder, "%s/data/nets", getenv("FC_TESTS"));
    check_checkpoints(folder, "pnet");
}

static void needs_shared_checkpoints(void **state)
{
    char folder[512];

    (void)state;
    snprintf(folder, sizeof folder, "%s/reference/checkpoints", getenv("FC_SHARED"));
    if (access(folder, R_OK))
        skip();
    check_checkpoints(folder, "rnet");
    check_checkpoints(folder, "onet");
}

/* A network is known by its tensors; more of them (a classifier's) do not matter, a missing or smaller one does. */
static void architectures(void **state)
{
    const char *arch;
    char path[512];
    fc_weights *pnet, *w;
    fc_error err;

    (void)state;
    snprintf(path, sizeof path, "%s/../models/mtcnn-pnet.safetensors", getenv("FC_TESTS"));
    assert_int_equal(fc_weights_open(&pnet, path, &err), FC_OK);
    for (size_t wrong = 0; wrong <= fc_weights_count(pnet); wrong++) {
        for (int how = 0; how < 2; how++) {
            assert_int_equal(fc_weights_new(&w, "made up", &err), FC_OK);
            for (size_t i = 0; i < fc_weights_count(pnet); i++) {
                const fc_tensor *t = fc_weights_at(pnet, i);
                const size_t fewer[] = {t->count - 1};
                if (i != wrong)
                    assert_int_equal(fc_weights_add(w, t->name, t->dtype, t->rank, t->dim, t->data, &err),
                                     FC_OK);
                else if (how == 1)
                    assert_int_equal(fc_weights_add(w, t->name, t->dtype, 1, fewer, t->data, &err), FC_OK);
            }
            assert_int_equal(fc_weights_add(w, "logits.weight", FC_F32, 0, NULL, &(float){1}, &err), FC_OK);
            assert_int_equal(fc_arch_of(&arch, w, &err), FC_OK);
            if (wrong == fc_weights_count(pnet))
                assert_string_equal(arch, "pnet");
            else
                assert_null(arch);
            fc_weights_free(w);
        }
    }
    fc_weights_free(pnet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats),   cmocka_unit_test(other_forms),
        cmocka_unit_test(runs_nothing),   cmocka_unit_test(lies),
        cmocka_unit_test(broken_pickles), cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(checkpoints),    cmocka_unit_test(needs_shared_checkpoints),
        cmocka_unit_test(architectures),  cmocka_unit_test(overlapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
