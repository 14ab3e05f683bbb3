/* Events as lines, and their best crops as files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/folder.h"
#include "events.h"
#include "jpeg_write.h"
#include "ending.h"
#include "output.h"
#include "pipeline/record.h"

enum { JPEG_QUALITY = 90 };
static const char unknown[] = "unknown";

/* The best face as it is when a visit starts and when it ends: "ID-start.jpg". *file: NULL: the records have no crops. */
static fc_status save_crop(const struct events_args *a, const fc_event *e, char **file, fc_error *err)
{
    char name[FC_EVENT_ID + 16];
    fc_image crop;
    fc_status s;

    *file = NULL;
    if (!a->crops || e->type == FC_EVENT_UPDATE || !fc_face_has_crop(e->face))
        return FC_OK;
    s = fc_face_get_crop(e->face, &crop, err);
    if (s)
        return s;
    snprintf(name, sizeof name, "%s-%s.jpg", e->id, fc_event_type_name(e->type));
    *file = fc_folder_join(a->crops, name);
    s = *file ? jpeg_write(&crop, *file, JPEG_QUALITY, err) : fc_fail_nomem(err, 0);
    fc_image_clear(&crop);
    if (s) {
        free(*file);
        *file = NULL;
    }
    return s;
}

static json_t *number_or_null(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

static void put_face(json_t *o, const json_t *face, bool crop)
{
    static const char *const fields[] = {"box", "score", "quality"};

    for (size_t i = 0; i < 3; i++)
        if (json_object_get(face, fields[i]))
            json_object_set(o, fields[i], json_object_get(face, fields[i]));
    if (crop && json_object_get(face, "crop"))
        json_object_set(o, "crop", json_object_get(face, "crop"));
}

static json_t *line_of(const struct events_args *a, const struct known *known, const fc_event *e,
                       const char *file)
{
    json_t *o = json_pack("{s:i,s:s,s:s}", "v", 1, "type", fc_event_type_name(e->type), "id", e->id);

    json_object_update(o, (json_t *)e->from);
    json_object_set_new(o, "track", json_integer((json_int_t)e->track));
    json_object_set_new(o, e->unix_time ? "time" : "pts", json_real(e->time));
    json_object_set_new(o, "first", json_real(e->first));
    json_object_set_new(o, "last", json_real(e->last));
    json_object_set_new(o, "seen", json_integer((json_int_t)e->frames));
    if (known) {
        json_object_set_new(o, "person", json_string(e->name ? e->name : unknown));
        json_object_set_new(o, "similarity", number_or_null(e->similarity));
        json_object_set_new(o, "threshold", json_real(known->how.threshold));
    }
    put_face(o, e->face, a->keep_crop);
    if (file)
        json_object_set_new(o, "crop_file", json_string(file));
    return o;
}

static fc_status write_json(const struct events_args *a, const struct known *known, const fc_event *e,
                            const char *file, fc_error *err)
{
    fc_record line = {line_of(a, known, e, file)};
    fc_status s = FC_OK;

    if (a->embedding && e->mean)
        s = fc_face_set_embedding(line.json, e->contract, e->mean, e->dim, err);
    if (!s)
        s = fc_record_write(&line, stdout, err);
    fc_record_clear(&line);
    return s;
}

void events_write_header(const struct events_args *a)
{
    if (a->format == EVENTS_TSV)
        puts("type\tid\tcamera\ttrack\ttime\tfirst\tlast\tseen\tperson\tsimilarity\tthreshold\tcrop_file");
}

/* What a table calls the stream: the camera, or else the file. */
static const char *source_of(const fc_event *e)
{
    static const char *const fields[] = {"camera", "video", "src"};

    for (size_t i = 0; i < 3; i++)
        if (json_object_get(e->from, fields[i]))
            return json_string_value(json_object_get(e->from, fields[i]));
    return "";
}

static void write_tsv(const struct known *known, const fc_event *e, const char *file)
{
    printf("%s\t%s", fc_event_type_name(e->type), e->id);
    put_shown(source_of(e));
    printf("\t%llu", (unsigned long long)e->track);
    put_number(e->time);
    put_number(e->first);
    put_number(e->last);
    printf("\t%zu", e->frames);
    put_shown(known ? e->name ? e->name : unknown : "");
    put_number(known ? e->similarity : NAN);
    put_number(known ? known->how.threshold : NAN);
    put_shown(file ? file : "");
    putchar('\n');
}

fc_status events_write(const struct events_args *a, fc_figure_out *f, const struct known *known,
                       const fc_event *e, fc_error *err)
{
    char *file;
    fc_status s = save_crop(a, e, &file, err);

    if (s)
        return s;
    switch ((enum events_format)a->format) {
    case EVENTS_JSON:
        s = write_json(a, known, e, file, err);
        break;
    case EVENTS_TSV:
        write_tsv(known, e, file);
        break;
    case EVENTS_INFLUX:
        s = events_point(a, f, known, e, err);
        break;
    case EVENTS_PROM:
        s = events_count(a, f, known, e, err);
    }
    free(file);
    return s ? s : flush_stdout(err);
}
