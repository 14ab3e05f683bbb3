/* What is behind a face, blurred or taken away: for photos of one place, whose background would become part of a person. */
#ifndef FC_EMBED_BACKGROUND_H
#define FC_EMBED_BACKGROUND_H
#include "base/names.h"
#include "facecheck.h"

#define FC_BACKGROUNDS(FIRST, X, LAST)                                                                       \
    FIRST(FC_BACKGROUND_KEEP, "keep")                                                                        \
    X(FC_BACKGROUND_BLUR, "blur")                                                                            \
    LAST(FC_BACKGROUND_REMOVE, "remove")
extern const char *const fc_background_names[];

/* What was in the picture before it was changed. */
typedef struct fc_background_before {
    int x, y, w, h; /* in the picture held */
    uint8_t *rgb;   /* [h][w][3], at most the picture's size; NULL: nothing was changed */
} fc_background_before;

/* Changes what is around the face's head, but not the head, in the picture itself, until fc_background_put_back. The head is
 * what GrabCut (Rother, Kolmogorov, Blake 2004) makes of the colours, when it knows from the landmarks what is surely face, likely
 * head and surely neither; by OpenCV, in a module. The face needs landmarks. how: blur or remove. On failure nothing is changed,
 * and there is nothing to be put back. */
fc_status fc_background_change(fc_background_before *before, fc_image *img, const fc_face *face,
                               fc_background how, fc_error *err);
/* The picture as it was; {0} is fine. */
void fc_background_put_back(fc_image *img, fc_background_before *before);

#endif
