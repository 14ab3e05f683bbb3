#include <string.h>

#include "nets/nets.h"

#define ROW(name) {#name, fc_net_##name},

static const struct {
    const char *name;
    fc_graph *(*make)(void);
} nets[] = {FC_NETS(ROW)};

fc_graph *fc_net_by_name(const char *arch)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if (strcmp(nets[i].name, arch) == 0)
            return nets[i].make();
    return NULL;
}

const char *fc_net_name(size_t i)
{
    return i < sizeof nets / sizeof *nets ? nets[i].name : NULL;
}
