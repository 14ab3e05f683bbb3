/* Makes a picture smaller: each new pixel is the average of the area it covers, pixels at the edge by their
 * share. */
#ifndef FC_IMAGE_REDUCE_H
#define FC_IMAGE_REDUCE_H
#include "facecheck.h"

typedef struct fc_reduce fc_reduce;

/* From rows of w RGB pixels to rows of to_w. The picture proper spans span_w x span_h of the pixels pushed
 * (w - 1 < span_w <= w); a JPEG decoded at n/8 ends within its last pixel. */
fc_status fc_reduce_new(fc_reduce **out, int w, double span_w, double span_h, int to_w, int to_h,
                        fc_error *err);
void fc_reduce_free(fc_reduce *r);
/* Takes the next row; then fc_reduce_pull until it says false. */
void fc_reduce_push(fc_reduce *r, const uint8_t *rgb);
/* True when to holds the next row of the small picture. */
bool fc_reduce_pull(fc_reduce *r, uint8_t *to);

/* The size of a w x h picture of which no side may be longer than max_side (0: any). */
void fc_reduce_fit(int w, int h, int max_side, int *to_w, int *to_h);

#endif
