/* How what goes into matrix tiles (amx.h) lies in memory. */
#ifndef FC_KERNELS_AMX_LAYOUT_H
#define FC_KERNELS_AMX_LAYOUT_H
#include <stdint.h>
#include <stddef.h>
#include <string.h>

enum { TILE = 16 * 32 }; /* bfloat16 numbers */
typedef uint16_t bf16;

static inline bf16 to_bf16(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, 4);
    return (bf16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/* B's place for input k and channel o. */
static inline size_t tile_at(int k, int o)
{
    return (size_t)(k / 2 * 32 + 2 * o + k % 2);
}

#endif
