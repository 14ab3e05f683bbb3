#include "facecheck.h"
#include "match/fuse_names.h"

const char *const fc_fuse_names[] = FC_NAMES_TABLE(FC_FUSES);

void fc_fused_add(fc_fused *f, double score)
{
    size_t at = f->n < 3 ? f->n : 3;

    f->sum += score;
    f->n++;
    while (at > 0 && f->top[at - 1] < score) {
        if (at < 3)
            f->top[at] = f->top[at - 1];
        at--;
    }
    if (at < 3)
        f->top[at] = score;
}

double fc_fused_score(const fc_fused *f, fc_fuse how)
{
    const size_t n = f->n < 3 ? f->n : 3;
    double sum = 0;

    switch (how) {
    case FC_FUSE_MAX:
        return f->top[0];
    case FC_FUSE_MEAN:
        return f->sum / (double)f->n;
    case FC_FUSE_TOP3:
        for (size_t i = 0; i < n; i++)
            sum += f->top[i];
        return sum / (double)n;
    }
    return f->top[0];
}

uint64_t fc_fused_comparisons(fc_fuse how, uint64_t people, uint64_t photos)
{
    const uint64_t n = how == FC_FUSE_MAX ? photos : how == FC_FUSE_TOP3 ? photos / 3 : 0;

    return n > people ? n : people;
}
