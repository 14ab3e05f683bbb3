#include "model/import.h"

#include "base/bytes.h"
#include "base/error.h"
#include "model/arch.h"
#include "model/import_tflite.h"
#include "model/import_torch.h"
#include "model/tflite.h"

fc_status fc_import(fc_weights **out, const char *path, fc_error *err)
{
    fc_weights *w = NULL;
    fc_map map = {0};
    fc_status s = fc_map_open(&map, path, err);

    *out = NULL;
    if (s)
        return s;
    if (fc_tflite_sniff(map.data, map.n))
        s = fc_import_tflite(&w, map.data, map.n, path, err);
    else if (fc_torch_sniff(map.data, map.n) && !(map.n > 8 && map.data[8] == '{'))
        s = fc_import_torch(&w, map.data, map.n, path, err);
    else
        s = fc_weights_open(&w, path, err);
    if (s)
        goto out;
    const char *arch = fc_arch_of(w);
    if (arch && (s = fc_weights_set_meta(w, "arch", arch, err)))
        goto out;
    *out = w;
    w = NULL;
out:
    fc_weights_free(w);
    fc_map_close(&map);
    return s;
}
