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

/* A copy of the picture in which what is around the face's head, but not the head, is changed. The head is what GrabCut (Rother,
 * Kolmogorov, Blake 2004) makes of the colours, when it knows from the landmarks what is surely face, likely head and surely
 * neither; by OpenCV, in a module. The face needs landmarks. out is cleared first. */
fc_status fc_background_change(fc_image *out, const fc_image *img, const fc_face *face, fc_background how,
                               fc_error *err);

#endif
