#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"

/* Magic, version, length of the rest, and a text that leaves room for any number of rows. */
enum { NPY_HEADER = 128 };

struct npy {
    fc_atomic_file array, ids;
    int dim;
    size_t rows;
};

static bool put_header(const npy *n)
{
    char header[NPY_HEADER + 1];
    int used = snprintf(header, sizeof header,
                        "\x93NUMPY\x01%c%c%c{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %d), }",
                        0, NPY_HEADER - 10, 0, n->rows, n->dim);

    memset(header + used, ' ', (size_t)(NPY_HEADER - used));
    header[NPY_HEADER - 1] = '\n';
    return fwrite(header, 1, NPY_HEADER, n->array.f) == NPY_HEADER;
}

/* "x.npy" -> "x.ids"; caller frees. */
static char *ids_name(const char *path)
{
    size_t n = strlen(path);
    char *name;

    if (n > 4 && !strcmp(path + n - 4, ".npy"))
        n -= 4;
    return asprintf(&name, "%.*s.ids", (int)n, path) < 0 ? NULL : name;
}

fc_status npy_outputs(const program *p, const char *path, char **argv, int n, fc_error *err)
{
    char *ids = ids_name(path);
    fc_status s = ids ? options_add_output(p, ids, argv, n, err) : fc_fail_nomem(err, strlen(path) + 1);

    free(ids);
    return s;
}

fc_status npy_open(npy **out, const char *path, int dim, fc_error *err)
{
    npy *n = calloc(1, sizeof *n);
    char *ids = ids_name(path);
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
        npy_discard(n);
    else
        *out = n;
    return s;
}

fc_status npy_add(npy *n, const float *row, size_t dim, const char *src, size_t face, fc_error *err)
{
    if (dim != (size_t)n->dim)
        return fc_fail(err, FC_ERECORD, "%s: faces[%zu]: an embedding of %zu numbers, the model's have %d",
                       src, face, dim, n->dim);
    if (fwrite(row, sizeof *row, (size_t)n->dim, n->array.f) != (size_t)n->dim)
        return fc_fail_errno(err, n->array.path);
    if (fprintf(n->ids.f, "%s\t%zu\n", src, face) < 0)
        return fc_fail_errno(err, n->ids.path);
    n->rows++;
    return FC_OK;
}

fc_status npy_commit(npy *n, fc_error *err)
{
    fc_status s = FC_OK;

    if (fseek(n->array.f, 0, SEEK_SET) || !put_header(n))
        s = fc_fail_errno(err, n->array.path);
    if (!s)
        s = fc_atomic_commit(&n->array, err);
    if (!s)
        s = fc_atomic_commit(&n->ids, err);
    npy_discard(n);
    return s;
}

void npy_discard(npy *n)
{
    if (!n)
        return;
    fc_atomic_discard(&n->array);
    fc_atomic_discard(&n->ids);
    free(n);
}
