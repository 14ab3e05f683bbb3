#include "models/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"
#include "models/download.h"
#include "models/import.h"
#include "models/models_yaml.h"

/* "DIR/.NAME.ENDING": what a pull leaves for a while. Caller frees; NULL: no memory. */
static char *hidden(const char *dir, const char *name, const char *ending)
{
    char *file = fc_text_format(".%s.%s", name, ending), *path = file ? fc_folder_join(dir, file) : NULL;

    free(file);
    return path;
}

/* *fd holds the lock until it is closed. */
static fc_status lock(const char *dir, int *fd, fc_error *err)
{
    char *path = fc_folder_join(dir, ".lock");

    *fd = -1;
    if (!path)
        return fc_fail_nomem(err, strlen(dir) + 1);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    fc_status s = FC_OK;
    if (*fd < 0)
        s = fc_fail_errno(err, path);
    else if (flock(*fd, LOCK_EX | LOCK_NB))
        s = errno == EWOULDBLOCK ? fc_fail(err, FC_EIO, "%s: another pull is at work there", dir)
                                 : fc_fail_errno(err, path);
    free(path);
    return s;
}

/* A known hash that is not got's. */
static fc_status compare(const char *what, const char *known, const char *got, fc_error *err)
{
    if (known && strcmp(known, got) != 0)
        return fc_fail(err, FC_EHASH, "%s: its SHA-256 is %s, recorded is %s; it was deleted", what, got,
                       known);
    return FC_OK;
}

/* Imports part into the file made, whose hash goes to hex. */
static fc_status convert(const fc_model *m, const char *part, const char *made, char hex[FC_SHA256_HEX],
                         fc_error *err)
{
    fc_weights *w;
    fc_status s = fc_import(&w, part, err);

    if (s)
        return s;
    const char *arch = fc_weights_meta(w, "arch");
    if (m->arch && (!arch || strcmp(arch, m->arch) != 0))
        s = fc_fail(err, FC_EMODEL, "%s: what came is not the network %s; it was deleted", m->source.url,
                    m->arch);
    if (!s)
        s = fc_weights_save(w, made, err);
    if (!s)
        s = fc_sha256_file(hex, made, err);
    if (!s)
        s = compare(made, m->sha256, hex, err);
    fc_weights_free(w);
    return s;
}

/* Writes dir/models.yaml again, with m in it. */
static fc_status record(const fc_model *m, const char *dir, fc_error *err)
{
    fc_model **list;
    size_t n, i = 0;
    fc_status s = fc_models_yaml_read(&list, &n, dir, err);

    if (s && s != FC_EMISSING)
        return s;
    const fc_model **with = calloc(n + 1, sizeof *with);
    if (with) {
        while (i < n && strcmp(list[i]->name, m->name) != 0)
            i++;
        for (size_t k = 0; k < n; k++)
            with[k] = list[k];
        with[i] = m;
        s = fc_models_yaml_write(with, i == n ? n + 1 : n, dir, err);
    } else {
        s = fc_fail_nomem(err, (n + 1) * sizeof *with);
    }
    free(with);
    for (i = 0; i < n; i++)
        fc_model_free(list[i]);
    free(list);
    return s;
}

/* Refuses a path in dir that is another model's. */
static fc_status is_own_path(const fc_model *m, const char *path, const char *dir, fc_error *err)
{
    fc_model **list;
    size_t n;
    fc_status s = fc_models_yaml_read(&list, &n, dir, err);

    if (s)
        return s == FC_EMISSING ? FC_OK : s;
    for (size_t i = 0; i < n; i++) {
        if (!s && strcmp(list[i]->name, m->name) != 0 && strcmp(list[i]->path, path) == 0)
            s = fc_fail(err, FC_EMODEL, "%s: is the model '%s', which '%s' would replace", path,
                        list[i]->name, m->name);
        fc_model_free(list[i]);
    }
    free(list);
    return s;
}

/* Moves made to p->path and records m. Where that fails, what was there before stays. */
static fc_status put(fc_pull *p, const fc_model *m, const char *made, fc_error *err)
{
    char *old = hidden(p->dir, m->name, "old");
    fc_status s;

    if (!old)
        return fc_fail_nomem(err, strlen(p->dir) + 1);
    unlink(old);
    const bool had = access(p->path, F_OK) == 0, kept = had && link(p->path, old) == 0;
    if (rename(made, p->path))
        s = fc_fail_errno(err, p->path);
    else if ((s = fc_sync_folder_of(p->path, err)) || (s = record(m, p->dir, err))) {
        if (kept)
            rename(old, p->path);
        else if (!had)
            unlink(p->path); /* without its description it is of no use */
    }
    unlink(old);
    free(old);
    return s;
}

static fc_status install(fc_pull *p, const char *part, const char *made, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    fc_status s = fc_sha256_file(p->sha256, part, err);

    p->known = p->model->source.sha256 != NULL;
    if (!s)
        s = compare(p->model->source.url, p->model->source.sha256, p->sha256, err);
    if (!s)
        s = convert(p->model, part, made, hex, err);
    if (s) {
        if (s != FC_EIO && s != FC_ENOMEM)
            fc_download_forget(part);
        return s;
    }
    fc_model m = *p->model;
    m.sha256 = hex;
    m.source.sha256 = p->sha256;
    s = put(p, &m, made, err);
    if (!s)
        fc_download_forget(part);
    return s;
}

/* Over plain http anybody on the way can put another file in its place. */
static fc_status is_trusted(const fc_model *m, fc_error *err)
{
    if (strncasecmp(m->source.url, "https:", 6) == 0 || m->source.sha256 || (m->sha256 && !m->hashed_here))
        return FC_OK;
    return fc_fail(err, FC_EMODEL,
                   "%s: model '%s' has no SHA-256 in its description, and is fetched over https only",
                   m->source.url, m->name);
}

fc_status fc_pull_run(fc_pull *p, fc_error *err)
{
    const fc_model *m = p->model;
    const char *slash = strrchr(m->path, '/');
    char *part = NULL, *made = NULL;
    int fd = -1;
    fc_status s;

    p->path = NULL;
    if (!m->source.url)
        return fc_fail(err, FC_EMODEL, "model '%s' has no address to pull it from%s%s", m->name,
                       m->source.package ? "; it comes from " : "",
                       m->source.package ? m->source.package : "");
    if ((s = is_trusted(m, err)))
        return s;
    p->path = fc_folder_join(p->dir, slash ? slash + 1 : m->path);
    part = hidden(p->dir, m->name, "part");
    made = hidden(p->dir, m->name, "made");
    if (!p->path || !part || !made) {
        s = fc_fail_nomem(err, strlen(p->dir) + 1);
        goto out;
    }
    s = fc_make_folders(p->dir, 0777, err);
    if (!s)
        s = lock(p->dir, &fd, err);
    if (!s)
        s = is_own_path(m, p->path, p->dir, err);
    if (s)
        goto out;
    s = fc_download_run(
        &(fc_download){m->source.url, part, FC_WEIGHTS_MAX_FILE, p->stall_seconds, p->progress, p->ctx},
        &p->resumed, err);
    if (!s)
        s = install(p, part, made, err);
    unlink(made);
out:
    if (fd >= 0)
        close(fd);
    free(part);
    free(made);
    return s;
}
