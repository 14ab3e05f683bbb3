/* Arrays of NumPy's, as others wrote them. */
#ifndef FC_BASE_NPY_READ_H
#define FC_BASE_NPY_READ_H
#include "facecheck.h"

/* A table of numbers in the bytes of a file, which it borrows. */
typedef struct fc_npy_table {
    size_t rows, columns;
    const uint8_t *data;
    size_t size;  /* of a number: 4 or 8 bytes, float32 or float64 */
    bool big;     /* the first byte is the greatest */
    bool fortran; /* column by column */
} fc_npy_table;

bool fc_npy_is(const uint8_t *bytes, size_t n);
/* Formats 1.0 to 3.0. An array of one dimension is one row. What is no table of float32 or float64 (objects, records, integers, more
 * dimensions), or has not as many bytes as it says, is FC_EFORMAT or FC_EUNSUPPORTED. name is for messages. */
fc_status fc_npy_parse(fc_npy_table *out, const uint8_t *bytes, size_t n, const char *name, fc_error *err);
/* May be infinite, or no number. */
double fc_npy_number(const fc_npy_table *t, size_t row, size_t column);

#endif
