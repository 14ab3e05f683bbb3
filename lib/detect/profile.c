#include "detect/profile.h"

#include <stdlib.h>

#include "base/error.h"

fc_status fc_detect_profile_add(fc_detect_pass **out, fc_detect_profile *p, fc_error *err)
{
    if (p->n == p->cap) {
        const size_t cap = p->cap ? 2 * p->cap : 16;
        fc_detect_pass *grown = reallocarray(p->pass, cap, sizeof *grown);
        if (!grown)
            return fc_fail_nomem(err, cap * sizeof *grown);
        p->pass = grown;
        p->cap = cap;
    }
    *out = &p->pass[p->n++];
    **out = (fc_detect_pass){.level = -1};
    return FC_OK;
}

void fc_detect_profile_clear(fc_detect_profile *p)
{
    free(p->pass);
    *p = (fc_detect_profile){0};
}
