#include "serve/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/import_torch.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6 };

static bool is_npy(const uint8_t *bytes, size_t n)
{
    return n >= MAGIC && !memcmp(bytes, magic, MAGIC);
}

bool fc_vector_is(const uint8_t *bytes, size_t n)
{
    return is_npy(bytes, n) || fc_torch_sniff(bytes, n);
}

/* ---- numbers ---- */

/* size: of an element, 4 or 8 */
static fc_status take_numbers(float **out, const void *from, size_t n, size_t size, const char *name,
                              fc_error *err)
{
    bool any = false;

    if (n < 2 || n > FC_MAX_DIM)
        return fc_fail(err, FC_EDATA, "%s: %zu numbers; want one embedding of 2..%d", name, n, FC_MAX_DIM);
    *out = malloc(n * sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, n * sizeof **out);
    for (size_t i = 0; i < n; i++) {
        double wide;
        float v;
        if (size == sizeof v) {
            memcpy(&v, (const uint8_t *)from + i * size, size);
        } else {
            memcpy(&wide, (const uint8_t *)from + i * size, size);
            v = (float)wide;
        }
        (*out)[i] = v;
        any |= v != 0;
        if (isfinite(v))
            continue;
        free(*out);
        *out = NULL;
        return fc_fail(err, FC_ECORRUPT, "%s: number %zu is not finite", name, i);
    }
    if (any)
        return FC_OK;
    free(*out);
    *out = NULL;
    return fc_fail(err, FC_ECORRUPT, "%s: an embedding without a direction (all zero)", name);
}

/* ---- NumPy ---- */

/* The text behind 'key': of the header's dictionary; NULL: there is none. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);

    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, " ");
    if (*at != ':')
        return NULL;
    return at + 1 + strspn(at + 1, " ");
}

/* The product of "(1, 128)" where all axes but the last are 1; 0: it is something else. */
static size_t shape_of(const char *text)
{
    size_t last = 0;

    if (!text || *text++ != '(')
        return 0;
    for (;;) {
        text += strspn(text, " ,");
        if (*text == ')')
            return last;
        const size_t digits = strspn(text, "0123456789");
        if (!digits || digits > 9 || last > 1)
            return 0;
        last = strtoul(text, NULL, 10);
        text += digits;
    }
}

static fc_status read_npy(float **out, size_t *dim, const uint8_t *b, size_t n, const char *name,
                          fc_error *err)
{
    char header[1024];
    size_t begin = 0, length = 0;

    if (n >= 10 && b[6] == 1) {
        begin = 10;
        length = b[8] | (size_t)b[9] << 8;
    } else if (n >= 12 && b[6] == 2) {
        begin = 12;
        length = b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24;
    }
    if (!begin || length >= sizeof header || n - begin < length)
        return fc_fail(err, FC_ECORRUPT, "%s: an array of NumPy whose header cannot be read", name);
    memcpy(header, b + begin, length);
    header[length] = '\0';
    const char *type = value_of(header, "'descr'"), *fortran = value_of(header, "'fortran_order'");
    const size_t size = type && !strncmp(type, "'<f4'", 5) ? 4 : type && !strncmp(type, "'<f8'", 5) ? 8 : 0;
    const size_t count = shape_of(value_of(header, "'shape'"));
    if (!size || !fortran || !count)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: want an array of one embedding, of type <f4 or <f8", name);
    if ((n - begin - length) / size < count)
        return fc_fail(err, FC_ETRUNCATED, "%s: ends before its %zu numbers do", name, count);
    *dim = count;
    return take_numbers(out, b + begin + length, count, size, name, err);
}

/* ---- PyTorch ---- */

static fc_status read_tensor(float **out, size_t *dim, const uint8_t *b, size_t n, const char *name,
                             fc_error *err)
{
    fc_weights *w;
    fc_status s = fc_import_torch_tensors(&w, b, n, name, err);

    if (s)
        return s;
    const fc_tensor *t = fc_weights_count(w) == 1 ? fc_weights_at(w, 0) : NULL;
    if (!t)
        s = fc_fail(err, FC_EDATA, "%s: %zu tensors; want one embedding", name, fc_weights_count(w));
    else if (t->dtype != FC_F32 && t->dtype != FC_F64)
        s = fc_fail(err, FC_EUNSUPPORTED, "%s: a tensor of %s; want F32 or F64", name,
                    fc_dtype_name(t->dtype));
    else if (t->rank < 1 || t->dim[t->rank - 1] != t->count)
        s = fc_fail(err, FC_EDATA, "%s: a tensor of more than one embedding", name);
    if (!s) {
        *dim = t->count;
        s = take_numbers(out, t->data, t->count, fc_dtype_size(t->dtype), name, err);
    }
    fc_weights_free(w);
    return s;
}

fc_status fc_vector_read(float **out, size_t *dim, const uint8_t *bytes, size_t n, const char *name,
                         fc_error *err)
{
    *out = NULL;
    return is_npy(bytes, n) ? read_npy(out, dim, bytes, n, name, err)
                            : read_tensor(out, dim, bytes, n, name, err);
}
