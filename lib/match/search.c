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

#define TILES    32             /* of queries that go through a block of the table while it is in cache */
#define SLACK    5e-5f          /* rows are of unit length within 1e-5; and rounding in float */
#define NOTHING  (-FLT_MAX / 4) /* what rows that are not there stay below, and no others */
#define ROUNDING 1e-9           /* by which a mean can be above the greatest */

enum {
    FRONT = 32, /* hits kept in order while rows are compared, where all count */
    MANY = 256, /* rows compared with a query, from which on it pays to know those that are the same */
    KNOWN = 8   /* scores of such rows that a query keeps */
};

struct query {
    const float *q; /* [dim], as given */
    double length;
    size_t leave; /* group that does not count */
    /* [k]: the first front in order; behind them a heap, the worst first, of those that reach least */
    fc_hit *hits;
    size_t *found;
    size_t done;     /* rows below belong to subjects that have been looked at */
    size_t compared; /* rows */
    struct {
        size_t twin; /* + 1; 0: nothing yet */
        double score;
    } known[KNOWN];
};

struct tile {
    fc_scan scan;
    int32_t *codes, *pairs; /* what scan points to; owned */
    struct query query[FC_SCAN_QUERIES];
};

struct search {
    const fc_table *t;
    const fc_search_options *opt;
    fc_dots_kernel *dots;
    size_t front;
    double least;
    struct tile tile[TILES];
    uint16_t above[FC_BLOCK_PANELS * FC_SCAN_QUERIES];
};

struct kernel {
    fc_scan_kernel *scan;
    fc_dots_kernel *dots;
    const char *name;
};

static struct kernel best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        return (struct kernel){fc_scan_avx512, fc_dots_avx512, "avx512vnni"};
    if (fc_cpu_has(FC_ISA_AVX2))
        return (struct kernel){fc_scan_avx2, fc_dots_avx2, "avx2"};
#elif defined __aarch64__
    if (fc_cpu_has(FC_ISA_NEON))
        return (struct kernel){fc_scan_neon, fc_dots_neon, "neon"};
#endif
    return (struct kernel){fc_scan_base, fc_dots_base, "base"};
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
    for (size_t k = 0; k < dim; k++) {
        const double x = fabs((double)q[k]); /* not fmax: GCC 12 for arm64 breaks down over it */
        most = x > most ? x : most;
    }
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
    t->scan.floor[i] = NOTHING;
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
        const float *q = queries + (first + i) * dim;
        t->query[i] = (struct query){.q = q,
                                     .length = sqrt(fc_dot(q, q, dim)),
                                     .leave = s->opt->leave ? s->opt->leave[first + i] : SIZE_MAX,
                                     .hits = hits + (first + i) * s->opt->k,
                                     .found = &found[first + i]};
    }
    return FC_OK;
}

/* ---- candidates ---- */

static bool is_better(const fc_hit *a, const fc_hit *b)
{
    return a->score > b->score || (a->score >= b->score && a->row < b->row);
}

static void put_in_order(fc_hit *hits, size_t at, const fc_hit *h)
{
    while (at > 0 && hits[at - 1].score < h->score) {
        hits[at] = hits[at - 1];
        at--;
    }
    hits[at] = *h;
}

static void heap_push(fc_hit *heap, size_t n, const fc_hit *h)
{
    for (; n > 0 && is_better(&heap[(n - 1) / 2], h); n = (n - 1) / 2)
        heap[n] = heap[(n - 1) / 2];
    heap[n] = *h;
}

/* Puts h in the place of the worst of n. */
static void heap_replace(fc_hit *heap, size_t n, const fc_hit *h)
{
    size_t at = 0;

    for (size_t below; (below = 2 * at + 1) < n; at = below) {
        if (below + 1 < n && is_better(&heap[below], &heap[below + 1]))
            below++;
        if (!is_better(h, &heap[below]))
            break;
        heap[at] = heap[below];
    }
    heap[at] = *h;
}

/* Scores that are not above this, or do not reach s->least where there is room, make no hit. */
static double floor_of(const struct search *s, const struct query *q)
{
    const size_t k = s->opt->k, front = s->front, found = *q->found;

    if (found < front)
        return NOTHING;
    const double last = q->hits[front - 1].score;
    if (k == front)
        return last;
    const double behind = found < k ? s->least : q->hits[front].score;
    return last < behind ? last : behind;
}

static bool makes_hit(const struct search *s, const struct query *q, double score)
{
    const size_t k = s->opt->k, front = s->front, found = *q->found;

    if (found < front || score > q->hits[front - 1].score)
        return true;
    return score >= s->least && (found < k || (k > front && score > q->hits[front].score));
}

static void offer(const struct search *s, struct query *q, const fc_hit *h)
{
    const size_t k = s->opt->k, front = s->front, found = *q->found;
    fc_hit *heap = q->hits + front, pushed_out;

    if (found < front) {
        put_in_order(q->hits, found, h);
        ++*q->found;
        return;
    }
    if (h->score > q->hits[front - 1].score) {
        pushed_out = q->hits[front - 1];
        put_in_order(q->hits, front - 1, h);
        h = &pushed_out;
    }
    if (k == front || !(h->score >= s->least))
        return;
    if (found < k)
        heap_push(heap, (*q->found)++ - front, h);
    else if (is_better(h, heap))
        heap_replace(heap, k - front, h);
}

static int by_rank(const void *a, const void *b)
{
    return is_better(a, b) ? -1 : is_better(b, a);
}

static bool is_left_out(const struct search *s, const struct query *q, size_t row)
{
    return q->leave != SIZE_MAX && s->opt->group[row] == q->leave;
}

/* fc_cosine. */
static double cosine(const struct search *s, const struct query *q, const float *x)
{
    double qx, xx;

    s->dots(q->q, x, s->t->size.dim, &qx, &xx);
    if (!(xx > 0))
        return 0;
    const double c = qx / (q->length * sqrt(xx));
    return c > 1 ? 1 : c < -1 ? -1 : c;
}

static fc_status score_row(const struct search *s, struct query *q, size_t row, double *score, fc_error *err)
{
    const size_t twin = q->compared < MANY ? SIZE_MAX : fc_table_twin(s->t, row);
    const size_t place = twin % KNOWN;
    fc_table_row r;

    if (twin != SIZE_MAX && q->known[place].twin == twin + 1) {
        *score = q->known[place].score;
        return FC_OK;
    }
    fc_status st = fc_table_get(s->t, row, &r, err);
    if (st)
        return st;
    q->compared++;
    *score = cosine(s, q, r.e);
    if (twin != SIZE_MAX) {
        q->known[place].twin = twin + 1;
        q->known[place].score = *score;
    }
    return FC_OK;
}

/* Rows [first, end), which are one row or one subject. */
static fc_status compare(const struct search *s, struct query *q, size_t first, size_t end, fc_error *err)
{
    fc_fused fused = {0};
    fc_hit h = {.best = -2};
    fc_table_row r;
    fc_status st;

    for (size_t row = first; row < end; row++) {
        double score;
        if (is_left_out(s, q, row))
            continue;
        if ((st = score_row(s, q, row, &score, err)))
            return st;
        fc_fused_add(&fused, score);
        if (score > h.best) {
            h.best = score;
            h.row = row;
        }
    }
    if (!fused.n)
        return FC_OK;
    h.score = fc_fused_score(&fused, s->opt->fuse);
    if (!makes_hit(s, q, h.score))
        return FC_OK;
    if ((st = fc_table_get(s->t, h.row, &r, err)))
        return st;
    h.subject = r.subject;
    h.sample = r.sample;
    offer(s, q, &h);
    return FC_OK;
}

static fc_status candidate(const struct search *s, struct tile *t, int i, size_t row, fc_error *err)
{
    struct query *q = &t->query[i];
    size_t first = row, end = row + 1;
    double score;
    fc_status st;

    if (row < q->done || is_left_out(s, q, row))
        return FC_OK;
    if ((st = score_row(s, q, row, &score, err)))
        return st;
    /* A subject's score is not above that of its best sample, which is a candidate, too. */
    if (!makes_hit(s, q, s->opt->rows || s->opt->fuse == FC_FUSE_MAX ? score : score + ROUNDING))
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
    t->scan.floor[i] = (float)floor_of(s, q);
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

/* The hits behind the front, too, in order. */
static void end_tile(const struct search *s, struct tile *t)
{
    for (int i = 0; i < t->scan.n; i++) {
        const struct query *q = &t->query[i];
        if (*q->found > s->front)
            qsort(q->hits + s->front, *q->found - s->front, sizeof *q->hits, by_rank);
    }
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
    s->dots = best_kernel().dots;
    s->front = opt->sure ? opt->sure : FRONT;
    s->front = s->front < opt->k ? s->front : opt->k;
    s->least = opt->sure ? opt->least : (double)NOTHING;
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
            if (!st)
                end_tile(s, &s->tile[i]);
            free(s->tile[i].codes);
            free(s->tile[i].pairs);
        }
    }
    free(s);
    return st;
}
