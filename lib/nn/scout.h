/*
 * A quick look for P-Net: which cells of a picture could be above a threshold.
 *
 * P-Net in bfloat16 on the CPU's matrix tiles (Intel AMX; FC_ISA_AMX of base/cpu.h) takes a third of the time of float32, and
 * its logits are a few hundredths off. So it only points at cells; whoever asks computes those, a hundredth of all, in
 * float32.
 */
#ifndef FC_NN_SCOUT_H
#define FC_NN_SCOUT_H
#include "nn/weights.h"

typedef struct fc_scout fc_scout;                 /* packed weights: immutable, shared */
typedef struct fc_scout_session fc_scout_session; /* rows: one per thread */

/* w: P-Net's tensors. */
fc_status fc_scout_compile(fc_scout **out, const fc_weights *w, fc_error *err);
void fc_scout_free(fc_scout *s);
fc_status fc_scout_session_new(fc_scout_session **out, const fc_scout *s, fc_error *err);
void fc_scout_session_free(fc_scout_session *s);

/* Fills planes[0..2][0..w-1] with row y of the input; rows are asked for once each, in order. */
typedef void fc_scout_source(void *ctx, int y, float *const *planes);
/* ahead[0..n-1]: logit of "face" less that of "no face", for row y of cells; cell x, y sees the 12x12 pixels from
 * 2x, 2y on. */
typedef fc_status fc_scout_sink(void *ctx, int y, const float *ahead, int n, fc_error *err);

/* Row y of channel c of the input, for a sink: the rows that its cells see are there. */
const float *fc_scout_pixels(const fc_scout_session *s, int y, int c);

/* Only where the CPU has tiles. */
fc_status fc_scout_run(fc_scout_session *s, int w, int h, fc_scout_source *source, fc_scout_sink *sink,
                       void *ctx, fc_error *err);

#endif
