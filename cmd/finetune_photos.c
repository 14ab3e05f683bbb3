/* What is known before training: of photos, people and the model. */
#include <jansson.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/error.h"
#include "engines/facts_json.h"
#include "face_options.h"
#include "finetune.h"
#include "gallery/alike.h"
#include "pipeline/cache.h"
#include "say.h"

fc_status finetune_open_cache(fc_cache **out, const char *dir, const struct finetune_samples *what,
                              fc_stages *embeds, fc_error *err)
{
    const fc_engine_facts *engine = NULL;
    json_t *o, *detector = json_object();
    char *text = NULL;
    fc_status s = embeds ? fc_stages_engine(embeds, &engine, err) : FC_OK;

    if (s) {
        json_decref(detector);
        return s;
    }
    /* the contract says how crops are aligned, too */
    o = json_pack("{s:s,s:s,s:I,s:i,s:o,s:s,s:s}", "samples", embeds ? "embeddings" : "crops", "contract",
                  what->contract, "seed", (json_int_t)what->seed, "views", what->views, "engine",
                  engine ? fc_engine_json(engine) : json_null(), "instructions", fc_cpu_instructions(),
                  "version", fc_version());
    if (o && options_describe(detector, detect_options, what->detect) &&
        !json_object_set(o, "detector", detector))
        text = json_dumps(o, JSON_SORT_KEYS | JSON_INDENT(1));
    s = text ? fc_cache_open(out, dir, text, 0, err) : fc_fail_nomem(err, 0);
    free(text);
    json_decref(detector);
    json_decref(o);
    return s;
}

fc_status finetune_warn_of_names(const fc_tune_people *p, fc_error *err)
{
    fc_alike all = {0};
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < p->people; i++)
        s = fc_alike_add(&all, p->name[i], true, err);
    if (!s)
        s = fc_alike_warn(&all, &note_teller, err);
    fc_alike_clear(&all);
    return s;
}

double finetune_floor(const fc_model_facts *m, size_t people, double fpir)
{
    double t = m->threshold;

    if (m->curve.n && fpir > 0 && fpir < 1)
        (void)fc_curve_threshold(&t, &m->curve, fc_fmr_for(fpir, people));
    return t;
}
