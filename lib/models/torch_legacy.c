/* torch.save before PyTorch 1.6: a row of pickles. */
#include "models/torch_dict.h"

#include <string.h>

#include "base/error.h"
#include "base/size.h"

/*
 * Five pickles in a row: a magic number, the version of the format, facts about the machine, the object, and
 * the list of its storages' keys; then, in the list's order, each storage's count (8 bytes) and its elements.
 */
static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
#define FORMAT_VERSION 1001

/* The next pickle of the row. */
static fc_status next(fc_torch_file *im, fc_pickle *p, size_t *at)
{
    size_t used;
    fc_status s = fc_torch_unpickle(im, p, im->bytes + *at, im->n - *at, &used);
    *at += used;
    return s;
}

static fc_status read_heading(fc_torch_file *im, size_t *at)
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
    const fc_pickle_value *little = fc_pickle_root(&p)->kind == FC_PICKLE_DICT
                                        ? fc_torch_lookup(&p, fc_pickle_root(&p), "little_endian")
                                        : NULL;
    if (!little || little->kind != FC_PICKLE_BOOL || !little->number)
        s = fc_fail(im->err, FC_EUNSUPPORTED, "%s: not from a little-endian machine", im->file);
    fc_pickle_clear(&p);
    return s;
}

static fc_status place_storage(fc_torch_file *im, const fc_pickle_value *key, size_t *at)
{
    fc_torch_storage *st = key->kind == FC_PICKLE_TEXT ? fc_torch_find_storage(im, key->text, key->n) : NULL;
    size_t size;
    uint64_t count = 0;

    if (!st || st->data)
        return fc_torch_broken(im, "a list of storages that are not its tensors'");
    if (im->n - *at < 8)
        return fc_fail(im->err, FC_ETRUNCATED, "%s: ends before its last storage", im->file);
    for (int b = 0; b < 8; b++)
        count |= (uint64_t)im->bytes[*at + (size_t)b] << 8 * b;
    *at += 8;
    if (count != st->count || !fc_mul(st->count, fc_dtype_size(st->dtype), &size))
        return fc_torch_broken(im, "a storage of another size than was stated");
    if (size > im->n - *at)
        return fc_fail(im->err, FC_ETRUNCATED, "%s: ends inside a storage", im->file);
    st->data = im->bytes + *at;
    *at += size;
    return FC_OK;
}

fc_status fc_torch_read_legacy(fc_torch_file *im)
{
    fc_pickle keys = {0};
    size_t at = 0;
    fc_status s = read_heading(im, &at);

    if (!s)
        s = next(im, &im->pickle, &at);
    if (!s)
        s = fc_torch_read_dict(im);
    if (!s)
        s = next(im, &keys, &at);
    if (s)
        return s;
    const fc_pickle_value *list = fc_pickle_root(&keys);
    if (list->kind != FC_PICKLE_LIST)
        s = fc_torch_broken(im, "no list of storages");
    for (size_t i = 0; !s && i < list->n; i++)
        s = place_storage(im, fc_pickle_item(&keys, list, i), &at);
    fc_pickle_clear(&keys);
    for (size_t i = 0; !s && i < im->nstorage; i++)
        if (!im->storages[i].data)
            s = fc_torch_broken(im, "a storage that is not in the list");
    return s;
}
