#include "detect/profile.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"

fc_status fc_detect_profile_add(fc_detect_pass **out, fc_detect_profile *p, fc_error *err)
{
    fc_status s = fc_grow(&p->pass, p->n + 1, &p->cap, sizeof *p->pass, err);

    if (s)
        return s;
    *out = &p->pass[p->n++];
    **out = (fc_detect_pass){.level = -1};
    return FC_OK;
}

void fc_detect_profile_clear(fc_detect_profile *p)
{
    free(p->pass);
    *p = (fc_detect_profile){0};
}
