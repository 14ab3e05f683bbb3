/*
 * Views of one photo: what the face could have looked like in another. For people of whom there is one photo only.
 */
#ifndef FC_EMBED_AUGMENT_H
#define FC_EMBED_AUGMENT_H
#include "facecheck.h"

typedef struct fc_view {
    bool mirror;
    double angle;            /* degrees */
    double shift_x, shift_y; /* of the box's side */
    double scale;
    double brightness; /* added to 8-bit values */
    double contrast;   /* around the middle */
    double blur;       /* standard deviation in pixels of the crop */
    int jpeg;          /* quality */
} fc_view;

/* The i-th view (1, 2...) of a photo: the same for the same seed. Every other one is mirrored. */
fc_view fc_view_random(uint64_t seed, int i);

/* fc_align of the face as the view has it; crop is cleared first. */
fc_status fc_align_view(fc_image *crop, const fc_image *img, const fc_face *face, const fc_alignment *a,
                        const fc_view *v, fc_error *err);

#endif
