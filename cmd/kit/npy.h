/* An array of embeddings for NumPy. */
#ifndef CMD_NPY_H
#define CMD_NPY_H
#include "options.h"

/* An array float32 [rows][dim] in NumPy's format 1.0, and beside it a list of its rows, "SRC TAB FACE", with
 * the records' paths escaped. Both appear when all is written. */
typedef struct npy npy;
/* Says that both will be written, so that neither is an input: before those are read. argv: n operands. */
fc_status npy_outputs(const program *p, const char *path, char **argv, int n, fc_error *err);
/* The list's name is path with .npy replaced by .ids, or with .ids added. */
fc_status npy_open(npy **out, const char *path, int dim, fc_error *err);
/* row has dim numbers, else FC_ERECORD. */
fc_status npy_add(npy *n, const float *row, size_t dim, const char *src, size_t face, fc_error *err);
/* Ends the files; n is gone in any case. */
fc_status npy_commit(npy *n, fc_error *err);
void npy_discard(npy *n);

#endif
