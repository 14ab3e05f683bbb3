/* fc-detect: finds faces. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "detect_celeba.h"
#include "option_rows.h"
#include "output.h"
#include "run.h"
#include "say.h"

enum format { FORMAT_JSON, FORMAT_TSV, FORMAT_CELEBA };
static const char *const formats[] = {"json", "tsv", "celeba-csv", NULL};

static struct args {
    struct common_args common;
    int format;
    bool timings;
    const char *folder, *identities;
} args = {.common = COMMON_ARGS_DEFAULTS, .common.input.videos = true};

static const option own_options[] = {
    {"model", 'm', OPTION_FILE, .arg = "FILE", .role = OPTION_APART,
     .at = offsetof(struct args, common.detect.detector_model), .help = "the same as --detector-model"},
    ROW_FORMAT(offsetof(struct args, format), formats,
               "json (a record a picture), tsv (a line a face, under a header), or celeba-csv (tables of the "
               "pictures with a face, in a folder) (json)"),
    {"output", 'o', OPTION_DIR, .arg = "DIR", .role = OPTION_ONCE, .at = offsetof(struct args, folder),
     .help = "with celeba-csv: where cropped.csv and id_multiple.csv go; DIR is made if need be"},
    {"identities", .kind = OPTION_FILE, .arg = "FILE", .role = OPTION_ONCE,
     .at = offsetof(struct args, identities),
     .help =
         "with celeba-csv: CelebA's list of whose the pictures are; id_multiple.csv has those of people with "
         "two or more"},
    ROW_TIMINGS(offsetof(struct args, timings)),
    ROW_JOURNAL(offsetof(struct args, common.run.journal)),
    {0},
};

static const option_group groups[] = {
    {"Output", own_options, &args}, VIDEO_GROUP(args.common), COMMON_GROUPS(args.common), {0}};

static const program self = {
    .name = "fc-detect",
    .summary = "Find the faces in pictures.",
    .operands = "[FILE|DIR|URL|-]...",
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

static celeba *tables; /* with celeba-csv */

static fc_status emit_celeba(void *ctx, fc_item *it, fc_error *err)
{
    (void)ctx;
    say_old_fault(it, args.common.run.quiet);
    return celeba_put(tables, it, err);
}

/* One face of each picture counts there: the largest, unless another choice was made. */
static fc_status begin_tables(fc_error *err)
{
    if (args.format != FORMAT_CELEBA)
        return args.folder || args.identities ? fc_fail(err, FC_EUSAGE, "%s: only with -f celeba-csv",
                                                        args.folder ? "-o" : "--identities")
                                              : FC_OK;
    if (!args.folder)
        return fc_fail(err, FC_EUSAGE, "-f celeba-csv: where to? (-o DIR)");
    if (args.common.run.journal)
        return fc_fail(err, FC_EUSAGE, "--journal: is for records, not for tables (-f celeba-csv)");
    args.common.input.videos = false; /* CelebA's are pictures, a row each */
    if (args.common.detect.faces == FC_FACES_ALL)
        args.common.detect.faces = FC_FACES_LARGEST;
    return celeba_open(&tables, args.folder, args.identities, err);
}

/* Once all pictures went through, those that failed, too. */
static int end_tables(int code)
{
    fc_error err;

    if (tables && (code == EXIT_DONE || code == EXIT_PARTLY) && celeba_commit(tables, &err))
        code = say_error(&err);
    celeba_free(tables);
    return code;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const bool table = args.format == FORMAT_TSV;
    const fc_pipeline_plan p = {.upto = FC_STAGE_DETECT, .keep_crops = true, .times = args.timings};
    run r = {.args = &args.common,
             .self = &self,
             .finish = args.format == FORMAT_JSON ? finish_json : NULL,
             .emit = table                          ? emit_tsv
                     : args.format == FORMAT_CELEBA ? emit_celeba
                                                    : emit_json};
    fc_error err;
    int code;

    if (begin_tables(&err) || run_open(&r, &p, argv, n, &err)) {
        code = program_error(&self, &err);
    } else {
        if (table)
            fputs(header, stdout);
        code = run_all(&r);
    }
    code = end_tables(code);
    run_close(&r);
    return close_stdout(code);
}
