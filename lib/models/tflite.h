/* A TensorFlow Lite file's first graph: its tensors and operators, every offset checked against the file. */
#ifndef FC_MODELS_TFLITE_H
#define FC_MODELS_TFLITE_H
#include "nn/weights.h"

/* Operators that importers look at, as in TensorFlow Lite's schema; others keep their number. */
enum {
    FC_TFL_ADD = 0,
    FC_TFL_CONV = 3,
    FC_TFL_DEPTHWISE_CONV = 4,
    FC_TFL_FULLY_CONNECTED = 9,
    FC_TFL_MUL = 18,
    FC_TFL_RELU = 19,
    FC_TFL_SUB = 41,
    FC_TFL_NEG = 59,
    FC_TFL_ABS = 101
};

typedef struct fc_tfl_tensor {
    char *name; /* owned */
    int type;   /* the schema's TensorType: 0 is float32 */
    int rank;
    size_t dim[FC_MAX_RANK];
    const uint8_t *data; /* n bytes in the file, not aligned; NULL for what is computed */
    size_t n;
    int made_by; /* index of the operator that computes it; -1: none */
} fc_tfl_tensor;

#define FC_TFL_MAX_ARGS 32

typedef struct fc_tfl_op {
    int code;
    int activation;               /* fused into a convolution or dense layer: 0 is none */
    int in[FC_TFL_MAX_ARGS], nin; /* tensors; -1: an optional one that is not there */
    int out[FC_TFL_MAX_ARGS], nout;
} fc_tfl_op;

typedef struct fc_tflite {
    fc_tfl_tensor *tensor; /* [ntensor] */
    size_t ntensor;
    fc_tfl_op *op; /* [nop], in order of execution */
    size_t nop;
} fc_tflite;

/* True when the bytes carry TensorFlow Lite's mark. */
bool fc_tflite_sniff(const uint8_t *bytes, size_t n);
/* The result points into bytes. name is for messages. */
fc_status fc_tflite_parse(fc_tflite *out, const uint8_t *bytes, size_t n, const char *name, fc_error *err);
void fc_tflite_clear(fc_tflite *t);

#endif
