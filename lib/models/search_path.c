#include "facecheck.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"

static fc_status has_list(bool *yes, const char *dir, fc_error *err)
{
    char *list = fc_folder_join(dir, "models.yaml");

    if (!list)
        return fc_fail_nomem(err, PATH_MAX);
    *yes = !access(list, F_OK);
    free(list);
    return FC_OK;
}

fc_status fc_models_search(fc_models **out, const char *named, char *const *places, size_t n,
                           const char *hint, fc_error *err)
{
    char looked[400] = "";
    fc_status s = FC_OK;

    *out = NULL;
    for (size_t i = 0; i <= n && !s; i++) {
        const char *dir = i ? places[i - 1] : named;
        const size_t length = strlen(looked);
        bool there = i == 0;
        if (!dir)
            continue;
        snprintf(looked + length, sizeof looked - length, "%s%s", length ? ", " : "", dir);
        if (!there)
            s = has_list(&there, dir, err);
        if (!s && there)
            s = *out ? fc_models_add(*out, dir, err) : fc_models_open(out, dir, err);
    }
    if (!s && !*out)
        s = fc_fail(err, FC_EMISSING, "no models.yaml in %s%s", looked, hint ? hint : "");
    if (s) {
        fc_models_free(*out);
        *out = NULL;
    }
    return s;
}
