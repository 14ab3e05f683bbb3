/*
 * Area resampling to the networks' input: PyTorch's interpolate(mode="area"), that is adaptive average
 * pooling. Output pixel i is the plain mean of input pixels floor(i n / m) up to ceil((i + 1) n / m), n the
 * input's size and m the output's. Sums are exact integers. Values come out as (mean - 127.5) / 128, in
 * planes.
 */
#ifndef FC_DETECT_AREA_H
#define FC_DETECT_AREA_H
#include "facecheck.h"

typedef struct fc_area {
    const struct fc_area_kernel *kernel;
    const uint8_t *rgb; /* top left pixel of the input */
    size_t stride;
    int in_w, in_h, out_w, out_h;
    int least;      /* columns that every bin has; a bin has this many or one more */
    int *first;     /* [out_w]: bins' first columns, times 3 */
    float *count;   /* [out_w]: columns of a bin */
    uint64_t *more; /* [out_w]: all ones where a bin has one column more */
    uint32_t *sums; /* [out_w][4]: a row of bins */
    uint16_t *col;  /* [in_w][3] and slack: sums of the columns of one row of bins */
    uint32_t *tall; /* the same, for bins that 16 bits do not hold */
    size_t room_out, room_in;
} fc_area;

/* Prepares for one input and output size; memory is kept from one call to the next and grows to the largest.
 * All sizes >= 1. */
fc_status fc_area_begin(fc_area *a, const uint8_t *rgb, size_t stride, int in_w, int in_h, int out_w,
                        int out_h, fc_error *err);
/* Row y of the output into plane[0..2][0..out_w-1]. */
void fc_area_row(fc_area *a, int y, float *const *plane);
void fc_area_clear(fc_area *a);

#endif
