/* fc-draw: draws what the other tools found on the pictures. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"
#include "base/text.h"
#include "plot/contact.h"
#include "plot/names.h"
#include "plot/picture.h"
#include "plot/sheet.h"
#include "draw.h"
#include "option_rows.h"
#include "source_options.h"
#include "jpeg_write.h"
#include "items.h"
#include "options.h"
#include "say.h"
#include "face_options.h"

static const char *const labels[] = {[FC_LABELS_AUTO] = "auto",
                                     [FC_LABELS_SCORE] = "score",
                                     [FC_LABELS_INDEX] = "index",
                                     [FC_LABELS_NONE] = "none",
                                     NULL};
enum format { FORMAT_JPEG, FORMAT_PNG };
static const char *const formats[] = {"jpeg", "png", NULL};

static struct args {
    const char *output;
    int format, labels, quality;
    fc_image_options decoding;
    double scale;
    int names, each;
    bool no_landmarks, quiet, force, sheet, side_by_side, sandbox;
    const char *events;
} args = {.quality = 90,
          .decoding = {.max_bytes = FC_DEFAULT_MAX_BYTES,
                       .max_pixels = FC_DEFAULT_MAX_PIXELS,
                       .keep_damaged = true}, /* who drew conclusions from it has refused it or not */
          .scale = 1,
          .names = FC_CONTACT_PEOPLE,
          .each = FC_CONTACT_EACH};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"output", 'o', OPTION_OUTPUT, .arg = "FILE|DIR", .at = AT(output),
     .help = "the picture to write, FILE.jpg or FILE.png; the video, FILE.mp4; or a folder for all pictures, "
             "each under its "
             "own name"},
    ROW_FORMAT(AT(format), formats, "of pictures in a folder: jpeg or png (jpeg)"),
    ROW_FORCE(AT(force), ""),
    {"quality", .kind = OPTION_INT, .arg = "N", .at = AT(quality), .min = 1, .max = 100,
     .help = "of JPEG, 1 to 100 (90)"},
    {"labels", .kind = OPTION_CHOICE, .arg = "WHAT", .at = AT(labels), .choices = labels,
     .help = "auto (name, else verdict and similarity, else score), score, index (the face's number in the "
             "record) or none (auto)"},
    {"no-landmarks", .at = AT(no_landmarks), .help = "draw boxes only"},
    {"scale", .kind = OPTION_REAL, .arg = "X", .at = AT(scale), .role = OPTION_OWN, .min = 0.25, .max = 8,
     .help = "size of lines and text, which grow with the picture (1)"},
    {"side-by-side", .at = AT(side_by_side),
     .help = "beside each picture the reference that fc-match compared it with"},
    {"sheet", .at = AT(sheet),
     .help = "one page with all faces, those of one name together: FILE.png, FILE.svg or FILE.pdf"},
    {"names", .kind = OPTION_INT, .arg = "N", .at = AT(names), .min = 1, .max = 300,
     .help = "--sheet: names on the page at most, those with most faces (50)"},
    {"each", .kind = OPTION_INT, .arg = "N", .at = AT(each), .min = 1, .max = 100,
     .help = "--sheet: faces of each at most (12)"},
    {"events", .kind = OPTION_FILE, .arg = "FILE", .at = AT(events), .role = OPTION_ONCE,
     .help = "FILE.mp4: fc-events' lines, which say who a track is"},
    ROW_MAX_SIDE(AT(decoding.max_side), ""),
    ROW_MAX_BYTES(AT(decoding.max_bytes)),
    ROW_MAX_PIXELS(AT(decoding.max_pixels), "200000000"),
    ROW_TIMEOUT(AT(decoding.seconds)),
    ROW_SANDBOX(AT(sandbox)),
    ROW_QUIET(AT(quiet), ", nor messages about pictures that cannot be drawn on"),
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

typedef struct run {
    fc_sheet sheet;
    fc_names names; /* of those in the folder */
    size_t written, failed;
} run;

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

static fc_status output_name(char **out, run *r, const char *source, fc_error *err)
{
    if (is_folder(args.output))
        return fc_names_next(out, &r->names, source, args.format == FORMAT_PNG ? "png" : "jpg", err);
    if (r->written)
        return fc_fail(err, FC_EUSAGE, "%s: is one file, and there is more than one picture; name a folder",
                       args.output);
    *out = strdup(args.output);
    return *out ? FC_OK : fc_fail_nomem(err, strlen(args.output) + 1);
}

static fc_status begin_decoding(fc_error *err)
{
    const fc_status s = fc_memory_new(&args.decoding.memory, 0, err);

    return s || !args.sandbox ? s : fc_sandbox_new(&args.decoding.sandbox, 1, 0, err);
}

static fc_status load(fc_image *img, const fc_sheet *s, fc_error *err)
{
    fc_status st;

    if (!strcmp(s->path, "-"))
        return fc_fail(err, FC_EMISSING,
                       "the picture came from a pipe and is gone: give fc-detect its file name");
    st = fc_image_load(img, s->path, &args.decoding, err);
    if (!st && s->w && (img->full_w != s->w || img->full_h != s->h))
        st = fc_fail(err, FC_ERECORD, "%s: %dx%d pixels, but %dx%d when its record was made", s->path,
                     img->full_w, img->full_h, s->w, s->h);
    return st;
}

/* The reference of a pair. It is held while the other picture is waited for, so it is none of the budget's, and small. */
static fc_status load_reference(fc_image *img, const char *path, fc_error *err)
{
    enum { SIDE = 2000 };
    fc_image_options opt = args.decoding;

    if (!strcmp(path, "-"))
        return fc_fail(err, FC_EMISSING,
                       "the reference came from a pipe and is gone: give fc-match its file name");
    opt.memory = NULL;
    opt.max_side = opt.max_side && opt.max_side < SIDE ? opt.max_side : SIDE;
    return fc_image_load(img, path, &opt, err);
}

/* The picture with its faces, and of a pair the reference on its left. */
static fc_status draw_one(fc_image *img, const fc_sheet *s, fc_error *err)
{
    fc_image ref = {0};
    fc_status st = s->ref ? load_reference(&ref, s->ref, err) : FC_OK;

    if (!st)
        st = load(img, s, err);
    if (!st)
        st = fc_faces_draw(img, s->mark, s->n, s->n ? NULL : "no face", args.scale, err);
    if (!st && s->ref)
        st = fc_picture_beside(img, &ref, err);
    fc_image_clear(&ref);
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
    fc_sheet *s = &r->sheet;
    fc_image img = {0};
    char *path = NULL;
    fc_error fault;
    fc_status st = FC_OK;

    if (!s->path)
        return FC_OK;
    if (draw_one(&img, s, &fault)) {
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
    fc_sheet_clear(s);
    return st;
}

/* NULL: the record has none. */
static char *reference_of(const fc_record *rec)
{
    fc_record ref = {.json = json_pack("{s:O*,s:O*}", "src", json_object_get(rec->json, "ref"), "src_b64",
                                       json_object_get(rec->json, "ref_b64"))};
    char *path = record_path_or_end(&ref);

    fc_record_clear(&ref);
    return path;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static fc_status take_record(run *r, const fc_record *rec, bool one_of_many, fc_error *err)
{
    const fc_sheet_options opt = {.labels = (fc_labels)args.labels, .no_landmarks = args.no_landmarks};
    fc_sheet *s = &r->sheet;
    const json_t *fault = json_object_get(rec->json, "error");
    char *path = record_path_or_end(rec), *ref = args.side_by_side ? reference_of(rec) : NULL;
    bool more = one_of_many && path && is_same(path, s->path) && is_same(ref, s->ref);
    fc_status st = more ? FC_OK : finish_sheet(r, err);

    if (!st && fc_record_is_gap(rec)) {
        goto out; /* no picture */
    } else if (!st && fault) {
        fail_one(r, json_string_value(json_object_get(fault, "message")));
    } else if (!st && !path) {
        st = fc_fail(err, FC_ERECORD, "a record without src: nothing to draw on");
    } else if (!st && args.side_by_side && !ref) {
        st = fc_fail(err, FC_EUSAGE, "--side-by-side: wants lines of fc-match with a reference");
    } else if (!st) {
        if (!more && among_pictures(args.output, path)) {
            st = fc_fail(err, FC_EUSAGE, "-o %s: would write over the pictures: name another folder",
                         args.output);
            goto out;
        }
        if (!more) {
            s->path = path;
            s->ref = ref;
            path = ref = NULL;
            s->w = (int)json_integer_value(json_object_get(rec->json, "w"));
            s->h = (int)json_integer_value(json_object_get(rec->json, "h"));
        }
        st = fc_sheet_add(s, rec, &opt, err);
    }
out:
    free(path);
    free(ref);
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
    s = fc_sheet_read(&rec, &one_of_many, (char *)in->data.data, in->data.n, in->path, in->line, err);
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
        return fc_fail(err, FC_EUSAGE, "-o: want a name in .jpg, .png or .mp4 or a folder, got '%s'",
                       args.output);
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
        s = begin_decoding(err);
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

static fc_status draw_sheet(run *r, char **operands, int n, fc_error *err)
{
    struct contact_args a = {.output = args.output, .people = args.names, .each = args.each};
    fc_status s =
        args.output && *args.output ? begin_decoding(err) : fc_fail(err, FC_EUSAGE, "no -o FILE given");

    a.decoding = args.decoding;
    return s ? s : draw_contact(&a, operands, n, args.quiet, &r->failed, err);
}

static bool is_video(void)
{
    return args.output && ends_in(args.output, ".mp4") && !is_folder(args.output);
}

static fc_status draw_frames(run *r, char **operands, int n, fc_error *err)
{
    struct video_args a = {.output = args.output,
                           .events = args.events,
                           .marks = {.labels = (fc_labels)args.labels, .no_landmarks = args.no_landmarks},
                           .scale = args.scale,
                           .quiet = args.quiet};
    const fc_status s = args.sandbox ? fc_fail(err, FC_EUSAGE, "--sandbox: takes pictures, and no videos")
                                     : begin_decoding(err);

    a.decoding = args.decoding;
    return s ? s : draw_video(&a, operands, n, &r->failed, err);
}

static fc_status draw(run *r, char **operands, int n, fc_error *err)
{
    if (args.side_by_side && (args.sheet || is_video()))
        return fc_fail(err, FC_EUSAGE, "--side-by-side: is for pictures, not for a sheet or a video");
    if (args.sheet)
        return draw_sheet(r, operands, n, err);
    if (is_video())
        return draw_frames(r, operands, n, err);
    return args.events ? fc_fail(err, FC_EUSAGE, "--events: is for a video (-o FILE.mp4)")
                       : draw_all(r, operands, n, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    run r = {.names = {.folder = args.output}};
    fc_error err;
    int code = EXIT_DONE;

    if (draw(&r, argv, n, &err))
        code = program_error(&self, &err);
    else if (r.failed)
        code = EXIT_PARTLY;
    fc_sheet_clear(&r.sheet);
    fc_sandbox_free(args.decoding.sandbox);
    fc_memory_free(args.decoding.memory);
    fc_names_clear(&r.names);
    return close_stdout(code);
}
