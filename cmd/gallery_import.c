/* fc-gallery import: records, or bare encodings. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/npy.h"
#include "base/npy_read.h"
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

/* ---- files of encodings ---- */

#define MAX_FILE  ((uint64_t)8 << 30)
#define MAX_NAMES ((uint64_t)1 << 30)

/* Bytes that are text: an array that lost its beginning, or a picture, has zeros. */
static bool is_text(const uint8_t *bytes, size_t n)
{
    return !memchr(bytes, '\0', n < 4096 ? n : 4096);
}

/* file: path is one's name, beside which the list may be. */
static fc_status import_array(fc_import *im, const struct encodings *e, const uint8_t *bytes, size_t n,
                              const char *path, bool file, fc_error *err)
{
    char *beside = args.ids || !file ? NULL : fc_npy_ids(path);
    const char *list = args.ids ? args.ids : beside;
    fc_bytes names = {0};
    fc_status s;

    if (!args.ids && !file)
        return fc_fail(err, FC_EUSAGE, "%s: whose are its rows? An array that is no file wants --ids FILE",
                       path);
    s = list ? fc_bytes_read_named(&names, list, MAX_NAMES, err) : fc_fail_nomem(err, strlen(path) + 1);
    if (s == FC_EMISSING && beside)
        s = fc_fail(err, s, "%s: whose are its rows? There is no %s, nor --ids FILE", path, beside);
    if (!s)
        s = fc_import_npy(
            im, e->contract, e->dim,
            &(fc_import_array){
                .bytes = bytes, .n = n, .names = names.data, .nnames = names.n, .name = path, .list = list},
            err);
    fc_bytes_clear(&names);
    free(beside);
    return s;
}

static fc_status no_array(const char *path, fc_error *err)
{
    return fc_fail(err, FC_EUSAGE, "--ids: %s is no array of NumPy's", path);
}

static fc_status import_bytes(fc_import *im, const struct encodings *e, const uint8_t *bytes, size_t n,
                              const char *path, bool file, fc_error *err)
{
    if (fc_npy_is(bytes, n))
        return import_array(im, e, bytes, n, path, file, err);
    if (args.ids)
        return no_array(path, err);
    if (!is_text(bytes, n))
        return fc_fail(err, FC_EFORMAT,
                       "%s: no encodings: neither lines of JSON, nor a table (CSV), nor an array of NumPy's",
                       path);
    return fc_import_csv(im, e->contract, e->dim, bytes, n, path, err);
}

static fc_status import_file(fc_import *im, const struct encodings *e, const fc_input *in, fc_error *err)
{
    fc_map m;
    fc_status s;

    if (in->kind == FC_INPUT_BYTES)
        return import_bytes(im, e, in->data.data, in->data.n, in->path, false, err);
    s = fc_map_read(&m, in->path, MAX_FILE, err);
    if (!s)
        s = import_bytes(im, e, m.data, m.n, in->path, true, err);
    fc_map_close(&m);
    return s;
}

static fc_status import_all(fc_import *im, fc_source *in, const struct encodings *e, fc_error *err)
{
    fc_input one;
    fc_status s;

    while (!(s = fc_source_next(in, &one, err))) {
        if (e->dim && (one.kind == FC_INPUT_PATH || one.kind == FC_INPUT_BYTES))
            s = import_file(im, e, &one, err);
        else if (one.kind != FC_INPUT_LINE)
            s = fc_input_no_records(&one, "fc-enroll takes pictures", err);
        else if (args.ids)
            s = no_array(one.path, err);
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
    const fc_source_options *input = &args.common.input;
    const fc_source_options from = {
        .files_from = input->files_from, .null = input->null, .hints = input->hints};
    fc_import *im = NULL;
    fc_source *in;
    size_t added = 0, known = 0;
    struct encodings e;
    fc_status s;

    if (args.ids && (!args.encodings || n > 1))
        return fc_fail(err, FC_EUSAGE, "--ids: wants --encodings MODEL and one array");
    s = fc_source_open(&in, &from, operand, n, err);
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
