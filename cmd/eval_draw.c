#include "eval_draw.h"

#include <stdlib.h>

#include "base/error.h"

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void eval_shuffle(size_t *v, size_t n, uint64_t seed)
{
    for (size_t i = n; i > 1; i--) {
        size_t k =
            (size_t)(next(&seed) % i); /* i is far below 2^64: no number is favoured that anyone could see */
        size_t swap = v[i - 1];
        v[i - 1] = v[k];
        v[k] = swap;
    }
}

fc_status eval_people_make(struct eval_people *out, const uint32_t *label, size_t n, size_t people,
                           uint64_t seed, fc_error *err)
{
    out->first = calloc(people + 2, sizeof *out->first);
    out->image = calloc(n + 1, sizeof *out->image);
    if (!out->first || !out->image) {
        eval_people_free(out);
        return fc_fail_nomem(err, n * sizeof *out->image);
    }
    for (size_t i = 0; i < n; i++)
        out->first[label[i] + 2]++;
    for (size_t p = 0; p < people; p++)
        out->first[p + 2] += out->first[p + 1];
    for (size_t i = 0; i < n; i++) /* first[p + 1] is where p's next one goes */
        out->image[out->first[label[i] + 1]++] = i;
    for (size_t p = 0; p < people; p++)
        eval_shuffle(out->image + out->first[p], out->first[p + 1] - out->first[p], seed * 1000003 + p);
    return FC_OK;
}

void eval_people_free(struct eval_people *p)
{
    free(p->first);
    free(p->image);
    *p = (struct eval_people){0};
}
