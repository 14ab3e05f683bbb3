/* fc-finetune: a model that says who of a data set's people a face is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "base/outputs.h"
#include "base/threads.h"
#include "embed/embed_net.h"
#include "face_options.h"
#include "finetune.h"
#include "head.h"
#include "items.h"
#include "models.h"
#include "option_rows.h"
#include "pipeline/cache.h"
#include "say.h"
#include "source_options.h"
#include "tune/model.h"

enum { CHECKPOINT_SECONDS = 1 };

enum format { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static struct args {
    fc_face_options detect;
    struct engine_args engine;
    const char *model, *output, *cache, *log, *checkpoint, *confusions, *check, *root;
    int depth, loss, epochs, patience, batch, augment, format, jobs;
    double margin, rate, hold_out, fpir;
    uint64_t seed;
    bool by_photos, quiet, no_progress;
} args = {.detect = FC_FACE_OPTIONS_DEFAULTS,
          .model = FC_DEFAULT_MODEL,
          .epochs = 30,
          .patience = 20,
          .augment = 4,
          .margin = 0.3,
          .hold_out = 0.2,
          .fpir = 0.01,
          .seed = 1};

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    ROW_MODEL_THAT(AT(model), "is fine-tuned", FC_DEFAULT_MODEL),
    ROW_OUTPUT(AT(output), "the model to write, safetensors"),
    {"layer", .kind = OPTION_CHOICE, .arg = "KIND", .at = AT(loss), .choices = fc_tune_loss_names,
     .help =
         "the layer that says who it is: arcface (cosines, with a margin in the angle) or softmax (arcface)"},
    {"unfreeze", .kind = OPTION_CHOICE, .arg = "WHAT", .at = AT(depth), .choices = fc_tune_depth_names,
     .help = "what is trained of the embedding itself, by " FC_ENGINE_TORCH
             ": none; bn, scales and shifts alone; last, the "
             "last layer; or all (none)"},
    {"arc-margin", .kind = OPTION_REAL, .arg = "X", .at = AT(margin), .min = 0, .max = 1.5,
     .help = "of arcface, in radians (0.3)"},
    {"augment", .kind = OPTION_INT, .arg = "N", .at = AT(augment), .min = 0, .max = 100,
     .help = "train on N views of each photo, too: mirrored, turned, lit, blurred... (4)"},
    {"hold-out", .kind = OPTION_REAL, .arg = "SHARE", .at = AT(hold_out), .min = 0.01, .max = 0.9,
     .help = "of each person's photos, which are not trained on but tell the best epoch; one at least (0.2)"},
    {"by-photos", .at = AT(by_photos), .help = "each photo weighs the same, and not each person"},
    ROW_FPIR(AT(fpir), NULL, "strangers who may get a name, of all strangers; sets the threshold (0.01)"),
    {0},
};
static const option epoch_options[] = {
    {"epochs", .kind = OPTION_INT, .arg = "N", .at = AT(epochs), .min = 1, .max = 100000,
     .help = "at most so many (30)"},
    {"patience", .kind = OPTION_INT, .arg = "N", .at = AT(patience), .role = OPTION_OWN, .min = 1,
     .max = 100000, .help = "end where the loss on held-out photos has not fallen for N epochs (20)"},
    {"batch", .kind = OPTION_INT, .arg = "N", .at = AT(batch), .min = 1, .max = FC_TUNE_MAX_BATCH,
     .help = "samples a step (64, with --unfreeze 32)"},
    {"rate", .kind = OPTION_REAL, .arg = "X", .at = AT(rate), .min = 1e-9, .max = 10,
     .help = "of Adam at the start; it falls to a twentieth (0.001, with --unfreeze 0.0001)"},
    ROW_SEED(AT(seed), NULL, "which photos are held out, views, and the order"),
    {"log", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(log),
     .help = "write a table with a line for each epoch"},
    {"confusions", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(confusions),
     .help = "write a table of the held-out photos that are taken for somebody else"},
    {"check", .kind = OPTION_FILE, .arg = "FILE", .at = AT(check), .role = OPTION_ASIDE | OPTION_ONCE,
     .help = "tell how well pairs of faces are told apart before and after: a list as LFW's pairs.txt"},
    {"root", .kind = OPTION_DIR, .arg = "DIR", .at = AT(root), .role = OPTION_ASIDE | OPTION_ONCE,
     .help = "where the pictures of --check are, a folder for each person (the folder that is trained on)"},
    {"checkpoint", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(checkpoint),
     .help = "write to FILE every few seconds how far training is, and go on from there where FILE is there"},
    {"cache", .kind = OPTION_DIR, .arg = "DIR", .at = AT(cache), .role = OPTION_ASIDE,
     .help = "keep what was made of photos in DIR, by content and contract, and take what is there"},
    ROW_FORMAT(AT(format), formats, "of the report: text or json (text)"),
    {0},
};
static const option running_options[] = {
    ROW_JOBS(AT(jobs), "threads"),
    ROW_QUIET(AT(quiet), ""),
    ROW_NO_PROGRESS(AT(no_progress)),
    {0},
};

/* Detection with another default for --faces. */
static option detection[DETECT_OPTIONS];

static const option_group groups[] = {
    {"Training", own_options, &args},       {"Epochs", epoch_options, &args},
    {"Detection", detection, &args.detect}, {"Models", engine_options, &args.engine},
    {"Run", running_options, &args},        {0},
};

static const program self = {
    .name = "fc-finetune",
    .summary = "Fine-tune a model on a folder of photos for each person, to say who a face is.",
    .operands = "-o FILE DIR",
    .operand = OPTION_DIR,
    .groups = groups,
};

static void set_defaults(void)
{
    args.detect.faces = FC_FACES_LARGEST;
    args.detect.hints = &option_hints;
    detect_options_copy(
        detection, "the face of a photo with several that is the person's: the largest, the best by "
                   "score, the one nearest to the center, or one, which passes such photos over (largest)");
}

struct work {
    fc_models *models;
    const fc_model *model;
    fc_model *own; /* of a file */
    fc_stages *stages;
    fc_cache *cache;
    fc_weights *weights, *trained;
    const char *arch;
    char contract[160];
    fc_backbone *backbone; /* NULL: the embedding stays */
    char *settings;        /* JSON */
    fc_tune_set set;
    fc_layer *layer;
    fc_tune_report report;
    struct head_log log;
    fc_head_epoch *epoch;
    size_t epochs, epochs_cap;
    bool no_memory; /* for epochs */
};

static void work_clear(struct work *w)
{
    fc_tune_report_clear(&w->report);
    fc_layer_free(w->layer);
    fc_tune_set_clear(&w->set);
    fc_backbone_free(w->backbone);
    fc_weights_free(w->weights);
    fc_weights_free(w->trained);
    fc_cache_close(w->cache);
    fc_stages_free(w->stages);
    fc_model_free(w->own);
    fc_models_free(w->models);
    free(w->settings);
    free(w->epoch);
}

/* ---- photos ---- */

static fc_status open_model(struct work *w, fc_error *err)
{
    fc_status s = models_open(&w->models, args.engine.models, err);
    const bool crops = args.depth != FC_TUNE_NONE;
    const fc_pipeline_plan plan = {.upto = crops ? FC_STAGE_ALIGN : FC_STAGE_EMBED,
                                   .keep_crops = crops,
                                   .models = w->models,
                                   .engine = engine_options_of(&args.engine),
                                   .detect = &args.detect,
                                   .model = args.model};

    if (!s)
        s = fc_models_choose(&w->model, &w->own, w->models, args.model, err);
    if (!s)
        s = fc_stages_new(&w->stages, &plan, fc_jobs(args.jobs), err);
    if (!s)
        s = fc_embed_weights(&w->weights, &w->arch, w->model, err);
    if (!s)
        s = fc_model_contract(w->contract, sizeof w->contract, w->model, false, err);
    return s || !crops
               ? s
               : fc_backbone_new(&w->backbone, w->model, w->arch, w->weights, (fc_tune_depth)args.depth,
                                 fc_jobs(args.jobs), args.engine.device, err);
}

static fc_status open_cache(struct work *w, fc_error *err)
{
    const struct finetune_samples what = {.contract = w->backbone ? w->contract
                                                                  : fc_stages_model(w->stages)->contract,
                                          .views = args.augment,
                                          .seed = args.seed,
                                          .detect = &args.detect};

    return finetune_open_cache(&w->cache, args.cache, &what, w->backbone ? NULL : w->stages, err);
}

static fc_status read_photos(struct work *w, const char *dir, fc_error *err)
{
    picture_progress shown = {progress_begin(progress_wanted(args.no_progress || args.quiet, false)), 0};
    fc_status s = args.cache ? open_cache(w, err) : FC_OK;
    const fc_tune_source from = {.dir = dir,
                                 .stages = w->stages,
                                 .crops = w->backbone != NULL,
                                 .cache = w->cache,
                                 .choice = (fc_face_choice)args.detect.faces,
                                 .jobs = fc_jobs(args.jobs),
                                 .views = args.augment,
                                 .seed = args.seed,
                                 .hold_out = args.hold_out,
                                 .teller = &note_teller,
                                 .progress = show_pictures,
                                 .ctx = &shown};

    if (!s)
        s = fc_tune_set_read(&w->set, &from, err);
    progress_clear();
    return s ? s : finetune_warn_of_names(&w->set.p, err);
}

/* ---- training ---- */

static void take_epoch(void *ctx, const fc_head_epoch *e)
{
    struct work *w = ctx;

    if (fc_grow(&w->epoch, w->epochs + 1, &w->epochs_cap, sizeof *w->epoch, NULL))
        w->no_memory = true;
    else
        w->epoch[w->epochs++] = *e;
    head_log_epoch(&w->log, e);
    if (args.format == FORMAT_TEXT)
        finetune_print_epoch(e);
}

static fc_status begin(void *ctx, fc_error *err)
{
    struct work *w = ctx;
    const fc_status s = head_log_begin(&w->log, err);

    if (!s && args.format == FORMAT_TEXT)
        finetune_print_begin(args.model, &w->set);
    return s;
}

static fc_tune_settings settings_for(const struct work *w)
{
    return (fc_tune_settings){.loss = (fc_tune_loss)args.loss,
                              .margin = args.margin,
                              .epochs = (size_t)args.epochs,
                              .patience = (size_t)args.patience,
                              .batch = (size_t)args.batch,
                              .rate = args.rate > 0                ? args.rate
                                      : args.depth == FC_TUNE_NONE ? 1e-3
                                                                   : 1e-4,
                              .by_photos = args.by_photos,
                              .seed = args.seed,
                              .fpir = args.fpir,
                              .floor =
                                  finetune_floor(fc_stages_model(w->stages), w->set.p.people, args.fpir)};
}

static fc_status write_settings(struct work *w, fc_error *err)
{
    json_t *o = json_object();
    static const char *const aside[] = {"log", "confusions", "checkpoint", NULL};
    bool ok = options_describe(o, own_options, &args) && options_describe(o, epoch_options, &args);

    for (size_t i = 0; ok && aside[i]; i++)
        (void)json_object_del(o, aside[i]);
    w->settings = ok ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(o);
    return w->settings ? FC_OK : fc_fail_nomem(err, 0);
}

static fc_status train(struct work *w, fc_error *err)
{
    const fc_tune_settings settings = settings_for(w);
    const fc_head_work work = {.workers = fc_jobs(args.jobs),
                               .begin = begin,
                               .progress = take_epoch,
                               .ctx = w,
                               .checkpoint = args.checkpoint,
                               .checkpoint_each = CHECKPOINT_SECONDS};
    fc_error log_err;
    fc_status s;

    w->log = head_log_of(args.log, progress_wanted(args.no_progress || args.quiet, true), true);
    s = fc_tune_train(&w->layer, &w->trained, &w->report, &w->set, &settings, w->backbone, w->contract, &work,
                      err);
    if (head_log_close(&w->log, &log_err) && !s) {
        *err = log_err;
        s = err->status;
    }
    return s || !w->no_memory ? s : fc_fail_nomem(err, w->epochs * sizeof *w->epoch);
}

/* ---- all of it ---- */

/* The result is written by now. */
static fc_status check(struct finetune_checked *out, const struct work *w, const char *dir, fc_error *err)
{
    char *after = strchr(args.output, '/') ? strdup(args.output) : fc_folder_join(".", args.output);
    const struct finetune_checking c = {.root = args.root ? args.root : dir,
                                        .pairs = args.check,
                                        .before = args.model,
                                        .after = w->backbone ? after : NULL,
                                        .models = w->models,
                                        .engine = engine_options_of(&args.engine),
                                        .detect = &args.detect,
                                        .jobs = fc_jobs(args.jobs),
                                        .shown = progress_wanted(args.no_progress || args.quiet, false)};
    const fc_status s = after ? finetune_check(out, &c, err) : fc_fail_nomem(err, strlen(args.output) + 3);

    free(after);
    if (!s && out->after.accuracy < out->before.accuracy)
        note("warning: the new model tells pairs of faces apart worse than %s: %.2f %% are right, and were "
             "%.2f %%",
             args.model, 100 * out->after.accuracy, 100 * out->before.accuracy);
    return s;
}

static fc_status tell(int *code, const struct finetuned *f, fc_error *err)
{
    const char *stopped = f->report->course.stopped;
    fc_status s = args.confusions ? finetune_write_confusions(f, args.confusions, err) : FC_OK;

    if (s)
        return s;
    if (*stopped)
        say("%s; the model is that of the best epoch before, %zu", stopped, f->report->course.epochs);
    *code = *stopped ? EXIT_PARTLY : EXIT_DONE;
    if (args.format == FORMAT_JSON)
        return finetune_print_json(f, err);
    finetune_print_end(f);
    if (f->checked.pairs)
        finetune_print_check(&f->checked);
    return FC_OK;
}

static fc_status finetune(int *code, struct work *w, const char *dir, fc_error *err)
{
    struct finetuned f = {.model = args.model, .set = &w->set, .report = &w->report, .fpir = args.fpir};
    fc_status s = read_photos(w, dir, err);

    if (!s)
        s = write_settings(w, err);
    if (s)
        return s;
    s = train(w, err);
    if (!s)
        s = fc_tune_save(args.output, w->model, w->arch, w->trained ? w->trained : w->weights,
                         w->trained != NULL, w->layer, w->settings, err);
    f.settings = w->settings;
    f.layer = w->layer;
    f.epoch = w->epoch;
    f.epochs = w->epochs;
    if (!s && args.check)
        s = check(&f.checked, w, dir, err);
    return s ? s : tell(code, &f, err);
}

static fc_status run(int *code, struct work *w, char **operands, int n, fc_error *err)
{
    fc_status s;

    if (!args.output)
        return fc_fail(err, FC_EUSAGE, "no file to write (-o FILE)");
    if (n != 1)
        return fc_fail(err, FC_EUSAGE, "%d folders given; want one, with a folder for each person", n);
    if (args.root && !args.check)
        return fc_fail(err, FC_EUSAGE, "--root: wants --check");
    if (args.detect.faces == FC_FACES_ALL)
        return fc_fail(err, FC_EUSAGE, "--faces: all faces of a photo are not one person's");
    if (args.detect.aligned && args.augment)
        return fc_fail(err, FC_EUSAGE, "--aligned: views are made of photos, not of crops (--augment 0)");
    if (!args.batch)
        args.batch = args.depth == FC_TUNE_NONE ? 64 : 32;
    if (!(args.rate > 0))
        args.rate = args.depth == FC_TUNE_NONE ? 1e-3 : 1e-4;
    if (args.checkpoint)
        fc_outputs_renew(args.checkpoint);
    s = args.check ? finetune_check_list(args.root ? args.root : operands[0], args.check, err) : FC_OK;
    if (!s)
        s = open_model(w, err);
    return s ? s : finetune(code, w, operands[0], err);
}

int main(int argc, char **argv)
{
    set_defaults();
    const int n = options_or_exit(&self, argc, argv);
    struct work w = {.models = NULL};
    int code = EXIT_DONE;
    fc_error err;

    be_quiet(args.quiet);
    if (run(&code, &w, argv, n, &err))
        code = program_error(&self, &err);
    work_clear(&w);
    return close_stdout(code);
}
