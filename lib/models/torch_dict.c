#include "models/torch_dict.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "models/import.h"

#define MAX_TENSORS 16384

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

fc_status fc_torch_broken(const fc_torch_file *im, const char *what)
{
    return fc_fail(im->err, FC_ECORRUPT, "%s: bad state dict: %s", im->file, what);
}

fc_status fc_torch_unpickle(const fc_torch_file *im, fc_pickle *p, const uint8_t *bytes, size_t n,
                            size_t *used)
{
    return fc_pickle_load(p, bytes, n, used, allowed, im->file, im->err);
}

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
    const fc_torch_storage *x = a, *y = b;

    if (x->nkey != y->nkey)
        return x->nkey < y->nkey ? -1 : 1;
    return memcmp(x->key, y->key, x->nkey);
}

fc_torch_storage *fc_torch_find_storage(const fc_torch_file *im, const char *key, size_t n)
{
    const fc_torch_storage wanted = {.key = key, .nkey = n};
    fc_torch_storage *const *found = tfind(&wanted, &im->by_key, compare_keys);

    return found ? *found : NULL;
}

/* The storage that a persistent id names: ("storage", TYPE, KEY, PLACE, COUNT), the older format with a sixth
 * item, None. */
static fc_status read_storage(fc_torch_file *im, const fc_pickle_value *pid, size_t *out)
{
    const fc_pickle *p = &im->pickle;
    const fc_pickle_value *id = pid->kind == FC_PICKLE_PERSISTENT ? fc_pickle_item(p, pid, 0) : NULL;
    fc_torch_storage st = {0};

    if (!id || id->kind != FC_PICKLE_TUPLE || id->n < 5 || id->n > 6 ||
        !fc_pickle_is(fc_pickle_item(p, id, 0), "storage"))
        return fc_torch_broken(im, "a tensor without a storage");
    const fc_pickle_value *type = fc_pickle_item(p, id, 1), *key = fc_pickle_item(p, id, 2);
    if (type->kind != FC_PICKLE_GLOBAL || type->number < FIRST_STORAGE || key->kind != FC_PICKLE_TEXT ||
        !to_size(fc_pickle_item(p, id, 4), &st.count))
        return fc_torch_broken(im, "a storage that is not described as one");
    if (id->n == 6 && fc_pickle_item(p, id, 5)->kind != FC_PICKLE_NONE)
        return fc_fail(im->err, FC_EUNSUPPORTED, "%s: a storage that is a view of another: not supported",
                       im->file);
    st.key = key->text;
    st.nkey = key->n;
    st.dtype = storage_type[type->number - FIRST_STORAGE];
    im->storages[im->nstorage] = st; /* no more than there are tensors */
    fc_torch_storage **found = tsearch(&im->storages[im->nstorage], &im->by_key, compare_keys);
    if (!found)
        return fc_fail_nomem(im->err, sizeof st);
    if ((*found)->dtype != st.dtype || (*found)->count != st.count)
        return fc_torch_broken(im, "a storage described in two ways");
    *out = (size_t)(*found - im->storages);
    im->nstorage += *out == im->nstorage;
    return FC_OK;
}

/* A size or stride: a tuple of integers. */
static bool read_extent(const fc_torch_file *im, const fc_pickle_value *v, size_t *out, int *rank)
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
static fc_status check_extent(const fc_torch_file *im, fc_torch_tensor *t)
{
    size_t highest = t->offset, step, count = im->storages[t->storage].count;

    t->count = 1;
    for (int i = 0; i < t->rank; i++)
        if (!fc_mul(t->count, t->dim[i], &t->count))
            return fc_torch_broken(im, "a tensor that is too large");
    for (int i = 0; i < t->rank && t->count; i++)
        if (!fc_mul(t->dim[i] - 1, t->stride[i], &step) || !fc_add(highest, step, &highest))
            return fc_torch_broken(im, "a tensor that is too large");
    if (t->count > count || (t->count && highest >= count))
        return fc_fail(im->err, FC_ECORRUPT, "%s: tensor '%.*s' reaches outside its storage", im->file,
                       (int)t->nname, t->name);
    return FC_OK;
}

static fc_status read_tensor(fc_torch_file *im, const fc_pickle_value *v, fc_torch_tensor *t)
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

const fc_pickle_value *fc_torch_lookup(const fc_pickle *p, const fc_pickle_value *dict, const char *key)
{
    for (size_t i = 0; i + 1 < dict->n; i += 2)
        if (fc_pickle_is(fc_pickle_item(p, dict, i), key))
            return fc_pickle_item(p, dict, i + 1);
    return NULL;
}

/* A tensor that was saved by itself. */
static fc_status read_lone(fc_torch_file *im)
{
    static const char name[] = "tensor";

    im->tensors = calloc(1, sizeof *im->tensors);
    im->storages = calloc(1, sizeof *im->storages);
    if (!im->tensors || !im->storages)
        return fc_fail_nomem(im->err, sizeof *im->tensors);
    im->ntensor = 1;
    im->tensors->name = name;
    im->tensors->nname = sizeof name - 1;
    return read_tensor(im, fc_pickle_root(&im->pickle), im->tensors);
}

fc_status fc_torch_read_dict(fc_torch_file *im)
{
    const fc_pickle_value *dict = fc_pickle_root(&im->pickle), *inner;
    size_t total = 0;

    if (im->lone && dict->kind == FC_PICKLE_CALL)
        return read_lone(im);
    if (dict->kind == FC_PICKLE_DICT && (inner = fc_torch_lookup(&im->pickle, dict, "state_dict")) &&
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
        fc_torch_tensor *t = &im->tensors[im->ntensor++];
        size_t size;
        if (key->kind != FC_PICKLE_TEXT || key->n == 0 || key->n > FC_TORCH_MAX_NAME ||
            memchr(key->text, 0, key->n))
            return fc_torch_broken(im, "a key that does not name a tensor");
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

static void keep(void *one)
{
    (void)one; /* is freed with the others */
}

void fc_torch_clear(fc_torch_file *im)
{
    for (size_t i = 0; i < im->nstorage; i++)
        free(im->storages[i].copy);
    tdestroy(im->by_key, keep);
    free(im->storages);
    free(im->tensors);
    fc_pickle_clear(&im->pickle);
    free(im->pickled);
}
