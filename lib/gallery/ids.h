/* Sets of people or samples, by number. */
#ifndef FC_GALLERY_IDS_H
#define FC_GALLERY_IDS_H
#include "facecheck.h"

typedef struct fc_ids {
    int64_t *id; /* [n], owned */
    size_t n, cap;
} fc_ids; /* {0} has none */

/* What was added last is not added again. */
fc_status fc_ids_add(fc_ids *ids, int64_t id, fc_error *err);
/* By rising number, for fc_ids_has. */
void fc_ids_sort(fc_ids *ids);
bool fc_ids_has(const fc_ids *ids, int64_t id);
void fc_ids_clear(fc_ids *ids);

#endif
