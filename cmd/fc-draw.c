/* fc-draw: draws what the other tools found on the pictures. */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/outputs.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "plot/faces.h"
#include "source_options.h"
#include "jpeg_write.h"
#include "items.h"
#include "options.h"
#include "say.h"
#include "face_options.h"

enum labels { LABELS_AUTO, LABELS_SCORE, LABELS_INDEX, LABELS_NONE };
static const char *const labels[] = {"auto", "score", "index", "none", NULL};
enum format { FORMAT_JPEG, FORMAT_PNG };
static const char *const formats[] = {"jpeg", "png", NULL};

static struct args {
    const char *output;
    int format, labels, quality, max_side;
    double scale;
    bool no_landmarks, quiet, force;
} args = {.quality = 90, .scale = 1};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"output", 'o', OPTION_OUTPUT, .arg = "FILE|DIR", .at = AT(output),
     .help =
         "the picture to write, FILE.jpg or FILE.png; or a folder for all of them, each under its own name"},
    {"format", 'f', OPTION_CHOICE, .arg = "FORMAT", .at = AT(format), .choices = formats,
     .help = "of pictures in a folder: jpeg or png (jpeg)"},
    {"force", .at = AT(force), .help = "replace other files of these names that are in the folder"},
    {"quality", .kind = OPTION_INT, .arg = "N", .at = AT(quality), .min = 1, .max = 100,
     .help = "of JPEG, 1 to 100 (90)"},
    {"labels", .kind = OPTION_CHOICE, .arg = "WHAT", .at = AT(labels), .choices = labels,
     .help = "auto (name, else verdict and similarity, else score), score, index (the face's number in the "
             "record) or none (auto)"},
    {"no-landmarks", .at = AT(no_landmarks), .help = "draw boxes only"},
    {"scale", .kind = OPTION_REAL, .arg = "X", .at = AT(scale), .min = 0.25, .max = 8,
     .help = "size of lines and text, which grow with the picture (1)"},
    {"max-side", .kind = OPTION_INT, .arg = "PIXELS", .at = AT(max_side), .min = 12, .max = 30000,
     .help = "reduce the pictures until no side is longer"},
    {"quiet", 'q', .at = AT(quiet), .help = "no messages about pictures that cannot be drawn on"},
    {0},
};

static const option_group groups[] = {{"Output", own_options, &args}, {0}};

static const program self = {
    .name = "fc-draw",
    .summary = "Draw faces and verdicts on the pictures.",
    .operands = "-o FILE|DIR [RECORDS|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* The picture whose marks are being gathered: fc-match writes a line a face. */
typedef struct sheet {
    char *path; /* owned; NULL: none yet */
    fc_face_mark *mark;
    size_t n, room;
    int w, h; /* as the record says; 0: it does not */
} sheet;

typedef struct run {
    sheet sheet;
    void *names;       /* tsearch: written into the folder so far */
    fc_memory *memory; /* the budget of the picture at hand */
    size_t written, failed;
} run;

/* ---- from records to marks ---- */

static void sheet_clear(sheet *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->mark[i].label);
    free(s->mark);
    free(s->path);
    *s = (sheet){0};
}

/* fc-match's line of a face as the text of a record with that face, its verdict in the face. NULL: no memory. */
static char *text_of_decision(const json_t *o)
{
    static const char *const of_record[][2] = {
        {"probe", "src"}, {"probe_b64", "src_b64"}, {"error", "error"}};
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

/* A line of any of the tools as a record. one_of_many: the next line may be about the same picture. */
static fc_status read_line(fc_record *rec, bool *one_of_many, const fc_input *in, fc_error *err)
{
    json_t *o;
    char *text = NULL;
    fc_error why;
    fc_status s = fc_json_read(&o, (char *)in->data.data, in->data.n, 0, FC_RECORD_MAX_MEMORY, NULL, &why);

    *one_of_many = json_object_get(o, "probe") || json_object_get(o, "probe_b64");
    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s:%zu: %s", in->path, in->line, why.message);

    if (!*one_of_many) {
        s = fc_record_parse(rec, (char *)in->data.data, in->data.n, in->path, in->line, err);
    } else {
        text = text_of_decision(o);
        s = text ? fc_record_parse(rec, text, strlen(text), in->path, in->line, err)
                 : fc_fail_nomem(err, in->data.n);
    }
    free(text);
    json_decref(o);
    return s;
}

static char *label_of(const json_t *face, const fc_face *f, size_t index)
{
    const json_t *name = json_object_get(face, "name"), *match = json_object_get(face, "match"),
                 *similarity = json_object_get(face, "similarity");
    char *text = NULL;
    int n = 0;

    if (args.labels == LABELS_NONE)
        return NULL;
    if (args.labels == LABELS_INDEX)
        n = asprintf(&text, "%zu", index);
    else if (args.labels == LABELS_AUTO && json_is_string(name))
        n = asprintf(&text, "%s", json_string_value(name));
    else if (args.labels == LABELS_AUTO && json_is_number(similarity))
        n = asprintf(&text, "%s%.2f",
                     !json_is_boolean(match) ? ""
                     : json_is_true(match)   ? "match "
                                             : "no match ",
                     json_number_value(similarity));
    else if (!isnan(f->score))
        n = asprintf(&text, "%.3f", f->score);
    if (n < 0)
        end_without_memory();
    return text;
}

static fc_status add_marks(sheet *s, const fc_record *r, fc_error *err)
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
        m.face.has_landmarks = m.face.has_landmarks && !args.no_landmarks;
        m.label = label_of(face, &m.face, i);
        s->mark[s->n++] = m;
    }
    return FC_OK;
}

/* ---- from marks to files ---- */

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n > k && !strcasecmp(s + n - k, end);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return path[strlen(path) - 1] == '/' || (!stat(path, &st) && S_ISDIR(st.st_mode));
}

/* A name in the folder that was given away, and how many times it was asked for. */
struct taken {
    char *name; /* owned */
    int times;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct taken *)a)->name, ((const struct taken *)b)->name);
}

static void free_taken(void *p)
{
    free(((struct taken *)p)->name);
    free(p);
}

/* The entry of name, which is taken; NULL: no memory. *fresh: it is a new one. */
static struct taken *take_name(run *r, char *name, bool *fresh)
{
    struct taken *t = malloc(sizeof *t), **found = NULL;

    if (t)
        *t = (struct taken){name, 1};
    if (t)
        found = tsearch(t, &r->names, compare_names);
    *fresh = found && *found == t;
    if (!*fresh) {
        free(t);
        free(name);
    }
    return found ? *found : NULL;
}

/* Characters of a file's name that nobody sees, or a terminal acts on, are underscores in that of its drawing. */
static void make_plain(char *name)
{
    for (size_t n = strlen(name), step; n; n -= step, name += step) {
        step = fc_utf8_char(name, n);
        if (step && fc_text_shows(name, step))
            continue;
        memset(name, '_', step ? step : 1);
        step = step ? step : 1;
    }
}

/* "FOLDER/STEM.jpg", or "STEM-2.jpg" where this run wrote STEM.jpg from another folder's picture. Caller frees. */
static fc_status name_in_folder(char **out, run *r, const char *source, fc_error *err)
{
    const char *slash = strrchr(source, '/'), *base = slash ? slash + 1 : source, *dot = strrchr(base, '.');
    int stem = (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base));
    const char *ending = args.format == FORMAT_PNG ? "png" : "jpg";
    struct taken *first = NULL;
    bool fresh = false;

    *out = NULL;
    for (int copy = 1; !fresh; copy++) {
        char number[16] = "", *name;
        if (copy > 1)
            snprintf(number, sizeof number, "-%d", copy);
        if (asprintf(&name, "%.*s%s.%s", stem, base, number, ending) < 0)
            return fc_fail_nomem(err, strlen(source) + 1);
        make_plain(name);
        struct taken *t = take_name(r, name, &fresh);
        if (!t)
            return fc_fail_nomem(err, strlen(source) + 1);
        if (!first && !fresh) {
            first = t;
            copy = t->times; /* those before were given away */
        } else if (first) {
            first->times = copy;
        }
        if (fresh)
            *out = fc_folder_join(args.output, t->name);
    }
    return *out ? FC_OK : fc_fail_nomem(err, strlen(source) + 1);
}

static fc_status output_name(char **out, run *r, const char *source, fc_error *err)
{
    if (is_folder(args.output))
        return name_in_folder(out, r, source, err);
    if (r->written)
        return fc_fail(err, FC_EUSAGE, "%s: is one file, and there is more than one picture; name a folder",
                       args.output);
    *out = strdup(args.output);
    return *out ? FC_OK : fc_fail_nomem(err, strlen(args.output) + 1);
}

static fc_status load(fc_image *img, const sheet *s, fc_memory *memory, fc_error *err)
{
    /* Damaged: who drew conclusions from it has refused it or not. */
    const fc_image_options opt = {.max_side = args.max_side, .keep_damaged = true, .memory = memory};
    fc_status st;

    if (!strcmp(s->path, "-"))
        return fc_fail(err, FC_EMISSING,
                       "the picture came from a pipe and is gone: give fc-detect its file name");
    st = fc_image_load(img, s->path, &opt, err);
    if (!st && s->w && (img->full_w != s->w || img->full_h != s->h))
        st = fc_fail(err, FC_ERECORD, "%s: %dx%d pixels, but %dx%d when its record was made", s->path,
                     img->full_w, img->full_h, s->w, s->h);
    return st;
}

/* Whether a drawing would be put among the pictures, perhaps over one that is yet to come. */
static bool among_pictures(const char *output, const char *source)
{
    char *folder = strdup(source);
    const bool among = !folder || (is_folder(output) && fc_same_file(output, dirname(folder)));

    free(folder);
    return among;
}

/* What is wrong with one picture does not end the run. */
static void fail_one(run *r, const char *message)
{
    r->failed++;
    if (!args.quiet)
        say("%s", message);
}

/* Draws and writes the picture gathered so far. A failure ends the run. */
static fc_status finish_sheet(run *r, fc_error *err)
{
    sheet *s = &r->sheet;
    fc_image img = {0};
    char *path = NULL;
    fc_error fault;
    fc_status st = FC_OK;

    if (!s->path)
        return FC_OK;
    if (load(&img, s, r->memory, &fault) ||
        fc_faces_draw(&img, s->mark, s->n, s->n ? NULL : "no face", args.scale, &fault)) {
        fail_one(r, fault.message);
        goto out;
    }
    st = output_name(&path, r, s->path, err);
    if (!st)
        st = ends_in(path, ".png") ? fc_image_save_png(&img, path, err)
                                   : jpeg_write(&img, path, args.quality, err);
    r->written++;
    if (st == FC_EEXISTS) {
        fail_one(r, err->message);
        st = FC_OK;
    }
out:
    free(path);
    fc_image_clear(&img);
    sheet_clear(s);
    return st;
}

static fc_status take_record(run *r, const fc_record *rec, bool one_of_many, fc_error *err)
{
    sheet *s = &r->sheet;
    const json_t *fault = json_object_get(rec->json, "error");
    char *path = record_path_or_end(rec);
    bool more = one_of_many && path && s->path && !strcmp(path, s->path);
    fc_status st = more ? FC_OK : finish_sheet(r, err);

    if (!st && fault) {
        fail_one(r, json_string_value(json_object_get(fault, "message")));
    } else if (!st && !path) {
        st = fc_fail(err, FC_ERECORD, "a record without src: nothing to draw on");
    } else if (!st) {
        if (!more && among_pictures(args.output, path)) {
            st = fc_fail(err, FC_EUSAGE, "-o %s: would write over the pictures: name another folder",
                         args.output);
            goto out;
        }
        if (!more) {
            s->path = path;
            path = NULL;
            s->w = (int)json_integer_value(json_object_get(rec->json, "w"));
            s->h = (int)json_integer_value(json_object_get(rec->json, "h"));
        }
        st = add_marks(s, rec, err);
    }
out:
    free(path);
    return st;
}

static fc_status no_records(const fc_input *in, fc_error *err)
{
    char *hint = fc_text_format("fc-detect %s | fc-draw -o %s", in->path, args.output);
    const fc_status s = fc_input_no_records(in, hint, err);

    free(hint);
    return s;
}

static fc_status take_input(run *r, const fc_input *in, fc_error *err)
{
    fc_record rec;
    bool one_of_many;
    fc_status s;

    if (in->kind != FC_INPUT_LINE)
        return no_records(in, err);
    s = read_line(&rec, &one_of_many, in, err);
    if (s)
        return s;
    s = take_record(r, &rec, one_of_many, err);
    fc_record_clear(&rec);
    return s;
}

static fc_status check_output(fc_error *err)
{
    if (!args.output || !*args.output)
        return fc_fail(err, FC_EUSAGE, "no -o FILE or -o DIR given");
    if (!is_folder(args.output)) {
        if (ends_in(args.output, ".png") || ends_in(args.output, ".jpg") || ends_in(args.output, ".jpeg"))
            return FC_OK;
        return fc_fail(err, FC_EUSAGE, "-o: want a name in .jpg or .png or a folder, got '%s'", args.output);
    }
    fc_status s = fc_make_folder(args.output, 0777, err);
    return s || args.force ? s : fc_outputs_keep_folder(args.output, err);
}

static fc_status draw_all(run *r, char **operands, int n, fc_error *err)
{
    static const fc_source_options plain;
    fc_source *in;
    fc_input one;
    fc_status s = check_output(err);

    if (!s)
        s = fc_memory_new(&r->memory, 0, err);
    if (!s)
        s = fc_source_open(&in, &plain, operands, n, err);
    if (s)
        return s;
    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = take_input(r, &one, err);
        fc_input_clear(&one);
    }
    if (s == FC_END && !args.quiet)
        say_nothing_came(in);
    fc_source_close(in);
    return s == FC_END ? finish_sheet(r, err) : s;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    run r = {0};
    fc_error err;
    int code = EXIT_DONE;

    if (draw_all(&r, argv, n, &err))
        code = program_error(&self, &err);
    else if (r.failed)
        code = EXIT_PARTLY;
    sheet_clear(&r.sheet);
    fc_memory_free(r.memory);
    tdestroy(r.names, free_taken);
    return close_stdout(code);
}
