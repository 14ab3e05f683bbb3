#include "models/self.h"

#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "models/models_yaml.h"

#define FORMAT "facecheck-model 1"
enum { HEADER_LOOKED_AT = 1 << 16 };

static const char *const sealed[] = {"description", "settings"};

bool fc_model_is_self(const uint8_t *bytes, size_t n)
{
    static const char mark[] = "\"format\":\"facecheck-model ";

    n = n < HEADER_LOOKED_AT ? n : HEADER_LOOKED_AT;
    return n > 9 && bytes[8] == '{' && memmem(bytes + 8, n - 8, mark, sizeof mark - 1);
}

/* ---- the checksum ---- */

static void digest(char hex[FC_SHA256_HEX], const fc_weights *w)
{
    uint8_t sum[SHA256_DIGEST_SIZE];
    struct sha256_ctx c;

    sha256_init(&c);
    for (size_t i = 0; i < sizeof sealed / sizeof *sealed; i++) {
        const char *text = fc_weights_meta(w, sealed[i]);
        sha256_update(&c, text ? strlen(text) + 1 : 0, (const uint8_t *)text);
    }
    for (size_t i = 0; i < fc_weights_count(w); i++) {
        const fc_tensor *t = fc_weights_at(w, i);
        const uint64_t shape[] = {t->dtype, (uint64_t)t->rank, t->count};
        sha256_update(&c, strlen(t->name) + 1, (const uint8_t *)t->name);
        sha256_update(&c, sizeof shape, (const uint8_t *)shape);
        for (int d = 0; d < t->rank; d++)
            sha256_update(&c, sizeof t->dim[d], (const uint8_t *)&t->dim[d]);
        sha256_update(&c, t->count * fc_dtype_size(t->dtype), t->data);
    }
    sha256_digest(&c, sizeof sum, sum);
    sodium_bin2hex(hex, FC_SHA256_HEX, sum, sizeof sum);
}

fc_status fc_model_self_seal(fc_weights *w, const fc_model *m, const char *settings, fc_error *err)
{
    char *text = NULL, sum[FC_SHA256_HEX];
    fc_status s = fc_model_yaml_text(&text, m, err);

    if (!s)
        s = fc_weights_set_meta(w, sealed[0], text, err);
    if (!s)
        s = fc_weights_set_meta(w, sealed[1], settings, err);
    free(text);
    digest(sum, w);
    if (!s)
        s = fc_weights_set_meta(w, "format", FORMAT, err);
    return s ? s : fc_weights_set_meta(w, "sha256", sum, err);
}

fc_status fc_model_self_check(const fc_weights *w, fc_error *err)
{
    const char *format = fc_weights_meta(w, "format"), *recorded = fc_weights_meta(w, "sha256"),
               *path = fc_weights_path(w);
    char sum[FC_SHA256_HEX];

    if (!format || strncmp(format, FORMAT, sizeof FORMAT - 2) != 0)
        return fc_fail(err, FC_EFORMAT, "%s: not a model of fc-finetune", path);
    if (strcmp(format, FORMAT) != 0)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: '%.40s'; this program knows '%s'", path, format, FORMAT);
    digest(sum, w);
    if (!recorded || strcmp(recorded, sum) != 0)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: its checksum is wrong", path);
    return FC_OK;
}

/* ---- the description ---- */

fc_status fc_model_self_read(fc_model **out, const char *path, fc_error *err)
{
    fc_weights *w;
    fc_status s = fc_weights_open(&w, path, err);

    *out = NULL;
    if (s)
        return s;
    s = fc_model_self_check(w, err);
    const char *text = s ? NULL : fc_weights_meta(w, sealed[0]);
    if (!s && !text)
        s = fc_fail(err, FC_ECORRUPT, "%s: damaged: it has no description", path);
    if (!s)
        s = fc_model_yaml_parse(out, text, path, err);
    fc_weights_free(w);
    return s;
}
