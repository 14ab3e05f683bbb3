/* fc-draw -o FILE.mp4: the frames of a video with what was found on them. */
#include "draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "items.h"
#include "pipeline/record.h"
#include "plot/sheet.h"
#include "say.h"
#include "video/video.h"
#include "video/writer.h"

#define USUAL_RATE 25.0 /* of videos that state no time stamps */

/* Who a track is, by the lines of fc-events. */
typedef struct known {
    int64_t track;
    char *src;  /* of the video; NULL: of any. Owned */
    char *name; /* owned */
} known;

typedef struct drawing {
    const struct video_args *a;
    char *path; /* of the video; NULL: no record came yet. Owned */
    fc_video *from;
    fc_video_writer *to;
    fc_video_frame at; /* the one that was read last */
    double begin;      /* seconds: of the first one that is written */
    fc_sheet sheet;    /* what is on it */
    known *known;      /* [nknown] */
    size_t nknown, known_cap;
    size_t failed; /* records that are of failures */
} drawing;

/* What a record, or an event of such records, is of: the video, also where the frame is a file of its own; NULL: it is not said in
 * UTF-8. */
static const char *video_of(const json_t *o)
{
    const json_t *video = json_object_get(o, "video");

    return json_string_value(video ? video : json_object_get(o, "src"));
}

/* ---- names ---- */

static fc_status add_name(drawing *d, int64_t track, const char *src, const char *name, fc_error *err)
{
    fc_status s = fc_grow(&d->known, d->nknown + 1, &d->known_cap, sizeof *d->known, err);

    if (s)
        return s;
    known one = {.track = track, .src = src ? strdup(src) : NULL, .name = strdup(name)};
    if (!one.name || (src && !one.src)) {
        free(one.src);
        free(one.name);
        return fc_fail_nomem(err, strlen(name) + 1);
    }
    d->known[d->nknown++] = one;
    return FC_OK;
}

static fc_status take_event(drawing *d, const char *text, size_t n, size_t line, fc_error *err)
{
    const char *path = d->a->events;
    json_t *o;
    fc_error why;
    fc_status s = fc_json_read(&o, text, n, 0, FC_RECORD_MAX_MEMORY, NULL, &why);

    if (s)
        return fc_fail(err, s, "%s:%zu: %s", path, line, why.message);
    const json_t *track = json_object_get(o, "track"), *person = json_object_get(o, "person");
    if (json_is_integer(track) && json_is_string(person))
        s = add_name(d, json_integer_value(track), video_of(o), json_string_value(person), err);
    json_decref(o);
    return s;
}

static fc_status read_events(drawing *d, fc_error *err)
{
    static const fc_source_options plain;
    char *operand[] = {(char *)d->a->events, NULL};
    fc_source *in;
    fc_input one;
    fc_status s = fc_source_open(&in, &plain, operand, 1, err);

    if (s)
        return s;
    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = one.kind == FC_INPUT_LINE ? take_event(d, (char *)one.data.data, one.data.n, one.line, err)
                                      : fc_input_no_records(&one, "fc-events makes them", err);
        fc_input_clear(&one);
    }
    fc_source_close(in);
    return s == FC_END ? FC_OK : s;
}

/* The last that was said of the video's track; NULL: nothing was. Each video counts its tracks from the beginning. */
static const char *name_of(const drawing *d, const char *src, int64_t track)
{
    for (size_t i = d->nknown; i-- > 0;) {
        const known *k = &d->known[i];
        if (k->track == track && (!k->src || !src || !strcmp(k->src, src)))
            return k->name;
    }
    return NULL;
}

/* Names of tracks into the record's faces, where they have none of their own. */
static fc_status put_names(const drawing *d, fc_record *rec, fc_error *err)
{
    const char *src = video_of(rec->json);

    for (size_t i = 0; d->nknown && i < fc_record_face_count(rec); i++) {
        json_t *face = fc_record_face(rec, i);
        const json_t *track = json_object_get(face, "track");
        const char *name = json_is_integer(track) ? name_of(d, src, json_integer_value(track)) : NULL;
        if (name && !json_object_get(face, "name") && json_object_set_new(face, "name", json_string(name)))
            return fc_fail_nomem(err, 0);
    }
    return FC_OK;
}

/* ---- frames ---- */

static fc_status next_frame(drawing *d, fc_error *err)
{
    fc_status s;

    fc_image_clear(&d->at.image);
    s = fc_video_next(d->from, &d->at, err);
    if (s == FC_END)
        return fc_fail(err, FC_ERECORD, "%s: has fewer frames than its records say", d->path);
    return s;
}

static double seconds_of(const fc_video_frame *f)
{
    return isnan(f->pts) ? (double)f->frame / USUAL_RATE : f->pts;
}

/* Draws on the frame that was read last, and writes it. */
static fc_status write_frame(drawing *d, fc_error *err)
{
    fc_image *img = &d->at.image;
    fc_status s = FC_OK;

    if (!d->to) {
        d->begin = seconds_of(&d->at);
        s = fc_video_create(&d->to, d->a->output, img->w, img->h, err);
    }
    if (!s)
        s = fc_faces_draw(img, d->sheet.mark, d->sheet.n, NULL, d->a->scale, err);
    return s ? s : fc_video_put(d->to, img, seconds_of(&d->at) - d->begin, err);
}

static fc_status open_video(drawing *d, char *path, fc_error *err)
{
    const fc_video_from from = {.name = path, .wake = -1};

    d->path = path;
    if (!strcmp(path, "-") || fc_video_is_stream(path))
        return fc_fail(err, FC_EUSAGE, "a stream that is gone: nothing can be drawn on it any more");
    return fc_video_open(&d->from, &from, &(fc_video_options){0}, &d->a->decoding, err);
}

/* To frame k, the record's; those in between are written with what was found before. */
static fc_status go_to(drawing *d, int64_t k, fc_error *err)
{
    const bool first = !d->at.image.rgb;
    fc_status s = FC_OK;

    if (!first && k <= d->at.frame)
        return fc_fail(err, FC_ERECORD, "%s: frame %lld behind frame %lld: records go by rising numbers",
                       d->path, (long long)k, (long long)d->at.frame);
    if (!first)
        s = write_frame(d, err);
    if (!s)
        s = next_frame(d, err);
    while (!s && d->at.frame < k) {
        if (!first)
            s = write_frame(d, err);
        if (!s)
            s = next_frame(d, err);
    }
    return s;
}

static fc_status take_frame(drawing *d, fc_record *rec, int64_t k, fc_error *err)
{
    const int w = (int)json_integer_value(json_object_get(rec->json, "w")),
              h = (int)json_integer_value(json_object_get(rec->json, "h"));
    fc_status s = go_to(d, k, err);

    if (!s && w && (w != d->at.image.full_w || h != d->at.image.full_h))
        s = fc_fail(err, FC_ERECORD, "%s: %dx%d pixels, but %dx%d when its record was made", d->path,
                    d->at.image.full_w, d->at.image.full_h, w, h);
    if (!s)
        s = put_names(d, rec, err);
    if (s)
        return s;
    fc_sheet_clear(&d->sheet);
    return fc_sheet_add(&d->sheet, rec, &d->a->marks, err);
}

static fc_status take_record(drawing *d, fc_record *rec, fc_error *err)
{
    const json_t *fault = json_object_get(rec->json, "error"), *frame = json_object_get(rec->json, "frame");
    const char *video = video_of(rec->json);
    char *path;
    fc_status s = FC_OK;

    if (fc_record_is_gap(rec))
        return FC_OK;
    if (fault) {
        d->failed++;
        if (!d->a->quiet)
            say("%s", json_string_value(json_object_get(fault, "message")));
        return FC_OK;
    }
    path = video ? strdup(video) : record_path_or_end(rec);
    if (video && !path)
        s = fc_fail_nomem(err, strlen(video) + 1);
    else if (!path || !json_is_integer(frame) || json_integer_value(frame) < 0)
        s = fc_fail(err, FC_EUSAGE, "-o %s: wants records of the frames of a video file", d->a->output);
    else if (d->path && strcmp(d->path, path) != 0)
        s = fc_fail(err, FC_EUSAGE, "-o %s: is one video, and there are %s and %s", d->a->output, d->path,
                    path);
    if (!s && !d->path) {
        s = open_video(d, path, err);
        path = NULL;
    }
    free(path);
    return s ? s : take_frame(d, rec, json_integer_value(frame), err);
}

static fc_status take_input(drawing *d, const fc_input *in, fc_error *err)
{
    fc_record rec;
    fc_status s;

    if (in->kind != FC_INPUT_LINE)
        return fc_input_no_records(in, "fc-detect VIDEO | fc-draw -o FILE.mp4", err);
    s = fc_record_parse(&rec, (char *)in->data.data, in->data.n, in->path, in->line, err);
    if (s)
        return s;
    s = take_record(d, &rec, err);
    fc_record_clear(&rec);
    return s;
}

static fc_status finish(drawing *d, fc_error *err)
{
    if (!d->at.image.rgb)
        return fc_fail(err, FC_EEMPTY, "-o %s: there are no records of frames", d->a->output);
    fc_status s = write_frame(d, err);
    return s ? s : fc_video_commit(d->to, err);
}

static void clear(drawing *d)
{
    fc_video_discard(d->to);
    fc_video_close(d->from);
    fc_image_clear(&d->at.image);
    fc_sheet_clear(&d->sheet);
    for (size_t i = 0; i < d->nknown; i++) {
        free(d->known[i].src);
        free(d->known[i].name);
    }
    free(d->known);
    free(d->path);
}

fc_status draw_video(const struct video_args *a, char **operands, int n, size_t *failed, fc_error *err)
{
    static const fc_source_options plain;
    drawing d = {.a = a};
    fc_source *in = NULL;
    fc_input one;
    fc_status s = a->events ? read_events(&d, err) : FC_OK;

    if (!s)
        s = fc_source_open(&in, &plain, operands, n, err);
    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = take_input(&d, &one, err);
        fc_input_clear(&one);
    }
    fc_source_close(in);
    if (s == FC_END)
        s = finish(&d, err);
    *failed += d.failed;
    clear(&d);
    return s;
}
