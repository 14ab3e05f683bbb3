/* The loop of a tool, pipeline/run.h, with its options, messages, progress and exit code. */
#ifndef CMD_RUN_H
#define CMD_RUN_H
#include "caching.h"
#include "source_options.h"
#include "options.h"
#include "face_options.h"
#include "models.h"

struct run_args {
    int jobs; /* 0: as many as there are CPUs */
    bool fail_fast, quiet, no_progress;
    const char *journal; /* NULL: none; for tools that write a record for each input (ROW_JOURNAL) */
};
extern const option run_options[];

/* The arguments that all tools with stages have. */
struct common_args {
    fc_face_options detect;
    fc_source_options input;
    struct engine_args engine;
    struct run_args run;
    struct cache_args cache; /* of tools that have CACHE_GROUP */
};
#define COMMON_ARGS_DEFAULTS                                                                                 \
    {                                                                                                        \
        .detect = FC_FACE_OPTIONS_DEFAULTS, .detect.hints = &option_hints, .input.hints = &option_hints,     \
        .cache = CACHE_ARGS_DEFAULTS                                                                         \
    }
/* Of tools that embed; before COMMON_GROUPS. */
#define CACHE_GROUP(common)                                                                                  \
    {                                                                                                        \
        "Cache", cache_options, &(common).cache                                                              \
    }
/* Of tools that take videos, too; before COMMON_GROUPS. */
#define VIDEO_GROUP(common)                                                                                  \
    {                                                                                                        \
        "Video", video_options, &(common).input.video                                                        \
    }
/* Their groups for a program's list; the tool's own come before. */
#define COMMON_GROUPS(common)                                                                                \
    {"Detection", detect_options, &(common).detect}, {"Input", input_options, &(common).input},              \
        {"Models", engine_options, &(common).engine},                                                        \
    {                                                                                                        \
        "Run", run_options, &(common).run                                                                    \
    }

typedef struct run {
    const struct common_args *args;
    /* After the stages, on the same thread. May be NULL. */
    fc_status (*finish)(void *ctx, fc_item *it, fc_error *err);
    /* In the order of the inputs, on the calling thread. Failed items come too. stdout is flushed afterwards.
     */
    fc_status (*emit)(void *ctx, fc_item *it, fc_error *err);
    void *ctx;
    bool ends_softly; /* the first signal ends any input, and not live streams alone; until run_close */
    fc_item *first;   /* goes before the inputs; owned; may be NULL */

    const program *self; /* with args->run.journal: whose options decide what is written */

    fc_models *models; /* opened by run_open where NULL */
    fc_source *in;
    fc_stages *stages;
    struct journal *journal;
    fc_cache *cache;
    size_t done; /* items emitted, set by run_all */
} run;

/* Opens models, inputs (operands are as fc_source_open wants them) and stages. models, engine and detect of the
 * plan are set here. */
fc_status run_open(run *r, const fc_pipeline_plan *p, char **operands, int n, fc_error *err);
/* The loop. Returns EXIT_DONE, EXIT_PARTLY or EXIT_BROKEN, with all messages given. */
int run_all(run *r);
void run_close(run *r);

#endif
