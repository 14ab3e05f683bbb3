/* ONNX files, written by hand as protocol buffers: numbers, strings and messages, each behind its field's number. Memory that is
 * out ends the program. */
#ifndef FC_TEST_ONNX_WRITE_H
#define FC_TEST_ONNX_WRITE_H
#include <stddef.h>
#include <stdint.h>

typedef struct message {
    uint8_t *at; /* owned */
    size_t n, cap;
} message;

void put_number(message *m, int field, int64_t v);
void put_text(message *m, int field, const char *s);
/* Takes part. */
void put_message(message *m, int field, message part);

/* ---- of a graph --------------------------------------------------------------------------------------- */

enum { NODE = 1, INPUT = 11, OUTPUT = 12 }; /* its fields */
enum { FLOAT = 1, INT64 = 7 };              /* types of tensors */

/* shape ends with -1. */
void put_tensor(message *graph, const char *name, int type, const int64_t *shape, const void *data,
                size_t size);

/* An input of four dimensions, or (shape NULL) an output: who reads the file finds its dimensions. */
void put_value(message *graph, int field, const char *name, const int64_t *shape);

/* A node, and its attributes; put_message takes it. Inputs end with NULL. */
message begin_node(const char *op, const char *const *inputs, const char *output);
void put_ints(message *node, const char *name, const int64_t *v, int n);
void put_int(message *node, const char *name, int64_t v);
void put_float(message *node, const char *name, float v);
#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A node with one input and no attributes. */
void simple(message *graph, const char *op, const char *input, const char *output);

/* The file. Takes graph. */
message onnx_file(message graph, const char *name);
/* Writes it to DIR/NAME.onnx; ends the program where that fails. */
void onnx_save(const message *file, const char *dir, const char *name);

#endif
