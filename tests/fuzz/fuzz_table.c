/* Any bytes as a classifier (.knn) and as an index: what is accepted can be read, searched and asked. Checksums tell
 * damage, not malice; in half of the inputs they are made right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "classify/knn.h"
#include "match/search.h"
#include "match/table_impl.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* table.c's header, as it lies in a file. */
enum { PAGE = 4096, SIZES = 16, LABEL = 48, SUMS_SUM = LABEL + 736, SUM = SUMS_SUM + 8 };

static void put64(uint8_t *to, uint64_t v)
{
    memcpy(to, &v, sizeof v);
}

static size_t align(size_t n)
{
    return (n + FC_TABLE_ALIGN - 1) / FC_TABLE_ALIGN * FC_TABLE_ALIGN;
}

static void mend_rows(uint8_t *rows, size_t n, size_t row_bytes)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t *row = rows + i * row_bytes;
        fc_row_tail *tail = (fc_row_tail *)(row + row_bytes - sizeof(fc_row_tail));
        tail->sum = 0;
        tail->sum = fc_lane_sum(row, row_bytes - sizeof *tail) ^ fc_lane_sum(tail, sizeof *tail) * 3;
    }
}

static void mend_subjects(fc_subject_entry *e, size_t n, const uint8_t *names, size_t length)
{
    for (size_t i = 0; i < n; i++, e++) {
        uint8_t padded[(FC_NAME_MAX + 63) / 64 * 64] = {0};
        if (e->length <= FC_NAME_MAX && e->name <= length && e->length <= length - e->name) {
            memcpy(padded, names + e->name, e->length);
            e->name_sum = fc_lane_sum(padded, sizeof padded) + e->length;
        }
        e->sum = 0;
        e->sum = fc_lane_sum(e, sizeof *e);
    }
}

/* Makes all checksums right, where the sizes fit the file. */
static void mend(uint8_t *b, size_t n)
{
    uint64_t rows, dim, subjects, names;

    if (n < PAGE)
        return;
    memcpy(&rows, b + SIZES, 8);
    memcpy(&dim, b + SIZES + 8, 8);
    memcpy(&subjects, b + SIZES + 16, 8);
    memcpy(&names, b + SIZES + 24, 8);
    if (rows <= n && dim >= 1 && dim <= FC_MAX_DIM && subjects <= n && names <= n) {
        const size_t panel = (dim + 3) / 4 * 64 + 128, panels = (rows + 15) / 16,
                     blocks = (panels + FC_BLOCK_PANELS - 1) / FC_BLOCK_PANELS,
                     row = align(dim * sizeof(float)) + sizeof(fc_row_tail), sums_at = panels * panel,
                     rows_at = sums_at + align(blocks * 8), subjects_at = rows_at + rows * row,
                     names_at = subjects_at + subjects * sizeof(fc_subject_entry);
        uint8_t *data = b + PAGE;
        if (names_at + align(names) == n - PAGE) {
            for (size_t i = 0; i < blocks; i++) {
                const size_t left = panels - i * FC_BLOCK_PANELS,
                             here = left < FC_BLOCK_PANELS ? left : FC_BLOCK_PANELS;
                put64(data + sums_at + 8 * i, fc_lane_sum(data + i * FC_BLOCK_PANELS * panel, here * panel));
            }
            mend_rows(data + rows_at, rows, row);
            mend_subjects((fc_subject_entry *)(data + subjects_at), subjects, data + names_at, names);
            put64(b + SUMS_SUM, fc_lane_sum(data + sums_at, rows_at - sums_at));
        }
    }
    put64(b + SUM, 0);
    put64(b + SUM, fc_lane_sum(b, PAGE));
}

static void search(const fc_table *t)
{
    enum { QUERIES = 3, K = 4 };
    const fc_table_size size = fc_table_get_size(t);
    float *queries = calloc(QUERIES * size.dim, sizeof *queries);
    fc_hit hits[QUERIES * K];
    size_t found[QUERIES];
    fc_error err;

    for (size_t i = 0; queries && i < QUERIES * size.dim; i++)
        queries[i] = (float)(i * 7 % 5) - 2.25f;
    for (int rows = 0; queries && rows < 2; rows++) {
        if (fc_search(t, queries, QUERIES, &(fc_search_options){.k = K, .rows = rows}, hits, found, &err))
            continue;
        for (int q = 0; q < QUERIES; q++)
            for (size_t i = 0; i < found[q]; i++) {
                const fc_hit *h = &hits[q * K + (int)i];
                if (found[q] > K || h->row >= size.rows || h->subject >= size.subjects)
                    abort();
            }
    }
    free(queries);
}

static void classify(const char *path)
{
    fc_knn *m;
    fc_error err = {0};

    if (fc_knn_load(&m, path, &err))
        return;
    const size_t dim = fc_table_get_size(fc_knn_table(m)).dim;
    float *query = calloc(dim, sizeof *query);
    fc_knn_answer answer;
    if (query) {
        query[0] = 1;
        if (!fc_knn_predict(m, query, 1, &answer, &err) &&
            answer.subject >= fc_table_get_size(fc_knn_table(m)).subjects)
            abort();
    }
    free(query);
    fc_knn_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *path;
    static const char *const kinds[] = {"index", "knn", "test"};
    uint8_t *copy = aligned_alloc(FC_TABLE_ALIGN, align(n + 1));

    if (!path)
        path = scratch_path("table");
    if (!copy)
        return 0;
    memcpy(copy, bytes, n);
    if (n && bytes[n - 1] % 2 == 0)
        mend(copy, n);
    scratch_write(path, copy, n);
    free(copy);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        fc_table *t;
        fc_table_label label;
        fc_error err = {0};
        if (fc_table_map(&t, &label, path, kinds[i], &err)) {
            if (t || !err.status)
                abort();
            continue;
        }
        if (!fc_table_check(t, &err))
            search(t);
        search(t);
        fc_table_free(t);
    }
    classify(path);
    return 0;
}
