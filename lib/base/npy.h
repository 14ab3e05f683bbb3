/* Arrays for NumPy. */
#ifndef FC_BASE_NPY_H
#define FC_BASE_NPY_H
#include "facecheck.h"

/* An array float32 [rows][dim] in NumPy's format 1.0, and beside it a list of its rows, "SRC TAB FACE",
 * of a frame of a video "SRC TAB FACE TAB FRAME TAB PTS". Both appear when all
 * is written. */
typedef struct fc_npy fc_npy;
/* The list's name: path with .npy replaced by .ids, or with .ids added. Caller frees; NULL when memory is out. */
char *fc_npy_ids(const char *path);
fc_status fc_npy_open(fc_npy **out, const char *path, int dim, fc_error *err);
/* row has dim numbers, else FC_ERECORD. src: escaped (text.h). frame: the two columns behind it, with their tabs; "": none. */
fc_status fc_npy_add(fc_npy *n, const float *row, size_t dim, const char *src, size_t face, const char *frame,
                     fc_error *err);
/* Ends the files; n is gone in any case. */
fc_status fc_npy_commit(fc_npy *n, fc_error *err);
/* Leaves both as they were; n may be NULL. */
void fc_npy_discard(fc_npy *n);

#endif
