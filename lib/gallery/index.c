#include "facecheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/nameless.h"
#include "gallery/impl.h"

static fc_status index_path(const fc_gallery *g, char **out, fc_error *err)
{
    *out = fc_gallery_beside(g, ".index");
    return *out ? FC_OK : fc_fail_nomem(err, strlen(g->path) + 1);
}

void fc_index_retire(const fc_gallery *g)
{
    char *path;
    fc_atomic_file empty;

    if (index_path(g, &path, NULL))
        return;
    if (!access(path, F_OK)) {
        if (fc_atomic_open_private(&empty, path, NULL) || fc_atomic_commit(&empty, NULL))
            unlink(path);
    }
    free(path);
}

/* What was removed from the gallery since it was read must not stay in its index. */
static fc_status save(fc_gallery *g, const fc_table *t, const fc_table_label *label, const char *path,
                      fc_error *err)
{
    fc_gallery_info now;
    fc_status s = fc_table_save_nameless(t, label, path, err);

    if (!s)
        s = fc_gallery_get_info(g, &now, err);
    if (!s && memcmp(now.state, label->state, sizeof now.state))
        fc_index_retire(g);
    return s;
}

fc_status fc_index_build(fc_gallery *g, fc_error *err)
{
    char *path = NULL;
    fc_table *t = NULL;
    fc_table_label label;
    fc_status s = FC_OK;

    if (fc_gallery_sealed(g))
        return fc_fail(err, FC_EUNSUPPORTED, "%s: sealed: an index would hold its embeddings in the open",
                       fc_gallery_path(g));
    s = index_path(g, &path, err);
    if (!s)
        s = fc_gallery_load(g, &t, &label, err);
    if (!s)
        s = save(g, t, &label, path, err);
    fc_table_free(t);
    free(path);
    return s;
}

/* The mapped index; *t is NULL where there is none that can be used. */
static fc_status map_index(fc_gallery *g, const char *path, fc_table **t, fc_table_label *label,
                           fc_index_use *how, fc_error *err)
{
    fc_gallery_info info;
    fc_status s = fc_gallery_get_info(g, &info, err);

    *t = NULL;
    *how = FC_INDEX_NONE;
    if (s || fc_gallery_sealed(g))
        return s;
    s = fc_table_map(t, label, path, "index", NULL);
    if (s == FC_EMISSING)
        return FC_OK;
    if (s == FC_ENOMEM)
        return fc_fail_nomem(err, strlen(path));
    *how = FC_INDEX_FRESH;
    if (s || memcmp(label->state, info.state, sizeof info.state) || strcmp(label->contract, info.contract)) {
        fc_table_free(*t);
        *t = NULL;
        *how = FC_INDEX_STALE;
    }
    return FC_OK;
}

fc_status fc_index_open(fc_gallery *g, fc_table **out, fc_table_label *label, fc_index_use *how,
                        fc_error *err)
{
    fc_index_use use = FC_INDEX_NONE;
    char *path = NULL;
    fc_status s = index_path(g, &path, err);

    *out = NULL;
    if (!s)
        s = map_index(g, path, out, label, &use, err);
    if (!s && use != FC_INDEX_FRESH) {
        s = fc_gallery_load(g, out, label, err);
        if (!s && use == FC_INDEX_STALE)
            (void)save(g, *out, label, path, NULL); /* the answer does not depend on it */
    }
    free(path);
    if (how)
        *how = use;
    return s;
}

fc_status fc_index_state(fc_gallery *g, bool check, fc_index_use *state, fc_error *err)
{
    char *path = NULL;
    fc_table *t = NULL;
    fc_table_label label;
    fc_status s = index_path(g, &path, err);

    if (!s)
        s = map_index(g, path, &t, &label, state, err);
    if (!s && check && t)
        s = fc_table_check(t, err);
    fc_table_free(t);
    free(path);
    return s;
}

/* What killed processes have left, where a file cannot be without a name. */
static fc_status remove_leftovers(const fc_gallery *g, const char *index, fc_error *err)
{
    const fc_status s = fc_remove_temporaries(index, err);

    return s ? s : fc_remove_temporaries(g->path, err);
}

fc_status fc_index_purge(fc_gallery *g, fc_error *err)
{
    char *path = NULL;
    fc_status s = index_path(g, &path, err);
    bool had = false;

    if (!s) {
        had = !unlink(path);
        if (!had && errno != ENOENT)
            s = fc_fail_errno(err, path);
    }
    if (!s)
        s = remove_leftovers(g, path, err);
    if (!s)
        s = fc_gallery_purge(g, err);
    if (!s && had)
        s = fc_index_build(g, err);
    free(path);
    return s;
}
