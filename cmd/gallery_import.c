/* fc-gallery import: records, or lines of bare encodings. */
#include "base/error.h"
#include "gallery/exchange.h"
#include "gallery_commands.h"
#include "facecheck.h"
#include "items.h"
#include "models.h"
#include "models/registry.h"
#include "say.h"

/* What bare encodings are of; dim 0: the lines are records. */
struct encodings {
    char contract[160];
    size_t dim;
};

static fc_status find_encodings(struct encodings *e, fc_error *err)
{
    const fc_model *m;
    fc_models *models = NULL;
    fc_status s;

    *e = (struct encodings){.dim = 0};
    if (!args.encodings)
        return FC_OK;
    s = models_open(&models, args.common.engine.models, err);
    if (!s)
        s = fc_models_get(&m, models, args.encodings, err);
    if (!s && !m->dim)
        s = fc_fail(err, FC_EMODEL, "model '%s' does not embed faces", args.encodings);
    if (!s)
        s = fc_model_contract(e->contract, sizeof e->contract, m, false, err);
    if (!s)
        e->dim = (size_t)m->dim;
    fc_models_free(models);
    return s;
}

static fc_status import_all(fc_import *im, fc_source *in, const struct encodings *e, fc_error *err)
{
    fc_input one;
    fc_status s;

    while (!(s = fc_source_next(in, &one, err))) {
        if (one.kind != FC_INPUT_LINE)
            s = fc_input_no_records(&one, "fc-enroll takes pictures", err);
        else if (e->dim)
            s = fc_import_encodings(im, e->contract, e->dim, (const char *)one.data.data, one.data.n,
                                    one.path, one.line, err);
        else
            s = fc_import_line(im, (const char *)one.data.data, one.data.n, one.path, one.line, err);
        fc_input_clear(&one);
        if (s)
            return s;
    }
    return s == FC_END ? FC_OK : s;
}

fc_status run_import(fc_gallery *g, char **operand, int n, fc_error *err)
{
    static const fc_source_options plain;
    fc_import *im = NULL;
    fc_source *in;
    size_t added = 0, known = 0;
    struct encodings e;
    fc_status s = fc_source_open(&in, &plain, operand, n, err);

    if (!s)
        s = find_encodings(&e, err);
    if (!s)
        s = fc_import_new(&im, g, err);
    if (!s)
        s = import_all(im, in, &e, err);
    if (!s)
        s = fc_import_commit(im, &added, &known, &note_teller, err);
    fc_import_free(im);
    if (!s)
        say_nothing_came(in);
    fc_source_close(in);
    if (!s)
        note("%zu samples imported, %zu known already", added, known);
    return s;
}
