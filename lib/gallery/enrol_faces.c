/* Whether faces are good enough to stand for a person. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "gallery/enrol_impl.h"
#include "pipeline/record.h"

/* A face on its side, or what is none, would be enrolled as anybody, and the person be unknown. What a record says is
 * judged by its landmarks only: other detectors have other scores. */
static fc_status check_face(const fc_enrol_work *w, const fc_item *it, size_t i, fc_error *err)
{
    const double least = fc_detector_good_score((size_t)w->set->detect->detector);
    const char *hint = w->set->hint_weak ? w->set->hint_weak : "";
    fc_face f;

    if (fc_record_get_face(&it->rec, i, &f, NULL))
        return FC_OK;
    const double misfit = fc_face_misfit(&f);
    if (misfit > FC_GOOD_MISFIT)
        return fc_fail(err, FC_EFACES,
                       "no good face: its landmarks are %.1f pixels off a face's, and %.0f is the most%s",
                       misfit, FC_GOOD_MISFIT, hint);
    if (it->looked && f.score < least)
        return fc_fail(err, FC_EFACES, "no good face: its score is %.3f, and %.2f is the least%s", f.score,
                       least, hint);
    return FC_OK;
}

/* What is poor about the photo of a face, as far as limits say; false: nothing. */
static bool is_poor(const json_t *face, const fc_quality_limits *limits, bool unless_measured, char *why,
                    size_t size)
{
    fc_quality q;

    if (!limits)
        return false;
    if (fc_face_get_quality(face, &q))
        return !fc_quality_keeps(&q, limits, why, size);
    snprintf(why, size, "nothing is known of it");
    return unless_measured;
}

/* With the photo's name in front of what is wrong with its faces. */
static fc_status refuse(fc_enrol_photo *p, const char *why, fc_error *err)
{
    char *path;
    fc_error fault;
    fc_status s = fc_enrol_path_of(&p->it->rec, &path, err);

    if (s)
        return s;
    fc_fail(&fault, FC_EFACES, "%s: %s", path ? path : p->it->in.path, why);
    free(path);
    return fc_enrol_photo_refuse(p, "detect", &fault, err);
}

static fc_status check_quality(const fc_enrol_work *w, fc_enrol_photo *p, fc_error *err)
{
    fc_item *it = p->it;
    char why[120], text[160];
    fc_status s = FC_OK;

    for (size_t i = 0; !s && p->outcome == FC_ENROLLED && i < fc_record_face_count(&it->rec); i++) {
        const json_t *face = fc_record_face(&it->rec, i);
        if (is_poor(face, w->set->least, true, why, sizeof why)) {
            snprintf(text, sizeof text, "a poor photo: %s", why);
            s = refuse(p, text, err);
        } else if (!it->note && is_poor(face, w->set->usual, false, why, sizeof why)) {
            char *path = fc_record_display_path(&it->rec);
            it->note = path ? fc_text_format("%s: a poor photo: %s", path, why) : NULL;
            s = it->note ? FC_OK : fc_fail_nomem(err, 0);
            free(path);
        }
    }
    return s;
}

fc_status fc_enrol_check_faces(const fc_enrol_work *w, fc_enrol_photo *p, fc_error *err)
{
    const fc_item *it = p->it;
    const size_t n = fc_record_face_count(&it->rec);
    fc_error why;

    if (n == 0)
        return refuse(p, "no face", err);
    for (size_t i = 0; i < n && !w->set->weak_faces; i++)
        if (check_face(w, it, i, &why))
            return refuse(p, why.message, err);
    return check_quality(w, p, err);
}
