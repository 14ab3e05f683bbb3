/* fc-gallery: who is in a gallery. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "gallery/alike.h"
#include "gallery/doubts.h"
#include "gallery/exchange.h"
#include "option_rows.h"
#include "facecheck.h"
#include "gallery_commands.h"
#include "match/fuse_names.h"
#include "items.h"
#include "models.h"
#include "source_options.h"
#include "output.h"
#include "say.h"

static const char *const formats[] = {"text", "json", "npy", "tsv", NULL};

struct gallery_tool_args args = {.common = COMMON_ARGS_DEFAULTS, .fpir = FC_DEFAULT_FPIR};

#define AT(field) offsetof(struct gallery_tool_args, field)
static const option own_options[] = {
    ROW_FORMAT(AT(format), formats,
               "of list, show, stats and calibrate: text or json (an object a line) (text); of export: json "
               "(records), "
               "npy (an array for NumPy, and a list of its rows) or tsv (json)"),
    ROW_OUTPUT_OF(AT(output), "export",
                  "with -f npy: the array's file; the list goes to FILE with .ids in place of .npy"),
    {"purge", .at = AT(purge), .commands = "rm", .role = OPTION_ALLOWS,
     .help = "wipe what was removed, now and before, out of the files"},
    {"samples", .at = AT(samples), .commands = "rm", .role = OPTION_ONCE,
     .help = "the operands are numbers of samples, as show has them"},
    {"photos", .at = AT(photos), .commands = "check",
     .help = "warn about few, similar and doubtful photos too"},
    {"encodings", .kind = OPTION_TEXT, .arg = "MODEL", .at = AT(encodings), .commands = "import",
     .role = OPTION_ONCE,
     .help = "bare encodings, which are of MODEL, in lines of JSON, a table (CSV) or an array of "
             "NumPy's (.npy)"},
    {"ids", .kind = OPTION_FILE, .arg = "FILE", .at = AT(ids), .commands = "import", .role = OPTION_ONCE,
     .help =
         "with --encodings: whose the rows of an array are, a name a line (its name with .ids in place of "
         ".npy)"},
    ROW_SEAL(AT(seal), "import"),
    ROW_PLAIN(AT(plain), "export"),
    {0},
};

static const option calibrate_options[] = {
    {"cohort", .kind = OPTION_TEXTS, .arg = "STRANGERS", .at = AT(cohort), .commands = "calibrate",
     .role = OPTION_ONCE,
     .help =
         "photos, folders or records of people who are not enrolled; may be given several times (each of the "
         "enrolled is left out in turn)"},
    ROW_FPIR(AT(fpir), "calibrate", "strangers who may get a name, of all strangers (0.01)"),
    ROW_FUSE(AT(fuse), "calibrate"),
    {0},
};

static const option_group groups[] = {
    {"Options", own_options, &args},
    {"Gallery", gallery_options, &args.gallery},
    {"Sealed galleries", key_options, &args.gallery},
    {"Calibration", calibrate_options, &args},
    COMMON_GROUPS(args.common),
    {0},
};

static const char *const command_names[] = {"list",   "show",    "rename", "rm",        "merge",
                                            "export", "import",  "check",  "calibrate", "stats",
                                            "index",  "upgrade", NULL};

static const program self = {
    .name = "fc-gallery",
    .summary = "List, change, check, export and import galleries.",
    .operands =
        "list | show NAME... | rename NAME NEW | rm NAME... | merge NAME OTHER... | export [NAME]... | "
        "import [FILE|-]... | check | calibrate | stats | index | upgrade",
    .operand = OPTION_FILE,
    .commands = command_names,
    .groups = groups,
};

/* ---- changes: each command is one transaction ---- */

static int by_word(const void *a, const void *b)
{
    char *const *x = *(char **const *)a, *const *y = *(char **const *)b; /* places among the operands */
    const int order = strcmp(*x, *y);

    return order ? order : (x > y) - (x < y);
}

/* What is named twice is gone the second time, and the message would be about that. */
static fc_status check_twice(char **operand, int n, fc_error *err)
{
    char ***place = malloc(((size_t)n + 1) * sizeof *place), **twice = NULL;

    if (!place)
        return fc_fail_nomem(err, (size_t)n * sizeof *place);
    for (int i = 0; i < n; i++)
        place[i] = operand + i;
    qsort(place, (size_t)n, sizeof *place, by_word);
    for (int i = 1; i < n; i++)
        if (!strcmp(*place[i - 1], *place[i]) && (!twice || place[i] < twice))
            twice = place[i];
    free(place);
    return twice ? fc_fail(err, FC_EUSAGE, "'%s' is given twice", *twice) : FC_OK;
}

static fc_status run_rename(fc_gallery *g, char **operand, int n, fc_error *err)
{
    int64_t id;
    fc_ids renamed = {0};
    fc_status s = fc_gallery_find(g, operand[0], &id, err);

    (void)n;
    if (!s)
        s = fc_gallery_rename(g, id, operand[1], err);
    if (!s)
        s = fc_ids_add(&renamed, id, err);
    if (!s)
        s = fc_alike_warn_in(g, &renamed, &note_teller, err);
    fc_ids_clear(&renamed);
    return s;
}

static fc_status remove_one(fc_gallery *g, const char *word, fc_error *err)
{
    char *end;
    int64_t id;
    fc_status s;

    if (args.samples) {
        errno = 0;
        id = strtoll(word, &end, 10);
        if (errno || end == word || *end || *word == ' ' || id < 1)
            return fc_fail(err, FC_EUSAGE, "--samples: want a number, got '%s'", word);
        return fc_gallery_remove_sample(g, id, err);
    }
    s = fc_gallery_find(g, word, &id, err);
    return s ? s : fc_gallery_remove(g, id, err);
}

static fc_status run_rm(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_status s = FC_OK;

    if (n == 0 && !args.purge)
        return fc_fail(err, FC_EUSAGE, "rm: whom?");
    s = check_twice(operand, n, err);
    if (s)
        return s;
    if (n > 0)
        s = fc_gallery_begin(g, true, err);
    for (int i = 0; !s && i < n; i++)
        s = remove_one(g, operand[i], err);
    if (n > 0 && s)
        fc_gallery_rollback(g);
    else if (n > 0)
        s = fc_gallery_commit(g, err);
    return s || !args.purge ? s : fc_index_purge(g, err);
}

static fc_status run_merge(fc_gallery *g, char **operand, int n, fc_error *err)
{
    int64_t into, from;
    fc_status s = check_twice(operand + 1, n - 1, err);

    if (!s)
        s = fc_gallery_begin(g, true, err);
    if (s)
        return s;
    s = fc_gallery_find(g, operand[0], &into, err);
    for (int i = 1; !s && i < n; i++) {
        s = fc_gallery_find(g, operand[i], &from, err);
        if (!s)
            s = fc_gallery_merge(g, into, from, err);
    }
    if (!s)
        return fc_gallery_commit(g, err);
    fc_gallery_rollback(g);
    return s;
}

/* ---- out and in ---- */

static fc_status run_export(fc_gallery *g, char **operand, int n, fc_error *err)
{
    const fc_export_options o = {.format = args.format == FORMAT_NPY   ? FC_EXPORT_NPY
                                           : args.format == FORMAT_TSV ? FC_EXPORT_TSV
                                                                       : FC_EXPORT_RECORDS,
                                 .to = stdout,
                                 .path = args.output,
                                 .names = operand,
                                 .n = (size_t)n};

    if ((o.format == FC_EXPORT_NPY) != (args.output != NULL))
        return fc_fail(err, FC_EUSAGE, args.output ? "-o: wants -f npy" : "-f npy: wants -o FILE");
    fc_status s = args.output ? npy_outputs(&self, args.output, operand, n, err) : FC_OK;
    if (!s && o.format != FC_EXPORT_TSV) /* which has no embeddings */
        s = gallery_may_leave(g, args.plain, "what is exported", err);
    return s ? s : fc_gallery_export(g, &o, err);
}

/* ---- check, index, upgrade ---- */

static bool has_key(void)
{
    return args.gallery.key_file || args.gallery.key_command;
}

/* What it is worth; nothing where there is none. */
static fc_status check_calibration(fc_gallery *g, uint64_t people, fc_error *err)
{
    fc_calibration *c;
    const fc_model_facts unknown = {.threshold = -1};
    fc_threshold t;
    fc_status s = fc_gallery_get_calibration(g, &c, err);

    if (!s && c) {
        print_calibration(c);
        s = fc_threshold_choose(&t, c, &unknown, c->fuse, people, 0, c->fpir, err);
        if (!s && t.grown)
            note("warning: it was calibrated for %llu people, and has %llu: calibrate it again",
                 (unsigned long long)c->people, (unsigned long long)people);
    }
    free(c);
    return s;
}

static fc_status run_check(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_gallery_info info;
    fc_index_use index = FC_INDEX_NONE;
    double threshold;
    size_t doubts;
    fc_status s = fc_gallery_check(g, err);

    (void)operand, (void)n;
    if (!s)
        s = fc_index_state(g, true, &index, err);
    if (!s)
        s = fc_gallery_get_info(g, &info, err);
    if (s)
        return s;
    printf("%s: sound%s: %llu people, %llu samples%s\n", args.gallery.path,
           fc_gallery_sealed(g) && !has_key() ? " as far as can be told without the key" : "",
           (unsigned long long)info.subjects, (unsigned long long)info.samples,
           index == FC_INDEX_FRESH   ? ", and the index"
           : index == FC_INDEX_STALE ? "; the index is stale"
                                     : "");
    if ((s = check_calibration(g, info.subjects, err)) || (s = fc_alike_warn_in(g, NULL, &note_teller, err)))
        return s;
    if (!args.photos)
        return FC_OK;
    s = models_threshold(&threshold, info.contract, args.common.engine.models, err);
    return s ? s : fc_gallery_doubts(g, NULL, threshold, &say_teller, &doubts, err);
}

static fc_status run_index(fc_gallery *g, char **operand, int n, fc_error *err)
{
    (void)operand, (void)n;
    return fc_index_build(g, err);
}

/* It opens the gallery in its own way. */
static fc_status run_upgrade(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_secret *secret;
    fc_status s = gallery_secret(&secret, &args.gallery, err);

    (void)g, (void)operand, (void)n;
    if (!s)
        s = fc_gallery_upgrade(args.gallery.path, secret, err);
    fc_secret_free(secret);
    return s;
}

/* ---- commands ---- */

static const struct command {
    const char *name, *operands;
    fc_gallery_mode mode;
    int least, most;  /* operands; most -1: any number */
    unsigned formats; /* allowed, by bits */
    fc_status (*run)(fc_gallery *g, char **operand, int n, fc_error *err);
} commands[] = {
    {"list", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT | 1 << FORMAT_JSON, run_list},
    {"show", "NAME...", FC_GALLERY_READ, 1, -1, 1 << FORMAT_TEXT | 1 << FORMAT_JSON, run_show},
    {"rename", "NAME NEW", FC_GALLERY_WRITE, 2, 2, 1 << FORMAT_TEXT, run_rename},
    {"rm", "NAME...", FC_GALLERY_WRITE, 0, -1, 1 << FORMAT_TEXT, run_rm},
    {"merge", "NAME OTHER...", FC_GALLERY_WRITE, 2, -1, 1 << FORMAT_TEXT, run_merge},
    {"export", "[NAME]...", FC_GALLERY_READ, 0, -1,
     1 << FORMAT_TEXT | 1 << FORMAT_JSON | 1 << FORMAT_NPY | 1 << FORMAT_TSV, run_export},
    {"import", "[FILE|-]...", FC_GALLERY_CREATE, 0, -1, 1 << FORMAT_TEXT, run_import},
    {"check", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT, run_check},
    {"calibrate", "no operands, but --cohort", FC_GALLERY_WRITE, 0, 0, 1 << FORMAT_TEXT | 1 << FORMAT_JSON,
     run_calibrate},
    {"stats", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT | 1 << FORMAT_JSON, run_stats},
    {"index", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT, run_index},
    {"upgrade", "no operands", FC_GALLERY_WRITE, 0, 0, 1 << FORMAT_TEXT, run_upgrade},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };

static fc_status find_command(const struct command **out, char **operand, int n, fc_error *err)
{
    for (size_t i = 0; n > 0 && i < NCOMMANDS; i++) {
        const struct command *c = &commands[i];
        if (strcmp(operand[0], c->name))
            continue;
        *out = c;
        if (n - 1 < c->least || (c->most >= 0 && n - 1 > c->most))
            return fc_fail(err, FC_EUSAGE, "%s: wants %s", c->name, c->operands);
        if (!(c->formats & 1u << args.format))
            return fc_fail(err, FC_EUSAGE, "%s: has no format '%s'", c->name, formats[args.format]);
        if (c->run != run_import && c->run != run_calibrate)
            return no_list(&args.common.input, "import, calibrate", err);
        return FC_OK;
    }
    return no_such_command(&self, n ? operand[0] : NULL, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const struct command *c = NULL;
    fc_gallery *g = NULL;
    fc_error err;
    int code;

    be_quiet(args.common.run.quiet);
    if (find_command(&c, argv, n, &err) ||
        (c->run != run_upgrade && gallery_open(&g, &args.gallery, c->mode, args.seal, &err)) ||
        c->run(g, argv + 1, n - 1, &err))
        code = program_error(&self, &err);
    else
        code = args.partly ? EXIT_PARTLY : EXIT_DONE;
    fc_gallery_free(g);
    return close_stdout(code);
}
