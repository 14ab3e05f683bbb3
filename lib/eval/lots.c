#include "eval/lots.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"

fc_status fc_people_images_draw(fc_people_images *out, const uint32_t *label, size_t n, size_t people,
                                uint64_t seed, fc_error *err)
{
    out->first = calloc(people + 2, sizeof *out->first);
    out->image = calloc(n + 1, sizeof *out->image);
    if (!out->first || !out->image) {
        fc_people_images_clear(out);
        return fc_fail_nomem(err, n * sizeof *out->image);
    }
    for (size_t i = 0; i < n; i++)
        out->first[label[i] + 2]++;
    for (size_t p = 0; p < people; p++)
        out->first[p + 2] += out->first[p + 1];
    for (size_t i = 0; i < n; i++) /* first[p + 1] is where p's next one goes */
        out->image[out->first[label[i] + 1]++] = i;
    for (size_t p = 0; p < people; p++)
        fc_shuffle(out->image + out->first[p], out->first[p + 1] - out->first[p], seed * 1000003 + p);
    return FC_OK;
}

void fc_people_images_clear(fc_people_images *p)
{
    free(p->first);
    free(p->image);
    *p = (fc_people_images){0};
}
