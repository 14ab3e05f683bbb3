/* FAISS's flat index behind a C header. */
#ifndef BENCH_FAISS_H
#define BENCH_FAISS_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_faiss bench_faiss;
/* On one thread. v: [n][dim], copied. NULL where FAISS was not found, or fails. */
bench_faiss *bench_faiss_new(const float *v, size_t n, size_t dim);
void bench_faiss_search(const bench_faiss *f, const float *queries, size_t n, size_t k, float *scores,
                        int64_t *ids);
void bench_faiss_free(bench_faiss *f);

#ifdef __cplusplus
}
#endif
#endif
