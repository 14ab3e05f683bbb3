/* Views of a face that was found: what it could have looked like in another photo. */
#ifndef FC_PIPELINE_VIEWS_H
#define FC_PIPELINE_VIEWS_H
#include "facecheck.h"

/* The item's picture with all its pixels, from which views are cut: from bytes where it came as such, else from its file. */
fc_status fc_views_picture(fc_image *img, const fc_stages *s, const fc_item *it, const fc_bytes *bytes,
                           fc_error *err);
/* The seed of a photo's views: other photos, by the SHA-256 of their content, get other views. content NULL: not known. */
uint64_t fc_views_seed(uint64_t seed, const uint8_t content[32]);
/* An item whose faces are n views of that face, and went through the stages; to be freed with fc_item_free. A view that
 * cannot be made is a failure. The picture is changed meanwhile, where the plan changes backgrounds. */
fc_status fc_views_make(fc_item **out, fc_stages *s, int worker, const fc_item *of, fc_image *img,
                        size_t face, uint64_t seed, int n, fc_error *err);

#endif
