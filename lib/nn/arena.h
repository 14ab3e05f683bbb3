/* Zeroed, aligned memory for weights and maps. */
#ifndef FC_NN_ARENA_H
#define FC_NN_ARENA_H
#include <stddef.h>

/* At least 64-byte aligned; in huge pages where it is large enough to fill some. NULL when memory is out. */
void *fc_pages_new(size_t n);
void fc_pages_free(void *p, size_t n);

/* 64-byte aligned; free() frees it. NULL when memory is out. */
void *fc_zeroed(size_t n);

/* Many small arrays that are freed together. {0} is empty. */
typedef struct fc_arena {
    struct fc_arena_chunk *chunk;
    size_t left, next; /* bytes free in the chunk; size of the next one */
} fc_arena;
void *fc_arena_take(fc_arena *p, size_t n); /* 64-byte aligned, zeroed; NULL when memory is out */
void fc_arena_clear(fc_arena *p);

#endif
