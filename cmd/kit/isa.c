#include "isa.h"

#include <stdlib.h>

#include "base/error.h"

const char *isa_allowed(const char **variable)
{
    static const char *const variables[] = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *name = getenv(variables[i]);
        *variable = variables[i];
        if (name && *name)
            return name;
    }
    return NULL;
}

fc_status isa_hold(fc_error *err)
{
    const char *variable, *name = isa_allowed(&variable);
    fc_error why;

    if (!name || !fc_cpu_hold(name, &why))
        return FC_OK;
    return fc_fail(err, why.status, "%s: %s", variable, why.message);
}
