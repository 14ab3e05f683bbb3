/*
 * A quick look for P-Net: which cells of a picture could be above a threshold.
 *
 * In bfloat16 on the CPU's matrix tiles (Intel AMX; FC_ISA_AMX of base/cpu.h) P-Net takes a third of the time of float32, and
 * its logits are a few hundredths off; in 16-bit numbers (FC_ISA_AVX512_VNNI) it takes two thirds, and they are a few
 * thousandths off. So it only points at cells; whoever asks computes those, a hundredth of all, in float32.
 */
#ifndef FC_DETECT_MTCNN_PNET_COARSE_H
#define FC_DETECT_MTCNN_PNET_COARSE_H
#include "base/cpu.h"
#include "nn/weights.h"

typedef struct fc_pnet_coarse fc_pnet_coarse;                 /* packed weights: immutable, shared */
typedef struct fc_pnet_coarse_session fc_pnet_coarse_session; /* rows: one per thread */

/* Whether this CPU has what it takes. */
bool fc_pnet_coarse_possible(void);
/* w: P-Net's tensors. FC_EUNSUPPORTED where it is not possible. */
fc_status fc_pnet_coarse_compile(fc_pnet_coarse **out, const fc_weights *w, fc_error *err);
void fc_pnet_coarse_free(fc_pnet_coarse *s);
/* What its kernel is compiled for. */
fc_isa fc_pnet_coarse_isa(const fc_pnet_coarse *s);
fc_status fc_pnet_coarse_session_new(fc_pnet_coarse_session **out, const fc_pnet_coarse *s, fc_error *err);
void fc_pnet_coarse_session_free(fc_pnet_coarse_session *s);

/* Fills planes[0..2][0..w-1] with row y of the input; rows are asked for once each, in order. */
typedef void fc_pnet_coarse_source(void *ctx, int y, float *const *planes);
/* ahead[0..n-1]: logit of "face" less that of "no face", for row y of cells; cell x, y sees the 12x12 pixels from
 * 2x, 2y on. */
typedef fc_status fc_pnet_coarse_sink(void *ctx, int y, const float *ahead, int n, fc_error *err);

/* Row y of channel c of the input, for a sink: the rows that its cells see are there. A float behind it may be read. */
const float *fc_pnet_coarse_pixels(const fc_pnet_coarse_session *s, int y, int c);

fc_status fc_pnet_coarse_run(fc_pnet_coarse_session *s, int w, int h, fc_pnet_coarse_source *source,
                             fc_pnet_coarse_sink *sink, void *ctx, fc_error *err);

#endif
