/* fc-detect: finds faces. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "option_rows.h"
#include "output.h"
#include "run.h"
#include "say.h"

enum format { FORMAT_JSON, FORMAT_TSV };
static const char *const formats[] = {"json", "tsv", NULL};

static struct args {
    struct common_args common;
    int format;
    bool timings;
} args = {.common = COMMON_ARGS_DEFAULTS, .common.input.videos = true};

static const option own_options[] = {
    {"model", 'm', OPTION_FILE, .arg = "FILE", .role = OPTION_APART,
     .at = offsetof(struct args, common.detect.detector_model), .help = "the same as --detector-model"},
    ROW_FORMAT(offsetof(struct args, format), formats,
               "json (a record a picture) or tsv (a line a face, under a header) (json)"),
    ROW_TIMINGS(offsetof(struct args, timings)),
    ROW_JOURNAL(offsetof(struct args, common.run.journal)),
    {0},
};

static const option_group groups[] = {
    {"Output", own_options, &args}, VIDEO_GROUP(args.common), COMMON_GROUPS(args.common), {0}};

static const program self = {
    .name = "fc-detect",
    .summary = "Find the faces in pictures.",
    .operands = "[FILE|DIR|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static const char header[] =
    "src\tface\tx\ty\tw\th\tscore\tleft_eye_x\tleft_eye_y\tright_eye_x\tright_eye_y\tnose_x"
    "\tnose_y\tleft_mouth_x\tleft_mouth_y\tright_mouth_x\tright_mouth_y\n";

static fc_status emit_tsv(void *ctx, fc_item *it, fc_error *err)
{
    char *src = fc_record_display_path(&it->rec);
    fc_status s = src ? FC_OK : fc_fail_nomem(err, 0);
    (void)ctx;

    say_old_fault(it, args.common.run.quiet);
    for (size_t i = 0; !s && i < fc_record_face_count(&it->rec); i++) {
        fc_face f;
        s = fc_record_get_face(&it->rec, i, &f, err);
        if (s)
            break;
        printf("%s\t%zu", src, i);
        for (int k = 0; k < 4; k++)
            put_number(f.box[k]);
        put_number(f.score);
        for (int k = 0; k < 10; k++)
            put_number(f.has_landmarks ? f.landmarks[k / 2][k % 2] : NAN);
        putchar('\n');
    }
    free(src);
    return s;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const bool table = args.format == FORMAT_TSV;
    const fc_pipeline_plan p = {.upto = FC_STAGE_DETECT, .keep_crops = true, .times = args.timings};
    run r = {.args = &args.common,
             .self = &self,
             .finish = table ? NULL : finish_json,
             .emit = table ? emit_tsv : emit_json};
    fc_error err;
    int code;

    if (run_open(&r, &p, argv, n, &err)) {
        code = program_error(&self, &err);
    } else {
        if (table)
            fputs(header, stdout);
        code = run_all(&r);
    }
    run_close(&r);
    return close_stdout(code);
}
