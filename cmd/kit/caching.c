#include "caching.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "engines/engine.h"
#include "engines/facts_json.h"
#include "models/fusion.h"
#include "models/registry.h"
#include "pipeline/cache.h"
#include "say.h"

#define AT(field) offsetof(struct cache_args, field)
const option cache_options[] = {
    {"cache", .kind = OPTION_DIR, .arg = "DIR", .at = AT(dir), .role = OPTION_ASIDE,
     .help =
         "keep faces and embeddings in DIR, by the pictures' bytes, the contract and the settings, and take "
         "those that are there"},
    {"cache-size", .kind = OPTION_INT, .arg = "MIB", .at = AT(mib), .min = 1, .max = 1 << 30,
     .role = OPTION_ASIDE,
     .help = "what DIR may take of the disk, about; then what was written longest ago goes (1024)"},
    {"cache-stats", .at = AT(stats), .role = OPTION_ASIDE, .help = "say how often the cache had a picture"},
    {0},
};

static const char *const detector_parts[] = {"mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet"};

/* As the registry states it, which is checked when the file is loaded; of a file that it states none of, its own. */
static json_t *hash_of(const fc_model *m)
{
    char hex[FC_SHA256_HEX];

    if (m && m->sha256)
        return json_string(m->sha256);
    return m && !fc_sha256_file(hex, m->path, NULL) ? json_string(hex) : json_null();
}

json_t *detector_describe(const fc_models *models, const fc_face_options *d)
{
    json_t *files = json_array(), *detector;
    char hex[FC_SHA256_HEX];

    for (size_t i = 0; !d->detector_model && i < sizeof detector_parts / sizeof *detector_parts; i++)
        json_array_append_new(files, hash_of(fc_models_find(models, detector_parts[i])));
    if (d->detector_model && !fc_sha256_file(hex, d->detector_model, NULL))
        json_array_append_new(files, json_string(hex));
    detector = json_pack("{s:s, s:o}", "name", detector_names[d->detector], "sha256", files);
    if (!detector || options_describe(detector, detect_options, d))
        return detector;
    json_decref(detector);
    return NULL;
}

/* Weights alone, which whatever engine is chosen runs. */
static bool is_weights(const fc_model *m)
{
    const char *end = m ? strrchr(m->path, '.') : NULL;

    return end && !strcmp(end, ".safetensors");
}

static bool are_weights(const struct cache_context *of)
{
    const fc_model *m[FC_FUSED];

    if (!fc_fusion_is_name(of->model))
        return is_weights(fc_models_find(of->models, of->model));
    return !fc_fusion_models(m, of->models, of->model, NULL) && is_weights(m[0]) && is_weights(m[1]);
}

/* What embeds, without loading the model, or both, where that is not needed for it. */
static fc_status describe_engine(json_t **out, const struct cache_context *of, fc_error *err)
{
    const char *name = engine_options_of(of->engine).engine;
    const fc_engine_facts *facts;
    fc_engine_facts found = {0};
    fc_status s;

    if (!of->model || are_weights(of))
        s = fc_engine_describe(&found, name ? name : fc_engine_best(), err);
    else if (!(s = fc_stages_engine(of->stages, &facts, err)))
        found = *facts;
    *out = s ? NULL : fc_engine_json(&found);
    return s;
}

/* Models are known by their hashes, wherever they are. */
fc_status caching_basis(json_t **out, const struct cache_context *of, fc_error *err)
{
    json_t *engine;
    fc_status s = describe_engine(&engine, of, err);

    *out = NULL;
    if (s)
        return s;
    *out = json_pack("{s:s*, s:o, s:s, s:s, s:o}", "contract",
                     of->model ? fc_stages_model(of->stages)->contract : NULL, "engine", engine,
                     "instructions", fc_cpu_instructions(), "version", fc_version(), "detector",
                     detector_describe(of->models, of->detect));
    return *out ? FC_OK : fc_fail_nomem(err, 0);
}

static fc_status describe(char **out, const struct cache_context *of, fc_error *err)
{
    json_t *options = json_object(), *o, *about = NULL;
    fc_status s = caching_basis(&o, of, err);

    *out = NULL;
    if (!s)
        about = json_pack("{s:i, s:b, s:i, s:i}", "cache", 1, "crops", of->crops, "quality", (int)of->quality,
                          "background", (int)of->background);
    if (about && options && options_describe(options, engine_options, of->engine)) {
        json_object_del(options, "models");
        if (!json_object_update(o, about) && !json_object_set(o, "options", options))
            *out = json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1));
    }
    json_decref(about);
    json_decref(options);
    json_decref(o);
    return s || *out ? s : fc_fail_nomem(err, 0);
}

fc_status caching_open(fc_cache **out, const struct cache_args *a, const struct cache_context *of,
                       fc_error *err)
{
    char *text;
    fc_status s;

    *out = NULL;
    if (!a->dir)
        return FC_OK;
    s = describe(&text, of, err);
    if (!s)
        s = fc_cache_open(out, a->dir, text, (uint64_t)a->mib << 20, err);
    free(text);
    return s;
}

void caching_close(fc_cache *c, const struct cache_args *a, bool quiet)
{
    if (!c)
        return;
    const fc_cache_counts n = fc_cache_counted(c);
    if (fc_cache_fault(c) && !quiet)
        say("--cache: %s; what could not be kept or read was made all the same", fc_cache_fault(c));
    if (a->stats)
        say("%s: %zu pictures were there, %zu were not; %zu stored, %zu removed, %zu refused", a->dir, n.hits,
            n.misses, n.stored, n.removed, n.refused);
    fc_cache_close(c);
}
