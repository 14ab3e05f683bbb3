/* fc-eval --worst: pictures of the worst comparisons. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"
#include "eval.h"
#include "plot/cases.h"
#include "say.h"

/* Caller frees. */
static char *worst_path(const char *dir, size_t i)
{
    char name[32];

    snprintf(name, sizeof name, "%03zu.png", i + 1);
    return fc_folder_join(dir, name);
}

fc_status eval_worst_outputs(size_t n, const char *dir, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        char *path = worst_path(dir, i);
        if (!path)
            s = fc_fail_nomem(err, strlen(dir) + 1);
        else if (!access(path, F_OK)) /* what is not there cannot be lost */
            s = fc_outputs_add(path, err);
        free(path);
    }
    return s;
}

static fc_status write_case(const evaluation *e, size_t i, const char *dir, fc_error *err)
{
    const fc_image_options decoding = fc_stages_showing(e->stages);
    fc_bytes png = {0};
    fc_atomic_file f;
    char *path = worst_path(dir, i);
    fc_status s;

    if (!path)
        return fc_fail_nomem(err, strlen(dir) + 1);
    if (!(s = fc_case_png(&png, &e->set, &e->result->cases[i], &decoding, 1.5, err)) &&
        !(s = fc_atomic_open(&f, path, err))) {
        if (fwrite(png.data, 1, png.n, f.f) == png.n) {
            s = fc_atomic_commit(&f, err);
        } else {
            s = fc_fail_errno(err, path);
            fc_atomic_discard(&f);
        }
    }
    fc_bytes_clear(&png);
    free(path);
    return s;
}

fc_status eval_write_worst(evaluation *e, size_t n, const char *dir, fc_error *err)
{
    fc_status s = fc_make_folder(dir, 0777, err);

    if (!s && !e->args->force)
        s = fc_outputs_keep_folder(dir, err);
    for (size_t i = 0; i < n && i < e->result->ncases && !s; i++) {
        s = write_case(e, i, dir, err);
        if (s == FC_EEXISTS) {
            e->unwritten++;
            say("%s", err->message);
            s = FC_OK;
        }
    }
    return s;
}
