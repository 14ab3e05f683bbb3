#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

fc_status fc_grow(void *array, size_t need, size_t *cap, size_t size, fc_error *err)
{
    size_t room, bytes;
    void *p;

    if (need <= *cap)
        return FC_OK;
    if (!fc_mul(*cap, 2, &room) || room < need)
        room = need;
    if (!fc_mul(room, size, &bytes))
        return fc_fail_nomem(err, SIZE_MAX);
    memcpy(&p, array, sizeof p); /* a pointer to what, only the caller knows */
    if (!(p = realloc(p, bytes)))
        return fc_fail_nomem(err, bytes);
    memcpy(array, &p, sizeof p);
    *cap = room;
    return FC_OK;
}
