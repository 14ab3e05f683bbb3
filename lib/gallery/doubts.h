/* What is odd about a gallery's photos: warnings, and no more. */
#ifndef FC_GALLERY_DOUBTS_H
#define FC_GALLERY_DOUBTS_H
#include "base/tell.h"
#include "facecheck.h"
#include "gallery/ids.h"

/* Tells who has fewer than three photos, which photos look more like somebody else, and which are nearly the same.
 * sample: those that are looked at, sorted; NULL: all. threshold: from where on two faces look the same;
 * NAN: not known. *found: warnings. With too many of both to compare them all, that is told instead. */
fc_status fc_gallery_doubts(fc_gallery *g, const fc_ids *sample, double threshold, const fc_teller *tell,
                            size_t *found, fc_error *err);

#endif
