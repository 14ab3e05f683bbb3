/* Where the intermediate results of a plan lie: in one arena, those that do not live at the same time above each other. */
#include "nn/plan.h"

#include <stdlib.h>

#include "base/error.h"

#define ALIGN 64

typedef struct block {
    size_t size, offset;
    int first, last; /* steps */
    int value;       /* or -1: scratch of step first */
} block;

static int larger_first(const void *a, const void *b)
{
    const block *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->first - y->first;
}

static int by_offset(const void *a, const void *b)
{
    const block *x = *(block *const *)a, *y = *(block *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The lowest place where b meets none of the placed blocks that live at the same time. around: room for
 * placed. */
static size_t lowest(const block *b, block *placed, size_t n, block **around)
{
    size_t at = 0, m = 0;

    for (size_t i = 0; i < n; i++)
        if (placed[i].first <= b->last && b->first <= placed[i].last)
            around[m++] = &placed[i];
    qsort(around, m, sizeof *around, by_offset);
    for (size_t i = 0; i < m; i++) {
        if (around[i]->offset >= at + b->size)
            break;
        if (around[i]->offset + around[i]->size > at)
            at = around[i]->offset + around[i]->size;
    }
    return at;
}

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* What lives among the steps that inputs go through together is there for each, and from the first input's first step on. */
static void multiply(block *b, size_t *each, int batch, int together)
{
    *each = 0;
    if (b->last < together)
        return;
    *each = b->size;
    b->size *= (size_t)batch;
    if (b->first < together)
        b->first = 0;
}

/* One block for each value that is not a part of another, and for each step's scratch. */
static size_t list_blocks(fc_plan *p, block *list, int batch, int together)
{
    size_t n = 0;

    for (int i = 0; i < p->nvalues; i++) {
        fc_value *v = &p->value[i];
        if (v->base != i)
            continue;
        block b = {.size = aligned((size_t)v->h * (size_t)v->w * v->ld * fc_elem_size(v->elem)), .value = i};
        b.first = p->nsteps;
        b.last = -1;
        for (int s = 0; s < p->nsteps; s++) {
            const fc_step *st = &p->step[s];
            const int touched[] = {st->src[0], st->src[1], st->dst};
            for (int k = 0; k < 3; k++)
                if (touched[k] >= 0 && p->value[touched[k]].base == i) {
                    b.first = s < b.first ? s : b.first;
                    b.last = s;
                }
        }
        for (int o = 0; o < p->noutputs; o++)
            if (p->output[o] == i)
                b.last = p->nsteps;
        multiply(&b, &v->each, batch, together);
        list[n++] = b;
    }
    for (int s = 0; s < p->nsteps; s++)
        if (p->step[s].scratch)
            list[n++] = (block){.size = aligned(p->step[s].scratch), .first = s, .last = s, .value = -1};
    return n;
}

fc_status fc_plan_layout(fc_plan *p, int batch, int together, fc_error *err)
{
    size_t most = (size_t)p->nvalues + (size_t)p->nsteps, n;
    block *list = calloc(most, sizeof *list), **around = calloc(most, sizeof *around);
    fc_status s = FC_OK;

    if (!list || !around) {
        s = fc_fail_nomem(err, most * sizeof *list);
        goto out;
    }
    n = list_blocks(p, list, batch, together);
    qsort(list, n, sizeof *list, larger_first);
    p->arena = 0;
    for (size_t i = 0; i < n; i++) {
        block *b = &list[i];
        b->offset = lowest(b, list, i, around);
        if (b->offset + b->size > p->arena)
            p->arena = b->offset + b->size;
        if (b->value >= 0)
            p->value[b->value].offset = b->offset;
        else
            p->step[b->first].scratch_offset = b->offset;
    }
    for (int i = 0; i < p->nvalues; i++) {
        fc_value *v = &p->value[i];
        if (v->base == i)
            continue;
        v->offset = p->value[v->base].offset + v->channel * fc_elem_size(v->elem);
        v->each = p->value[v->base].each;
    }
out:
    free(list);
    free(around);
    return s;
}
