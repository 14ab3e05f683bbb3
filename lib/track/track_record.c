#include <stdlib.h>

#include "base/error.h"
#include "pipeline/record.h"
#include "track/moment.h"
#include "track/track.h"

/* Faces as the tracker takes them. */
struct faces {
    fc_track_face *face; /* [n], owned, with their embeddings */
    uint64_t *track;     /* [n], owned */
    size_t n;
};

static void clear_faces(struct faces *f)
{
    for (size_t i = 0; f->face && i < f->n; i++)
        free((float *)f->face[i].e);
    free(f->face);
    free(f->track);
}

static fc_status read_face(fc_track_face *out, fc_look *look, const fc_record *r, size_t i, fc_error *err)
{
    fc_error why;
    fc_face face;
    float *e;
    fc_status s = fc_record_get_face(r, i, &face, &why);

    if (s)
        return fc_fail(err, s, "faces[%zu]: %s", i, why.message);
    for (int k = 0; k < 4; k++)
        out->box[k] = face.box[k];
    s = fc_look_take(look, fc_record_face(r, i), i, &e, err);
    out->e = e;
    return s;
}

static fc_status read_faces(struct faces *out, fc_look *look, const fc_record *r, fc_error *err)
{
    const size_t n = fc_record_face_count(r);
    fc_status s = FC_OK;

    *out = (struct faces){.n = n};
    if (n == 0)
        return FC_OK;
    out->face = calloc(n, sizeof *out->face);
    out->track = calloc(n, sizeof *out->track);
    if (!out->face || !out->track)
        return fc_fail_nomem(err, n * sizeof *out->face);
    for (size_t i = 0; !s && i < n; i++)
        s = read_face(&out->face[i], look, r, i, err);
    return s;
}

static fc_status note_track(json_t *face, uint64_t track, fc_error *err)
{
    json_t *v = track ? json_integer((json_int_t)track) : json_null();

    return json_object_set_new(face, "track", v) ? fc_fail_nomem(err, 0) : FC_OK;
}

fc_status fc_tracker_record(fc_tracker *t, fc_record *r, fc_error *err)
{
    fc_look *look = fc_tracker_look(t);
    struct faces f;
    fc_moment at;
    fc_status s = fc_moment_of(&at, r, err);

    if (s || !at.stream)
        return s;
    s = read_faces(&f, look, r, err);
    if (!s)
        s = fc_tracker_step(
            t,
            &(fc_track_frame){
                .stream = at.stream, .time = at.time, .face = f.face, .n = f.n, .dim = look->dim},
            f.track, err);
    for (size_t i = 0; !s && i < f.n; i++)
        s = note_track(fc_record_face(r, i), f.track[i], err);
    clear_faces(&f);
    free(at.stream);
    return s;
}
