/* fc-align: cuts faces out as a model wants them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/record.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"
#include "option_rows.h"
#include "items.h"
#include "models/align_mode_names.h"
#include "output.h"
#include "run.h"
#include "say.h"

enum { MODE_OF_MODEL, MODES }; /* behind it, those of fc_align_mode */
static const char *const modes[] = {"model", FC_NAMES_CHOICES(FC_ALIGN_MODES), NULL};

static struct args {
    struct common_args common;
    const char *model;
    int mode;
    int background;
    int size;   /* 0: the model's */
    int margin; /* -1: the model's */
    const char *folder;
    bool timings, force;
} args = {
    .common = COMMON_ARGS_DEFAULTS, .common.input.videos = true, .model = FC_DEFAULT_MODEL, .margin = -1};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_MODEL_THAT(AT(model), "the crops are for", FC_DEFAULT_MODEL),
    {"mode", .kind = OPTION_CHOICE, .arg = "MODE", .at = AT(mode), .choices = modes,
     .help = FC_ALIGN_NAME_FIVE_POINT
     " (landmarks are moved to a template), " FC_ALIGN_NAME_DLIB " (to that of dlib), " FC_ALIGN_NAME_BOX
     " (the box is cut out and resized), or model (as the model wants) (model)"},
    {"size", .kind = OPTION_INT, .arg = "PIXELS", .at = AT(size), .min = 16, .max = 1024,
     .help = "side of the crops (the model's)"},
    {"margin", .kind = OPTION_INT, .arg = "PIXELS", .at = AT(margin), .min = 0, .max = 1023,
     .help = "pixels of the crop around the box, in mode " FC_ALIGN_NAME_BOX " (the model's)"},
    ROW_BACKGROUND(AT(background)),
    {"output", 'o', OPTION_DIR, .arg = "DIR", .at = AT(folder), .role = OPTION_ONCE,
     .help = "write each crop into DIR too, as a PNG file; DIR is made if need be"},
    ROW_FORCE(AT(force), ""),
    ROW_TIMINGS(AT(timings)),
    ROW_JOURNAL(AT(common.run.journal)),
    {0},
};

static const option_group groups[] = {
    {"Alignment", own_options, &args}, VIDEO_GROUP(args.common), COMMON_GROUPS(args.common), {0}};

static const program self = {
    .name = "fc-align",
    .summary = "Cut the faces of pictures out, as a model wants them.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* The crop's pixels are added to what is hashed. */
static fc_status hash_crop(char hex[FC_SHA256_HEX], const fc_image *crop, fc_error *err)
{
    const size_t row = (size_t)crop->w * 3, size = FC_SHA256_HEX + row * (size_t)crop->h;
    uint8_t *all = malloc(size);

    if (!all)
        return fc_fail_nomem(err, size);
    memcpy(all, hex, FC_SHA256_HEX);
    for (int y = 0; y < crop->h; y++)
        memcpy(all + FC_SHA256_HEX + (size_t)y * row, crop->rgb + (size_t)y * crop->stride, row);
    fc_sha256_hex(hex, all, size);
    free(all);
    return FC_OK;
}

/* Of the picture's path, "" if it has none, and all crops of the record: the same for each of them, so that their names
 * are in the faces' order. */
static fc_status hash_crops(char hex[FC_SHA256_HEX], const char *path, const fc_item *it, fc_error *err)
{
    fc_status s = FC_OK;

    fc_sha256_hex(hex, (const uint8_t *)path, strlen(path));
    for (size_t i = 0; !s && i < it->ncrops; i++)
        s = hash_crop(hex, &it->crops[i], err);
    return s;
}

/* "STEM-HASH-INDEX.png": the picture's name without its ending ("crop", where it has none); hash_crops, so that names
 * differ where paths or faces do; the face. */
static void png_name(char *out, size_t size, const char *path, const char *hex, size_t face)
{
    char stem[STEM_SIZE];

    if (!*path)
        path = "crop";
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

    put_stem(stem, base, dot && dot > base ? (size_t)(dot - base) : strlen(base), hex);
    snprintf(out, size, "%s-%zu.png", stem, face);
}

/* Writes the crops, and their names into the record. */
static fc_status save_crops(fc_item *it, fc_error *err)
{
    char *path = record_path_or_end(&it->rec), *file = NULL;
    const char *named = path && strcmp(path, "-") != 0 ? path : "";
    char name[STEM_SIZE + 32], hex[FC_SHA256_HEX];
    fc_status s = hash_crops(hex, named, it, err);

    for (size_t i = 0; !s && i < it->ncrops; i++) {
        png_name(name, sizeof name, named, hex, i);
        if (!(file = fc_folder_join(args.folder, name))) {
            s = fc_fail_nomem(err, 0);
            break;
        }
        s = fc_image_save_png(&it->crops[i], file, err);
        free(file);
        json_object_set_new(json_object_get(fc_record_face(&it->rec, i), "crop"), "file", json_string(name));
    }
    free(path);
    return s;
}

static fc_status finish(void *ctx, fc_item *it, fc_error *err)
{
    fc_status s = args.folder && !it->failed ? save_crops(it, err) : FC_OK;

    if (s == FC_EEXISTS) {
        item_fail_or_end(it, "output", err);
        s = FC_OK;
    }
    return s ? s : finish_json(ctx, it, err);
}

/* The alignment asked for: the model's, with what the options change. */
static fc_status choose_alignment(fc_alignment *a, const fc_stages *s, fc_error *err)
{
    *a = fc_stages_model(s)->alignment;
    if (args.mode != MODE_OF_MODEL)
        a->mode = (fc_align_mode)(args.mode - MODES);
    if (args.size)
        a->size = args.size;
    if (args.background && args.common.detect.aligned)
        return fc_fail(err, FC_EUSAGE, "--background: is changed in photos, not in crops (--aligned)");
    if (args.margin >= 0 && a->mode != FC_ALIGN_BOX)
        return fc_fail(err, FC_EUSAGE, "--margin: wants --mode box");
    if (args.margin >= 0)
        a->margin = args.margin;
    if (a->mode != FC_ALIGN_BOX)
        a->margin = 0;
    if (a->margin >= a->size)
        return fc_fail(err, FC_EUSAGE, "--margin: want less than the size, %d, got %d", a->size, a->margin);
    return FC_OK;
}

static fc_status make_folder(const char *dir, fc_error *err)
{
    fc_status s = fc_make_folder(dir, 0777, err);

    return s || args.force ? s : fc_outputs_keep_folder(dir, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    fc_alignment alignment;
    const fc_pipeline_plan p = {.upto = FC_STAGE_ALIGN,
                                .model = args.model,
                                .alignment = &alignment,
                                .background = (fc_background)args.background,
                                .keep_crops = true,
                                .times = args.timings};
    run r = {.args = &args.common, .self = &self, .finish = finish, .emit = emit_json};
    fc_error err;
    int code;

    if (run_open(&r, &p, argv, n, &err) || choose_alignment(&alignment, r.stages, &err) ||
        (args.folder && make_folder(args.folder, &err)))
        code = program_error(&self, &err);
    else
        code = run_all(&r);
    run_close(&r);
    return close_stdout(code);
}
