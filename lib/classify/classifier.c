#include "classify/classifier_impl.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/error.h"
#include "classify/classifier_names.h"
#include "facecheck.h"

#define DECLARE(name) extern const fc_classifier_kind fc_classifier_##name;
FC_CLASSIFIERS(DECLARE)
#define ROW(name) &fc_classifier_##name,
static const fc_classifier_kind *const kinds[] = {FC_CLASSIFIERS(ROW)};

struct fc_classifier {
    const fc_classifier_kind *kind;
    void *model;
    fc_classifier_facts facts;
};

void fc_classifier_free(fc_classifier *c)
{
    if (!c)
        return;
    c->kind->free(c->model);
    free(c);
}

fc_status fc_classifier_of(fc_classifier **out, const fc_classifier_kind *kind, void *model, fc_error *err)
{
    fc_classifier *c = calloc(1, sizeof *c);

    *out = c;
    if (!c) {
        kind->free(model);
        return fc_fail_nomem(err, sizeof *c);
    }
    c->kind = kind;
    c->model = model;
    kind->describe(model, &c->facts);
    c->facts.kind = kind->name;
    return FC_OK;
}

static fc_status find_kind(const fc_classifier_kind **out, const char *path, fc_error *err)
{
    fc_map file;
    fc_status s = fc_map_open(&file, path, err);

    *out = kinds[0];
    if (s)
        return s;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i]->recognises(file.data, file.n)) {
            *out = kinds[i];
            break;
        }
    fc_map_close(&file);
    return FC_OK;
}

fc_status fc_classifier_load(fc_classifier **out, const char *path, fc_error *err)
{
    const fc_classifier_kind *kind;
    void *model = NULL;
    fc_status s = find_kind(&kind, path, err);

    *out = NULL;
    if (!s)
        s = kind->load(&model, path, err);
    return s ? s : fc_classifier_of(out, kind, model, err);
}

const fc_classifier_facts *fc_classifier_get_facts(const fc_classifier *c)
{
    return &c->facts;
}

fc_status fc_classifier_predict(const fc_classifier *c, const float *embeddings, size_t n, fc_prediction *out,
                                fc_error *err)
{
    return c->kind->predict(c->model, embeddings, n, out, err);
}

bool fc_classifier_accepts(const fc_classifier *c, const fc_prediction *p)
{
    return fc_accepts(p->score, c->facts.threshold);
}
