#include "plot/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"

void fc_sheet_clear(fc_sheet *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->mark[i].label);
    free(s->mark);
    free(s->path);
    free(s->ref);
    *s = (fc_sheet){0};
}

/* fc-match's line of a face as the text of a record with that face, its verdict in the face. NULL: no memory. */
static char *text_of_decision(const json_t *o)
{
    static const char *const of_record[][2] = {{"probe", "src"},
                                               {"probe_b64", "src_b64"},
                                               {"ref", "ref"},
                                               {"ref_b64", "ref_b64"},
                                               {"error", "error"}};
    static const char *const of_face[][2] = {
        {"box", "box"}, {"probe_score", "score"}, {"match", "match"}, {"similarity", "similarity"}};
    json_t *face = json_object(), *rec = json_pack("{s:O*}", "v", json_object_get(o, "v"));

    for (size_t i = 0; i < sizeof of_record / sizeof *of_record; i++)
        json_object_set(rec, of_record[i][1], json_object_get(o, of_record[i][0]));
    for (size_t i = 0; i < sizeof of_face / sizeof *of_face; i++)
        json_object_set(face, of_face[i][1], json_object_get(o, of_face[i][0]));
    json_object_set_new(rec, "faces", json_pack("[o]", face));
    char *text = json_dumps(rec, JSON_COMPACT);
    json_decref(rec);
    return text;
}

fc_status fc_sheet_read(fc_record *rec, bool *one_of_many, const char *text, size_t n, const char *path,
                        size_t line, fc_error *err)
{
    json_t *o;
    char *made = NULL;
    fc_error why;
    fc_status s = fc_json_read(&o, text, n, 0, FC_RECORD_MAX_MEMORY, NULL, &why);

    *one_of_many = json_object_get(o, "probe") || json_object_get(o, "probe_b64");
    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s:%zu: %s", path, line, why.message);

    if (!*one_of_many) {
        s = fc_record_parse(rec, text, n, path, line, err);
    } else {
        made = text_of_decision(o);
        s = made ? fc_record_parse(rec, made, strlen(made), path, line, err) : fc_fail_nomem(err, n);
    }
    free(made);
    json_decref(o);
    return s;
}

/* A track's number in front of what is known of the face, in place of a mere score. *text NULL: nothing is. */
static fc_status put_track(char **text, const json_t *face, bool is_known, fc_error *err)
{
    const json_t *track = json_object_get(face, "track");
    char *numbered;

    if (!json_is_integer(track))
        return FC_OK;
    if (asprintf(&numbered, "#%lld%s%s", (long long)json_integer_value(track), is_known ? " " : "",
                 is_known ? *text : "") < 0)
        numbered = NULL;
    free(*text);
    *text = numbered;
    return numbered ? FC_OK : fc_fail_nomem(err, 0);
}

/* *out NULL: none. */
static fc_status label_of(char **out, fc_labels labels, const json_t *face, const fc_face *f, size_t index,
                          fc_error *err)
{
    const json_t *name = json_object_get(face, "name"), *match = json_object_get(face, "match"),
                 *similarity = json_object_get(face, "similarity");
    const bool is_name = json_is_string(name) || json_is_number(similarity);
    char *text = NULL;
    int n = 0;

    *out = NULL;
    if (labels == FC_LABELS_NONE)
        return FC_OK;
    if (labels == FC_LABELS_INDEX)
        n = asprintf(&text, "%zu", index);
    else if (labels == FC_LABELS_AUTO && json_is_string(name))
        n = asprintf(&text, "%s", json_string_value(name));
    else if (labels == FC_LABELS_AUTO && json_is_number(similarity))
        n = asprintf(&text, "%s%.2f",
                     !json_is_boolean(match) ? ""
                     : json_is_true(match)   ? "match "
                                             : "no match ",
                     json_number_value(similarity));
    else if (!isnan(f->score))
        n = asprintf(&text, "%.3f", f->score);
    if (n < 0)
        return fc_fail_nomem(err, 0);
    *out = text;
    return labels == FC_LABELS_AUTO ? put_track(out, face, is_name, err) : FC_OK;
}

fc_status fc_sheet_add(fc_sheet *s, const fc_record *r, const fc_sheet_options *opt, fc_error *err)
{
    size_t n = fc_record_face_count(r);
    fc_status grown = fc_grow(&s->mark, s->n + n, &s->room, sizeof *s->mark, err);
    if (grown)
        return grown;
    for (size_t i = 0; i < n; i++) {
        const json_t *face = fc_record_face(r, i), *match = json_object_get(face, "match");
        fc_face_mark m = {0};
        fc_status st = fc_record_get_face(r, i, &m.face, err);
        if (st)
            return st;
        m.verdict = json_is_true(match) ? FC_FACE_YES : json_is_false(match) ? FC_FACE_NO : FC_FACE_FOUND;
        m.face.has_landmarks = m.face.has_landmarks && !opt->no_landmarks;
        if ((st = label_of(&m.label, opt->labels, face, &m.face, i, err)))
            return st;
        s->mark[s->n++] = m;
    }
    return FC_OK;
}
