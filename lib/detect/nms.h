/* Non-maximum suppression. */
#ifndef FC_DETECT_NMS_H
#define FC_DETECT_NMS_H
#include "facecheck.h"

/* A candidate of the cascade: corners and landmarks in pixels, the probability, and the box regression to
 * come. */
typedef struct fc_proposal {
    float x1, y1, x2, y2, score;
    float reg[4];
    float landmarks[5][2]; /* from the third stage on */
} fc_proposal;

typedef struct fc_proposals {
    fc_proposal *at; /* [n], owned */
    size_t n, cap;
} fc_proposals;
fc_status fc_proposals_add(fc_proposals *c, const fc_proposal *one, fc_error *err);
void fc_proposals_clear(fc_proposals *c);

typedef enum fc_overlap {
    FC_OVERLAP_UNION, /* IoU of the boxes as continuous areas: torchvision's nms */
    FC_OVERLAP_MIN    /* over the smaller box, of pixels with both borders counted: MTCNN's last step */
} fc_overlap;

/* Keeps, from index first on, the best of every group that overlaps by more than threshold, by falling score
 * (the earlier one where scores are equal). Its time grows with the number of boxes, not with its square. Of a box that
 * is not finite, or lies further than 1e9 from the origin, nothing more is said than that it is left in. scratch is working memory that the caller keeps from call to
 * call. */
typedef struct fc_nms_scratch {
    fc_proposal *sorted;
    float *area;
    int *gone;
    float *corner; /* x1, y1, x2, y2 of all */
    size_t cap;
    int *head, *next, *older; /* [heads]: chains of boxes in cells; where there are many */
    size_t heads;
} fc_nms_scratch;
fc_status fc_nms(fc_proposals *c, size_t first, double threshold, fc_overlap how, fc_nms_scratch *scratch,
                 fc_error *err);
/* Of those from index first on, where there are more than most: keeps as many, the best, by falling score (the earlier
 * one where scores are equal), and sets *cut. */
fc_status fc_proposals_keep_best(fc_proposals *c, size_t first, size_t most, bool *cut,
                                 fc_nms_scratch *scratch, fc_error *err);
void fc_nms_scratch_clear(fc_nms_scratch *s);

#endif
