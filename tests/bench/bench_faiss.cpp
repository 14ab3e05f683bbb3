#include "bench_faiss.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <omp.h>

#include <faiss/IndexFlat.h>

struct bench_faiss {
    faiss::IndexFlatIP index;
};

extern "C" bench_faiss *bench_faiss_new(const float *v, size_t n, size_t dim)
{
    try {
        omp_set_num_threads(1);
        auto *f = new bench_faiss{faiss::IndexFlatIP(static_cast<faiss::Index::idx_t>(dim))};
        f->index.add(static_cast<faiss::Index::idx_t>(n), v);
        return f;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "FAISS: %s\n", e.what());
        return nullptr;
    }
}

extern "C" void bench_faiss_search(const bench_faiss *f, const float *queries, size_t n, size_t k,
                                   float *scores, int64_t *ids)
{
    try {
        f->index.search(static_cast<faiss::Index::idx_t>(n), queries, static_cast<faiss::Index::idx_t>(k),
                        scores, ids);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "FAISS: %s\n", e.what());
        std::exit(2);
    }
}

extern "C" void bench_faiss_free(bench_faiss *f)
{
    delete f;
}
