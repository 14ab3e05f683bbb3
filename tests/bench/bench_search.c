/*
 * Search in ROWS random unit vectors of DIM numbers, on one thread, beside FAISS's flat index where that was found,
 * and beside the memory bandwidth of the machine.
 *
 *     bench_search [ROWS [DIM [QUERIES]]]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench_faiss.h"
#include "match/search.h"
#include "match/similarity.h"

enum { K = 10 };

/* xorshift64* (Vigna 2016) and the sum of twelve: near enough to normal. */
static float random_normal(uint64_t *x)
{
    float sum = -6;
    for (int i = 0; i < 12; i++) {
        *x ^= *x >> 12;
        *x ^= *x << 25;
        *x ^= *x >> 27;
        sum += (float)((*x * 2685821657736338717u) >> 40) / 16777216.0f;
    }
    return sum;
}

static float *random_vectors(size_t n, size_t dim, uint64_t seed)
{
    float *v = aligned_alloc(64, (n * dim * sizeof *v + 63) / 64 * 64);
    if (!v) {
        perror("bench_search");
        exit(2);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < dim; k++)
            v[i * dim + k] = random_normal(&seed);
        fc_normalise(v + i * dim, dim);
    }
    return v;
}

/* Reading everything once with plain vector loads, best of three. */
static double bandwidth(const float *v, size_t n)
{
    typedef uint32_t wide __attribute__((vector_size(64), may_alias));
    const wide *p = (const wide *)v;
    const size_t count = n * sizeof *v / sizeof *p / 4 * 4;
    double best = 0;

    for (int run = 0; run < 3; run++) {
        const double start = fc_now_ms();
        wide sum[4] = {{0}};
        for (size_t i = 0; i < count; i += 4)
            for (size_t k = 0; k < 4; k++)
                sum[k] ^= p[i + k];
        sum[0] ^= sum[1] ^ sum[2] ^ sum[3];
        const double ms = fc_now_ms() - start + (sum[0][0] == 1 ? 1e-9 : 0); /* so that it is not left out */
        best = fmax(best, (double)(count * sizeof *p) / ms / 1e6);
    }
    return best;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, compare_doubles);
    return v[n / 2];
}

static void die(const fc_error *err)
{
    fprintf(stderr, "bench_search: %s\n", err->message);
    exit(2);
}

static void report(const char *what, double lone, double batch, size_t n)
{
    printf("%-22s lone query %8.2f ms   %zu at once %9.3f ms each\n", what, lone, n, batch / (double)n);
}

static void search_ours(const fc_table *t, const float *queries, size_t n, size_t dim, fc_hit *hits)
{
    const fc_search_options opt = {.k = K, .rows = true};
    size_t *found = calloc(n, sizeof *found);
    double *ms = calloc(n, sizeof *ms), start;
    fc_error err;

    for (size_t i = 0; i < n; i++) {
        start = fc_now_ms();
        if (fc_search(t, queries + i * dim, 1, &opt, hits + i * K, &found[i], &err))
            die(&err);
        ms[i] = fc_now_ms() - start;
    }
    start = fc_now_ms();
    if (fc_search(t, queries, n, &opt, hits, found, &err))
        die(&err);
    char name[40];
    snprintf(name, sizeof name, "facecheck (%s)", fc_search_kernel());
    report(name, median(ms, n), fc_now_ms() - start, n);
    free(found);
    free(ms);
}

static void search_faiss(const float *v, size_t rows, const float *queries, size_t n, size_t dim,
                         const fc_hit *hits)
{
    bench_faiss *f = bench_faiss_new(v, rows, dim);
    int64_t *ids = calloc(n * K, sizeof *ids);
    float *scores = calloc(n * K, sizeof *scores);
    double *ms = calloc(n, sizeof *ms), start;
    size_t same = 0, tied = 0;

    if (!f) {
        puts("FAISS                  not built in (libfaiss-dev)");
        return;
    }
    const size_t lone = n < 20 ? n : 20, batch = n < 64 ? n : 64;
    for (size_t i = 0; i < lone; i++) {
        start = fc_now_ms();
        bench_faiss_search(f, queries + i * dim, 1, K, scores, ids);
        ms[i] = fc_now_ms() - start;
    }
    start = fc_now_ms();
    bench_faiss_search(f, queries, batch, K, scores, ids);
    report("FAISS IndexFlatIP", median(ms, lone), fc_now_ms() - start, batch);
    for (size_t i = 0; i < n; i++) /* one by one: without the BLAS that sums in another order */
        bench_faiss_search(f, queries + i * dim, 1, K, scores + i * K, ids + i * K);
    for (size_t i = 0; i < n * K; i++) {
        if (ids[i] == (int64_t)hits[i].row)
            same++;
        else if (fabs((double)scores[i] - hits[i].score) < 1e-6)
            tied++; /* neighbours closer than float32 can tell */
    }
    printf("equal results          %zu of %zu, and %zu that float32 cannot tell apart\n", same, n * K, tied);
    bench_faiss_free(f);
    free(ids);
    free(scores);
    free(ms);
}

int main(int argc, char **argv)
{
    const size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    const size_t dim = argc > 2 ? strtoul(argv[2], NULL, 10) : 192;
    const size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
    fc_table *t;
    fc_error err;

    float *v = random_vectors(rows, dim, 1), *queries = random_vectors(n, dim, 2);
    fc_hit *hits = calloc(n * K, sizeof *hits);
    if (rows < K || !hits || fc_table_new(&t, &(fc_table_size){rows, dim, rows, 0}, &err))
        return 2;
    double start = fc_now_ms();
    for (size_t i = 0; i < rows; i++)
        if (fc_table_put_subject(t, (int64_t)i + 1, "", 0, 1, &err) ||
            fc_table_put(t, i, &(fc_table_row){v + i * dim, (int64_t)i + 1, i}, &err))
            die(&err);
    printf("%zu x %zu, top %d, one thread; table made in %.0f ms\n", rows, dim, K, fc_now_ms() - start);
    const double gbs = bandwidth(v, rows * dim);
    printf("memory                 %.1f GB/s: all of the float32 in %.2f ms\n", gbs,
           (double)(rows * dim * sizeof *v) / gbs / 1e6);
    search_ours(t, queries, n, dim, hits);
    search_faiss(v, rows, queries, n, dim, hits);
    fc_table_free(t);
    free(hits);
    free(queries);
    free(v);
    return 0;
}
