/* fc-enroll: people's photos, into a gallery. */
#include <stdlib.h>
#include <string.h>

#include "answer_gallery.h"
#include "base/error.h"
#include "base/threads.h"
#include "enroll_head.h"
#include "face_options.h"
#include "gallery.h"
#include "option_rows.h"
#include "items.h"
#include "pipeline/record.h"
#include "run.h"
#include "say.h"
#include "streams.h"

enum { BAR = 30 };

struct enroll_args {
    struct common_args common;
    struct gallery_args gallery;
    const char *id, *from_dirs, *id_field, *meta;
    const char *model, *min_quality, *head;
    fc_quality_limits usual, least; /* FC_QUALITY_USUAL, min_quality */
    bool flip, seal, weak_faces, no_check, plain, from_clusters;
    int augment, background;
    uint64_t seed;
};

/* A person looks the same from one frame to the next: one a second is as many photos as are of use. */
static struct enroll_args args = {.common = COMMON_ARGS_DEFAULTS,
                                  .common.input.videos = true,
                                  .common.input.video.fps = 1,
                                  .id_field = "id",
                                  .seed = 1};

#define AT(field) offsetof(struct enroll_args, field)
static const option own_options[] = {
    {"id", .kind = OPTION_TEXT, .arg = "NAME", .at = AT(id), .role = OPTION_ONCE,
     .help = "the person whom all photos are of"},
    {"from-dirs", .kind = OPTION_DIR, .arg = "DIR", .at = AT(from_dirs), .role = OPTION_ONCE,
     .help = "a folder with one folder of photos for each person, by whose name it is called"},
    {"from-clusters", .at = AT(from_clusters), .role = OPTION_ONCE,
     .help = "the input is fc-cluster's: enrol its clusters, and pass over what is in none"},
    ROW_ID_FIELD(AT(id_field)),
    {"meta", .kind = OPTION_TEXT, .arg = "JSON", .at = AT(meta), .role = OPTION_ONCE,
     .help = "with --id: an object to keep with the person"},
    {"augment", .kind = OPTION_INT, .arg = "N", .at = AT(augment), .min = 0, .max = FC_ENROLMENT_MAX_VIEWS,
     .help = "enrol N views of each photo beside it: mirrored, turned, lit, blurred... (0)"},
    ROW_BACKGROUND(AT(background)),
    ROW_SEED(AT(seed), NULL, "with --augment: other views for another number"),
    {"weak-faces", .at = AT(weak_faces),
     .help = "enrol faces, too, whose landmarks or score are those of a face on its side, or of none"},
    {"min-quality", .kind = OPTION_TEXT, .arg = "LIMITS", .at = AT(min_quality),
     .help = "refuse photos that do not keep them, such as 'eye_distance=30,yaw=35'; the measures are "
             "fc-quality's"},
    {"no-check", .at = AT(no_check), .help = "no warnings about few, similar, doubtful and poor photos"},
    {"head", .kind = OPTION_OUTPUT, .arg = "HEAD", .at = AT(head),
     .help = "keep the head current: train it again, as 'fc-head-train --update' does"},
    ROW_PLAIN(AT(plain), NULL),
    ROW_SEAL(AT(seal), NULL),
    ROW_MODEL(AT(model), "the gallery's, or " FC_DEFAULT_MODEL " for a new one"),
    ROW_FLIP(AT(flip)),
    {0},
};

/* Detection with another default for --faces. */
static option detection[DETECT_OPTIONS];
/* Videos with another for --fps. */
static option video[VIDEO_OPTIONS];

static const option_group groups[] = {
    {"Enrolment", own_options, &args},
    {"Gallery", gallery_options, &args.gallery},
    {"Sealed galleries", key_options, &args.gallery},
    CACHE_GROUP(args.common),
    {"Video", video, &args.common.input.video},
    {"Detection", detection, &args.common.detect},
    {"Input", input_options, &args.common.input},
    {"Models", engine_options, &args.common.engine},
    {"Run", run_options, &args.common.run},
    {0},
};

static const program self = {
    .name = "fc-enroll",
    .summary = "Enrol people in a gallery, by photos of them.",
    .operands = "[FILE|DIR|URL|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static void set_defaults(void)
{
    args.common.detect.faces = FC_FACES_ONE;
    video_options_copy(video, "take at most N frames of a second, by their time stamps; 0 is all (1)");
    detect_options_copy(
        detection, "faces of a photo that are the person: one, which makes any other number of faces a "
                   "failure; the largest, the best by score, the one nearest to the center, or all (one)");
}

struct enroll {
    fc_enrolment *enrolment;
    fc_source *in; /* NULL: it is --from-dirs */
    fc_gallery *g;
    fc_head *head; /* NULL: none is to be kept current */
    fc_cache *cache;
    progress progress;
};

/* ---- what is told meanwhile ---- */

/* A bar where it is known how much there is. */
static void show_progress(void *ctx, const fc_enrolment_progress *p)
{
    char bar[BAR + 1];

    if (!progress_due(&((struct enroll *)ctx)->progress))
        return;
    if (!p->all_people) {
        progress_show("%zu photos", p->photos);
        return;
    }
    const size_t full = p->people * BAR / p->all_people;
    for (size_t i = 0; i < BAR; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR] = '\0';
    progress_show("[%s] %zu of %zu people, %zu photos", bar, p->people, p->all_people, p->photos);
}

static fc_status write_line(void *ctx, const fc_enrolled *r, fc_error *err)
{
    if (args.from_clusters && r->outcome == FC_NO_PHOTO)
        return FC_OK;
    fc_record line = {answer_enrolled(r)};
    const fc_status s = line.json ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);

    (void)ctx;
    fc_record_clear(&line);
    return s;
}

static fc_status flush_lines(void *ctx, fc_error *err)
{
    (void)ctx;
    return flush_stdout(err);
}

static fc_status open_models(void *ctx, fc_models **out, fc_error *err)
{
    (void)ctx;
    return models_open(out, args.common.engine.models, err);
}

static fc_status open_cache(void *ctx, fc_cache **out, fc_stages *stages, const fc_pipeline_plan *p,
                            fc_error *err)
{
    struct enroll *e = ctx;
    const struct cache_context context = {.stages = stages,
                                          .model = p->model,
                                          .models = p->models,
                                          .detect = p->detect,
                                          .engine = &args.common.engine,
                                          .crops = p->keep_crops,
                                          .quality = p->quality,
                                          .background = p->background};
    const fc_status s = caching_open(&e->cache, &args.common.cache, &context, err);

    *out = e->cache;
    return s;
}

/* ---- before and after ---- */

static fc_status check_args(int operands, fc_error *err)
{
    if (args.meta && !args.id)
        return fc_fail(err, FC_EUSAGE, "--meta: wants --id");
    if (args.background && args.common.detect.aligned)
        return fc_fail(err, FC_EUSAGE, "--background: is changed in photos, not in crops (--aligned)");
    if (args.augment && args.common.detect.aligned)
        return fc_fail(err, FC_EUSAGE, "--augment: makes views of photos, not of crops (--aligned)");
    if (args.id) {
        const fc_status s = fc_name_check(args.id, err);
        if (s)
            return s;
    }
    fc_status s = fc_quality_limits_parse(&args.usual, FC_QUALITY_USUAL, err);
    if (!s && args.min_quality)
        s = fc_quality_limits_parse(&args.least, args.min_quality, err);
    if (s)
        return s;
    if (!args.gallery.path)
        return fc_fail(err, FC_EUSAGE, "no gallery given (-g GALLERY)");
    if (args.from_dirs && (args.id || operands > 0 || args.common.input.files_from))
        return fc_fail(
            err, FC_EUSAGE,
            "--from-dirs: names people and photos; --id, operands and --files-from do not go with it");
    if (args.from_clusters && (args.id || args.from_dirs))
        return fc_fail(err, FC_EUSAGE,
                       "--from-clusters: names people; --id and --from-dirs do not go with it");
    return FC_OK;
}

static fc_status new_enrolment(struct enroll *e, fc_error *err)
{
    const fc_enrolment_settings set = {
        .detect = &args.common.detect,
        .open_models = open_models,
        .open_cache = open_cache,
        .engine = engine_options_of(&args.common.engine),
        .model = args.model,
        .flip = args.flip,
        .augment = args.augment,
        .background = (fc_background)args.background,
        .seed = args.seed,
        .weak_faces = args.weak_faces,
        .usual = args.no_check ? NULL : &args.usual,
        .least = args.min_quality ? &args.least : NULL,
        .id_field = args.id_field,
        .clustered = args.from_clusters,
        .meta = args.meta,
        .folders = &args.common.input,
        .jobs = args.common.run.jobs,
        .fail_fast = args.common.run.fail_fast,
        .result = write_line,
        .committed = flush_lines,
        .progress = show_progress,
        .ctx = e,
        .teller = args.common.run.quiet ? NULL : &say_teller,
        .hint_id = " (--id NAME, or --from-dirs)",
        .hint_people = "; --from-dirs wants one for each person",
        .hint_weak = args.common.detect.detect.turns
                         ? " (--weak-faces takes it)"
                         : " (--weak-faces takes it, --turns looks whether it lies on its side)",
    };

    return fc_enrolment_new(&e->enrolment, &set, err);
}

static fc_status open_head(struct enroll *e, fc_error *err)
{
    fc_gallery_info info = {.dim = 0};
    const fc_status s = fc_gallery_is_new(e->g) ? FC_OK : fc_gallery_get_info(e->g, &info, err);

    return s ? s : enroll_head_open(&e->head, args.head, e->g, info.contract, args.plain, err);
}

/* A cache decides no result: for a sealed gallery there is none, rather than no enrolment. */
static void leave_cache(const fc_gallery *g)
{
    if (!args.common.cache.dir || args.plain || !fc_gallery_sealed(g))
        return;
    note("warning: %s: sealed: the cache, which is not encrypted, is not used (--plain uses it)",
         args.gallery.path);
    args.common.cache.dir = NULL;
}

static fc_status open_all(struct enroll *e, char **operands, int n, fc_error *err)
{
    fc_status s = check_args(n, err);

    if (!s)
        s = new_enrolment(e, err);
    if (!s && args.from_dirs)
        s = fc_enrolment_add_people(e->enrolment, args.from_dirs, err);
    else if (!s)
        s = fc_source_open(&e->in, &args.common.input, operands, n, err);
    if (!s && e->in)
        s = fc_enrolment_add_source(e->enrolment, args.id, e->in, err);
    if (!s)
        s = gallery_open(&e->g, &args.gallery, FC_GALLERY_CREATE, args.seal, err);
    if (!s)
        leave_cache(e->g);
    return s || !args.head ? s : open_head(e, err);
}

static void close_all(struct enroll *e)
{
    fc_enrolment_free(e->enrolment);
    caching_close(e->cache, &args.common.cache, args.common.run.quiet);
    fc_source_close(e->in);
    fc_gallery_free(e->g);
    fc_head_free(e->head);
}

static void summarise(const struct enroll *e, const fc_enrolment_counts *c)
{
    const size_t all = c->enrolled + c->known + c->refused;

    if (e->in) {
        say_streams(e->in);
        say_nothing_came(e->in);
    }
    say("%zu enrolled, %zu known already, %zu failed to enrol (FTE %.1f %%)", c->enrolled, c->known,
        c->refused, all ? 100.0 * (double)c->refused / (double)all : 0.0);
}

static int enroll_all(struct enroll *e)
{
    const bool quiet = args.common.run.quiet;
    fc_enrolment_counts count;
    fc_error err;
    size_t doubts;
    bool partly = false;
    fc_status s;

    e->progress = progress_begin(progress_wanted(args.common.run.no_progress || quiet, true));
    if (e->in)
        streams_end_softly(e->in, false);
    s = fc_enrolment_run(e->enrolment, e->g, &count, &err);
    streams_end_softly(NULL, false);
    progress_clear();
    if (!s && count.stopped)
        s = fc_fail(&err, FC_END, "stopped at the first input that failed");
    if (!s && !quiet)
        s = fc_enrolment_alike(e->enrolment, &say_teller, &err);
    if (!s && !quiet && !args.no_check)
        s = fc_enrolment_doubts(e->enrolment, &say_teller, &doubts, &err);
    if (!s && e->head) /* what was enrolled stays, whatever becomes of the head */
        s = enroll_head_update(e->head, args.head, e->g, args.common.run.jobs,
                               progress_wanted(args.common.run.no_progress || quiet, false), &partly, &err);
    if (s)
        return say_error(&err);
    if (!quiet)
        summarise(e, &count);
    return count.refused || partly || (e->in && streams_missed(e->in)) ? EXIT_PARTLY : EXIT_DONE;
}

int main(int argc, char **argv)
{
    set_defaults();
    const int n = options_or_exit(&self, argc, argv);
    struct enroll e = {.g = NULL};
    fc_error err;

    be_quiet(args.common.run.quiet);
    const int code = open_all(&e, argv, n, &err) ? program_error(&self, &err) : enroll_all(&e);

    close_all(&e);
    return close_stdout(code);
}
