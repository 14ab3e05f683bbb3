#include "models/import_torch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/torch_dict.h"

/* Copies t's elements in row-major order. */
static void gather(const fc_torch_tensor *t, const uint8_t *from, size_t size, uint8_t *to)
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

static bool contiguous(const fc_torch_tensor *t)
{
    size_t step = 1;
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->dim[d] != 1 && t->stride[d] != step)
            return false;
        step *= t->dim[d];
    }
    return true;
}

static fc_status add_tensor(const fc_torch_file *im, const fc_torch_tensor *t, fc_weights *w)
{
    const fc_torch_storage *st = &im->storages[t->storage];
    size_t size = fc_dtype_size(st->dtype);
    char name[FC_TORCH_MAX_NAME + 1];

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
    return fc_torch_is_zip(bytes, n) || (n >= 2 &&
                                         strchr("\x80"
                                                "c(",
                                                bytes[0]) &&
                                         bytes[0]);
}

static fc_status import(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, bool lone,
                        fc_error *err)
{
    fc_torch_file im = {.bytes = bytes, .n = n, .file = name, .lone = lone, .err = err};
    fc_weights *w = NULL;
    fc_status s;

    *out = NULL;
    s = fc_torch_is_zip(bytes, n) ? fc_torch_read_zip(&im) : fc_torch_read_legacy(&im);
    if (!s)
        s = fc_weights_new(&w, name, err);
    for (size_t i = 0; !s && i < im.ntensor; i++)
        s = add_tensor(&im, &im.tensors[i], w);
    if (s) {
        fc_weights_free(w);
        w = NULL;
    }
    *out = w;
    fc_torch_clear(&im);
    return s;
}

fc_status fc_import_torch(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err)
{
    return import(out, bytes, n, name, false, err);
}

fc_status fc_import_torch_tensors(fc_weights **out, const uint8_t *bytes, size_t n, const char *name,
                                  fc_error *err)
{
    return import(out, bytes, n, name, true, err);
}
