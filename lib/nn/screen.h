/*
 * A quick look for R-Net: how far a crop is above or below a threshold. R-Net in bfloat16 on the CPU's matrix tiles
 * (Intel AMX; FC_ISA_AMX of base/cpu.h), a fifth of float32's time, its logits a tenth off at most.
 */
#ifndef FC_NN_SCREEN_H
#define FC_NN_SCREEN_H
#include "nn/weights.h"

typedef struct fc_screen fc_screen; /* immutable, shared */

/* w: R-Net's tensors. */
fc_status fc_screen_compile(fc_screen **out, const fc_weights *w, fc_error *err);
void fc_screen_free(fc_screen *s);
#define FC_SCREEN_BATCH 16
#define FC_SCREEN_CROP  (3 * 24 * 24)

/* Only where the CPU has tiles. ahead[0..n-1]: the logit of "face" less that of "no face" for each of n <= FC_SCREEN_BATCH crops [3][24][24]. */
void fc_screen_run(const fc_screen *s, const float (*crop)[FC_SCREEN_CROP], int n, float *ahead);

#endif
