/* Arrays that grow. */
#ifndef FC_BASE_GROW_H
#define FC_BASE_GROW_H
#include <stddef.h>
#include "facecheck.h"

/* Room for at least need elements of size bytes (more than 0) each. array is the address of the pointer to the first, which is
 * from malloc, or NULL; *cap says for how many there is room. What is too small becomes twice as large, or as large as is
 * needed where that is more, so that elements can be added one by one. FC_ENOMEM: all is as it was. */
fc_status fc_grow(void *array, size_t need, size_t *cap, size_t size, fc_error *err);

#endif
