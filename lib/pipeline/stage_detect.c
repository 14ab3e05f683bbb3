#include "pipeline/stages_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "pipeline/hints.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

static fc_status need_detector(fc_stages *s, struct fc_stages_worker *w, fc_error *err)
{
    fc_status st = FC_OK;

    if (w->detect)
        return FC_OK;
    const size_t kind = (size_t)s->plan.detect->detector;
    pthread_mutex_lock(&s->detector_lock);
    if (!s->detector)
        st = fc_detector_from_file(kind)
                 ? fc_detector_open(&s->detector, fc_detector_name(kind), s->plan.detect->detector_model, err)
                 : fc_detector_new(&s->detector, s->plan.models, &s->plan.engine, err);
    pthread_mutex_unlock(&s->detector_lock);
    return st ? st : fc_detect_session_new(&w->detect, s->detector, err);
}

static bool is_same_face(const fc_face *a, const fc_face *b)
{
    return !memcmp(&a->score, &b->score, sizeof a->score) && !memcmp(a->box, b->box, sizeof a->box) &&
           !memcmp(a->landmarks, b->landmarks, sizeof a->landmarks);
}

/* Keeps the faces of the record that were chosen. */
static void choose_faces(fc_item *it)
{
    const size_t n = fc_record_face_count(&it->rec);
    const int w = (int)json_integer_value(json_object_get(it->rec.json, "w")),
              h = (int)json_integer_value(json_object_get(it->rec.json, "h"));
    fc_face *all = NULL;
    fc_faces left = {0};
    fc_error fault;
    fc_status st = FC_OK;

    it->found = n;
    if (it->choice == FC_FACES_ONE)
        st = fc_record_one_face(&it->rec, &fault);
    if (st || it->choice == FC_FACES_ALL || n <= 1)
        goto out;
    all = calloc(n, sizeof *all);
    left = (fc_faces){.face = calloc(n, sizeof *all), .n = n, .cap = n};
    if (!all || !left.face)
        st = fc_fail_nomem(&fault, n * sizeof *all);
    for (size_t i = 0; !st && i < n; i++) {
        fc_error why;
        st = fc_record_get_face(&it->rec, i, &all[i], &why);
        if (st)
            fc_fail(&fault, st, "faces[%zu]: %s", i, why.message);
    }
    if (!st && it->choice == FC_FACES_CENTER && (!w || !h))
        st = fc_fail(&fault, FC_ERECORD,
                     "no w and h in the record, and the face nearest to the center is wanted");
    if (st)
        goto out;
    memcpy(left.face, all, n * sizeof *all);
    fc_faces_choose(&left, it->choice, w, h);
    for (size_t i = 0; i < n && left.n == 1; i++) {
        if (is_same_face(&all[i], &left.face[0])) {
            fc_record_keep_face(&it->rec, i);
            break;
        }
    }
out:
    if (st)
        fc_item_fail_named(it, "detect", &fault);
    fc_faces_clear(&left);
    free(all);
}

static void note_crowd(fc_item *it, size_t n, const char *hint)
{
    char *path = fc_record_display_path(&it->rec);

    it->note =
        fc_text_format("%s: a crowd: there may be more faces than the %zu kept, the best by score%s%s%s",
                       path ? path : "", n, hint ? " (" : "", hint ? hint : "", hint ? ")" : "");
    free(path);
}

/* Nothing is looked for. */
static fc_status take_as_crop(fc_stages *s, fc_item *it, fc_error *err)
{
    const fc_status st = fc_stage_decode(s, it, err);

    return st || it->failed ? st : fc_record_set_aligned(&it->rec, it->image.full_w, it->image.full_h, err);
}

fc_status fc_stage_detect(fc_stages *s, struct fc_stages_worker *w, fc_item *it, fc_error *err)
{
    fc_faces faces = {0};
    fc_error fault;
    double start;
    fc_status st;

    if (!fc_record_has_faces(&it->rec) && s->plan.detect->aligned &&
        ((st = take_as_crop(s, it, err)) || it->failed))
        return st;
    if (!fc_record_has_faces(&it->rec)) {
        if ((st = fc_stage_decode(s, it, err)) || it->failed || (st = need_detector(s, w, err)))
            return st;
        start = fc_now_ms();
        st = fc_detect(w->detect, &it->image, &s->plan.detect->detect, &faces, &fault);
        if (!st)
            st = fc_record_set_faces(&it->rec, &faces, &fault);
        if (!st && faces.cut)
            note_crowd(it, faces.n, FC_HINT(s->plan.detect, crowd));
        it->looked = !st;
        it->ms[MS_DETECT] = fc_now_ms() - start;
        fc_faces_clear(&faces);
        if (st) {
            fc_item_fail_named(it, "detect", &fault);
            return FC_OK;
        }
    }
    choose_faces(it);
    return FC_OK;
}
