#include <string.h>

#include "nets/nets.h"

static const struct {
    const char *name;
    fc_graph *(*make)(void);
} nets[] = {
    {"pnet", fc_net_pnet},
    {"rnet", fc_net_rnet},
    {"onet", fc_net_onet},
    {"mobilefacenet", fc_net_mobilefacenet},
    {"inception_resnet_v1", fc_net_inception_resnet_v1},
};

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
