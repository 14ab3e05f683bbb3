/* fc-embed: turns faces into vectors. */
#include <stdlib.h>

#include "base/error.h"
#include "base/npy.h"
#include "items.h"
#include "option_rows.h"
#include "output.h"
#include "pipeline/record.h"
#include "run.h"
#include "say.h"

enum format { FORMAT_JSON, FORMAT_NPY };
static const char *const formats[] = {"json", "npy", NULL};

static struct args {
    struct common_args common;
    const char *model;
    bool flip;
    bool keep_crops;
    int format;
    const char *output;
    bool timings;
} args = {.common = COMMON_ARGS_DEFAULTS, .common.input.videos = true, .model = FC_DEFAULT_MODEL};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_MODEL(AT(model), FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    {"keep-crop", .at = AT(keep_crops), .help = "leave the crops in the records"},
    ROW_FORMAT(AT(format), formats,
               "json (records) or npy (an array for NumPy, and a list of its rows) (json)"),
    ROW_OUTPUT(AT(output), "with -f npy: the array's file; the list goes to FILE with .ids in place of .npy"),
    ROW_TIMINGS(AT(timings)),
    ROW_JOURNAL(AT(common.run.journal)),
    {0},
};

static const option_group groups[] = {{"Embedding", own_options, &args},
                                      VIDEO_GROUP(args.common),
                                      CACHE_GROUP(args.common),
                                      COMMON_GROUPS(args.common),
                                      {0}};

static const program self = {
    .name = "fc-embed",
    .summary = "Turn the faces of pictures into vectors that can be compared.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static fc_status emit_npy(void *ctx, fc_item *it, fc_error *err)
{
    fc_npy *out = ctx;
    char *src = fc_record_display_path(&it->rec), frame[FRAME_TEXT] = "";
    fc_status s = src ? FC_OK : fc_fail_nomem(err, 0);

    if (fc_record_is_frame(&it->rec))
        frame_columns(frame, &it->rec);
    say_old_fault(it, args.common.run.quiet);
    for (size_t i = 0; !s && !it->failed && i < fc_record_face_count(&it->rec); i++) {
        const char *contract;
        float *e;
        size_t dim;
        s = fc_item_embedding(it, i, &contract, &e, &dim, err);
        if (s)
            break;
        s = fc_npy_add(out, e, dim, src, i, frame, err);
        free(e);
    }
    free(src);
    return s;
}

static fc_status check_output(char **argv, int n, fc_error *err)
{
    if (args.format == FORMAT_NPY && !args.output)
        return fc_fail(err, FC_EUSAGE, "-f npy: wants -o FILE");
    if (args.format != FORMAT_NPY && args.output)
        return fc_fail(err, FC_EUSAGE, "-o: wants -f npy");
    return args.output ? npy_outputs(&self, args.output, argv, n, err) : FC_OK;
}

/* The loop, with the array around it. */
static int run_to_npy(run *r)
{
    fc_error err;
    fc_npy *out;

    if (fc_npy_open(&out, args.output, fc_stages_model(r->stages)->dim, &err))
        return say_error(&err);
    r->finish = NULL;
    r->emit = emit_npy;
    r->ctx = out;
    int code = run_all(r);
    if (code == EXIT_BROKEN)
        fc_npy_discard(out);
    else if (fc_npy_commit(out, &err))
        code = say_error(&err);
    return code;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                                .model = args.model,
                                .flip = args.flip,
                                .keep_crops = args.keep_crops,
                                .times = args.timings};
    run r = {.args = &args.common, .self = &self, .finish = finish_json, .emit = emit_json};
    fc_error err;
    int code;

    if (check_output(argv, n, &err) || run_open(&r, &p, argv, n, &err))
        code = program_error(&self, &err);
    else if (args.format == FORMAT_NPY)
        code = run_to_npy(&r);
    else
        code = run_all(&r);
    run_close(&r);
    return close_stdout(code);
}
