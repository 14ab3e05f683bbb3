/*
 * The loop of non-maximum suppression. Included by nms_*.c, once for each instruction set, with NAME(f), the function's
 * name for that set. Nothing is fused: all give the same bits.
 */
#include "detect/nms_impl.h"

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

void NAME(fc_nms_mark)(const float *restrict x1, const float *restrict y1, const float *restrict x2,
                       const float *restrict y2, const float *restrict areas, int *restrict gone, size_t n,
                       const fc_proposal *b, float area, fc_overlap how, float border, float limit)
{
    const float left = b->x1, top = b->y1, right = b->x2, bottom = b->y2;
    const int by_least = how == FC_OVERLAP_MIN;

    for (size_t i = 0; i < n; i++) {
        const float w = least(right, x2[i]) - most(left, x1[i]) + border,
                    h = least(bottom, y2[i]) - most(top, y1[i]) + border, inter = w * h,
                    all = by_least ? least(area, areas[i]) : area + areas[i] - inter;
        gone[i] |= (w > 0) & (h > 0) & (inter / all > limit);
    }
}
