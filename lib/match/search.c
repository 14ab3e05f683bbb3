#include "match/search.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/size.h"
#include "match/search_impl.h"
#include "match/similarity.h"
#include "match/table_impl.h"

#define TILES 32    /* of queries that go through a block of the table while it is in cache */
#define SLACK 5e-5f /* rows are of unit length within 1e-5; and rounding in float */

struct query {
    const float *q; /* [dim], as given */
    size_t leave;   /* group that does not count */
    fc_hit *hits;   /* [k] */
    size_t *found;
    size_t done; /* rows below belong to subjects that have been looked at */
};

struct tile {
    fc_scan scan;
    int32_t *codes, *pairs; /* what scan points to; owned */
    struct query query[FC_SCAN_QUERIES];
};

struct search {
    const fc_table *t;
    const fc_search_options *opt;
    struct tile tile[TILES];
    uint16_t above[FC_BLOCK_PANELS * FC_SCAN_QUERIES];
};

struct kernel {
    fc_scan_kernel *scan;
    const char *name;
};

static struct kernel best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        return (struct kernel){fc_scan_avx512, "avx512vnni"};
    if (fc_cpu_has(FC_ISA_AVX2))
        return (struct kernel){fc_scan_avx2, "avx2"};
#endif
    return (struct kernel){fc_scan_base, "base"};
}

const char *fc_search_kernel(void)
{
    return best_kernel().name;
}

/* ---- queries ---- */

/* The query in 8 bits, into place i of the tile. */
static fc_status put_query(struct tile *t, int i, const float *q, size_t dim, fc_error *err)
{
    const size_t n = (size_t)t->scan.n;
    const double length = sqrt(fc_dot(q, q, dim));
    double most = 0, left_out = 0, kept = 0;
    int32_t sum = 0;

    if (!(length > 1e-30) || !isfinite(length))
        return fc_fail(err, FC_EUSAGE, "a query without a direction (all zero, or not numbers)");
    for (size_t k = 0; k < dim; k++)
        most = fmax(most, fabs((double)q[k]));
    const double scale = most / length / 127;
    for (size_t quad = 0; quad < t->scan.quads; quad++) {
        int8_t code[4];
        for (size_t k = 0; k < 4; k++) {
            const double x = quad * 4 + k < dim ? (double)q[quad * 4 + k] / length : 0;
            code[k] = (int8_t)lrint(x / scale);
            const double d = x - scale * code[k];
            left_out += d * d;
            kept += scale * code[k] * scale * code[k];
            sum += code[k];
        }
        const int16_t pairs[4] = {code[0], code[2], code[1], code[3]};
        memcpy(t->codes + quad * n + (size_t)i, code, sizeof code);
        memcpy(t->pairs + 2 * (quad * n + (size_t)i), pairs, sizeof pairs);
    }
    t->scan.offset[i] = 128 * sum;
    t->scan.gain[i] = (float)scale;
    t->scan.spread[i] = (float)(sqrt(kept) * (1 + 1e-6));
    t->scan.slack[i] = (float)sqrt(left_out) + SLACK;
    t->scan.floor[i] = -FLT_MAX / 4; /* what rows that are not there stay below */
    return FC_OK;
}

static fc_status fill_tile(struct tile *t, const struct search *s, const float *queries, size_t first,
                           size_t n, fc_hit *hits, size_t *found, fc_error *err)
{
    const size_t dim = s->t->size.dim, quads = s->t->l.quads;

    t->scan = (fc_scan){.n = (int)n, .quads = quads, .panel_bytes = s->t->l.panel_bytes};
    t->codes = malloc(quads * n * sizeof *t->codes);
    t->pairs = malloc(quads * n * 2 * sizeof *t->pairs);
    if (!t->codes || !t->pairs)
        return fc_fail_nomem(err, quads * n * 2 * sizeof *t->pairs);
    t->scan.codes = t->codes;
    t->scan.pairs = t->pairs;
    for (size_t i = 0; i < n; i++) {
        fc_status st = put_query(t, (int)i, queries + (first + i) * dim, dim, err);
        if (st)
            return st;
        found[first + i] = 0;
        t->query[i] = (struct query){.q = queries + (first + i) * dim,
                                     .leave = s->opt->leave ? s->opt->leave[first + i] : SIZE_MAX,
                                     .hits = hits + (first + i) * s->opt->k,
                                     .found = &found[first + i]};
    }
    return FC_OK;
}

/* ---- candidates ---- */

static void offer(struct query *q, size_t k, const fc_hit *h)
{
    size_t at = *q->found;

    if (at == k) {
        if (q->hits[k - 1].score >= h->score)
            return;
        at--;
    } else {
        ++*q->found;
    }
    while (at > 0 && q->hits[at - 1].score < h->score) {
        q->hits[at] = q->hits[at - 1];
        at--;
    }
    q->hits[at] = *h;
}

/* Rows [first, end), which are one row or one subject. */
static fc_status compare(const struct search *s, struct query *q, size_t first, size_t end, fc_error *err)
{
    fc_fused fused = {0};
    fc_hit h = {.best = -2};

    for (size_t row = first; row < end; row++) {
        fc_table_row r;
        fc_status st;
        if (q->leave != SIZE_MAX && s->opt->group[row] == q->leave)
            continue;
        st = fc_table_get(s->t, row, &r, err);
        if (st)
            return st;
        const double score = fc_cosine(q->q, r.e, s->t->size.dim);
        fc_fused_add(&fused, score);
        if (score > h.best)
            h = (fc_hit){.best = score, .subject = r.subject, .sample = r.sample, .row = row};
    }
    if (fused.n) {
        h.score = fc_fused_score(&fused, s->opt->fuse);
        offer(q, s->opt->k, &h);
    }
    return FC_OK;
}

static fc_status candidate(const struct search *s, struct tile *t, int i, size_t row, fc_error *err)
{
    struct query *q = &t->query[i];
    size_t first = row, end = row + 1;
    fc_status st = FC_OK;

    if (row < q->done)
        return FC_OK;
    if (!s->opt->rows) {
        fc_table_row r;
        fc_table_subject subject = {0};
        st = fc_table_get(s->t, row, &r, err);
        if (!st)
            st = fc_table_get_subject(s->t, r.subject, &subject, err);
        first = subject.first;
        end = subject.first + subject.rows;
    }
    if (!st)
        st = compare(s, q, first, end, err);
    q->done = end;
    if (*q->found == s->opt->k)
        t->scan.floor[i] = (float)q->hits[s->opt->k - 1].score;
    return st;
}

/* The panels [first, first + n) of the table, which are in one block. */
static fc_status scan(struct search *s, fc_scan_kernel *kernel, struct tile *t, size_t first, size_t n,
                      fc_error *err)
{
    const int queries = t->scan.n;

    t->scan.panels = s->t->data + first * s->t->l.panel_bytes;
    t->scan.npanels = n;
    t->scan.above = s->above;
    kernel(&t->scan);
    for (size_t i = 0; i < n * (size_t)queries; i++) {
        for (unsigned bits = s->above[i]; bits; bits &= bits - 1) {
            const size_t row = (first + i / (size_t)queries) * FC_PANEL_ROWS + (size_t)__builtin_ctz(bits);
            fc_status st = candidate(s, t, (int)(i % (size_t)queries), row, err);
            if (st)
                return st;
        }
    }
    return FC_OK;
}

static fc_status run(struct search *s, size_t tiles, fc_error *err)
{
    fc_scan_kernel *kernel = best_kernel().scan;
    fc_status st = FC_OK;

    /* The first steps are short: every row is a candidate until there are k. */
    for (size_t at = 0, step = 1; !st && at < s->t->l.panels; at += step) {
        const size_t block = at / FC_BLOCK_PANELS;
        size_t most = (block + 1) * FC_BLOCK_PANELS;
        most = (most < s->t->l.panels ? most : s->t->l.panels) - at;
        step = at == 0 ? 1 : at < most ? at : most;
        st = fc_table_check_block(s->t, block, err);
        for (size_t i = 0; !st && i < tiles; i++)
            st = scan(s, kernel, &s->tile[i], at, step, err);
    }
    return st;
}

fc_status fc_search(const fc_table *t, const float *queries, size_t n, const fc_search_options *opt,
                    fc_hit *hits, size_t *found, fc_error *err)
{
    struct search *s;
    fc_status st = FC_OK;

    if (opt->k < 1 || opt->k > FC_SEARCH_MAX_K)
        return fc_fail(err, FC_EUSAGE, "%zu candidates: want 1..%d", opt->k, FC_SEARCH_MAX_K);
    s = calloc(1, sizeof *s);
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->t = t;
    s->opt = opt;
    for (size_t first = 0; !st && first < n;) {
        size_t tiles = 0;
        for (; !st && first < n && tiles < TILES; tiles++) {
            const size_t left = n - first, take = left < FC_SCAN_QUERIES ? left : FC_SCAN_QUERIES;
            st = fill_tile(&s->tile[tiles], s, queries, first, take, hits, found, err);
            first += take;
        }
        if (!st)
            st = run(s, tiles, err);
        for (size_t i = 0; i < tiles; i++) {
            free(s->tile[i].codes);
            free(s->tile[i].pairs);
        }
    }
    free(s);
    return st;
}
