/* Samples of views that are made of a photo. */
#include "base/error.h"
#include "gallery/enrol_impl.h"
#include "pipeline/record.h"
#include "pipeline/views.h"

fc_status fc_enrol_add_views(fc_enrol_work *w, int worker, fc_enrol_photo *p, const fc_bytes *bytes,
                             fc_error *err)
{
    const uint64_t seed = fc_views_seed(w->set->seed, p->has_content ? p->content : NULL);
    fc_image img = {0};
    fc_status s = fc_views_picture(&img, w->stages, p->it, bytes, err);

    for (size_t i = 0; !s && i < fc_record_face_count(&p->it->rec); i++) {
        fc_item *views;
        s = fc_views_make(&views, w->stages, worker, p->it, &img, i, seed, w->set->augment, err);
        if (!s)
            s = fc_enrol_photo_take(p, views, (int)i, err);
        fc_item_free(views);
    }
    fc_image_clear(&img);
    return s;
}
