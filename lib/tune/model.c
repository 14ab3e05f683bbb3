#include "tune/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "models/self.h"

/* The file's name without its ending, where models can be called so. */
static void name_of(char name[65], const char *path)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    const size_t n = dot ? (size_t)(dot - base) : strlen(base);

    snprintf(name, 65, "%.*s", n > 64 ? 64 : (int)n, base);
    if (!*name || strspn(name, letters) != strlen(name))
        strcpy(name, "finetuned");
}

static fc_status copy_tensors(fc_weights *to, const fc_weights *from, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < fc_weights_count(from); i++) {
        const fc_tensor *t = fc_weights_at(from, i);
        if (strncmp(t->name, "classes.", strlen("classes."))) /* of an earlier fine-tuning */
            s = fc_weights_add(to, t->name, t->dtype, t->rank, t->dim, t->data, err);
    }
    return s;
}

fc_status fc_tune_save(const char *path, const fc_model *m, const char *arch, const fc_weights *weights,
                       bool trained, const fc_layer *l, const char *settings, fc_error *err)
{
    char name[65], contract[160];
    fc_model own = *m;
    fc_weights *w = NULL;
    fc_status s = fc_model_contract(contract, sizeof contract, m, false, err);

    name_of(name, path);
    own.name = name;
    own.arch = (char *)arch;
    own.dim = (int)l->dim;
    own.source = (fc_model_source){.package = contract, .licence = m->source.licence};
    own.lfw_fp32 = own.lfw_bf16 = own.bf16_similarity = NAN;
    if (trained) {
        own.threshold = NAN;
        own.threshold_meaning = NULL;
        own.curve.n = 0;
    }
    if (!s)
        s = fc_weights_new(&w, path, err);
    if (!s)
        s = copy_tensors(w, weights, err);
    if (!s)
        s = fc_layer_put(w, l, err);
    if (!s)
        s = fc_model_self_seal(w, &own, settings, err);
    if (!s)
        s = fc_weights_save_private(w, path, err);
    fc_weights_free(w);
    return s;
}
