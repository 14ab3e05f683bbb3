/* fc-frames: takes videos apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"
#include "base/text.h"
#include "items.h"
#include "option_rows.h"
#include "output.h"
#include "pipeline/record.h"
#include "run.h"
#include "say.h"

static struct args {
    struct common_args common;
    const char *folder;
    bool timings, force;
} args = {.common = COMMON_ARGS_DEFAULTS, .common.input.videos = true};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"output", 'o', OPTION_DIR, .arg = "DIR", .at = AT(folder), .role = OPTION_ONCE,
     .help = "write each frame into DIR, as a PNG file, which the record names; DIR is made if need be"},
    ROW_FORCE(AT(force), ""),
    ROW_TIMINGS(AT(timings)),
    {0},
};

static const option_group groups[] = {
    {"Output", own_options, &args}, VIDEO_GROUP(args.common), COMMON_GROUPS(args.common), {0}};

static const program self = {
    .name = "fc-frames",
    .summary = "Take the frames of videos.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* "STEM-HASH-FRAME.png": the video's name without its ending, or a server's and its path; a hash of the whole path, for workers write frames
 * of videos of the same name in any order; where the frame's number is not known, its microseconds. */
static void png_name(char *out, size_t size, const char *path, const fc_input *in)
{
    const char *host = strstr(path, "://"), *slash = strrchr(path, '/'), *at = strrchr(path, '@');
    const char *base = host ? (at > host ? at + 1 : host + 3) : slash && slash[1] ? slash + 1 : path;
    const char *dot = host ? NULL : strrchr(base, '.');
    char stem[STEM_SIZE], hex[FC_SHA256_HEX];

    fc_sha256_hex(hex, (const uint8_t *)path, strlen(path));
    put_stem(stem, base, dot && dot > base ? (size_t)(dot - base) : strlen(base), hex);
    if (in->kind != FC_INPUT_FRAME)
        snprintf(out, size, "%s.png", stem);
    else if (in->frame >= 0)
        snprintf(out, size, "%s-%08lld.png", stem, (long long)in->frame);
    else
        snprintf(out, size, "%s-%012.0fus.png", stem, in->pts * 1e6);
}

/* The video's, with \xHH for what is not UTF-8; NULL: no memory. Its path is what it was read by, and is not needed again. */
static char *name_of(const char *path)
{
    return fc_text_is_utf8(path) ? strdup(path) : fc_text_escape(path, strlen(path));
}

/* Writes the picture, and its name into the record. */
static fc_status save(fc_item *it, fc_error *err)
{
    char *path = record_path_or_end(&it->rec), *shown = name_of(path ? path : "-"), *file,
         name[STEM_SIZE + 64];
    fc_status s;

    png_name(name, sizeof name, path && strcmp(path, "-") != 0 ? path : "stdin", &it->in);
    file = fc_folder_join(args.folder, name);
    s = file ? fc_image_save_png(&it->image, file, err) : fc_fail_nomem(err, 0);
    if (!s && json_object_set_new(it->rec.json, "video", json_string(shown)))
        s = fc_fail_nomem(err, 0);
    if (!s)
        s = fc_record_set_path(&it->rec, file, err);
    free(file);
    free(path);
    free(shown);
    return s;
}

static fc_status finish(void *ctx, fc_item *it, fc_error *err)
{
    fc_status s = args.folder && !it->failed && it->image.rgb ? save(it, err) : FC_OK;

    fc_image_clear(&it->image);
    if (s == FC_EEXISTS) {
        item_fail_or_end(it, "output", err);
        s = FC_OK;
    }
    return s ? s : finish_json(ctx, it, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const fc_pipeline_plan p = {
        .upto = FC_STAGE_DECODE, .keep_crops = true, .keep_image = true, .times = args.timings};
    run r = {.args = &args.common, .finish = finish, .emit = emit_json};
    fc_error err;
    fc_status s = FC_OK;
    int code;

    if (args.folder)
        s = fc_make_folder(args.folder, 0777, &err);
    if (!s && args.folder && !args.force)
        s = fc_outputs_keep_folder(args.folder, &err);
    if (!s)
        s = run_open(&r, &p, argv, n, &err);
    code = s ? program_error(&self, &err) : run_all(&r);
    run_close(&r);
    return close_stdout(code);
}
