/* The faces of one picture, several at a time. */
#ifndef FC_EMBED_SEVERAL_H
#define FC_EMBED_SEVERAL_H
#include "engines/engine.h"
#include "facecheck.h"

/* More crops than this at a time make nothing faster. */
enum { FC_EMBED_SEVERAL = FC_NET_BATCH };

/* How many had better be embedded at a time: 1 where more are no faster. */
int fc_embed_batch(const fc_embed_session *s);
/* fc_embed of each of n crops, with the bits that each has alone. out: [n] rows, ld floats apart. The first time that there are several,
 * the session takes the memory for it. */
fc_status fc_embed_several(fc_embed_session *s, const fc_image *const *crop, int n, bool flip, float *out,
                           size_t ld, fc_error *err);

#endif
