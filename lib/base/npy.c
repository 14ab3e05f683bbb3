#include "base/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"

/* Magic, version, length of the rest, and a text that leaves room for any number of rows. */
enum { NPY_HEADER = 128 };

struct fc_npy {
    fc_atomic_file array, ids;
    int dim;
    size_t rows;
};

static bool put_header(const fc_npy *n)
{
    char header[NPY_HEADER + 1];
    int used = snprintf(header, sizeof header,
                        "\x93NUMPY\x01%c%c%c{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %d), }",
                        0, NPY_HEADER - 10, 0, n->rows, n->dim);

    memset(header + used, ' ', (size_t)(NPY_HEADER - used));
    header[NPY_HEADER - 1] = '\n';
    return fwrite(header, 1, NPY_HEADER, n->array.f) == NPY_HEADER;
}

char *fc_npy_ids(const char *path)
{
    size_t n = strlen(path);
    char *name;

    if (n > 4 && !strcmp(path + n - 4, ".npy"))
        n -= 4;
    return asprintf(&name, "%.*s.ids", (int)n, path) < 0 ? NULL : name;
}

fc_status fc_npy_open(fc_npy **out, const char *path, int dim, fc_error *err)
{
    fc_npy *n = calloc(1, sizeof *n);
    char *ids = fc_npy_ids(path);
    fc_status s = n && ids ? FC_OK : fc_fail_nomem(err, sizeof *n);

    *out = NULL;
    if (n)
        n->dim = dim;
    if (!s)
        s = fc_atomic_open(&n->array, path, err);
    if (!s)
        s = fc_atomic_open(&n->ids, ids, err);
    if (!s && !put_header(n))
        s = fc_fail_errno(err, path);
    free(ids);
    if (s)
        fc_npy_discard(n);
    else
        *out = n;
    return s;
}

fc_status fc_npy_add(fc_npy *n, const float *row, size_t dim, const char *src, size_t face, const char *frame,
                     fc_error *err)
{
    if (dim != (size_t)n->dim)
        return fc_fail(err, FC_ERECORD, "%s: faces[%zu]: an embedding of %zu numbers, the model's have %d",
                       src, face, dim, n->dim);
    if (fwrite(row, sizeof *row, (size_t)n->dim, n->array.f) != (size_t)n->dim)
        return fc_fail_errno(err, n->array.path);
    if (fprintf(n->ids.f, "%s\t%zu%s\n", src, face, frame) < 0)
        return fc_fail_errno(err, n->ids.path);
    n->rows++;
    return FC_OK;
}

fc_status fc_npy_commit(fc_npy *n, fc_error *err)
{
    fc_status s = FC_OK;

    if (fseek(n->array.f, 0, SEEK_SET) || !put_header(n))
        s = fc_fail_errno(err, n->array.path);
    if (!s)
        s = fc_atomic_commit(&n->array, err);
    if (!s)
        s = fc_atomic_commit(&n->ids, err);
    fc_npy_discard(n);
    return s;
}

void fc_npy_discard(fc_npy *n)
{
    if (!n)
        return;
    fc_atomic_discard(&n->array);
    fc_atomic_discard(&n->ids);
    free(n);
}
