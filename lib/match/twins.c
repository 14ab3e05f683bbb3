/* Rows that are the same. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/table_impl.h"

enum { PROBES = 16 }; /* places that are looked at: sums can be made alike */

struct slot {
    uint64_t sum;
    uint32_t row; /* + 1; 0: free */
};

struct fc_twins {
    pthread_mutex_t lock; /* of all but reading *of */
    uint32_t *of;         /* [rows]: the one of its kind + 1; 0: not asked for yet */
    struct slot *slot;
    size_t slots, used; /* slots: a power of two, or 0 */
};

fc_twins *fc_twins_new(void)
{
    fc_twins *w = calloc(1, sizeof *w);

    if (w && pthread_mutex_init(&w->lock, NULL)) {
        free(w);
        return NULL;
    }
    return w;
}

void fc_twins_free(fc_twins *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w->of);
    free(w->slot);
    free(w);
}

static bool put(struct slot *slot, size_t slots, const struct slot *one)
{
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *at = &slot[(one->sum + i) & (slots - 1)];
        if (at->row)
            continue;
        *at = *one;
        return true;
    }
    return false;
}

/* Those that find no place are left out. */
static void grow(fc_twins *w)
{
    const size_t slots = w->slots ? w->slots * 2 : 1024;
    struct slot *grown = calloc(slots, sizeof *grown);

    if (!grown)
        return;
    w->used = 0;
    for (size_t i = 0; i < w->slots; i++)
        w->used += w->slot[i].row && put(grown, slots, &w->slot[i]);
    free(w->slot);
    w->slot = grown;
    w->slots = slots;
}

/* The first row of this kind, which row is where there was none. */
static size_t find(fc_twins *w, const fc_table *t, size_t row, const float *e)
{
    const size_t bytes = t->size.dim * sizeof *e;
    const struct slot one = {fc_lane_sum(e, t->l.row_bytes - sizeof(fc_row_tail)), (uint32_t)row + 1};

    if (w->used * 2 >= w->slots)
        grow(w);
    for (size_t i = 0; i < PROBES && w->slots; i++) {
        const struct slot *at = &w->slot[(one.sum + i) & (w->slots - 1)];
        if (!at->row)
            break;
        const float *other = (const float *)(t->data + t->l.rows_at + (at->row - 1) * t->l.row_bytes);
        if (at->sum == one.sum && !memcmp(other, e, bytes))
            return at->row - 1;
    }
    if (w->slots)
        w->used += put(w->slot, w->slots, &one);
    return row;
}

size_t fc_table_twin(const fc_table *t, size_t row)
{
    fc_twins *w = t->twins;
    const uint32_t *of = __atomic_load_n(&w->of, __ATOMIC_ACQUIRE);
    uint32_t twin = of ? __atomic_load_n(&of[row], __ATOMIC_RELAXED) : 0;
    fc_table_row r;
    fc_error err;

    if (twin)
        return twin - 1;
    if (fc_table_get(t, row, &r, &err)) /* whoever reads it for its numbers says so */
        return SIZE_MAX;
    pthread_mutex_lock(&w->lock);
    if (!w->of)
        __atomic_store_n(&w->of, calloc(t->size.rows, sizeof *w->of), __ATOMIC_RELEASE);
    if (w->of) {
        twin = (uint32_t)find(w, t, row, r.e) + 1;
        __atomic_store_n(&w->of[row], twin, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&w->lock);
    return twin ? twin - 1 : SIZE_MAX;
}
