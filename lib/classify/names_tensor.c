#include "classify/names_tensor.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

fc_status fc_names_put(fc_weights *w, const char *tensor, char *const *name, size_t n, fc_error *err)
{
    size_t size = 0, at = 0;
    char *all;
    fc_status s;

    for (size_t i = 0; i < n; i++)
        size += strlen(name[i]) + 1;
    if (!(all = malloc(size + 1)))
        return fc_fail_nomem(err, size + 1);
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(name[i]);
        memcpy(all + at, name[i], length);
        all[at + length] = '\n';
        at += length + 1;
    }
    s = fc_weights_add(w, tensor, FC_U8, 1, &size, all, err);
    free(all);
    return s;
}

static fc_status damaged(const fc_weights *w, const char *what, fc_error *err)
{
    return fc_fail(err, FC_ECORRUPT, "%s: damaged: %s", fc_weights_path(w), what);
}

fc_status fc_names_get(char **name, size_t n, const fc_weights *w, const char *tensor, fc_error *err)
{
    const fc_tensor *t = fc_weights_find(w, tensor);
    const char *at = t ? t->data : NULL, *end = at ? at + t->count : NULL;

    if (!t || t->dtype != FC_U8 || t->rank != 1)
        return damaged(w, "it has no names", err);
    for (size_t i = 0; i < n; i++) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (!stop)
            return damaged(w, "it has fewer names than people", err);
        if (!(name[i] = strndup(at, (size_t)(stop - at))))
            return fc_fail_nomem(err, (size_t)(stop - at) + 1);
        if (fc_name_check_stored(name[i], NULL) || (i && strcmp(name[i - 1], name[i]) >= 0))
            return damaged(w, "its names are not those of people, by name", err);
        at = stop + 1;
    }
    return at == end ? FC_OK : damaged(w, "it has more names than people", err);
}
