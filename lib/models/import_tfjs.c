#include "models/import_tfjs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/size.h"

#define MAX_FILES 64
#define MAX_NAME  80
#define MEMORY    ((size_t)64 << 20) /* that a manifest may become: some 100,000 tensors */

/* The files of a group of tensors, one behind the other. */
typedef struct shards {
    fc_map file[MAX_FILES];
    size_t n, at, used; /* used: bytes of file[at] that have been read */
} shards;

typedef struct importer {
    const char *path;
    fc_weights *out;
    shards from;
    fc_error *err;
} importer;

bool fc_tfjs_sniff(const uint8_t *bytes, size_t n)
{
    size_t i = 0;

    while (i < n && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n'))
        i++;
    return i < n && bytes[i] == '[';
}

static fc_status corrupt(const importer *im, const char *tensor, const char *what)
{
    return fc_fail(im->err, FC_ECORRUPT, "%s: %s%s%s", im->path, tensor, *tensor ? ": " : "", what);
}

/* ---- files ------------------------------------------------------------------------------------------ */

static void shards_clear(shards *s)
{
    for (size_t i = 0; i < s->n; i++)
        fc_map_close(&s->file[i]);
    *s = (shards){0};
}

static fc_status open_shard(importer *im, const char *name)
{
    const char *slash = strrchr(im->path, '/');
    char *path = NULL;
    fc_status s;

    if (!name || !*name || strchr(name, '/') || *name == '.')
        return corrupt(im, "", "'paths' want names of files in the same folder");
    if (im->from.n == MAX_FILES)
        return fc_fail(im->err, FC_ELIMIT, "%s: more than %d files", im->path, MAX_FILES);
    if (asprintf(&path, "%.*s%s", slash ? (int)(slash + 1 - im->path) : 0, im->path, name) < 0)
        return fc_fail_nomem(im->err, strlen(name));
    s = fc_map_read(&im->from.file[im->from.n], path, FC_WEIGHTS_MAX_FILE, im->err);
    if (!s)
        im->from.n++;
    free(path);
    return s;
}

static fc_status read_bytes(importer *im, const char *tensor, uint8_t *to, size_t n)
{
    shards *f = &im->from;

    while (n) {
        while (f->at < f->n && f->used == f->file[f->at].n) {
            f->at++;
            f->used = 0;
        }
        if (f->at == f->n)
            return fc_fail(im->err, FC_ETRUNCATED, "%s: its files end inside tensor %s", im->path, tensor);
        const size_t left = f->file[f->at].n - f->used, take = n < left ? n : left;
        memcpy(to, f->file[f->at].data + f->used, take);
        f->used += take;
        to += take;
        n -= take;
    }
    return FC_OK;
}

static size_t bytes_left(const shards *f)
{
    size_t n = 0;

    for (size_t i = f->at; i < f->n; i++)
        n += f->file[i].n - (i == f->at ? f->used : 0);
    return n;
}

/* ---- tensors ---------------------------------------------------------------------------------------- */

static bool ends(char *name, const char *end, const char *instead)
{
    const size_t n = strlen(name), m = strlen(end);

    if (n <= m || name[n - m - 1] != '.' || strcmp(name + n - m, end))
        return false;
    strcpy(name + n - m, instead); /* never longer */
    return true;
}

/* "conv/filters" to "conv.weight"; "fc" of two dimensions, too, to "fc.weight". */
static void rename_tensor(char *to, const char *name, int rank)
{
    strcpy(to, name);
    for (char *p = to; *p; p++)
        if (*p == '/')
            *p = '.';
    if (!ends(to, "filters", "weight") && !ends(to, "weights", "weight") && !ends(to, "biases", "bias") &&
        rank == 2)
        strcat(to, ".weight");
}

static fc_status read_shape(const importer *im, const json_t *j, fc_tensor *t)
{
    const json_t *shape = json_object_get(j, "shape");

    if (!json_is_array(shape) || json_array_size(shape) > FC_MAX_RANK)
        return corrupt(im, t->name, "no shape");
    t->rank = (int)json_array_size(shape);
    t->count = 1;
    for (int i = 0; i < t->rank; i++) {
        const json_t *d = json_array_get(shape, (size_t)i);
        if (!json_is_integer(d) || json_integer_value(d) < 1 || json_integer_value(d) > INT32_MAX)
            return corrupt(im, t->name, "no shape");
        t->dim[i] = (size_t)json_integer_value(d);
        if (!fc_mul(t->count, t->dim[i], &t->count))
            return corrupt(im, t->name, "too large");
    }
    return FC_OK;
}

/* The last two dimensions to the front and swapped: [..][in][out] to [out][in][..]. */
static void turn(fc_tensor *t, uint8_t *to, const uint8_t *from, size_t size)
{
    const int r = t->rank;
    const size_t in = t->dim[r - 2], out = t->dim[r - 1], rest = t->count / in / out;

    for (size_t k = 0; k < rest; k++)
        for (size_t i = 0; i < in; i++)
            for (size_t o = 0; o < out; o++, from += size)
                memcpy(to + ((o * in + i) * rest + k) * size, from, size);
    for (int i = r - 1; i > 1; i--)
        t->dim[i] = t->dim[i - 2];
    t->dim[0] = out;
    t->dim[1] = in;
}

static fc_status add_quantisation(const importer *im, const char *tensor, const json_t *q)
{
    const json_t *scale = json_object_get(q, "scale"), *least = json_object_get(q, "min");
    const double by[2] = {json_number_value(scale), json_number_value(least)};
    char name[MAX_NAME + 32];

    if (!json_is_number(scale) || !json_is_number(least) || !isfinite(by[0]) || !isfinite(by[1]))
        return corrupt(im, tensor, "a quantization without scale and min");
    snprintf(name, sizeof name, "%s" FC_QUANTISATION, tensor);
    return fc_weights_add(im->out, name, FC_F64, 1, (size_t[]){2}, by, im->err);
}

static bool text_is(const json_t *j, const char *text)
{
    return json_is_string(j) && !strcmp(json_string_value(j), text);
}

static fc_status add_tensor(importer *im, const json_t *j)
{
    const char *name = json_string_value(json_object_get(j, "name"));
    const json_t *q = json_object_get(j, "quantization");
    uint8_t *raw = NULL, *turned = NULL;
    char to[MAX_NAME + 16];
    fc_tensor t = {.name = name};
    size_t bytes;
    fc_status s;

    if (!name || !*name || strlen(name) > MAX_NAME)
        return corrupt(im, "", "a tensor without a name, or with one of more than 80 bytes");
    if (!text_is(json_object_get(j, "dtype"), "float32") ||
        (q && !text_is(json_object_get(q, "dtype"), "uint8")))
        return fc_fail(im->err, FC_EUNSUPPORTED, "%s: %s: neither float32 nor float32 quantised to uint8",
                       im->path, name);
    t.dtype = q ? FC_U8 : FC_F32;
    s = read_shape(im, j, &t);
    if (s)
        return s;
    if (!fc_mul(t.count, fc_dtype_size(t.dtype), &bytes) || bytes > bytes_left(&im->from))
        return fc_fail(im->err, FC_ETRUNCATED, "%s: its files end inside tensor %s", im->path, name);
    raw = malloc(bytes);
    turned = malloc(bytes);
    if (!raw || !turned) {
        s = fc_fail_nomem(im->err, bytes);
        goto out;
    }
    s = read_bytes(im, name, raw, bytes);
    if (s)
        goto out;
    rename_tensor(to, name, t.rank);
    const bool kernel = t.rank == 4 || t.rank == 2;
    if (kernel)
        turn(&t, turned, raw, fc_dtype_size(t.dtype));
    s = fc_weights_add(im->out, to, t.dtype, t.rank, t.dim, kernel ? turned : raw, im->err);
    if (!s && q)
        s = add_quantisation(im, to, q);
out:
    free(turned);
    free(raw);
    return s;
}

static fc_status add_group(importer *im, const json_t *group)
{
    const json_t *paths = json_object_get(group, "paths"), *weights = json_object_get(group, "weights");
    fc_status s = FC_OK;

    if (!json_is_array(paths) || !json_is_array(weights))
        return corrupt(im, "", "a group without 'paths' or 'weights'");
    for (size_t i = 0; !s && i < json_array_size(paths); i++)
        s = open_shard(im, json_string_value(json_array_get(paths, i)));
    for (size_t i = 0; !s && i < json_array_size(weights); i++)
        s = add_tensor(im, json_array_get(weights, i));
    if (!s && bytes_left(&im->from))
        s = corrupt(im, "", "its files hold more than its tensors");
    shards_clear(&im->from);
    return s;
}

fc_status fc_import_tfjs(fc_weights **out, const uint8_t *bytes, size_t n, const char *path, fc_error *err)
{
    importer im = {.path = path, .err = err};
    json_t *groups = NULL;
    fc_error why;
    fc_status s;

    *out = NULL;
    s = fc_json_read(&groups, (const char *)bytes, n, JSON_REJECT_DUPLICATES, MEMORY, NULL, &why);
    if (s)
        return fc_fail(err, s == FC_EFORMAT ? FC_ECORRUPT : s, "%s: %s", path, why.message);
    s = fc_weights_new(&im.out, path, err);
    if (!s && (!json_is_array(groups) || !json_array_size(groups)))
        s = corrupt(&im, "", "a list of groups of tensors is wanted");
    for (size_t i = 0; !s && i < json_array_size(groups); i++)
        s = add_group(&im, json_array_get(groups, i));
    json_decref(groups);
    if (s)
        fc_weights_free(im.out);
    else
        *out = im.out;
    return s;
}
