/* Comparisons that are looked at: two pictures side by side. */
#ifndef FC_PLOT_CASES_H
#define FC_PLOT_CASES_H
#include "base/bytes.h"
#include "facecheck.h"

/* The case's two pictures, with the faces that were compared and what came out, as PNG of scale pixels a point. decoding: how the
 * pictures are opened, in full size; of one that cannot be, the reason stands there. out: the caller's to clear. */
fc_status fc_case_png(fc_bytes *out, const fc_eval_set *set, const fc_eval_case *c,
                      const fc_image_options *decoding, double scale, fc_error *err);

#endif
