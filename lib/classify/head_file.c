/* Heads in files: safetensors, with a checksum over all that is there. */
#include <jansson.h>
#include <math.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "classify/head_impl.h"
#include "classify/head_names.h"
#include "classify/names_tensor.h"
#include "match/similarity.h"
#include "nn/weights.h"

#define FORMAT "facecheck-head 1"
enum { MAX_SETTINGS = 65536 };

static const char *const layer_names[FC_HEAD_LAYERS][2] = {{"layer1.weight", "layer1.bias"},
                                                           {"layer2.weight", "layer2.bias"}};

/* ---- the checksum ---- */

static void add_text(struct sha256_ctx *c, const char *text)
{
    sha256_update(c, strlen(text) + 1, (const uint8_t *)text);
}

static void add_floats(struct sha256_ctx *c, const float *v, size_t n)
{
    sha256_update(c, n * sizeof *v, (const uint8_t *)v);
}

/* Of everything that an answer, or a fact, comes from. */
static void digest(const fc_head *h, char hex[FC_SHA256_HEX])
{
    const fc_head_facts *f = &h->facts;
    uint8_t sum[SHA256_DIGEST_SIZE];
    char size[120];
    struct sha256_ctx c;

    sha256_init(&c);
    snprintf(size, sizeof size, "%zu %zu %zu %zu %zu %d", f->dim, f->out, f->people, f->samples, h->layers,
             f->background);
    add_text(&c, fc_head_type_names[f->type]);
    add_text(&c, f->contract);
    add_text(&c, f->gallery);
    add_text(&c, f->settings);
    add_text(&c, size);
    for (size_t i = 0; i < h->layers; i++) {
        add_floats(&c, h->layer[i].weight, h->layer[i].in * h->layer[i].out);
        add_floats(&c, h->layer[i].bias, h->layer[i].out);
    }
    add_floats(&c, h->centre, f->people * f->out);
    if (h->background)
        add_floats(&c, h->background, f->out);
    for (size_t i = 0; i < f->people; i++)
        add_text(&c, h->name[i]);
    sha256_digest(&c, sizeof sum, sum);
    sodium_bin2hex(hex, FC_SHA256_HEX, sum, sizeof sum);
}

/* ---- writing ---- */

static fc_status put_tensors(fc_weights *w, const fc_head *h, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < h->layers; i++) {
        const fc_head_layer *l = &h->layer[i];
        s = fc_weights_add(w, layer_names[i][0], FC_F32, 2, (size_t[]){l->out, l->in}, l->weight, err);
        if (!s)
            s = fc_weights_add(w, layer_names[i][1], FC_F32, 1, &l->out, l->bias, err);
    }
    if (!s)
        s = fc_weights_add(w, "centres", FC_F32, 2, (size_t[]){h->facts.people, h->facts.out}, h->centre,
                           err);
    if (!s && h->background)
        s = fc_weights_add(w, "background", FC_F32, 1, &h->facts.out, h->background, err);
    return s ? s : fc_names_put(w, "names", h->name, h->facts.people, err);
}

static fc_status put_meta(fc_weights *w, const fc_head *h, fc_error *err)
{
    char samples[24], sum[FC_SHA256_HEX];
    const char *const meta[][2] = {{"format", FORMAT},
                                   {"type", fc_head_type_names[h->facts.type]},
                                   {"contract", h->facts.contract},
                                   {"gallery", h->facts.gallery},
                                   {"settings", h->facts.settings},
                                   {"samples", samples},
                                   {"sha256", sum}};
    fc_status s = FC_OK;

    snprintf(samples, sizeof samples, "%zu", h->facts.samples);
    digest(h, sum);
    for (size_t i = 0; !s && i < sizeof meta / sizeof *meta; i++)
        s = fc_weights_set_meta(w, meta[i][0], meta[i][1], err);
    return s;
}

fc_status fc_head_save(const fc_head *h, const char *path, fc_error *err)
{
    fc_weights *w;
    fc_status s = fc_weights_new(&w, path, err);

    if (!s)
        s = put_tensors(w, h, err);
    if (!s)
        s = put_meta(w, h, err);
    if (!s)
        s = fc_weights_save_private(w, path, err);
    fc_weights_free(w);
    return s;
}

/* ---- reading ---- */

static fc_status damaged(const fc_weights *w, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", fc_weights_path(w), what);
}

static const char *meta_of(const fc_weights *w, const char *key)
{
    const char *text = fc_weights_meta(w, key);
    return text ? text : "";
}

static fc_status read_type(fc_head_type *out, const fc_weights *w, fc_error *err)
{
    const char *format = meta_of(w, "format"), *type = meta_of(w, "type");

    if (strncmp(format, FORMAT, sizeof FORMAT - 2) != 0)
        return fc_fail(err, FC_EFORMAT, "%s: not a head (fc-head-train makes them)", fc_weights_path(w));
    if (strcmp(format, FORMAT) != 0)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: '%.40s'; this program knows '%s'", fc_weights_path(w),
                       format, FORMAT);
    for (size_t i = 0; fc_head_type_names[i]; i++)
        if (!strcmp(type, fc_head_type_names[i])) {
            *out = (fc_head_type)i;
            return FC_OK;
        }
    return damaged(w, "it is of no type", err);
}

static bool matrix(const fc_tensor *t, int rank, size_t most)
{
    return t && t->dtype == FC_F32 && t->rank == rank && t->dim[rank - 1] >= 1 &&
           t->dim[rank - 1] <= FC_MAX_DIM && t->dim[0] >= 1 && t->dim[0] <= most;
}

static bool copy_floats(float *to, const fc_tensor *t)
{
    memcpy(to, t->data, t->count * sizeof *to);
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(to[i]))
            return false;
    return true;
}

static fc_status read_layers(fc_head *h, const fc_weights *w, fc_error *err)
{
    static const size_t layers[] = {
        [FC_HEAD_MEAN] = 0, [FC_HEAD_LINEAR] = 0, [FC_HEAD_LDA] = 1, [FC_HEAD_TRIPLET] = 2};
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < layers[h->facts.type]; i++) {
        const fc_tensor *weight = fc_weights_find(w, layer_names[i][0]),
                        *bias = fc_weights_find(w, layer_names[i][1]);
        if (!matrix(weight, 2, FC_MAX_DIM) || !matrix(bias, 1, FC_MAX_DIM) ||
            bias->dim[0] != weight->dim[0] || (i && weight->dim[1] != h->facts.out))
            return damaged(w, "its layers do not fit", err);
        if (!i)
            h->facts.dim = weight->dim[1];
        s = fc_head_add_layer(h, weight->dim[1], weight->dim[0], err);
        if (!s && !(copy_floats(h->layer[i].weight, weight) && copy_floats(h->layer[i].bias, bias)))
            s = damaged(w, "its layers are not numbers", err);
    }
    return s;
}

/* Rows [n][dim] of unit length, as what they are compared with. */
static bool are_units(const float *v, size_t n, size_t dim)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(fc_dot(v + i * dim, v + i * dim, dim) - 1) < 1e-3))
            return false;
    return true;
}

static fc_status read_people(fc_head *h, const fc_weights *w, fc_error *err)
{
    const fc_tensor *centres = fc_weights_find(w, "centres"), *background = fc_weights_find(w, "background");
    fc_status s;

    if (!matrix(centres, 2, FC_HEAD_MAX_PEOPLE) || (h->layers && centres->dim[1] != h->facts.out) ||
        (background && (!matrix(background, 1, FC_MAX_DIM) || background->dim[0] != centres->dim[1])))
        return damaged(w, "its centres do not fit", err);
    if (!h->layers)
        h->facts.dim = h->facts.out = centres->dim[1];
    s = fc_head_set_people(h, centres->dim[0], background != NULL, err);
    if (!s && !(copy_floats(h->centre, centres) && (!background || copy_floats(h->background, background))))
        s = damaged(w, "its centres are not numbers", err);
    if (!s && !(are_units(h->centre, h->facts.people, h->facts.out) &&
                (!background || are_units(h->background, 1, h->facts.out))))
        s = damaged(w, "its centres are not of unit length", err);
    return s ? s : fc_names_get(h->name, h->facts.people, w, "names", err);
}

static fc_status check_sum(const fc_head *h, const fc_weights *w, fc_error *err)
{
    char sum[FC_SHA256_HEX];

    digest(h, sum);
    return strcmp(sum, meta_of(w, "sha256")) ? damaged(w, "its checksum is wrong", err) : FC_OK;
}

static fc_status read_head(fc_head **out, const fc_weights *w, fc_error *err)
{
    fc_head_type type = FC_HEAD_MEAN;
    const char *samples = meta_of(w, "samples");
    char *end;
    fc_status s = read_type(&type, w, err);

    if (!s && (strlen(meta_of(w, "contract")) >= sizeof(*out)->contract ||
               strlen(meta_of(w, "gallery")) >= sizeof(*out)->gallery ||
               strlen(meta_of(w, "settings")) > MAX_SETTINGS))
        s = damaged(w, "its texts are too long", err);
    if (!s)
        s = fc_head_new(out, type, meta_of(w, "contract"), meta_of(w, "gallery"), meta_of(w, "settings"), 0,
                        err);
    if (!s)
        s = read_layers(*out, w, err);
    if (!s)
        s = read_people(*out, w, err);
    if (s)
        return s;
    (*out)->facts.samples = (size_t)strtoull(samples, &end, 10); /* the checksum vouches for it */
    return check_sum(*out, w, err);
}

fc_status fc_head_load(fc_head **out, const char *path, fc_error *err)
{
    fc_weights *w;
    fc_status s = fc_weights_open(&w, path, err);

    *out = NULL;
    if (s)
        return s;
    s = read_head(out, w, err);
    fc_weights_free(w);
    if (s) {
        fc_head_free(*out);
        *out = NULL;
    }
    return s;
}
