/* Which of the networks in nets.h a set of weights belongs to. */
#ifndef FC_MODELS_ARCH_H
#define FC_MODELS_ARCH_H
#include "nn/weights.h"

/* The name of the network whose every tensor is there in the right size, more may be there too; NULL where there is
 * none. */
fc_status fc_arch_of(const char **out, const fc_weights *w, fc_error *err);

#endif
