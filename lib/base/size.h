/* Sizes that come from outside are multiplied and added here. */
#ifndef FC_BASE_SIZE_H
#define FC_BASE_SIZE_H
#include <stdbool.h>
#include <stddef.h>

/* True, and *out set, when the result fits. */
static inline bool fc_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool fc_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

#endif
