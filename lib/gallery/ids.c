#include "gallery/ids.h"

#include <stdlib.h>

#include "base/grow.h"

fc_status fc_ids_add(fc_ids *ids, int64_t id, fc_error *err)
{
    if (ids->n && ids->id[ids->n - 1] == id)
        return FC_OK;
    fc_status s = fc_grow(&ids->id, ids->n + 1, &ids->cap, sizeof *ids->id, err);
    if (!s)
        ids->id[ids->n++] = id;
    return s;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

void fc_ids_sort(fc_ids *ids)
{
    if (ids->n)
        qsort(ids->id, ids->n, sizeof *ids->id, by_number);
}

bool fc_ids_has(const fc_ids *ids, int64_t id)
{
    return ids->n && bsearch(&id, ids->id, ids->n, sizeof *ids->id, by_number);
}

void fc_ids_clear(fc_ids *ids)
{
    free(ids->id);
    *ids = (fc_ids){0};
}
