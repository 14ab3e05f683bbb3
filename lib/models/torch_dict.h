/* State dicts of torch.save, as import_torch.c takes them out of a file: storages, tensors in them, and where they are. */
#ifndef FC_MODELS_TORCH_DICT_H
#define FC_MODELS_TORCH_DICT_H
#include "models/unpickle.h"
#include "nn/weights.h"

#define FC_TORCH_MAX_NAME 255 /* bytes of a tensor's */

typedef struct fc_torch_storage {
    const char *key; /* nkey bytes, in the pickle */
    size_t nkey;
    fc_dtype dtype;
    size_t count;
    const uint8_t *data; /* NULL until found */
    uint8_t *copy;       /* owned; data, where it is not in the file */
} fc_torch_storage;

typedef struct fc_torch_tensor {
    const char *name; /* nname bytes, in the pickle */
    size_t nname;
    size_t storage, offset;
    int rank;
    size_t dim[FC_MAX_RANK], stride[FC_MAX_RANK];
    size_t count;
} fc_torch_tensor;

/* A file while it is read. Failures go to err, and name it. */
typedef struct fc_torch_file {
    const uint8_t *bytes;
    size_t n;
    const char *file;
    bool lone;        /* it may be a tensor by itself, too, which is called "tensor" then */
    uint8_t *pickled; /* what pickle was read from, where that is not bytes; owned */
    fc_pickle pickle;
    fc_torch_storage *storages;
    size_t nstorage;
    void *by_key; /* tsearch of the storages */
    fc_torch_tensor *tensors;
    size_t ntensor;
    fc_error *err;
} fc_torch_file;
void fc_torch_clear(fc_torch_file *im);

fc_status fc_torch_broken(const fc_torch_file *im, const char *what);
/* fc_pickle_load with what a state dict may call. */
fc_status fc_torch_unpickle(const fc_torch_file *im, fc_pickle *p, const uint8_t *bytes, size_t n,
                            size_t *used);
/* im's tensors and storages, of its pickle. The storages' data is left to find. */
fc_status fc_torch_read_dict(fc_torch_file *im);
/* NULL: there is none. */
fc_torch_storage *fc_torch_find_storage(const fc_torch_file *im, const char *key, size_t n);
/* The value of a key that is a text; NULL if absent. */
const fc_pickle_value *fc_torch_lookup(const fc_pickle *p, const fc_pickle_value *dict, const char *key);

/* The two formats: a zip archive (torch_zip.c), and a row of pickles (torch_legacy.c). Both read the whole file. */
bool fc_torch_is_zip(const uint8_t *bytes, size_t n);
fc_status fc_torch_read_zip(fc_torch_file *im);
fc_status fc_torch_read_legacy(fc_torch_file *im);

#endif
