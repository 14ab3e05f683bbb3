/* oneDNN's convolutions on maps [h][w][c], and their weights in the order that each wants. */
#ifndef FC_ENGINES_ONEDNN_CONV_H
#define FC_ENGINES_ONEDNN_CONV_H
#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR != 2
#error "facecheck is written for oneDNN 2 (Debian 12: libdnnl-dev 2.6); DNNL_INCLUDE_DIR has another version"
#endif

#include "kernels/nhwc.h"

/* What oneDNN builds code for; all that differ in nothing here share one primitive. Compared as bytes. */
typedef struct fc_onednn_shape {
    dnnl_dim_t ic, oc, h, w, oh, ow, kh, kw, sh, sw, pt, pl, pb, pr, groups;
    float sum;
    int relu;
    fc_elem in, out;
} fc_onednn_shape;

typedef struct fc_onednn_conv {
    fc_onednn_shape shape;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t conv, pack; /* pack: of the weights */
    dnnl_memory_desc_t plain;    /* weights as the file has them */
} fc_onednn_conv;

/* Of c->shape; everything else in c is zero before. On failure, too, it wants fc_onednn_conv_clear. */
dnnl_status_t fc_onednn_conv_make(fc_onednn_conv *c, dnnl_engine_t engine);
void fc_onednn_conv_clear(fc_onednn_conv *c);

/* Bytes of packed weights. */
size_t fc_onednn_conv_weights(const fc_onednn_conv *c);
/* weights: as the file has them; to: their place. out, to be destroyed, refers to it. */
dnnl_status_t fc_onednn_conv_pack(dnnl_memory_t *out, const fc_onednn_conv *c, dnnl_engine_t engine,
                                  const float *weights, void *to);

#endif
