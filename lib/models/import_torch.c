#include "models/import_torch.h"

#include <stdio.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/error.h"
#include "base/size.h"
#include "models/import.h"
#include "models/unpickle.h"

#define MAX_TENSORS 16384
#define MAX_NAME    255

/* The globals of a state dict, in the order of allowed[]. */
enum { REBUILD_V2, REBUILD, REBUILD_PARAMETER, FIRST_STORAGE };

static const char *const allowed[] = {"torch._utils._rebuild_tensor_v2",
                                      "torch._utils._rebuild_tensor",
                                      "torch._utils._rebuild_parameter",
                                      "torch.FloatStorage",
                                      "torch.DoubleStorage",
                                      "torch.HalfStorage",
                                      "torch.BFloat16Storage",
                                      "torch.LongStorage",
                                      "torch.IntStorage",
                                      "torch.ByteStorage",
                                      NULL};
static const fc_dtype storage_type[] = {FC_F32, FC_F64, FC_F16, FC_BF16, FC_I64, FC_I32, FC_U8};

typedef struct storage {
    const char *key; /* nkey bytes, in the pickle */
    size_t nkey;
    fc_dtype dtype;
    size_t count;
    const uint8_t *data; /* NULL until found */
    uint8_t *copy;       /* owned; data, where it is not in the file */
} storage;

typedef struct tensor {
    const char *name; /* nname bytes, in the pickle */
    size_t nname;
    size_t storage, offset;
    int rank;
    size_t dim[FC_MAX_RANK], stride[FC_MAX_RANK];
    size_t count;
} tensor;

typedef struct importer {
    const uint8_t *bytes;
    size_t n;
    const char *file;
    fc_pickle pickle;
    storage *storages;
    size_t nstorage;
    void *by_key; /* tsearch of the storages */
    tensor *tensors;
    size_t ntensor;
    fc_error *err;
} importer;

static fc_status broken(const importer *im, const char *what)
{
    return fc_fail(im->err, FC_ECORRUPT, "%s: bad state dict: %s", im->file, what);
}

/* ---- the state dict --------------------------------------------------------------------------------- */

static bool is_global(const fc_pickle_value *v, int64_t number)
{
    return v->kind == FC_PICKLE_GLOBAL && v->number == number;
}

static bool to_size(const fc_pickle_value *v, size_t *out)
{
    if (v->kind != FC_PICKLE_INT || v->number < 0)
        return false;
    *out = (size_t)v->number;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const storage *x = a, *y = b;

    if (x->nkey != y->nkey)
        return x->nkey < y->nkey ? -1 : 1;
    return memcmp(x->key, y->key, x->nkey);
}

static void keep(void *one)
{
    (void)one; /* is freed with the others */
}

/* The storage that a persistent id names: ("storage", TYPE, KEY, PLACE, COUNT), the older format with a sixth
 * item, None. */
static fc_status read_storage(importer *im, const fc_pickle_value *pid, size_t *out)
{
    const fc_pickle *p = &im->pickle;
    const fc_pickle_value *id = pid->kind == FC_PICKLE_PERSISTENT ? fc_pickle_item(p, pid, 0) : NULL;
    storage st = {0};

    if (!id || id->kind != FC_PICKLE_TUPLE || id->n < 5 || id->n > 6 ||
        !fc_pickle_is(fc_pickle_item(p, id, 0), "storage"))
        return broken(im, "a tensor without a storage");
    const fc_pickle_value *type = fc_pickle_item(p, id, 1), *key = fc_pickle_item(p, id, 2);
    if (type->kind != FC_PICKLE_GLOBAL || type->number < FIRST_STORAGE || key->kind != FC_PICKLE_TEXT ||
        !to_size(fc_pickle_item(p, id, 4), &st.count))
        return broken(im, "a storage that is not described as one");
    if (id->n == 6 && fc_pickle_item(p, id, 5)->kind != FC_PICKLE_NONE)
        return fc_fail(im->err, FC_EUNSUPPORTED, "%s: a storage that is a view of another: not supported",
                       im->file);
    st.key = key->text;
    st.nkey = key->n;
    st.dtype = storage_type[type->number - FIRST_STORAGE];
    im->storages[im->nstorage] = st; /* no more than there are tensors */
    storage **found = tsearch(&im->storages[im->nstorage], &im->by_key, compare_keys);
    if (!found)
        return fc_fail_nomem(im->err, sizeof st);
    if ((*found)->dtype != st.dtype || (*found)->count != st.count)
        return broken(im, "a storage described in two ways");
    *out = (size_t)(*found - im->storages);
    im->nstorage += *out == im->nstorage;
    return FC_OK;
}

/* A size or stride: a tuple of integers. */
static bool read_extent(const importer *im, const fc_pickle_value *v, size_t *out, int *rank)
{
    if (v->kind != FC_PICKLE_TUPLE || v->n > FC_MAX_RANK)
        return false;
    *rank = (int)v->n;
    for (size_t i = 0; i < v->n; i++)
        if (!to_size(fc_pickle_item(&im->pickle, v, i), &out[i]))
            return false;
    return true;
}

/* Every element must lie in the storage, and there must be no more of them than it has: a stride of 0 would
 * else make much out of little. */
static fc_status check_extent(const importer *im, tensor *t)
{
    size_t highest = t->offset, step, count = im->storages[t->storage].count;

    t->count = 1;
    for (int i = 0; i < t->rank; i++)
        if (!fc_mul(t->count, t->dim[i], &t->count))
            return broken(im, "a tensor that is too large");
    for (int i = 0; i < t->rank && t->count; i++)
        if (!fc_mul(t->dim[i] - 1, t->stride[i], &step) || !fc_add(highest, step, &highest))
            return broken(im, "a tensor that is too large");
    if (t->count > count || (t->count && highest >= count))
        return fc_fail(im->err, FC_ECORRUPT, "%s: tensor '%.*s' reaches outside its storage", im->file,
                       (int)t->nname, t->name);
    return FC_OK;
}

static fc_status read_tensor(importer *im, const fc_pickle_value *v, tensor *t)
{
    const fc_pickle *p = &im->pickle;
    const fc_pickle_value *args = v->kind == FC_PICKLE_CALL ? fc_pickle_item(p, v, 1) : NULL;
    int strides;

    /* _rebuild_parameter(tensor, requires_grad, hooks) */
    if (args && is_global(fc_pickle_item(p, v, 0), REBUILD_PARAMETER) && args->n == 3) {
        v = fc_pickle_item(p, args, 0);
        args = v->kind == FC_PICKLE_CALL ? fc_pickle_item(p, v, 1) : NULL;
    }
    /* _rebuild_tensor(storage, offset, size, stride), with more behind it in v2 that does not matter here */
    if (!args || !((is_global(fc_pickle_item(p, v, 0), REBUILD) && args->n == 4) ||
                   (is_global(fc_pickle_item(p, v, 0), REBUILD_V2) && (args->n == 6 || args->n == 7))))
        return fc_fail(im->err, FC_EMODEL, "%s: '%.*s' is not a tensor; want a state dict", im->file,
                       (int)t->nname, t->name);
    fc_status s = read_storage(im, fc_pickle_item(p, args, 0), &t->storage);
    if (s)
        return s;
    if (!to_size(fc_pickle_item(p, args, 1), &t->offset) ||
        !read_extent(im, fc_pickle_item(p, args, 2), t->dim, &t->rank) ||
        !read_extent(im, fc_pickle_item(p, args, 3), t->stride, &strides) || strides != t->rank)
        return fc_fail(im->err, FC_ECORRUPT, "%s: tensor '%.*s': bad offset, size or stride", im->file,
                       (int)t->nname, t->name);
    return check_extent(im, t);
}

/* The value of a key that is a text; NULL if absent. */
static const fc_pickle_value *lookup(const fc_pickle *p, const fc_pickle_value *dict, const char *key)
{
    for (size_t i = 0; i + 1 < dict->n; i += 2)
        if (fc_pickle_is(fc_pickle_item(p, dict, i), key))
            return fc_pickle_item(p, dict, i + 1);
    return NULL;
}

static fc_status read_dict(importer *im)
{
    const fc_pickle_value *dict = fc_pickle_root(&im->pickle), *inner;
    size_t total = 0;

    if (dict->kind == FC_PICKLE_DICT && (inner = lookup(&im->pickle, dict, "state_dict")) &&
        inner->kind == FC_PICKLE_DICT)
        dict = inner;
    if (dict->kind != FC_PICKLE_DICT || dict->n == 0)
        return fc_fail(im->err, FC_EMODEL, "%s: holds no state dict", im->file);
    if (dict->n / 2 > MAX_TENSORS)
        return fc_fail(im->err, FC_ELIMIT, "%s: %zu tensors, the limit is %d", im->file, dict->n / 2,
                       MAX_TENSORS);
    im->tensors = calloc(dict->n / 2, sizeof *im->tensors);
    im->storages = calloc(dict->n / 2, sizeof *im->storages);
    if (!im->tensors || !im->storages)
        return fc_fail_nomem(im->err, dict->n / 2 * sizeof *im->tensors);
    for (size_t i = 0; i < dict->n; i += 2) {
        const fc_pickle_value *key = fc_pickle_item(&im->pickle, dict, i);
        tensor *t = &im->tensors[im->ntensor++];
        size_t size;
        if (key->kind != FC_PICKLE_TEXT || key->n == 0 || key->n > MAX_NAME || memchr(key->text, 0, key->n))
            return broken(im, "a key that does not name a tensor");
        t->name = key->text;
        t->nname = key->n;
        fc_status s = read_tensor(im, fc_pickle_item(&im->pickle, dict, i + 1), t);
        if (s)
            return s;
        if (!fc_mul(t->count, fc_dtype_size(im->storages[t->storage].dtype), &size) ||
            !fc_import_add(&total, size, im->n))
            return fc_fail(im->err, FC_ELIMIT, "%s: its tensors share storages more than %d times", im->file,
                           FC_IMPORT_SHARING);
    }
    return FC_OK;
}

/* ---- the older format ------------------------------------------------------------------------------- */

/*
 * Five pickles in a row: a magic number, the version of the format, facts about the machine, the object, and
 * the list of its storages' keys; then, in the list's order, each storage's count (8 bytes) and its elements.
 */
static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
#define FORMAT_VERSION 1001

/* The next pickle of the row. */
static fc_status next(importer *im, fc_pickle *p, size_t *at)
{
    size_t used;
    fc_status s = fc_pickle_load(p, im->bytes + *at, im->n - *at, &used, allowed, im->file, im->err);
    *at += used;
    return s;
}

static fc_status read_heading(importer *im, size_t *at)
{
    fc_pickle p;
    fc_status s = next(im, &p, at);
    if (s)
        return s;
    const fc_pickle_value *v = fc_pickle_root(&p);
    if (v->kind != FC_PICKLE_BIG || v->n != sizeof magic || memcmp(v->text, magic, sizeof magic) != 0)
        s = fc_fail(im->err, FC_EFORMAT, "%s: a pickle, but not one of torch.save's", im->file);
    fc_pickle_clear(&p);
    if (s || (s = next(im, &p, at)))
        return s;
    v = fc_pickle_root(&p);
    if (v->kind != FC_PICKLE_INT || v->number != FORMAT_VERSION)
        s = fc_fail(im->err, FC_EUNSUPPORTED, "%s: not version %d of PyTorch's format", im->file,
                    FORMAT_VERSION);
    fc_pickle_clear(&p);
    if (s || (s = next(im, &p, at)))
        return s;
    const fc_pickle_value *little =
        fc_pickle_root(&p)->kind == FC_PICKLE_DICT ? lookup(&p, fc_pickle_root(&p), "little_endian") : NULL;
    if (!little || little->kind != FC_PICKLE_BOOL || !little->number)
        s = fc_fail(im->err, FC_EUNSUPPORTED, "%s: not from a little-endian machine", im->file);
    fc_pickle_clear(&p);
    return s;
}

static fc_status place_storage(importer *im, const fc_pickle_value *key, size_t *at)
{
    const storage wanted = {.key = key->text, .nkey = key->n};
    storage *const *found = key->kind == FC_PICKLE_TEXT ? tfind(&wanted, &im->by_key, compare_keys) : NULL;
    size_t size;
    uint64_t count = 0;

    if (!found || (*found)->data)
        return broken(im, "a list of storages that are not its tensors'");
    storage *st = *found;
    if (im->n - *at < 8)
        return fc_fail(im->err, FC_ETRUNCATED, "%s: ends before its last storage", im->file);
    for (int b = 0; b < 8; b++)
        count |= (uint64_t)im->bytes[*at + (size_t)b] << 8 * b;
    *at += 8;
    if (count != st->count || !fc_mul(st->count, fc_dtype_size(st->dtype), &size))
        return broken(im, "a storage of another size than was stated");
    if (size > im->n - *at)
        return fc_fail(im->err, FC_ETRUNCATED, "%s: ends inside a storage", im->file);
    st->data = im->bytes + *at;
    *at += size;
    return FC_OK;
}

static fc_status read_legacy(importer *im)
{
    fc_pickle keys = {0};
    size_t at = 0;
    fc_status s = read_heading(im, &at);

    if (!s)
        s = next(im, &im->pickle, &at);
    if (!s)
        s = read_dict(im);
    if (!s)
        s = next(im, &keys, &at);
    if (s)
        return s;
    const fc_pickle_value *list = fc_pickle_root(&keys);
    if (list->kind != FC_PICKLE_LIST)
        s = broken(im, "no list of storages");
    for (size_t i = 0; !s && i < list->n; i++)
        s = place_storage(im, fc_pickle_item(&keys, list, i), &at);
    fc_pickle_clear(&keys);
    for (size_t i = 0; !s && i < im->nstorage; i++)
        if (!im->storages[i].data)
            s = broken(im, "a storage that is not in the list");
    return s;
}

/* ---- the zip format --------------------------------------------------------------------------------- */

/*
 * An archive of uncompressed entries ROOT/data.pkl, the object, and ROOT/data/KEY, a storage. A TorchScript
 * program has ROOT/constants.pkl too.
 */

static bool is_zip(const uint8_t *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

static fc_status zip_fault(const importer *im, const char *what)
{
    return fc_fail(im->err, FC_ECORRUPT, "%s: bad zip archive: %s", im->file, what);
}

/* Reads the entry, which must be of want bytes (SIZE_MAX: any, up to max); caller frees. Entries must be
 * uncompressed, as PyTorch's are, so that nothing can be larger than the file. */
static fc_status read_entry(const importer *im, zip_t *z, const char *entry, size_t want, size_t max,
                            uint8_t **out, size_t *n)
{
    zip_stat_t st;
    zip_file_t *f;
    char end;
    fc_status s = FC_OK;

    *out = NULL;
    if (zip_stat(z, entry, 0, &st) || !(st.valid & ZIP_STAT_SIZE) || !(st.valid & ZIP_STAT_COMP_METHOD))
        return fc_fail(im->err, FC_ECORRUPT, "%s: no '%s' in the archive", im->file, entry);
    if (st.comp_method != ZIP_CM_STORE || st.size > im->n)
        return fc_fail(im->err, FC_EUNSUPPORTED, "%s: '%s' is compressed, which torch.save never does",
                       im->file, entry);
    if (want != SIZE_MAX && st.size != want)
        return fc_fail(im->err, FC_ECORRUPT, "%s: '%s' has %llu bytes, want %zu", im->file, entry,
                       (unsigned long long)st.size, want);
    if (st.size > max)
        return fc_fail(im->err, FC_ELIMIT, "%s: '%s' has %llu bytes, the limit is %zu", im->file, entry,
                       (unsigned long long)st.size, max);
    *n = (size_t)st.size;
    *out = malloc(*n ? *n : 1);
    if (!*out)
        return fc_fail_nomem(im->err, *n);
    /* The checksum is compared by the read that finds the end. */
    if (!(f = zip_fopen(z, entry, 0)) || zip_fread(f, *out, *n) != (zip_int64_t)*n ||
        zip_fread(f, &end, 1) != 0)
        s = fc_fail(im->err, FC_ECORRUPT, "%s: '%s' cannot be read whole from the archive", im->file, entry);
    if (f)
        zip_fclose(f);
    if (s) {
        free(*out);
        *out = NULL;
    }
    return s;
}

/* Length of the ROOT/ that all entries begin with; 0 where there is none. */
static size_t find_root(zip_t *z, const char **root)
{
    const char *slash;

    *root = zip_get_name(z, 0, ZIP_FL_ENC_RAW);
    slash = *root ? strchr(*root, '/') : NULL;
    return slash ? (size_t)(slash - *root) + 1 : 0;
}

static fc_status open_zip(const importer *im, zip_t **out)
{
    zip_error_t e;
    zip_source_t *src;

    zip_error_init(&e);
    *out = NULL;
    src = zip_source_buffer_create(im->bytes, im->n, 0, &e);
    if (src && !(*out = zip_open_from_source(src, ZIP_RDONLY, &e)))
        zip_source_free(src);
    fc_status s = *out ? FC_OK : zip_fault(im, zip_error_strerror(&e));
    zip_error_fini(&e);
    return s;
}

static fc_status read_storages(importer *im, zip_t *z, const char *root, size_t nroot)
{
    char entry[512];
    size_t total = 0;

    for (size_t i = 0; i < im->nstorage; i++) {
        storage *st = &im->storages[i];
        size_t size, n;
        if (!fc_mul(st->count, fc_dtype_size(st->dtype), &size) || memchr(st->key, 0, st->nkey) ||
            snprintf(entry, sizeof entry, "%.*sdata/%.*s", (int)nroot, root, (int)st->nkey, st->key) >=
                (int)sizeof entry)
            return broken(im, "a storage that cannot be in the archive");
        if (!fc_import_add(&total, size, im->n))
            return fc_fail(im->err, FC_ELIMIT, "%s: its storages are more than %d times the file", im->file,
                           FC_IMPORT_SHARING);
        fc_status s = read_entry(im, z, entry, size, im->n, &st->copy, &n);
        if (s)
            return s;
        st->data = st->copy;
    }
    return FC_OK;
}

static bool has_constants(zip_t *z, const char *root, size_t nroot)
{
    char entry[512];

    return snprintf(entry, sizeof entry, "%.*sconstants.pkl", (int)nroot, root) < (int)sizeof entry &&
           zip_name_locate(z, entry, 0) >= 0;
}

bool fc_torch_is_program(const uint8_t *bytes, size_t n)
{
    importer im = {.file = "", .bytes = bytes, .n = n};
    const char *root;
    size_t nroot;
    zip_t *z;
    bool is;

    if (!is_zip(bytes, n) || open_zip(&im, &z))
        return false;
    nroot = find_root(z, &root);
    is = nroot > 0 && nroot <= 256 && has_constants(z, root, nroot);
    zip_discard(z);
    return is;
}

static fc_status read_zip(importer *im, uint8_t **pickled)
{
    zip_t *z;
    const char *root;
    char entry[512];
    uint8_t *order = NULL;
    size_t nroot, n, used;
    fc_status s = open_zip(im, &z);

    if (s)
        return s;
    nroot = find_root(z, &root);
    if (nroot == 0 || nroot > 256) {
        s = fc_fail(im->err, FC_EFORMAT, "%s: a zip archive, but not one of torch.save's", im->file);
        goto out;
    }
    if (has_constants(z, root, nroot)) {
        s = fc_fail(im->err, FC_EUNSUPPORTED,
                    "%s: a TorchScript program, not a state dict; it can be run with --engine torch",
                    im->file);
        goto out;
    }
    snprintf(entry, sizeof entry, "%.*sbyteorder", (int)nroot, root);
    if (zip_name_locate(z, entry, 0) >= 0) {
        s = read_entry(im, z, entry, SIZE_MAX, 16, &order, &n);
        if (!s && (n != 6 || memcmp(order, "little", 6) != 0))
            s = fc_fail(im->err, FC_EUNSUPPORTED, "%s: not from a little-endian machine", im->file);
    }
    snprintf(entry, sizeof entry, "%.*sdata.pkl", (int)nroot, root);
    if (!s)
        s = read_entry(im, z, entry, SIZE_MAX, FC_PICKLE_MAX_BYTES, pickled, &n);
    if (!s)
        s = fc_pickle_load(&im->pickle, *pickled, n, &used, allowed, im->file, im->err);
    if (!s)
        s = read_dict(im);
    if (!s)
        s = read_storages(im, z, root, nroot);
out:
    free(order);
    zip_discard(z);
    return s;
}

/* ---- tensors ---------------------------------------------------------------------------------------- */

/* Copies t's elements in row-major order. */
static void gather(const tensor *t, const uint8_t *from, size_t size, uint8_t *to)
{
    size_t index[FC_MAX_RANK] = {0}, at = t->offset;

    for (size_t k = 0; k < t->count; k++, to += size) {
        memcpy(to, from + at * size, size);
        for (int d = t->rank - 1; d >= 0; d--) {
            at += t->stride[d];
            if (++index[d] < t->dim[d])
                break;
            at -= t->stride[d] * t->dim[d];
            index[d] = 0;
        }
    }
}

static bool contiguous(const tensor *t)
{
    size_t step = 1;
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->dim[d] != 1 && t->stride[d] != step)
            return false;
        step *= t->dim[d];
    }
    return true;
}

static fc_status add_tensor(const importer *im, const tensor *t, fc_weights *w)
{
    const storage *st = &im->storages[t->storage];
    size_t size = fc_dtype_size(st->dtype);
    char name[MAX_NAME + 1];

    snprintf(name, sizeof name, "%.*s", (int)t->nname, t->name);
    if (t->count == 0 || contiguous(t))
        return fc_weights_add(w, name, st->dtype, t->rank, t->dim,
                              t->count ? st->data + t->offset * size : NULL, im->err);
    uint8_t *copy = malloc(t->count * size);
    if (!copy)
        return fc_fail_nomem(im->err, t->count * size);
    gather(t, st->data, size, copy);
    fc_status s = fc_weights_add(w, name, st->dtype, t->rank, t->dim, copy, im->err);
    free(copy);
    return s;
}

bool fc_torch_sniff(const uint8_t *bytes, size_t n)
{
    /* 0x80 begins pickles of protocol 2 and later; the older ones that call something begin with the others.
     */
    return is_zip(bytes, n) || (n >= 2 &&
                                strchr("\x80"
                                       "c(",
                                       bytes[0]) &&
                                bytes[0]);
}

fc_status fc_import_torch(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err)
{
    importer im = {.bytes = bytes, .n = n, .file = name, .err = err};
    uint8_t *pickled = NULL;
    fc_weights *w = NULL;
    fc_status s;

    *out = NULL;
    s = is_zip(bytes, n) ? read_zip(&im, &pickled) : read_legacy(&im);
    if (!s)
        s = fc_weights_new(&w, name, err);
    for (size_t i = 0; !s && i < im.ntensor; i++)
        s = add_tensor(&im, &im.tensors[i], w);
    if (s) {
        fc_weights_free(w);
        w = NULL;
    }
    *out = w;
    for (size_t i = 0; i < im.nstorage; i++)
        free(im.storages[i].copy);
    tdestroy(im.by_key, keep);
    free(im.storages);
    free(im.tensors);
    fc_pickle_clear(&im.pickle);
    free(pickled);
    return s;
}
