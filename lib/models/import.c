#include "models/import.h"

#include "base/bytes.h"
#include "base/error.h"
#include "models/arch.h"
#include "models/import_tfjs.h"
#include "models/import_tflite.h"
#include "models/import_torch.h"
#include "models/tflite.h"

fc_file_kind fc_file_kind_of(const uint8_t *bytes, size_t n)
{
    if (fc_tflite_sniff(bytes, n))
        return FC_FILE_TFLITE;
    if (fc_tfjs_sniff(bytes, n))
        return FC_FILE_TFJS;
    if (!fc_torch_sniff(bytes, n) || (n > 8 && bytes[8] == '{'))
        return FC_FILE_SAFETENSORS;
    return fc_torch_is_program(bytes, n) ? FC_FILE_TORCHSCRIPT : FC_FILE_TORCH;
}

/* Takes w. */
static fc_status finish(fc_weights **out, fc_weights *w, fc_error *err)
{
    const char *arch;
    fc_status s = fc_arch_of(&arch, w, err);

    if (!s && arch)
        s = fc_weights_set_meta(w, "arch", arch, err);
    if (s)
        fc_weights_free(w);
    else
        *out = w;
    return s;
}

fc_status fc_import_bytes(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err)
{
    const fc_file_kind kind = fc_file_kind_of(bytes, n);
    fc_weights *w = NULL;
    fc_status s;

    *out = NULL;
    if (kind == FC_FILE_TFJS)
        return fc_fail(
            err, FC_EUNSUPPORTED,
            "%s: a weights manifest of TensorFlow.js; 'fc-model import' makes a model's file of it", name);
    s = kind == FC_FILE_TFLITE ? fc_import_tflite(&w, bytes, n, name, err)
                               : fc_import_torch(&w, bytes, n, name, err);
    return s ? s : finish(out, w, err);
}

fc_status fc_import(fc_weights **out, const char *path, fc_error *err)
{
    fc_weights *w;
    fc_map map = {0};
    fc_status s = fc_map_read(&map, path, FC_WEIGHTS_MAX_FILE, err);

    *out = NULL;
    if (s)
        return s;
    const fc_file_kind kind = fc_file_kind_of(map.data, map.n);
    if (kind == FC_FILE_SAFETENSORS || kind == FC_FILE_TFJS) {
        s = kind == FC_FILE_TFJS ? fc_import_tfjs(&w, map.data, map.n, path, err)
                                 : fc_weights_take(&w, &map, path, err);
        if (!s)
            s = finish(out, w, err);
    } else {
        s = fc_import_bytes(out, map.data, map.n, path, err);
    }
    fc_map_close(&map);
    return s;
}
