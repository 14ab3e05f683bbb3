#include "nn/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"

#define HUGE  ((size_t)2 << 20)
#define ALIGN ((size_t)64)
#define FIRST ((size_t)64 << 10) /* of an arena */

static size_t rounded(size_t n)
{
    size_t unit = n >= HUGE ? HUGE : 4096;
    return n > SIZE_MAX - unit ? 0 : (n + unit - 1) / unit * unit;
}

void *fc_pages_new(size_t n)
{
    size_t want = rounded(n ? n : 1), room;
    uint8_t *p, *at;

    if (!want)
        return NULL;
    room = want < HUGE ? want : want + HUGE;
    if (room < want)
        return NULL;
    p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (room == want)
        return p;
    /* Keep the part that begins at a huge page. */
    at = (uint8_t *)(((uintptr_t)p + HUGE - 1) / HUGE * HUGE);
    if (at > p)
        munmap(p, (size_t)(at - p));
    munmap(at + want, HUGE - (size_t)(at - p));
#ifdef MADV_HUGEPAGE
    (void)madvise(at, want, MADV_HUGEPAGE); /* it works without, too */
#endif
    return at;
}

void fc_pages_free(void *p, size_t n)
{
    if (p)
        munmap(p, rounded(n ? n : 1));
}

void *fc_zeroed(size_t n)
{
    void *p = n <= SIZE_MAX - ALIGN ? aligned_alloc(ALIGN, (n + ALIGN - 1) / ALIGN * ALIGN) : NULL;
    return p ? memset(p, 0, n) : NULL;
}

struct fc_arena_chunk {
    struct fc_arena_chunk *before;
    size_t size;
    uint8_t *top;
};

void *fc_arena_take(fc_arena *p, size_t n)
{
    struct fc_arena_chunk *c;
    size_t want, size;

    if (!fc_add(n, ALIGN - 1, &want))
        return NULL;
    want &= ~(ALIGN - 1);
    if (want > p->left) {
        size = p->next ? p->next : FIRST;
        if (want > size - ALIGN && !fc_add(want, ALIGN, &size))
            return NULL;
        c = fc_pages_new(size);
        if (!c)
            return NULL;
        *c = (struct fc_arena_chunk){p->chunk, size, (uint8_t *)c + ALIGN};
        p->chunk = c;
        p->left = size - ALIGN;
        p->next = size < 4 * HUGE ? 2 * size : size;
    }
    c = p->chunk;
    void *r = c->top;
    c->top += want;
    p->left -= want;
    return r;
}

void fc_arena_clear(fc_arena *p)
{
    while (p->chunk) {
        struct fc_arena_chunk *c = p->chunk;
        p->chunk = c->before;
        fc_pages_free(c, c->size);
    }
    *p = (fc_arena){0};
}
