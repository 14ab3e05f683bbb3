/* The outputs of an array of embeddings for NumPy. */
#ifndef CMD_NPY_H
#define CMD_NPY_H
#include "options.h"

/* Says that an array and its list (base/npy.h) will be written, so that neither is an input: before those are read.
 * argv: n operands. */
fc_status npy_outputs(const program *p, const char *path, char **argv, int n, fc_error *err);

#endif
