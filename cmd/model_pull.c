/* fc-model import and pull. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/text.h"
#include "models/import.h"
#include "models/pull.h"
#include "model.h"
#include "models.h"
#include "progress.h"
#include "say.h"

/* As sha256sum does. */
static void print_hash(const char *hex, const char *name)
{
    printf("%s  ", hex);
    fc_text_put(stdout, name, strlen(name));
    putchar('\n');
}

fc_status model_import(const struct model_args *a, char **words, int n, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    fc_weights *w = NULL;
    fc_status s;

    if (n != 1)
        return fc_fail(err, FC_EUSAGE, "import: want one FILE");
    if (!a->output || !strcmp(a->output, "-"))
        return fc_fail(err, FC_EUSAGE, "import: want -o FILE");
    s = fc_import(&w, words[0], err);
    if (!s)
        s = fc_weights_save(w, a->output, err);
    if (!s)
        s = fc_sha256_file(hex, a->output, err);
    if (!s && !fc_weights_meta(w, "arch"))
        note("%s: the tensors of no network that facecheck knows; names and layout are kept", words[0]);
    fc_weights_free(w);
    if (!s)
        print_hash(hex, a->output);
    return s;
}

typedef struct meter {
    const char *name;
    progress shown;
    bool quiet, began;
    uint64_t first; /* bytes that were there when it began */
} meter;

static void show_meter(void *ctx, uint64_t done, uint64_t total)
{
    enum { WIDTH = 30 };
    static const char full[] = "##############################", empty[] = "..............................";
    meter *m = ctx;

    if (!m->began) {
        m->began = true;
        m->first = done;
        m->shown = progress_begin(progress_wanted(m->quiet, false));
    }
    if (!progress_due(&m->shown) && !(m->shown.on && done == total))
        return;
    const double seconds = fc_now() - m->shown.start,
                 rate = seconds > 0 ? (double)(done - m->first) / seconds : 0;
    if (total) {
        int part = (int)((double)WIDTH * (double)done / (double)total);
        progress_show("%s [%.*s%.*s] %3.0f%% of %.1f MB, %.1f MB/s", m->name, part, full, WIDTH - part, empty,
                      100 * (double)done / (double)total, (double)total / 1e6, rate / 1e6);
    } else {
        progress_show("%s %.1f MB, %.1f MB/s", m->name, (double)done / 1e6, rate / 1e6);
    }
}

static fc_status pull_one(const struct model_args *a, const fc_model *x, const char *dir, fc_error *err)
{
    meter m = {.name = x->name, .quiet = a->quiet};
    fc_pull p = {.model = x, .dir = dir, .stall_seconds = a->timeout, .progress = show_meter, .ctx = &m};
    fc_status s;

    if (!a->force && fc_model_installed(x) && !fc_model_verify(x, NULL)) {
        note("%s is installed: %s", x->name, x->path);
        return FC_OK;
    }
    s = fc_pull_run(&p, err);
    progress_clear();
    if (!s) {
        if (p.resumed)
            note("%s: went on after %" PRIu64 " bytes of an earlier pull", x->name, p.resumed);
        if (!p.known)
            note("%s: no SHA-256 of it was known; this one is now recorded, and later pulls must match it",
                 x->name);
        print_hash(p.sha256, x->source.file ? x->source.file : x->source.url);
        note("%s is installed: %s", x->name, p.path);
    }
    free(p.path);
    return s;
}

fc_status model_pull(const struct model_args *a, const fc_models *m, char **words, int n, fc_error *err)
{
    char *dir;
    fc_status s = models_user_folder(&dir, err);

    if (!s && !dir)
        s = fc_fail(err, FC_EUSAGE, "no folder to install in: set XDG_DATA_HOME or HOME");

    for (int i = 0; i < n && !s; i++) {
        const fc_model *x;
        s = fc_models_get(&x, m, words[i], err);
        if (!s)
            s = pull_one(a, x, dir, err);
    }
    free(dir);
    return s;
}
