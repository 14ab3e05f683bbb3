/* fc-quality: measures how good the photos of faces are. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "option_rows.h"
#include "output.h"
#include "pipeline/record.h"
#include "quality/measures.h"
#include "run.h"
#include "say.h"

enum format { FORMAT_JSON, FORMAT_TSV };
static const char *const formats[] = {"json", "tsv", NULL};

static struct args {
    struct common_args common;
    int format;
    bool timings;
} args = {.common = COMMON_ARGS_DEFAULTS, .common.input.videos = true};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_FORMAT(AT(format), formats, "json (records) or tsv (a line a face, under a header) (json)"),
    ROW_TIMINGS(AT(timings)),
    ROW_JOURNAL(AT(common.run.journal)),
    {0},
};

static const option_group groups[] = {
    {"Output", own_options, &args}, VIDEO_GROUP(args.common), COMMON_GROUPS(args.common), {0}};

static const program self = {
    .name = "fc-quality",
    .summary = "Measure how good the photos of faces are.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static void put_header(void)
{
    fputs("src\tface", stdout);
    for (const fc_measure *m = fc_measures; m->name; m++)
        put_text(m->name);
    putchar('\n');
}

static fc_status emit_tsv(void *ctx, fc_item *it, fc_error *err)
{
    char *src = fc_record_display_path(&it->rec);

    (void)ctx;
    if (!src)
        return fc_fail_nomem(err, 0);
    say_old_fault(it, args.common.run.quiet);
    for (size_t i = 0; i < fc_record_face_count(&it->rec); i++) {
        fc_quality q;
        fc_face_get_quality(fc_record_face(&it->rec, i), &q);
        printf("%s\t%zu", src, i);
        for (const fc_measure *m = fc_measures; m->name; m++)
            put_number(fc_measure_of(&q, m));
        putchar('\n');
    }
    free(src);
    return FC_OK;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const bool table = args.format == FORMAT_TSV;
    const fc_pipeline_plan p = {
        .upto = FC_STAGE_DETECT, .keep_crops = true, .quality = FC_MEASURE_ALL, .times = args.timings};
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
            put_header();
        code = run_all(&r);
    }
    run_close(&r);
    return close_stdout(code);
}
