#include "onnx_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(message *m, const void *bytes, size_t n)
{
    if (m->n + n > m->cap) {
        m->cap = (m->n + n) * 2;
        m->at = realloc(m->at, m->cap);
        if (!m->at)
            abort();
    }
    if (n)
        memcpy(m->at + m->n, bytes, n);
    m->n += n;
}

static void put_varint(message *m, uint64_t v)
{
    do {
        uint8_t byte = (uint8_t)(v & 127) | (v > 127 ? 128 : 0);
        put(m, &byte, 1);
        v >>= 7;
    } while (v);
}

void put_number(message *m, int field, int64_t v)
{
    put_varint(m, (uint64_t)field << 3);
    put_varint(m, (uint64_t)v);
}

static void put_bytes(message *m, int field, const void *bytes, size_t n)
{
    put_varint(m, (uint64_t)field << 3 | 2);
    put_varint(m, n);
    put(m, bytes, n);
}

void put_text(message *m, int field, const char *s)
{
    put_bytes(m, field, s, strlen(s));
}

void put_message(message *m, int field, message part)
{
    put_bytes(m, field, part.at, part.n);
    free(part.at);
}

/* ---- ONNX -------------------------------------------------------------------------------------------- */

void put_tensor(message *graph, const char *name, int type, const int64_t *shape, const void *data,
                size_t size)
{
    message t = {0};
    for (; *shape >= 0; shape++)
        put_number(&t, 1, *shape);
    put_number(&t, 2, type);
    put_text(&t, 8, name);
    put_bytes(&t, 9, data, size);
    put_message(graph, 5, t);
}

void put_value(message *graph, int field, const char *name, const int64_t *shape)
{
    message value = {0}, type = {0}, tensor = {0}, dims = {0};
    for (int i = 0; shape && i < 4; i++) {
        message dim = {0};
        put_number(&dim, 1, shape[i]);
        put_message(&dims, 1, dim);
    }
    put_number(&tensor, 1, FLOAT);
    put_message(&tensor, 2, dims);
    put_message(&type, 1, tensor);
    put_text(&value, 1, name);
    put_message(&value, 2, type);
    put_message(graph, field, value);
}

void put_ints(message *node, const char *name, const int64_t *v, int n)
{
    message a = {0};
    put_text(&a, 1, name);
    for (int i = 0; i < n; i++)
        put_number(&a, 8, v[i]);
    put_number(&a, 20, 7);
    put_message(node, 5, a);
}

void put_int(message *node, const char *name, int64_t v)
{
    message a = {0};
    put_text(&a, 1, name);
    put_number(&a, 3, v);
    put_number(&a, 20, 2);
    put_message(node, 5, a);
}

void put_float(message *node, const char *name, float v)
{
    message a = {0};
    put_text(&a, 1, name);
    put_varint(&a, 2 << 3 | 5);
    put(&a, &v, sizeof v);
    put_number(&a, 20, 1);
    put_message(node, 5, a);
}

message begin_node(const char *op, const char *const *inputs, const char *output)
{
    message n = {0};
    for (; *inputs; inputs++)
        put_text(&n, 1, *inputs);
    put_text(&n, 2, output);
    put_text(&n, 3, output);
    put_text(&n, 4, op);
    return n;
}

void simple(message *graph, const char *op, const char *input, const char *output)
{
    put_message(graph, NODE, begin_node(op, INPUTS(input), output));
}

message onnx_file(message graph, const char *name)
{
    message m = {0}, opset = {0};

    put_text(&graph, 2, name);
    put_text(&opset, 1, "");
    put_number(&opset, 2, 13);
    put_number(&m, 1, 7); /* ir_version */
    put_message(&m, 8, opset);
    put_message(&m, 7, graph);
    return m;
}

void onnx_save(const message *file, const char *dir, const char *name)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s.onnx", dir, name);
    f = fopen(path, "wb");
    if (!f || fwrite(file->at, 1, file->n, f) != file->n || fclose(f)) {
        perror(path);
        exit(1);
    }
}
