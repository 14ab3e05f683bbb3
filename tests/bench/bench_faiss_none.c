/* Where FAISS is not installed. */
#include "bench_faiss.h"

bench_faiss *bench_faiss_new(const float *v, size_t n, size_t dim)
{
    (void)v, (void)n, (void)dim;
    return NULL;
}

void bench_faiss_search(const bench_faiss *f, const float *queries, size_t n, size_t k, float *scores,
                        int64_t *ids)
{
    (void)f, (void)queries, (void)n, (void)k, (void)scores, (void)ids;
}

void bench_faiss_free(bench_faiss *f)
{
    (void)f;
}
