/* fc-enroll: people's photos, into a gallery. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/threads.h"
#include "items.h"
#include "enroll.h"
#include "gallery/doubts.h"
#include "say.h"

enum { MAX_VIEWS = 100, BAR = 30 };

static struct enroll_args args = {.common = COMMON_ARGS_DEFAULTS, .id_field = "id", .seed = 1};

#define AT(field) offsetof(struct enroll_args, field)
static const option own_options[] = {
    {"id", .kind = OPTION_TEXT, .arg = "NAME", .at = AT(id), .help = "the person whom all photos are of"},
    {"from-dirs", .kind = OPTION_DIR, .arg = "DIR", .at = AT(from_dirs),
     .help = "a folder with one folder of photos for each person, by whose name it is called"},
    {"id-field", .kind = OPTION_TEXT, .arg = "FIELD", .at = AT(id_field),
     .help = "the field of records that names the person (id)"},
    {"meta", .kind = OPTION_TEXT, .arg = "JSON", .at = AT(meta),
     .help = "with --id: an object to keep with the person"},
    {"augment", .kind = OPTION_INT, .arg = "N", .at = AT(augment), .min = 0, .max = MAX_VIEWS,
     .help = "enrol N views of each photo beside it: mirrored, turned, lit, blurred... (0)"},
    {"seed", .kind = OPTION_COUNT, .arg = "N", .at = AT(seed), .min = 0, .max = 1e15,
     .help = "with --augment: other views for another number (1)"},
    {"weak-faces", .at = AT(weak_faces),
     .help = "enrol faces, too, whose landmarks or score are those of a face on its side, or of none"},
    {"no-check", .at = AT(no_check), .help = "no warnings about few, similar and doubtful photos"},
    {"seal", .at = AT(seal), .help = "make a gallery that keeps embeddings encrypted"},
    {"model", 'm', OPTION_TEXT, .arg = "MODEL", .at = AT(model),
     .help = "the model that embeds (the gallery's, or " FC_DEFAULT_MODEL " for a new one)"},
    {"flip", .at = AT(flip), .help = "add the mirrored crop's embedding"},
    {0},
};

/* Detection with another default for --faces. */
static option detection[32];

static const option_group groups[] = {
    {"Enrolment", own_options, &args},
    {"Gallery", gallery_options, &args.gallery},
    {"Sealed galleries", key_options, &args.gallery},
    {"Detection", detection, &args.common.detect},
    {"Input", input_options, &args.common.input},
    {"Models", engine_options, &args.common.engine},
    {"Run", run_options, &args.common.run},
    {0},
};

static const program self = {
    .name = "fc-enroll",
    .summary = "Enrol people in a gallery, by photos of them.",
    .operands = "[FILE|DIR|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static void set_defaults(void)
{
    size_t n = 0;

    args.common.detect.faces = FC_FACES_ONE;
    for (; detect_options[n].name; n++) {
        detection[n] = detect_options[n];
        if (!strcmp(detection[n].name, "faces"))
            detection[n].help =
                "faces of a photo that are the person: one, which makes any other number of faces a "
                "failure; the largest, the best by score, the one nearest to the center, or all (one)";
    }
}

struct enroll {
    source source;
    worker_pool pool;
    writer writer;
    fc_gallery *g;
    progress progress;
    size_t done;
};

/* ---- the loop ---- */

/* A bar where it is known how much there is. */
static void show_progress(struct enroll *e, size_t folders)
{
    const size_t total = e->source.nfolders;
    char bar[BAR + 1];

    if (!progress_due(&e->progress))
        return;
    if (!total) {
        progress_show("%zu photos", e->done);
        return;
    }
    const size_t full = folders * BAR / total;
    for (size_t i = 0; i < BAR; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR] = '\0';
    progress_show("[%s] %zu of %zu people, %zu photos", bar, folders, total, e->done);
}

static fc_status read_piece(void *ctx, void **out, fc_error *err)
{
    struct enroll *e = ctx;
    piece *p = calloc(1, sizeof *p);
    fc_status s = p ? source_next(&e->source, &p->it, &p->name, err) : fc_fail_nomem(err, sizeof *p);

    if (s) {
        free(p);
        return s;
    }
    p->folder = e->source.next;
    *out = p;
    return FC_OK;
}

static fc_status work_piece(void *ctx, int worker, void *p, fc_error *err)
{
    return pool_work(&((struct enroll *)ctx)->pool, worker, p, err);
}

static fc_status write_piece(void *ctx, void *p, fc_error *err)
{
    struct enroll *e = ctx;

    e->done++;
    show_progress(e, ((piece *)p)->folder);
    return writer_put(&e->writer, p, err);
}

static void drop_piece(void *ctx, void *p)
{
    (void)ctx;
    piece_free(p);
}

static void interrupt(void *ctx)
{
    source_interrupt(&((struct enroll *)ctx)->source);
}

/* ---- before and after ---- */

static fc_status check_args(fc_error *err)
{
    if (args.meta && !args.id)
        return fc_fail(err, FC_EUSAGE, "--meta: wants --id");
    if (args.augment && args.common.detect.aligned)
        return fc_fail(err, FC_EUSAGE, "--augment: makes views of photos, not of crops (--aligned)");
    if (args.id)
        return fc_name_check(args.id, err);
    return FC_OK;
}

static fc_status open_all(struct enroll *e, char **operands, int n, fc_error *err)
{
    fc_status s = check_args(err);

    if (!s && !args.gallery.path)
        s = fc_fail(err, FC_EUSAGE, "no gallery given (-g GALLERY)");
    if (!s)
        s = source_open(&e->source, &args, operands, n, err);
    if (!s)
        s = gallery_open(&e->g, &args.gallery, FC_GALLERY_CREATE, args.seal, err);
    if (!s)
        s = writer_open(&e->writer, &args, e->g, err);
    if (!s)
        pool_open(&e->pool, &args, fc_jobs(args.common.run.jobs), e->writer.contract);
    return s;
}

static void close_all(struct enroll *e)
{
    pool_close(&e->pool);
    writer_close(&e->writer);
    source_close(&e->source);
    fc_gallery_free(e->g);
}

static fc_status check_photos(struct enroll *e, fc_error *err)
{
    double threshold;
    size_t found;
    fc_status s;

    if (args.no_check || args.common.run.quiet || e->writer.added.n == 0)
        return FC_OK;
    fc_ids_sort(&e->writer.added);
    s = models_threshold(&threshold, e->writer.contract, args.common.engine.models, err);
    return s ? s : fc_gallery_doubts(e->g, &e->writer.added, threshold, &say_teller, &found, err);
}

static void summarise(const struct enroll *e)
{
    const writer *w = &e->writer;
    const size_t all = w->enrolled + w->known + w->failed;

    if (!args.common.run.quiet && e->source.in)
        say_nothing_came(e->source.in);
    if (!args.common.run.quiet)
        say("%zu enrolled, %zu known already, %zu failed to enrol (FTE %.1f %%)", w->enrolled, w->known,
            w->failed, all ? 100.0 * (double)w->failed / (double)all : 0.0);
}

static int enroll_all(struct enroll *e)
{
    static const fc_pipeline pipeline = {read_piece, work_piece, write_piece, drop_piece, interrupt};
    fc_error err;
    fc_status s;

    e->progress = progress_begin(progress_wanted(args.common.run.no_progress || args.common.run.quiet, true));
    s = fc_pipeline_run(&pipeline, e, fc_jobs(args.common.run.jobs), &err);
    if (!s)
        s = writer_flush(&e->writer, &err);
    progress_clear();
    if (!s && !args.common.run.quiet)
        s = fc_alike_warn_in(e->g, &e->writer.people, &note_teller, &err);
    if (!s)
        s = check_photos(e, &err);
    if (s)
        return say_error(&err);
    summarise(e);
    return e->writer.failed ? EXIT_PARTLY : EXIT_DONE;
}

int main(int argc, char **argv)
{
    set_defaults();
    const int n = options_or_exit(&self, argc, argv);
    struct enroll e = {.g = NULL};
    fc_error err;
    const int code = open_all(&e, argv, n, &err) ? program_error(&self, &err) : enroll_all(&e);

    close_all(&e);
    return close_stdout(code);
}
