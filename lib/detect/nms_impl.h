/* What nms.c and its kernels share. */
#ifndef FC_DETECT_NMS_IMPL_H
#define FC_DETECT_NMS_IMPL_H
#include "detect/nms.h"

/* Marks those of n boxes that overlap the box b by more than limit. areas: of the boxes; area: of b. */
typedef void fc_nms_mark(const float *restrict x1, const float *restrict y1, const float *restrict x2,
                         const float *restrict y2, const float *restrict areas, int *restrict gone, size_t n,
                         const fc_proposal *b, float area, fc_overlap how, float border, float limit);
fc_nms_mark fc_nms_mark_avx2, fc_nms_mark_base;

#endif
