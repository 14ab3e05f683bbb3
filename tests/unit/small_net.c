#include "small_net.h"

#include <stddef.h>

#define WEIGHTS (SMALL_NET_DIM * 27)

const float *small_net_weight(void)
{
    static float v[WEIGHTS];
    for (size_t i = 0; i < WEIGHTS; i++)
        v[i] = (float)((i * 37 + i / 27 * 11) % 101) / 100 - 0.5f;
    return v;
}

const float *small_net_bias(void)
{
    static float v[SMALL_NET_DIM];
    for (size_t i = 0; i < SMALL_NET_DIM; i++)
        v[i] = (float)(i * 7 % 13) / 26 - 0.25f;
    return v;
}
