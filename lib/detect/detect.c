#include "detect/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "detect/detector_names.h"

/* Of few faces wanted as many candidates are looked at as of so many. */
#define FEW_FACES  1000
#define LEAST_FACE 12 /* pixels; what the smallest network sees */

static const fc_detector_kind *const kinds[] = {&fc_detector_mtcnn, &fc_detector_yunet, &fc_detector_scrfd,
                                                &fc_detector_yolo_face};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- the table ----------------------------------------------------------------------------------------- */

const char *fc_detector_name(size_t i)
{
    return i < KINDS ? kinds[i]->name : NULL;
}

bool fc_detector_from_file(size_t i)
{
    return i < KINDS && kinds[i]->from_file;
}

double fc_detector_good_score(size_t i)
{
    return i < KINDS ? kinds[i]->good_score : 1;
}

fc_status fc_detector_new(fc_detector **out, const fc_models *m, const fc_engine_options *opt, fc_error *err)
{
    return fc_detector_mtcnn.open(out, &(fc_detector_source){.models = m, .opt = opt}, err);
}

fc_status fc_detector_open(fc_detector **out, const char *kind, const char *path, fc_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i]->from_file && !strcmp(kind, kinds[i]->name))
            return kinds[i]->open(out, &(fc_detector_source){.path = path}, err);
    return fc_fail(
        err, FC_EUSAGE,
        "no detector '%s' that is read from a file (there are " FC_NAMES_AND(FC_DETECTORS_OF_FILES) ")",
        kind);
}

void fc_detector_free(fc_detector *d)
{
    if (d)
        d->kind->free(d);
}

size_t fc_detector_facts(const fc_detector *d, fc_network_facts *out, size_t most)
{
    return d->kind->facts(d, out, most);
}

/* ---- sessions ------------------------------------------------------------------------------------------ */

fc_status fc_detect_session_new(fc_detect_session **out, const fc_detector *d, fc_error *err)
{
    return d->kind->session_new(out, d, err);
}

void fc_detect_session_free(fc_detect_session *s)
{
    if (!s)
        return;
    fc_proposals_clear(&s->boxes);
    fc_nms_scratch_clear(&s->nms);
    s->kind->session_free(s);
}

fc_detect_ms fc_detect_last_ms(const fc_detect_session *s)
{
    return s->ms;
}

void fc_detect_measure(fc_detect_session *s, fc_detect_profile *p)
{
    s->profile = p;
}

/* ---- faces --------------------------------------------------------------------------------------------- */

double fc_detect_rounded(double v, double unit)
{
    return round(v * unit) / unit;
}

/* A place in the picture held, in the file's pixels, with decimals that read back exactly. Centres are at integers. */
static double full_size(double v, double scale)
{
    return fc_detect_rounded((v + 0.5) * scale - 0.5, 1e3);
}

static fc_status deliver(const fc_proposals *c, const fc_image *img, fc_faces *out, fc_error *err)
{
    const double sx = (double)img->full_w / img->w, sy = (double)img->full_h / img->h;

    const fc_status grown = fc_grow(&out->face, c->n, &out->cap, sizeof *out->face, err);
    if (grown)
        return grown;
    for (size_t i = 0; i < c->n; i++) {
        const fc_proposal *a = &c->at[i];
        fc_face *f = &out->face[i];
        *f = (fc_face){.score = fc_detect_rounded((double)a->score, 1e6), .has_landmarks = true};
        f->box[0] = full_size(a->x1, sx);
        f->box[1] = full_size(a->y1, sy);
        f->box[2] = fc_detect_rounded((double)(a->x2 - a->x1) * sx, 1e3);
        f->box[3] = fc_detect_rounded((double)(a->y2 - a->y1) * sy, 1e3);
        for (int k = 0; k < 5; k++) {
            f->landmarks[k][0] = full_size(a->landmarks[k][0], sx);
            f->landmarks[k][1] = full_size(a->landmarks[k][1], sy);
        }
    }
    out->n = c->n;
    return FC_OK;
}

static fc_status check_options(const fc_detect_options *o, fc_error *err)
{
    if (!(o->min_face >= LEAST_FACE && o->min_face <= 1e6))
        return fc_fail(err, FC_EUSAGE, "smallest face: want %d..1000000 pixels, got %g", LEAST_FACE,
                       o->min_face);
    if (!(o->factor >= 0.1 && o->factor <= 0.99))
        return fc_fail(err, FC_EUSAGE, "pyramid factor: want 0.1..0.99, got %g", o->factor);
    for (int i = 0; i < 3; i++)
        if (!(o->thresholds[i] > 0 && o->thresholds[i] < 1))
            return fc_fail(err, FC_EUSAGE, "threshold: want a number between 0 and 1, got %g",
                           o->thresholds[i]);
    if (o->max_faces < 0 || o->max_faces > FC_MAX_FACES)
        return fc_fail(err, FC_EUSAGE, "most faces: want 0..%d, got %d", FC_MAX_FACES, o->max_faces);
    return FC_OK;
}

fc_status fc_detect_once(fc_detect_session *s, const fc_image *img, const fc_detect_options *o,
                         fc_faces *faces, fc_error *err)
{
    const size_t max_faces = o->max_faces ? (size_t)o->max_faces : FC_DEFAULT_MAX_FACES,
                 most = max_faces > FEW_FACES ? max_faces : FEW_FACES;
    fc_status st;

    faces->n = 0;
    faces->cut = s->cut = false;
    s->boxes.n = 0;
    st = s->kind->detect(s, img, o, most, err);
    if (!st)
        st = fc_proposals_keep_best(&s->boxes, 0, max_faces, &s->cut, &s->nms, err);
    if (!st)
        st = deliver(&s->boxes, img, faces, err);
    faces->cut = s->cut;
    return st;
}

fc_status fc_detect(fc_detect_session *s, const fc_image *img, const fc_detect_options *opt, fc_faces *faces,
                    fc_error *err)
{
    const fc_detect_options o = opt ? *opt : FC_DETECT_DEFAULTS;
    fc_status st = check_options(&o, err);

    faces->n = 0;
    faces->cut = false;
    s->ms = (fc_detect_ms){0};
    if (!st)
        st = fc_detect_once(s, img, &o, faces, err);
    if (!st && o.turns && fc_detect_merit(s, faces) == 0)
        st = fc_detect_turns(s, img, &o, faces, err);
    return st;
}
