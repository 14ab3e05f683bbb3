/*
 * The small levels of a picture's pyramid, area-resampled while the picture is read once. Each by itself would read all of
 * it from memory, which takes longer than the network on them. Numbers are those of fc_area, bit by bit.
 */
#ifndef FC_DETECT_PYRAMID_H
#define FC_DETECT_PYRAMID_H
#include "detect/area.h"

#define FC_PYRAMID_LEVELS 16

typedef struct fc_pyramid_level {
    int w, h;
    int *edge;          /* [w][2]: columns where bins begin and end, times 4 */
    float *count;       /* [w]: columns of a bin */
    uint32_t *above[2]; /* [w][4]: of the bins that are being read, what lies above them, by turns */
    float *made;        /* [3][h][w] */
    size_t room_edge, room_count, room_above, room_made;
    int begun, done; /* rows */
} fc_pyramid_level;

typedef struct fc_pyramid {
    fc_pyramid_level level[FC_PYRAMID_LEVELS];
    int n;
    /* [columns + 1][4]: of all pixels above and to the left. They wrap; their differences are right. */
    uint32_t *sums;
    uint32_t *bins; /* [w][4] of a level */
    size_t room_sums, room_bins;
} fc_pyramid;

/* Forgets the levels; memory is kept. */
void fc_pyramid_begin(fc_pyramid *p);
/* Adds a level of the picture, where it is one that this is faster for; false: it is not, or there is no room. */
bool fc_pyramid_add(fc_pyramid *p, const fc_image *img, int w, int h);
/* Makes all of them. */
fc_status fc_pyramid_make(fc_pyramid *p, const fc_image *img, fc_error *err);
/* Row y of a level. */
void fc_pyramid_row(const fc_pyramid *p, int level, int y, float *const *plane);
void fc_pyramid_clear(fc_pyramid *p);

#endif
