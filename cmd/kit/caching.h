/* The cache of embeddings (pipeline/cache.h), as tools have it. */
#ifndef CMD_CACHING_H
#define CMD_CACHING_H
#include "face_options.h"
#include "models.h"
#include "options.h"

struct cache_args {
    const char *dir; /* NULL: none */
    int mib;
    bool stats;
};
#define CACHE_ARGS_DEFAULTS                                                                                  \
    {                                                                                                        \
        .mib = 1024                                                                                          \
    }
extern const option cache_options[];

/* What an entry depends on, beside the picture. */
struct cache_context {
    fc_stages *stages;
    const char *model; /* of the plan; NULL: nothing is embedded, which caching_basis alone takes */
    const fc_models *models;
    const fc_face_options *detect;
    const struct engine_args *engine;
    bool crops; /* records keep them */
    fc_measuring quality;
    fc_background background;
};

/* *out is NULL where none is asked for. */
fc_status caching_open(fc_cache **out, const struct cache_args *a, const struct cache_context *of,
                       fc_error *err);
/* Closes it, once it is told what went wrong, unless quiet, and where it is asked for, how often it helped. */
void caching_close(fc_cache *c, const struct cache_args *a, bool quiet);

/* What decides a result beside the picture and the options, as an object: contract, engine, instruction set, version, detector. */
fc_status caching_basis(json_t **out, const struct cache_context *of, fc_error *err);

/* The detector as JSON: its name, the hashes of its files, and all options of detection that decide a result. NULL: no memory. */
json_t *detector_describe(const fc_models *models, const fc_face_options *d);

#endif
