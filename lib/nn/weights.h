/* Named tensors of a safetensors file. */
#ifndef FC_NN_WEIGHTS_H
#define FC_NN_WEIGHTS_H
#include "base/bytes.h"
#include "facecheck.h"

#define FC_MAX_RANK 8
/* Bytes of a file of weights, in any format: no network for faces comes near it. */
#define FC_WEIGHTS_MAX_FILE ((uint64_t)4 << 30)

typedef enum fc_dtype { FC_F32, FC_F16, FC_BF16, FC_F64, FC_I64, FC_I32, FC_U8 } fc_dtype;
size_t fc_dtype_size(fc_dtype t);
const char *fc_dtype_name(fc_dtype t); /* as safetensors spells it: "F32" */

typedef struct fc_tensor {
    const char *name;
    fc_dtype dtype;
    int rank;
    size_t dim[FC_MAX_RANK]; /* row-major, outermost first */
    size_t count;            /* product of dim; 1 for rank 0 */
    const void *data;        /* count elements, inside the weights' memory */
} fc_tensor;

typedef struct fc_weights fc_weights;

/* Checks every offset, shape and dtype against the file before anything is used. */
fc_status fc_weights_open(fc_weights **out, const char *path, fc_error *err);
/* The same, but first of all the file's SHA-256 must be sha256, 64 hex digits: else FC_EHASH. */
fc_status fc_weights_open_verified(fc_weights **out, const char *path, const char *sha256, fc_error *err);
/* The same for bytes that were read from path; file is taken, and empty afterwards, in any case. */
fc_status fc_weights_take(fc_weights **out, fc_map *file, const char *path, fc_error *err);
/* A set to be filled by fc_weights_add. origin is what messages call it: the file that it is read from. */
fc_status fc_weights_new(fc_weights **out, const char *origin, fc_error *err);
/* Copies name and data. A name already there is FC_ECORRUPT. */
fc_status fc_weights_add(fc_weights *w, const char *name, fc_dtype t, int rank, const size_t *dim,
                         const void *data, fc_error *err);
void fc_weights_free(fc_weights *w);

size_t fc_weights_count(const fc_weights *w);
const fc_tensor *fc_weights_at(const fc_weights *w, size_t i);           /* in the file's order */
const fc_tensor *fc_weights_find(const fc_weights *w, const char *name); /* NULL if absent */
/* The named float32 tensor with exactly count elements, or FC_EMODEL naming the tensor and the file. A tensor "NAME" of
 * bytes is one, too, where "NAME.quantization" has two numbers of 64 bits, a and b: its elements are a byte + b. They are
 * made when first asked for, so this is not for two threads at a time. */
#define FC_QUANTISATION ".quantization"
bool fc_weights_is_quantisation(const fc_tensor *t);

fc_status fc_weights_f32(const fc_weights *w, const char *name, size_t count, const float **data,
                         fc_error *err);
/* Copies of such tensors; the error is the first one's. */
typedef struct fc_weights_part {
    float *to;
    const char *name;
    size_t count;
} fc_weights_part;
fc_status fc_weights_copy(const fc_weights *w, const fc_weights_part *part, size_t n, fc_error *err);
const char *fc_weights_path(const fc_weights *w); /* for messages */
/* safetensors "__metadata__" value; NULL if absent */
const char *fc_weights_meta(const fc_weights *w, const char *key);
fc_status fc_weights_set_meta(fc_weights *w, const char *key, const char *value, fc_error *err);

/* Writes safetensors, atomically; the same tensors in the same order always give the same bytes. */
fc_status fc_weights_save(const fc_weights *w, const char *path, fc_error *err);
/* The same, readable by its owner only. */
fc_status fc_weights_save_private(const fc_weights *w, const char *path, fc_error *err);

#endif
