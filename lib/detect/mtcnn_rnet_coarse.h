/*
 * A quick look for R-Net: how far a crop is above or below a threshold. R-Net in bfloat16 on the CPU's matrix tiles
 * (Intel AMX; FC_ISA_AMX of base/cpu.h), a fifth of float32's time, its logits a tenth off at most; or in bytes
 * (FC_ISA_AVX512_VNNI), two fifths of the time, its logits a few tenths off.
 */
#ifndef FC_DETECT_MTCNN_RNET_COARSE_H
#define FC_DETECT_MTCNN_RNET_COARSE_H
#include "base/cpu.h"
#include "nn/weights.h"

typedef struct fc_rnet_coarse fc_rnet_coarse; /* immutable, shared */

/* Whether this CPU has what it takes. */
bool fc_rnet_coarse_possible(void);
/* w: R-Net's tensors. FC_EUNSUPPORTED where it is not possible. */
fc_status fc_rnet_coarse_compile(fc_rnet_coarse **out, const fc_weights *w, fc_error *err);
void fc_rnet_coarse_free(fc_rnet_coarse *s);
/* What its kernel is compiled for. */
fc_isa fc_rnet_coarse_isa(const fc_rnet_coarse *s);
#define FC_RNET_COARSE_BATCH 16
#define FC_RNET_COARSE_CROP  (3 * 24 * 24)

/* ahead[0..n-1]: the logit of "face" less that of "no face" for each of n <= FC_RNET_COARSE_BATCH crops [3][24][24]. */
void fc_rnet_coarse_run(const fc_rnet_coarse *s, const float (*crop)[FC_RNET_COARSE_CROP], int n,
                        float *ahead);

#endif
