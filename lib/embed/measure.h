/* What each step of an embedding network takes. */
#ifndef FC_EMBED_MEASURE_H
#define FC_EMBED_MEASURE_H
#include "nn/layers.h"

/* Its steps, as far as the engine tells (else 0), and the i-th of them. */
int fc_embed_layers(const fc_embedder *e);
void fc_embed_layer(const fc_embedder *e, int i, fc_layer_facts *out);
/* fc_embed without flip; what each step takes, in milliseconds, is added to ms[0..fc_embed_layers - 1]. */
fc_status fc_embed_measured(fc_embed_session *s, const fc_image *crop, float *out, double *ms, fc_error *err);

#endif
