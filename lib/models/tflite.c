#include "models/tflite.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/*
 * FlatBuffers (https://flatbuffers.dev, "Binary format"): a table begins with the signed distance back to its
 * vtable, which holds its own size, the table's size, and for each field the field's offset in the table, 0
 * when absent. Strings, vectors and tables in a field are reached by an unsigned distance forward.
 * Little-endian.
 *
 * Field numbers are those of TensorFlow Lite's schema, version 3.
 */

#define MAX_TENSORS 65536
#define MAX_OPS     65536
#define MAX_CODES   4096
#define MAX_NAME    1024

typedef struct reader {
    const uint8_t *bytes;
    size_t n;
    const char *name;
} reader;

typedef struct vector {
    size_t at, count; /* of its first element */
} vector;

static uint32_t load32(const reader *r, size_t at)
{
    const uint8_t *p = r->bytes + at;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned load16(const reader *r, size_t at)
{
    return r->bytes[at] | (unsigned)r->bytes[at + 1] << 8;
}

static bool inside(const reader *r, size_t at, size_t size)
{
    return at <= r->n && size <= r->n - at;
}

static fc_status broken(const reader *r, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: bad TensorFlow Lite file: %s", r->name, what);
}

/* *out: where the size bytes of a field begin, 0 when it is absent. */
static fc_status field(const reader *r, size_t table, unsigned i, size_t size, size_t *out, fc_error *err)
{
    *out = 0;
    if (!inside(r, table, 4))
        return broken(r, "a table outside the file", err);
    int64_t vtable = (int64_t)table - (int32_t)load32(r, table);
    if (vtable < 0 || !inside(r, (size_t)vtable, 4))
        return broken(r, "a vtable outside the file", err);
    size_t vt = (size_t)vtable, vsize = load16(r, vt), tsize = load16(r, vt + 2), slot = 4 + 2 * (size_t)i;
    if (vsize < 4 || !inside(r, vt, vsize) || !inside(r, table, tsize))
        return broken(r, "a table that does not fit the file", err);
    if (slot + 2 > vsize)
        return FC_OK;
    size_t at = load16(r, vt + slot);
    if (at == 0)
        return FC_OK;
    if (at < 4 || at + size > tsize)
        return broken(r, "a field outside its table", err);
    *out = table + at;
    return FC_OK;
}

/* A scalar of 1 or 4 bytes; fallback when absent. */
static fc_status scalar(const reader *r, size_t table, unsigned i, size_t size, int64_t fallback,
                        int64_t *out, fc_error *err)
{
    size_t at;
    fc_status s = field(r, table, i, size, &at, err);
    if (s)
        return s;
    if (at == 0)
        *out = fallback;
    else
        *out = size == 1 ? (int64_t)(int8_t)r->bytes[at] : (int64_t)(int32_t)load32(r, at);
    return FC_OK;
}

/* A vector of elements of size bytes; an absent one is empty, with at 0. */
static fc_status vec(const reader *r, size_t table, unsigned i, size_t size, size_t max, vector *out,
                     fc_error *err)
{
    size_t at, bytes;
    fc_status s = field(r, table, i, 4, &at, err);
    *out = (vector){0};
    if (s || at == 0)
        return s;
    at += load32(r, at);
    if (!inside(r, at, 4))
        return broken(r, "a vector outside the file", err);
    size_t count = load32(r, at);
    if (!fc_mul(count, size, &bytes) || !inside(r, at + 4, bytes))
        return broken(r, "a vector that ends outside the file", err);
    if (count > max)
        return fc_fail(err, FC_ELIMIT, "%s: %zu elements in a list, the limit is %zu", r->name, count, max);
    *out = (vector){at + 4, count};
    return FC_OK;
}

static size_t table_at(const reader *r, vector v, size_t i)
{
    size_t at = v.at + 4 * i;
    return at + load32(r, at);
}

static fc_status read_name(const reader *r, size_t table, fc_tfl_tensor *t, fc_error *err)
{
    vector v;
    fc_status s = vec(r, table, 3, 1, MAX_NAME, &v, err);
    if (s)
        return s;
    if (v.count && memchr(r->bytes + v.at, 0, v.count))
        return broken(r, "a tensor's name holds a NUL", err);
    t->name = strndup(v.count ? (const char *)r->bytes + v.at : "", v.count);
    return t->name ? FC_OK : fc_fail_nomem(err, v.count);
}

static fc_status read_tensor(const reader *r, size_t table, vector buffers, fc_tfl_tensor *t, fc_error *err)
{
    vector v;
    int64_t type, buffer;
    fc_status s;

    t->made_by = -1;
    s = read_name(r, table, t, err);
    if (!s)
        s = vec(r, table, 0, 4, FC_MAX_RANK, &v, err);
    if (!s)
        s = scalar(r, table, 1, 1, 0, &type, err);
    if (s)
        return s;
    t->type = (int)type;
    t->rank = (int)v.count;
    for (size_t k = 0; k < v.count; k++) {
        int32_t d = (int32_t)load32(r, v.at + 4 * k);
        if (d < 0)
            return broken(r, "a tensor of negative size", err);
        t->dim[k] = (size_t)d;
    }
    s = scalar(r, table, 2, 4, 0, &buffer, err);
    if (s)
        return s;
    if (buffer < 0 || (uint64_t)buffer >= buffers.count)
        return broken(r, "a tensor's buffer is not there", err);
    s = vec(r, table_at(r, buffers, (size_t)buffer), 0, 1, SIZE_MAX, &v, err);
    if (!s && v.count) {
        t->data = r->bytes + v.at;
        t->n = v.count;
    }
    return s;
}

static fc_status read_tensors(const reader *r, size_t graph, vector buffers, fc_tflite *t, fc_error *err)
{
    vector v;
    fc_status s = vec(r, graph, 0, 4, MAX_TENSORS, &v, err);
    if (s)
        return s;
    t->tensor = calloc(v.count ? v.count : 1, sizeof *t->tensor);
    if (!t->tensor)
        return fc_fail_nomem(err, v.count * sizeof *t->tensor);
    t->ntensor = v.count;
    for (size_t i = 0; i < v.count && !s; i++)
        s = read_tensor(r, table_at(r, v, i), buffers, &t->tensor[i], err);
    return s;
}

static fc_status read_args(const reader *r, size_t table, unsigned i, size_t ntensor, int lowest, int *arg,
                           int *n, fc_error *err)
{
    vector v;
    fc_status s = vec(r, table, i, 4, FC_TFL_MAX_ARGS, &v, err);
    if (s)
        return s;
    *n = (int)v.count;
    for (size_t k = 0; k < v.count; k++) {
        arg[k] = (int32_t)load32(r, v.at + 4 * k);
        if (arg[k] < lowest || (arg[k] >= 0 && (size_t)arg[k] >= ntensor))
            return broken(r, "an operator names a tensor that is not there", err);
    }
    return FC_OK;
}

/* The code was a byte first; where that is full the schema has a wider field, and the larger one counts. */
static fc_status read_code(const reader *r, size_t table, int *out, fc_error *err)
{
    int64_t narrow, wide;
    fc_status s = scalar(r, table, 0, 1, 0, &narrow, err);
    if (!s)
        s = scalar(r, table, 3, 4, 0, &wide, err);
    if (!s)
        *out = (int)(narrow > wide ? narrow : wide);
    return s;
}

/* Its place in the operator's options differs from operator to operator. */
static fc_status read_activation(const reader *r, size_t table, fc_tfl_op *op, fc_error *err)
{
    unsigned i = op->code == FC_TFL_CONV ? 3 : op->code == FC_TFL_DEPTHWISE_CONV ? 4 : 0;
    size_t at;
    int64_t value;
    fc_status s;

    if (op->code != FC_TFL_CONV && op->code != FC_TFL_DEPTHWISE_CONV && op->code != FC_TFL_FULLY_CONNECTED)
        return FC_OK;
    s = field(r, table, 4, 4, &at, err);
    if (s || at == 0)
        return s;
    s = scalar(r, at + load32(r, at), i, 1, 0, &value, err);
    if (!s)
        op->activation = (int)value;
    return s;
}

static fc_status read_ops(const reader *r, size_t graph, vector codes, fc_tflite *t, fc_error *err)
{
    vector v;
    fc_status s = vec(r, graph, 3, 4, MAX_OPS, &v, err);
    if (s)
        return s;
    t->op = calloc(v.count ? v.count : 1, sizeof *t->op);
    if (!t->op)
        return fc_fail_nomem(err, v.count * sizeof *t->op);
    t->nop = v.count;
    for (size_t i = 0; i < v.count; i++) {
        fc_tfl_op *op = &t->op[i];
        size_t table = table_at(r, v, i);
        int64_t code;
        s = scalar(r, table, 0, 4, 0, &code, err);
        if (!s && (code < 0 || (uint64_t)code >= codes.count))
            s = broken(r, "an operator's code is not there", err);
        if (!s)
            s = read_code(r, table_at(r, codes, (size_t)code), &op->code, err);
        if (!s)
            s = read_activation(r, table, op, err);
        if (!s)
            s = read_args(r, table, 1, t->ntensor, -1, op->in, &op->nin, err);
        if (!s)
            s = read_args(r, table, 2, t->ntensor, 0, op->out, &op->nout, err);
        for (int k = 0; k < op->nout && !s; k++) {
            fc_tfl_tensor *o = &t->tensor[op->out[k]];
            if (o->made_by >= 0)
                s = broken(r, "two operators compute one tensor", err);
            o->made_by = (int)i;
        }
        if (s)
            return s;
    }
    return FC_OK;
}

bool fc_tflite_sniff(const uint8_t *bytes, size_t n)
{
    return n >= 8 && memcmp(bytes + 4, "TFL3", 4) == 0;
}

fc_status fc_tflite_parse(fc_tflite *out, const uint8_t *bytes, size_t n, const char *name, fc_error *err)
{
    reader r = {bytes, n, name};
    vector codes, graphs, buffers;
    fc_status s;

    *out = (fc_tflite){0};
    if (!fc_tflite_sniff(bytes, n))
        return fc_fail(err, FC_EFORMAT, "%s: not a TensorFlow Lite file", name);
    size_t root = load32(&r, 0);
    s = vec(&r, root, 1, 4, MAX_CODES, &codes, err);
    if (!s)
        s = vec(&r, root, 2, 4, 1024, &graphs, err);
    if (!s)
        s = vec(&r, root, 4, 4, MAX_TENSORS, &buffers, err);
    if (!s && graphs.count == 0)
        s = broken(&r, "it holds no graph", err);
    if (!s)
        s = read_tensors(&r, table_at(&r, graphs, 0), buffers, out, err);
    if (!s)
        s = read_ops(&r, table_at(&r, graphs, 0), codes, out, err);
    if (s)
        fc_tflite_clear(out);
    return s;
}

void fc_tflite_clear(fc_tflite *t)
{
    for (size_t i = 0; i < t->ntensor; i++)
        free(t->tensor[i].name);
    free(t->tensor);
    free(t->op);
    *t = (fc_tflite){0};
}
