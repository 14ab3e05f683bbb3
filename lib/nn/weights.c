#include "nn/weights.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bytes.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/size.h"
#include "base/text.h"

#define HEADER_MAX ((size_t)16 << 20)  /* bytes of JSON */
#define MEMORY_MAX ((size_t)256 << 20) /* that it becomes: some 140,000 tensors */
#define ALIGN      64                  /* the data of a file we write begin at a multiple of this */

typedef struct tensor_entry {
    fc_tensor t;
    char *name;             /* owned; t.name */
    void *copy;             /* owned; t.data when it is not in the map */
    float *plain;           /* owned; numbers of a quantised tensor, once they have been asked for */
    size_t begin, end, seq; /* while reading: bytes in the data, place in the header */
} entry;

struct fc_weights {
    char *path; /* or what stands for it in messages */
    fc_map map;
    entry **entry; /* in the file's order */
    size_t n, cap;
    void *by_name; /* tsearch of entry */
    json_t *meta;  /* object of strings */
};

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [FC_F32] = {"F32", 4}, [FC_F16] = {"F16", 2}, [FC_BF16] = {"BF16", 2}, [FC_F64] = {"F64", 8},
    [FC_I64] = {"I64", 8}, [FC_I32] = {"I32", 4}, [FC_U8] = {"U8", 1},
};

size_t fc_dtype_size(fc_dtype t)
{
    return dtypes[t].size;
}

const char *fc_dtype_name(fc_dtype t)
{
    return dtypes[t].name;
}

const char *fc_weights_path(const fc_weights *w)
{
    return w->path;
}

fc_status fc_weights_new(fc_weights **out, const char *origin, fc_error *err)
{
    fc_weights *w = calloc(1, sizeof *w);

    *out = NULL;
    if (!w || !(w->path = strdup(origin)) || !(w->meta = json_object())) {
        fc_weights_free(w);
        return fc_fail_nomem(err, sizeof *w);
    }
    *out = w;
    return FC_OK;
}

static void entry_free(entry *e)
{
    if (!e)
        return;
    free(e->name);
    free(e->copy);
    free(e->plain);
    free(e);
}

static void keep(void *e)
{
    (void)e; /* is freed with the others */
}

void fc_weights_free(fc_weights *w)
{
    if (!w)
        return;
    tdestroy(w->by_name, keep);
    for (size_t i = 0; i < w->n; i++)
        entry_free(w->entry[i]);
    free(w->entry);
    json_decref(w->meta);
    fc_map_close(&w->map);
    free(w->path);
    free(w);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* Takes e on success. */
static fc_status append(fc_weights *w, entry *e, fc_error *err)
{
    fc_status s = fc_grow(&w->entry, w->n + 1, &w->cap, sizeof *w->entry, err);
    if (s)
        return s;
    entry **found = tsearch(e, &w->by_name, by_name);
    if (!found)
        return fc_fail_nomem(err, sizeof *e);
    if (*found != e)
        return fc_fail(err, FC_ECORRUPT, "%s: tensor '%s' twice", fc_weights_path(w), e->name);
    w->entry[w->n++] = e;
    return FC_OK;
}

/* Product of the dimensions, and the bytes; false when they do not fit. */
static bool measure(fc_tensor *t, size_t *bytes)
{
    t->count = 1;
    for (int i = 0; i < t->rank; i++)
        if (!fc_mul(t->count, t->dim[i], &t->count))
            return false;
    return fc_mul(t->count, fc_dtype_size(t->dtype), bytes);
}

static bool name_ok(const char *name)
{
    return *name && fc_text_is_utf8(name) && strcmp(name, "__metadata__") != 0;
}

fc_status fc_weights_add(fc_weights *w, const char *name, fc_dtype t, int rank, const size_t *dim,
                         const void *data, fc_error *err)
{
    entry *e = NULL;
    size_t bytes;
    fc_status s;

    if (!name_ok(name))
        return fc_fail(err, FC_EUSAGE, "%s: bad tensor name '%s'", fc_weights_path(w), name);
    if (rank < 0 || rank > FC_MAX_RANK)
        return fc_fail(err, FC_EUSAGE, "tensor '%s': rank %d, want 0 to %d", name, rank, FC_MAX_RANK);
    if (!(e = calloc(1, sizeof *e)) || !(e->name = strdup(name))) {
        s = fc_fail_nomem(err, sizeof *e);
        goto fail;
    }
    e->t = (fc_tensor){.name = e->name, .dtype = t, .rank = rank};
    if (rank)
        memcpy(e->t.dim, dim, (size_t)rank * sizeof *dim);
    if (!measure(&e->t, &bytes)) {
        s = fc_fail(err, FC_EUSAGE, "tensor '%s': too large", name);
        goto fail;
    }
    if (!(e->copy = malloc(bytes ? bytes : 1))) {
        s = fc_fail_nomem(err, bytes);
        goto fail;
    }
    if (bytes)
        memcpy(e->copy, data, bytes);
    e->t.data = e->copy;
    s = append(w, e, err);
    if (!s)
        return FC_OK;
fail:
    entry_free(e);
    return s;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static bool json_size(const json_t *j, size_t *out)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0)
        return false;
    *out = (size_t)json_integer_value(j);
    return true;
}

/* One member of the header. data: the file's data, size bytes. */
static fc_status read_entry(entry **out, const char *path, const char *name, const json_t *j,
                            const uint8_t *data, size_t size, fc_error *err)
{
    const json_t *dtype = json_object_get(j, "dtype"), *shape = json_object_get(j, "shape");
    const json_t *offsets = json_object_get(j, "data_offsets");
    entry *e;
    size_t bytes, dt = 0;

    *out = NULL;
    if (!json_is_string(dtype) || !json_is_array(shape) || !json_is_array(offsets) ||
        json_array_size(offsets) != 2)
        return fc_fail(err, FC_ECORRUPT, "%s: tensor '%s': want dtype, shape and two data_offsets", path,
                       name);
    while (dt < sizeof dtypes / sizeof *dtypes && strcmp(dtypes[dt].name, json_string_value(dtype)) != 0)
        dt++;
    if (dt == sizeof dtypes / sizeof *dtypes)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: tensor '%s': dtype '%s' is not supported", path, name,
                       json_string_value(dtype));
    if (json_array_size(shape) > FC_MAX_RANK)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: tensor '%s': rank %zu, the limit is %d", path, name,
                       json_array_size(shape), FC_MAX_RANK);
    e = calloc(1, sizeof *e);
    if (!e || !(e->name = strdup(name))) {
        entry_free(e);
        return fc_fail_nomem(err, sizeof *e);
    }
    *out = e;
    e->t = (fc_tensor){.name = e->name, .dtype = (fc_dtype)dt, .rank = (int)json_array_size(shape)};
    for (int i = 0; i < e->t.rank; i++)
        if (!json_size(json_array_get(shape, (size_t)i), &e->t.dim[i]))
            return fc_fail(err, FC_ECORRUPT, "%s: tensor '%s': bad shape", path, name);
    if (!json_size(json_array_get(offsets, 0), &e->begin) ||
        !json_size(json_array_get(offsets, 1), &e->end) || e->begin > e->end)
        return fc_fail(err, FC_ECORRUPT, "%s: tensor '%s': bad data_offsets", path, name);
    if (e->end > size)
        return fc_fail(err, FC_ETRUNCATED, "%s: tensor '%s' ends at byte %zu of %zu", path, name, e->end,
                       size);
    if (!measure(&e->t, &bytes) || bytes != e->end - e->begin)
        return fc_fail(err, FC_ECORRUPT, "%s: tensor '%s': %zu bytes do not fit its shape", path, name,
                       e->end - e->begin);
    e->t.data = data + e->begin;
    if ((uintptr_t)e->t.data % fc_dtype_size(e->t.dtype)) {
        e->copy = malloc(bytes);
        if (!e->copy)
            return fc_fail_nomem(err, bytes);
        memcpy(e->copy, e->t.data, bytes);
        e->t.data = e->copy;
    }
    return FC_OK;
}

static int by_offset(const void *a, const void *b)
{
    const entry *x = *(entry *const *)a, *y = *(entry *const *)b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) /* an empty tensor stands before the one that begins where it does */
        return x->end < y->end ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static fc_status read_meta(fc_weights *w, json_t *meta, fc_error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(meta))
        return fc_fail(err, FC_ECORRUPT, "%s: __metadata__ is not an object", w->path);
    json_object_foreach(meta, key, value) if (!json_is_string(value)) return fc_fail(
        err, FC_ECORRUPT, "%s: __metadata__ '%s' is not a string", w->path, key);
    if (json_object_update(w->meta, meta))
        return fc_fail_nomem(err, json_object_size(meta));
    return FC_OK;
}

static fc_status read_header(fc_weights *w, json_t *header, const uint8_t *data, size_t size, fc_error *err)
{
    size_t n = 0, total = json_object_size(header), at = 0, taken = 0;
    entry **list = calloc(total + 1, sizeof *list);
    const char *name;
    json_t *value;
    fc_status s = FC_OK;

    if (!list)
        return fc_fail_nomem(err, (total + 1) * sizeof *list);
    json_object_foreach(header, name, value)
    {
        if (strcmp(name, "__metadata__") == 0) {
            s = read_meta(w, value, err);
        } else if (!name_ok(name)) {
            s = fc_fail(err, FC_ECORRUPT, "%s: a tensor without a name", w->path);
        } else {
            s = read_entry(&list[n], w->path, name, value, data, size, err);
            if (list[n]) {
                list[n]->seq = n;
                n++;
            }
        }
        if (s)
            goto out;
    }
    /* The tensors must tile the data: no holes, no overlaps, nothing after the last. */
    qsort(list, n, sizeof *list, by_offset);
    for (; taken < n; taken++) {
        entry *e = list[taken];
        if (e->begin != at) {
            s = fc_fail(err, FC_ECORRUPT, "%s: tensor '%s' begins at byte %zu, want %zu", w->path, e->name,
                        e->begin, at);
            goto out;
        }
        at = e->end;
        s = append(w, e, err);
        if (s)
            goto out;
    }
    if (at != size)
        s = fc_fail(err, FC_ECORRUPT, "%s: %zu bytes after the last tensor", w->path, size - at);
out:
    for (; taken < n; taken++)
        entry_free(list[taken]);
    free(list);
    return s;
}

/* The bytes that are hashed are the ones that are used. */
static fc_status check_hash(const fc_map *file, const char *path, const char *sha256, fc_error *err)
{
    char hex[FC_SHA256_HEX];

    fc_sha256_hex(hex, file->data, file->n);
    if (strcmp(hex, sha256) != 0)
        return fc_fail(err, FC_EHASH, "%s: its SHA-256 is %s, recorded is %s", path, hex, sha256);
    return FC_OK;
}

fc_status fc_weights_take(fc_weights **out, fc_map *file, const char *path, fc_error *err)
{
    fc_weights *w = NULL;
    json_t *header = NULL;
    fc_error why;
    uint64_t len = 0;
    fc_status s;

    *out = NULL;
    s = fc_weights_new(&w, path, err);
    if (s) {
        fc_map_close(file);
        return s;
    }
    w->map = *file;
    *file = (fc_map){0};
    if (w->map.n < 8) {
        s = fc_fail(err, FC_ETRUNCATED, "%s: %zu bytes, too short for safetensors", path, w->map.n);
        goto out;
    }
    for (int i = 7; i >= 0; i--)
        len = len << 8 | w->map.data[i];
    if (len < 2 || len > HEADER_MAX || (w->map.n > 8 && w->map.data[8] != '{')) {
        s = fc_fail(err, FC_EFORMAT, "%s: not a safetensors file", path);
        goto out;
    }
    if (len > w->map.n - 8) {
        s = fc_fail(err, FC_ETRUNCATED, "%s: ends inside its header", path);
        goto out;
    }
    s = fc_json_read(&header, (const char *)w->map.data + 8, (size_t)len, JSON_REJECT_DUPLICATES, MEMORY_MAX,
                     NULL, &why);
    if (s) {
        s = fc_fail(err, s == FC_EFORMAT ? FC_ECORRUPT : s, "%s: header: %s", path, why.message);
        goto out;
    }
    s = read_header(w, header, w->map.data + 8 + len, w->map.n - 8 - (size_t)len, err);
out:
    json_decref(header);
    if (s) {
        fc_weights_free(w);
        return s;
    }
    *out = w;
    return FC_OK;
}

fc_status fc_weights_open(fc_weights **out, const char *path, fc_error *err)
{
    fc_map file;
    fc_status s = fc_map_read(&file, path, FC_WEIGHTS_MAX_FILE, err);

    *out = NULL;
    return s ? s : fc_weights_take(out, &file, path, err);
}

fc_status fc_weights_open_verified(fc_weights **out, const char *path, const char *sha256, fc_error *err)
{
    fc_map file;
    fc_status s = fc_map_read(&file, path, FC_WEIGHTS_MAX_FILE, err);

    *out = NULL;
    if (!s)
        s = check_hash(&file, path, sha256, err);
    if (!s)
        return fc_weights_take(out, &file, path, err);
    fc_map_close(&file);
    return s;
}

/* ---- looking up ------------------------------------------------------------------------------------- */

size_t fc_weights_count(const fc_weights *w)
{
    return w->n;
}

const fc_tensor *fc_weights_at(const fc_weights *w, size_t i)
{
    return &w->entry[i]->t;
}

static entry *find(const fc_weights *w, const char *name)
{
    const entry key = {.name = (char *)name};
    entry *const *found = tfind(&key, &w->by_name, by_name);
    return found ? *found : NULL;
}

const fc_tensor *fc_weights_find(const fc_weights *w, const char *name)
{
    const entry *e = find(w, name);
    return e ? &e->t : NULL;
}

bool fc_weights_is_quantisation(const fc_tensor *t)
{
    const size_t n = strlen(t->name), m = strlen(FC_QUANTISATION);
    return t->dtype == FC_F64 && t->count == 2 && n > m && !strcmp(t->name + n - m, FC_QUANTISATION);
}

/* Scale and offset of a tensor of bytes; NULL: it is none of those. */
static const double *quantisation(const fc_weights *w, const entry *e)
{
    char name[256];

    if (e->t.dtype != FC_U8 ||
        (size_t)snprintf(name, sizeof name, "%s" FC_QUANTISATION, e->name) >= sizeof name)
        return NULL;
    const fc_tensor *q = fc_weights_find(w, name);
    return q && fc_weights_is_quantisation(q) ? q->data : NULL;
}

static fc_status dequantise(entry *e, const double *by, fc_error *err)
{
    const uint8_t *from = e->t.data;

    if (e->plain)
        return FC_OK;
    e->plain = calloc(e->t.count ? e->t.count : 1, sizeof *e->plain);
    if (!e->plain)
        return fc_fail_nomem(err, e->t.count * sizeof *e->plain);
    for (size_t i = 0; i < e->t.count; i++)
        e->plain[i] = (float)(from[i] * by[0] + by[1]);
    return FC_OK;
}

fc_status fc_weights_f32(const fc_weights *w, const char *name, size_t count, const float **data,
                         fc_error *err)
{
    entry *e = find(w, name);
    const fc_tensor *t = e ? &e->t : NULL;
    const double *by;

    *data = NULL;
    if (!t)
        return fc_fail(err, FC_EMODEL, "%s: no tensor '%s'", fc_weights_path(w), name);
    by = quantisation(w, e);
    if (t->dtype != FC_F32 && !by)
        return fc_fail(err, FC_EMODEL, "%s: tensor '%s' is %s, want F32", fc_weights_path(w), name,
                       fc_dtype_name(t->dtype));
    if (t->count != count)
        return fc_fail(err, FC_EMODEL, "%s: tensor '%s' has %zu elements, want %zu", fc_weights_path(w), name,
                       t->count, count);
    if (by) {
        const fc_status s = dequantise(e, by, err);
        if (s)
            return s;
    }
    *data = by ? e->plain : t->data;
    return FC_OK;
}

fc_status fc_weights_copy(const fc_weights *w, const fc_weights_part *part, size_t n, fc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const float *from;
        fc_status s = fc_weights_f32(w, part[i].name, part[i].count, &from, err);
        if (s)
            return s;
        memcpy(part[i].to, from, part[i].count * sizeof *from);
    }
    return FC_OK;
}

const char *fc_weights_meta(const fc_weights *w, const char *key)
{
    return json_string_value(json_object_get(w->meta, key));
}

fc_status fc_weights_set_meta(fc_weights *w, const char *key, const char *value, fc_error *err)
{
    if (!fc_text_is_utf8(key) || !fc_text_is_utf8(value))
        return fc_fail(err, FC_EUSAGE, "%s: bad metadata '%s'", fc_weights_path(w), key);
    return json_object_set_new(w->meta, key, json_string(value)) ? fc_fail_nomem(err, 0) : FC_OK;
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The metadata with its keys sorted, so that the order of setting does not matter; NULL when memory is out.
 */
static json_t *sorted_meta(json_t *meta)
{
    size_t n = 0;
    const char **keys = calloc(json_object_size(meta) + 1, sizeof *keys);
    json_t *sorted = json_object(), *value;
    const char *key;
    bool ok = keys && sorted;

    if (ok) {
        json_object_foreach(meta, key, value) keys[n++] = key;
        qsort(keys, n, sizeof *keys, by_key);
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = json_object_set(sorted, keys[i], json_object_get(meta, keys[i])) == 0;
    free(keys);
    if (ok)
        return sorted;
    json_decref(sorted);
    return NULL;
}

static json_t *header_entry(const fc_tensor *t, size_t begin, size_t end)
{
    json_t *shape = json_array();

    for (int i = 0; i < t->rank; i++)
        if (json_array_append_new(shape, json_integer((json_int_t)t->dim[i]))) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", fc_dtype_name(t->dtype), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)end);
}

/* The JSON of the header; NULL when memory is out. */
static char *header_text(const fc_weights *w)
{
    json_t *header = json_object();
    char *text = NULL;
    size_t at = 0;

    if (json_object_size(w->meta) && json_object_set_new(header, "__metadata__", sorted_meta(w->meta)))
        goto out;
    for (size_t i = 0; i < w->n; i++) {
        const fc_tensor *t = &w->entry[i]->t;
        size_t end = at + t->count * fc_dtype_size(t->dtype);
        if (json_object_set_new(header, t->name, header_entry(t, at, end)))
            goto out;
        at = end;
    }
    text = json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
out:
    json_decref(header);
    return text;
}

static fc_status save(const fc_weights *w, const char *path,
                      fc_status (*open_file)(fc_atomic_file *, const char *, fc_error *), fc_error *err)
{
    fc_atomic_file a = {0};
    char *text = header_text(w);
    size_t len, padded;
    uint8_t prefix[8];
    fc_status s;

    if (!text)
        return fc_fail_nomem(err, w->n * 128);
    len = strlen(text);
    padded = (8 + len + ALIGN - 1) / ALIGN * ALIGN - 8;
    if (padded > HEADER_MAX) {
        s = fc_fail(err, FC_ELIMIT, "%s: header of %zu bytes, the limit is %zu", path, padded, HEADER_MAX);
        goto out;
    }
    for (int i = 0; i < 8; i++)
        prefix[i] = (uint8_t)((uint64_t)padded >> 8 * i);
    s = open_file(&a, path, err);
    if (s)
        goto out;
    /* What a short write breaks shows at the commit: the stream's error flag stays set. */
    fwrite(prefix, 1, sizeof prefix, a.f);
    fprintf(a.f, "%-*s", (int)padded, text);
    for (size_t i = 0; i < w->n; i++) {
        const fc_tensor *t = &w->entry[i]->t;
        fwrite(t->data, fc_dtype_size(t->dtype), t->count, a.f);
    }
    if (ferror(a.f)) {
        s = fc_fail_errno(err, path);
        goto out;
    }
    s = fc_atomic_commit(&a, err);
out:
    fc_atomic_discard(&a);
    free(text);
    return s;
}

fc_status fc_weights_save(const fc_weights *w, const char *path, fc_error *err)
{
    return save(w, path, fc_atomic_open, err);
}

fc_status fc_weights_save_private(const fc_weights *w, const char *path, fc_error *err)
{
    return save(w, path, fc_atomic_open_private, err);
}
