/*
 * Holds a test to an instruction set before it starts: to ONEDNN_MAX_CPU_ISA, as the tools do, and to FC_ISA, which names
 * the level of a test for one level. Such a test is skipped where the CPU has no such level, or is held below it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"

static void take(const char *variable)
{
    const char *name = getenv(variable);
    fc_error err;

    if (name && *name && fc_cpu_hold(name, &err)) {
        fprintf(stderr, "%s: %s\n", variable, err.message);
        exit(2);
    }
}

__attribute__((constructor)) static void hold(void)
{
    take("ONEDNN_MAX_CPU_ISA");
    const fc_isa most = fc_cpu_held();
    take("FC_ISA");
    if (getenv("FC_ISA") && (fc_cpu_held() > most || !fc_cpu_has(fc_cpu_held()))) {
        printf("skipped: no %s here\n", getenv("FC_ISA"));
        exit(77);
    }
}
