/* What is odd about a gallery's photos: warnings, and no more. */
#ifndef CMD_GALLERY_DOUBTS_H
#define CMD_GALLERY_DOUBTS_H
#include "gallery/gallery.h"

/* Says who has fewer than three photos, which photos look more like somebody else, and which are nearly the same.
 * sample: [n] numbers of those that are looked at, rising; NULL: all. threshold: from where on two faces look the same;
 * NAN: not known. *found: warnings. With too many of both to compare them all, that is said instead. */
fc_status gallery_doubts(fc_gallery *g, const int64_t *sample, size_t n, double threshold, size_t *found,
                         fc_error *err);

#endif
