/* Search gives what comparing everything gives, whatever the numbers are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "match/search.h"
#include "match/search_impl.h"
#include "match/similarity.h"
#include "match/table_impl.h"
#include "seed.h"

static uint64_t state;

static double uniform(void) /* -1..1 */
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)(state ^ state >> 29) / 9223372036854775808.0;
}

enum shape {
    SHAPE_RANDOM,
    SHAPE_CLUSTERS, /* many rows nearly alike */
    SHAPE_SAME,     /* every row the same */
    SHAPE_SPIKES,   /* one number of a row is nearly all of it: the 8-bit form is coarse */
    SHAPE_RISING,   /* each row nearer to the first query than the one before */
    SHAPES
};

static void make_row(float *v, size_t dim, size_t row, enum shape shape, const float *near)
{
    for (size_t i = 0; i < dim; i++)
        v[i] = (float)uniform();
    switch (shape) {
    case SHAPE_RANDOM:
    case SHAPES:
        break;
    case SHAPE_CLUSTERS:
        for (size_t i = 0; i < dim; i++)
            v[i] = 0.02f * v[i] + (float)sin((double)(i * (row % 5 + 1)) + 1);
        break;
    case SHAPE_SAME:
        for (size_t i = 0; i < dim; i++)
            v[i] = (float)cos((double)i);
        break;
    case SHAPE_SPIKES:
        v[row % dim] += 40;
        break;
    case SHAPE_RISING:
        for (size_t i = 0; i < dim; i++)
            v[i] += (float)row * near[i];
        break;
    }
    v[0] += v[0] == 0;
    assert_true(fc_normalise(v, dim));
}

struct people {
    fc_table *t;
    float *v; /* [rows][dim] */
    size_t rows, dim;
    size_t *subject; /* [rows] */
    /* what is compared with them, whatever is asked of that */
    const float *queries;
    size_t n;
    double *cosine; /* [n][rows] */
};

static int64_t sample_of(size_t row)
{
    return (int64_t)row * 3 + 7;
}

static struct people make_people(size_t rows, size_t dim, size_t most_samples, enum shape shape,
                                 const float *near)
{
    struct people p = {.rows = rows, .dim = dim};
    size_t subjects = 0, *samples = calloc(rows + 1, sizeof *samples);
    fc_error err;

    p.v = malloc((rows * dim + 1) * sizeof *p.v);
    p.subject = malloc((rows + 1) * sizeof *p.subject);
    for (size_t i = 0; i < rows; i += samples[subjects++]) {
        samples[subjects] = 1 + (size_t)((uniform() + 1) / 2 * (double)most_samples);
        if (samples[subjects] > rows - i)
            samples[subjects] = rows - i;
        for (size_t k = 0; k < samples[subjects]; k++)
            p.subject[i + k] = subjects;
    }
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){rows, dim, subjects, subjects * 4}, &err), FC_OK);
    for (size_t i = 0; i < subjects; i++) {
        char name[32];
        snprintf(name, sizeof name, "%04zu", i);
        assert_int_equal(fc_table_put_subject(p.t, (int64_t)i * 5, name, 4, samples[i], &err), FC_OK);
    }
    for (size_t i = 0; i < rows; i++) {
        make_row(p.v + i * dim, dim, i, shape, near);
        assert_int_equal(
            fc_table_put(p.t, i, &(fc_table_row){p.v + i * dim, sample_of(i), p.subject[i]}, &err), FC_OK);
    }
    free(samples);
    return p;
}

static void free_people(struct people *p)
{
    fc_table_free(p->t);
    free(p->v);
    free(p->subject);
    free(p->cosine);
}

/* With one query; the same n queries at each call. */
static const double *cosines(struct people *p, const float *queries, size_t n, size_t query)
{
    if (p->queries != queries || p->n != n) {
        p->queries = queries;
        p->n = n;
        p->cosine = realloc(p->cosine, (n * p->rows + 1) * sizeof *p->cosine);
        for (size_t i = 0; i < n; i++)
            for (size_t row = 0; row < p->rows; row++)
                p->cosine[i * p->rows + row] = fc_cosine(queries + i * p->dim, p->v + row * p->dim, p->dim);
    }
    return p->cosine + query * p->rows;
}

static int by_falling_score(const void *a, const void *b)
{
    const fc_hit *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* All subjects, or rows, by falling score; equal ones in the order of rows. */
static size_t compare_all(const struct people *p, const double *cosine, const fc_search_options *o,
                          size_t leave, fc_hit *out)
{
    size_t n = 0;

    for (size_t row = 0, end; row < p->rows; row = end) {
        fc_fused f = {0};
        fc_hit h = {.best = -2};
        for (end = row; end < p->rows && (end == row || (!o->rows && p->subject[end] == p->subject[row]));
             end++) {
            if (leave != SIZE_MAX && o->group[end] == leave)
                continue;
            const double score = cosine[end];
            fc_fused_add(&f, score);
            if (score > h.best)
                h = (fc_hit){.best = score, .subject = p->subject[row], .sample = sample_of(end), .row = end};
        }
        if (!f.n)
            continue;
        h.score = fc_fused_score(&f, o->fuse);
        out[n++] = h;
    }
    qsort(out, n, sizeof *out, by_falling_score);
    return n;
}

static void check(struct people *p, const float *queries, size_t n, const fc_search_options *o)
{
    fc_hit *all = malloc((p->rows + 1) * sizeof *all), *hits = malloc(n * o->k * sizeof *hits);
    size_t *found = malloc(n * sizeof *found);
    fc_error err;

    assert_int_equal(fc_search(p->t, queries, n, o, hits, found, &err), FC_OK);
    for (size_t i = 0; i < n; i++) {
        size_t want = compare_all(p, cosines(p, queries, n, i), o, o->leave ? o->leave[i] : SIZE_MAX, all);
        want = want < o->k ? want : o->k;
        while (o->sure && want > o->sure && all[want - 1].score < o->least)
            want--;
        assert_int_equal(found[i], want);
        for (size_t k = 0; k < want; k++) {
            const fc_hit *h = &hits[i * o->k + k];
            assert_int_equal(h->row, all[k].row);
            assert_int_equal(h->subject, all[k].subject);
            assert_int_equal(h->sample, all[k].sample);
            assert_true(h->score == all[k].score);
            assert_true(h->best == all[k].best);
        }
    }
    free(all);
    free(hits);
    free(found);
}

static void same_as_comparing_all(void **unused)
{
    static const size_t dims[] = {1, 3, 17, 192};
    static const size_t rows[] = {0, 1, 15, 16, 17, 1030, 1500};
    (void)unused;

    for (int shape = 0; shape < SHAPES; shape++) {
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
            for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
                const size_t dim = dims[d], n = 1 + (d + r) % 11;
                float *queries = malloc(n * dim * sizeof *queries);
                for (size_t i = 0; i < n * dim; i++)
                    queries[i] = (float)uniform() * 100; /* of any length */
                struct people p = make_people(rows[r], dim, 1 + r, (enum shape)shape, queries);
                if (rows[r] > 20) /* one of them is there */
                    memcpy(queries + (n - 1) * dim, p.v + 19 * dim, dim * sizeof *queries);
                size_t *leave = malloc(n * sizeof *leave), *pairs = malloc((rows[r] + 1) * sizeof *pairs);
                for (size_t i = 0; i < n; i++)
                    leave[i] = i % 2 ? 9 : i % 3 ? 0 : SIZE_MAX;
                for (size_t i = 0; i < rows[r]; i++)
                    pairs[i] = i / 2;
                for (int fuse = FC_FUSE_MAX; fuse <= FC_FUSE_TOP3; fuse++)
                    check(&p, queries, n, &(fc_search_options){.k = 1 + d * 3, .fuse = (fc_fuse)fuse});
                check(&p, queries, n, &(fc_search_options){.k = 10, .rows = true});
                for (int fuse = FC_FUSE_MAX; fuse <= FC_FUSE_TOP3; fuse++)
                    check(&p, queries, n,
                          &(fc_search_options){
                              .k = 3, .fuse = (fc_fuse)fuse, .leave = leave, .group = pairs, .rows = d % 2});
                check(&p, queries, n, &(fc_search_options){.k = 3, .leave = leave, .group = p.subject});
                free(pairs);
                free(leave);
                free_people(&p);
                free(queries);
            }
        }
    }
}

/* More hits than are kept in order while rows are compared; and only those that reach a score, but some in any case. */
static void many_hits(void **unused)
{
    enum { N = 9, DIM = 12, ROWS = 700 };
    float queries[N * DIM];
    (void)unused;

    for (size_t i = 0; i < N * DIM; i++)
        queries[i] = (float)uniform();
    for (int shape = 0; shape < SHAPES; shape++) {
        struct people p = make_people(ROWS, DIM, 3, (enum shape)shape, queries);
        memcpy(queries + DIM, p.v + 19 * DIM, DIM * sizeof *queries);
        for (size_t k = 1; k < 2 * ROWS; k = 2 * k + 1) {
            for (int fuse = FC_FUSE_MAX; fuse <= FC_FUSE_TOP3; fuse++)
                check(&p, queries, N, &(fc_search_options){.k = k, .fuse = (fc_fuse)fuse});
            for (size_t sure = 1; sure < 50; sure += 12)
                for (double least = -1; least <= 1; least += 0.25)
                    check(&p, queries, N,
                          &(fc_search_options){.k = k, .sure = sure, .least = least, .rows = k % 4 == 3});
        }
        free_people(&p);
    }
}

/* fc_table_get, through which every row goes that is compared. */
static size_t gets;
fc_status __real_fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err);
fc_status __wrap_fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err);
fc_status __wrap_fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err)
{
    gets++;
    return __real_fc_table_get(t, row, out, err);
}

/* Of rows that are the same, all within any margin, a query is not compared with each. */
static void the_same_rows_are_not_compared_again_and_again(void **unused)
{
    enum { N = 300, DIM = 30, ROWS = 4000 };
    static float queries[N * DIM];
    static size_t person[ROWS], leave[N], found[N];
    static fc_hit hits[N * 3];
    fc_error err;
    (void)unused;

    for (size_t i = 0; i < N * DIM; i++)
        queries[i] = (float)uniform();
    for (size_t i = 0; i < ROWS; i++)
        person[i] = i / 2;
    for (size_t i = 0; i < N; i++)
        leave[i] = i;
    struct people p = make_people(ROWS, DIM, 1, SHAPE_SAME, NULL);
    const fc_search_options options[] = {{.k = 3},
                                         {.k = 3, .rows = true},
                                         {.k = 1, .group = person, .leave = leave},
                                         {.k = 3, .sure = 1, .least = -1}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        gets = 0;
        assert_int_equal(fc_search(p.t, queries, N, &options[i], hits, found, &err), FC_OK);
        assert_in_range(gets, N, N * 300 + ROWS); /* and not N * ROWS */
        check(&p, queries, 20, &options[i]);
    }
    free_people(&p);
    /* one person of them all */
    p = make_people(ROWS, DIM, 1000000, SHAPE_SAME, NULL);
    for (int fuse = FC_FUSE_MAX; fuse <= FC_FUSE_TOP3; fuse++) {
        const fc_search_options o = {.k = 1, .fuse = (fc_fuse)fuse};
        gets = 0;
        assert_int_equal(fc_search(p.t, queries, N, &o, hits, found, &err), FC_OK);
        assert_in_range(gets, N, N * 300 + ROWS);
        check(&p, queries, 20, &o);
    }
    free_people(&p);
}

/* Some kinds of rows, mixed: those that are the same are told from those that are nearly so. */
static void kinds_of_rows_mixed(void **unused)
{
    enum { N = 20, DIM = 24, ROWS = 3000, KINDS = 37 };
    float queries[N * DIM], kind[KINDS * DIM];
    struct people p = {.rows = ROWS, .dim = DIM};
    fc_error err;
    (void)unused;

    for (size_t i = 0; i < N * DIM; i++)
        queries[i] = (float)uniform();
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t k = 0; k < DIM; k++)
            kind[i * DIM + k] = (float)(sin((double)k) + 1e-6 * uniform());
        assert_true(fc_normalise(kind + i * DIM, DIM));
    }
    p.v = malloc(ROWS * DIM * sizeof *p.v);
    p.subject = malloc(ROWS * sizeof *p.subject);
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){ROWS, DIM, ROWS / 2, 0}, &err), FC_OK);
    for (size_t i = 0; i < ROWS / 2; i++)
        assert_int_equal(fc_table_put_subject(p.t, (int64_t)i, "", 0, 2, &err), FC_OK);
    for (size_t i = 0; i < ROWS; i++) {
        const size_t which = (size_t)((uniform() + 1) / 2 * KINDS) % KINDS;
        memcpy(p.v + i * DIM, kind + which * DIM, DIM * sizeof *p.v);
        p.subject[i] = i / 2;
        assert_int_equal(fc_table_put(p.t, i, &(fc_table_row){p.v + i * DIM, sample_of(i), i / 2}, &err),
                         FC_OK);
    }
    for (int fuse = FC_FUSE_MAX; fuse <= FC_FUSE_TOP3; fuse++)
        check(&p, queries, N, &(fc_search_options){.k = 5, .fuse = (fc_fuse)fuse});
    check(&p, queries, N, &(fc_search_options){.k = 100, .rows = true});
    free_people(&p);
}

/* fc_dots_*: the bits of fc_dot. */
static void dots_are_fc_dots(void **unused)
{
    fc_dots_kernel *kernels[3] = {fc_dots_base};
    int nkernels = 1;
    float a[600], b[600];
    (void)unused;

#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        kernels[nkernels++] = fc_dots_avx2;
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        kernels[nkernels++] = fc_dots_avx512;
#elif defined __aarch64__
    kernels[nkernels++] = fc_dots_neon;
#endif
    for (size_t i = 0; i < 600; i++) {
        a[i] = (float)uniform();
        b[i] = (float)(uniform() * exp(20 * uniform()));
    }
    for (size_t n = 0; n < 600; n++) {
        for (int k = 0; k < nkernels; k++) {
            double ab, bb;
            kernels[k](a, b, n, &ab, &bb);
            assert_true(ab == fc_dot(a, b, n));
            assert_true(bb == fc_dot(b, b, n));
        }
    }
}

static void more_queries_than_go_at_once(void **unused)
{
    enum { N = 700, DIM = 20 };
    (void)unused;
    float *queries = malloc(N * DIM * sizeof *queries);
    for (size_t i = 0; i < N * DIM; i++)
        queries[i] = (float)uniform();
    struct people p = make_people(300, DIM, 4, SHAPE_RANDOM, NULL);
    check(&p, queries, N, &(fc_search_options){.k = 2});
    free_people(&p);
    free(queries);
}

static void more_candidates_than_rows(void **unused)
{
    (void)unused;
    float q[5] = {1, 2, 3, 4, 5};
    struct people p = make_people(33, 5, 2, SHAPE_RANDOM, NULL);
    check(&p, q, 1, &(fc_search_options){.k = FC_SEARCH_MAX_K});
    free_people(&p);
}

static void senseless_arguments_are_refused(void **unused)
{
    (void)unused;
    static const float zero[5] = {0}, nan[5] = {NAN, 1}, one[5] = {1};
    struct people p = make_people(3, 5, 2, SHAPE_RANDOM, NULL);
    fc_hit hit;
    size_t found;
    fc_error err;

    assert_int_equal(fc_search(p.t, zero, 1, &(fc_search_options){.k = 1}, &hit, &found, &err), FC_EUSAGE);
    assert_int_equal(fc_search(p.t, nan, 1, &(fc_search_options){.k = 1}, &hit, &found, &err), FC_EUSAGE);
    assert_int_equal(fc_search(p.t, one, 1, &(fc_search_options){.k = 0}, &hit, &found, &err), FC_EUSAGE);
    assert_int_equal(fc_table_put(p.t, 0, &(fc_table_row){zero, 1, 0}, &err), FC_EUSAGE);
    assert_int_equal(fc_table_put(p.t, 0, &(fc_table_row){nan, 1, 0}, &err), FC_EUSAGE);
    assert_int_equal(fc_table_put(p.t, 3, &(fc_table_row){one, 1, 0}, &err), FC_EUSAGE);
    assert_int_equal(fc_table_put(p.t, 0, &(fc_table_row){one, 1, 3}, &err), FC_EUSAGE);
    assert_int_equal(fc_table_put_subject(p.t, 9, "one more", 8, 0, &err), FC_EUSAGE);
    free_people(&p);
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){SIZE_MAX, 5, 1, 1}, &err), FC_ELIMIT);
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){5, 5, SIZE_MAX, 1}, &err), FC_ELIMIT);
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){5, 5, 5, SIZE_MAX}, &err), FC_ELIMIT);
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){5, 0, 5, 5}, &err), FC_ELIMIT);
    assert_int_equal(fc_table_new(&p.t, &(fc_table_size){5, FC_MAX_DIM + 1, 5, 5}, &err), FC_ELIMIT);
}

/* Every kernel that runs here finds the same rows, and those that the plain sum finds. */
static void kernels_agree(void **unused)
{
    enum { QUADS = 13, PANELS = 5, BYTES = QUADS * 64 + 128 };
    static uint8_t panels[PANELS * BYTES] __attribute__((aligned(64)));
    static int32_t codes[QUADS * FC_SCAN_QUERIES], pairs[QUADS * FC_SCAN_QUERIES * 2];
    fc_scan_kernel *kernels[3] = {fc_scan_base};
    int nkernels = 1;
    (void)unused;

#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AVX2))
        kernels[nkernels++] = fc_scan_avx2;
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        kernels[nkernels++] = fc_scan_avx512;
#elif defined __aarch64__
    kernels[nkernels++] = fc_scan_neon;
#endif
    for (size_t i = 0; i < sizeof panels; i++)
        panels[i] = (uint8_t)(uniform() > 0.9 ? 255 : 128 + uniform() * 127);
    for (int panel = 0; panel < PANELS; panel++)
        for (int i = 0; i < 32; i++)
            ((float *)(panels + panel * BYTES + QUADS * 64))[i] = (float)(1e-2 * (uniform() + 1.5));
    for (int n = 1; n <= FC_SCAN_QUERIES; n++) {
        fc_scan s = {.panels = panels,
                     .panel_bytes = BYTES,
                     .npanels = PANELS,
                     .quads = QUADS,
                     .n = n,
                     .codes = codes,
                     .pairs = pairs};
        uint16_t want[PANELS * FC_SCAN_QUERIES] = {0}, got[PANELS * FC_SCAN_QUERIES];
        int8_t code[FC_SCAN_QUERIES][QUADS * 4];
        size_t above = 0;
        for (int q = 0; q < n; q++) {
            for (int i = 0; i < QUADS * 4; i++) {
                code[q][i] = (int8_t)(uniform() > 0.9 ? -127 : uniform() * 127);
                s.offset[q] += 128 * code[q][i];
            }
            for (int quad = 0; quad < QUADS; quad++) {
                const int8_t *c = code[q] + quad * 4;
                const int16_t pair[4] = {c[0], c[2], c[1], c[3]};
                memcpy(&codes[quad * n + q], c, 4);
                memcpy(&pairs[2 * (quad * n + q)], pair, 8);
            }
            s.gain[q] = 0.01f;
            s.spread[q] = (float)(1 + uniform() / 10);
            s.slack[q] = 0.02f;
            s.floor[q] = (float)uniform();
        }
        for (int panel = 0; panel < PANELS; panel++)
            for (int q = 0; q < n; q++)
                for (int row = 0; row < 16; row++) {
                    const uint8_t *p = panels + panel * BYTES;
                    const float *scale = (const float *)(p + QUADS * 64);
                    int32_t dot = 0;
                    for (int i = 0; i < QUADS * 4; i++)
                        dot += p[i / 4 * 64 + row * 4 + i % 4] * code[q][i];
                    const float bound = (float)(dot - s.offset[q]) * (scale[row] * s.gain[q]) +
                                        (scale[16 + row] * s.spread[q] + s.slack[q]);
                    if (bound >= s.floor[q]) {
                        want[panel * n + q] |= (uint16_t)(1u << row);
                        above++;
                    }
                }
        assert_in_range(above, 1, PANELS * 16 * n - 1);
        s.above = got;
        for (int k = 0; k < nkernels; k++) {
            memset(got, 0xa5, sizeof got);
            kernels[k](&s);
            assert_memory_equal(got, want, (size_t)(PANELS * n) * sizeof *got);
        }
    }
}

static char *temporary_path(void)
{
    static char path[] = "/tmp/test_search.XXXXXX";
    strcpy(path + sizeof path - 7, "XXXXXX");
    close(mkstemp(path));
    return path;
}

static void write_bytes(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Everything that a search of the file can say, in words. *s: what reading it came to. */
static char *read_table(const char *path, const float *queries, size_t n, fc_status *s)
{
    fc_table *t;
    fc_table_label label;
    fc_error err;
    char *out = calloc(1, 4096);
    fc_hit hits[8 * 3];
    size_t found[8], at = 0;

    *s = fc_table_map(&t, &label, path, "test", &err);
    if (!*s)
        *s = fc_search(t, queries, n, &(fc_search_options){.k = 3}, hits, found, &err);
    for (size_t i = 0; !*s && i < n; i++) {
        for (size_t k = 0; !*s && k < found[i]; k++) {
            const fc_hit *h = &hits[i * 3 + k];
            fc_table_subject who;
            *s = fc_table_get_subject(t, h->subject, &who, &err);
            if (!*s)
                at += (size_t)sprintf(out + at, "%.*s %lld %zu %lld %.17g\n", (int)who.length, who.name,
                                      (long long)who.id, h->row, (long long)h->sample, h->score);
        }
    }
    if (!*s)
        sprintf(out + at, "%s %.16s %.16s", label.contract, label.state, label.note);
    fc_table_free(t);
    return out;
}

/* Kept in a file, it gives the same; cut short or with a bit changed, the same or an error. */
static void files_are_checked(void **unused)
{
    enum { N = 8, DIM = 10 };
    const fc_table_label label = {"test", "0123456789abcdef", "model:1234", "note"};
    char *path = temporary_path();
    float queries[N * DIM];
    fc_status s;
    fc_error err;
    fc_bytes file;
    struct stat st;
    (void)unused;

    for (size_t i = 0; i < N * DIM; i++)
        queries[i] = (float)uniform();
    struct people p = make_people(45, DIM, 3, SHAPE_RANDOM, NULL);
    assert_int_equal(fc_table_save(p.t, &label, path, &err), FC_OK);
    keep_seed_file("table", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(fc_bytes_read_file(&file, path, 1 << 20, &err), FC_OK);
    char *want = read_table(path, queries, N, &s);
    assert_int_equal(s, FC_OK);
    assert_non_null(strstr(want, "model:1234 0123456789abcdef note"));
    fc_hit hits[3];
    size_t found;
    assert_int_equal(fc_search(p.t, queries, 1, &(fc_search_options){.k = 3}, hits, &found, &err), FC_OK);
    char first[200];
    snprintf(first, sizeof first, "%04zu %zu %zu %lld %.17g\n", hits->subject, hits->subject * 5, hits->row,
             (long long)hits->sample, hits->score);
    assert_memory_equal(want, first, strlen(first));
    free_people(&p);

    size_t refused = 0;
    for (size_t i = 0; i < file.n; i++) {
        file.data[i] ^= (uint8_t)(1u << i % 8);
        write_bytes(path, file.data, file.n);
        file.data[i] ^= (uint8_t)(1u << i % 8);
        char *got = read_table(path, queries, N, &s);
        if (!s)
            assert_string_equal(got, want);
        refused += s != FC_OK;
        free(got);
    }
    assert_true(refused > file.n / 2); /* the rest is rows and names that no answer needs */
    for (size_t n = 0; n < file.n; n += n < 100 ? 1 : 97) {
        write_bytes(path, file.data, n);
        free(read_table(path, queries, N, &s));
        assert_int_not_equal(s, FC_OK);
    }
    free(want);
    fc_bytes_clear(&file);
    unlink(path);
}

static void a_table_without_rows(void **unused)
{
    char *path = temporary_path();
    fc_table_label label = {"test", "", "m:1", ""};
    fc_table *t;
    fc_table_subject who;
    fc_error err;
    fc_hit hit;
    size_t found = 9;
    (void)unused;

    assert_int_equal(fc_table_new(&t, &(fc_table_size){0, 4, 1, 3}, &err), FC_OK);
    assert_int_equal(fc_table_put_subject(t, 1, "Ann", 3, 0, &err), FC_OK);
    assert_int_equal(fc_table_save(t, &label, path, &err), FC_OK);
    keep_seed_file("table", path);
    fc_table_free(t);
    assert_int_equal(fc_table_map(&t, &label, path, "knn", &err), FC_EFORMAT);
    assert_int_equal(fc_table_map(&t, &label, path, "test", &err), FC_OK);
    assert_int_equal(fc_table_get_subject(t, 0, &who, &err), FC_OK);
    assert_memory_equal(who.name, "Ann", 3);
    assert_int_equal(fc_search(t, (float[]){1, 2, 3, 4}, 1, &(fc_search_options){.k = 1}, &hit, &found, &err),
                     FC_OK);
    assert_int_equal(found, 0);
    fc_table_free(t);
    unlink(path);
}

/* Nothing lies somewhere, too: found by the fuzzer of galleries, where clang's sanitizer saw NULL + 0. */
static void a_table_of_nobody(void **unused)
{
    static const fc_table_label label = {.kind = "test", .contract = "m:1"};
    char path[] = "/tmp/test_search.XXXXXX";
    fc_table_label again;
    fc_table *t;
    fc_error err;
    (void)unused;

    close(mkstemp(path));
    assert_int_equal(fc_table_new(&t, &(fc_table_size){0, 4, 0, 0}, &err), FC_OK);
    assert_non_null(t->data);
    assert_int_equal(fc_table_save(t, &label, path, &err), FC_OK);
    fc_table_free(t);
    assert_int_equal(fc_table_map(&t, &again, path, "test", &err), FC_OK);
    assert_int_equal(fc_table_check(t, &err), FC_OK);
    fc_table_free(t);
    unlink(path);
}

static void scores_are_fused(void **unused)
{
    static const double scores[] = {0.1, 0.9, -0.5, 0.7, 0.8};
    fc_fused f = {0};
    (void)unused;

    fc_fused_add(&f, 0.1);
    for (int how = FC_FUSE_MAX; how <= FC_FUSE_TOP3; how++)
        assert_true(fc_fused_score(&f, (fc_fuse)how) == 0.1);
    for (size_t i = 1; i < 5; i++)
        fc_fused_add(&f, scores[i]);
    assert_true(fc_fused_score(&f, FC_FUSE_MAX) == 0.9);
    assert_true(fabs(fc_fused_score(&f, FC_FUSE_MEAN) - 0.4) < 1e-15);
    assert_true(fabs(fc_fused_score(&f, FC_FUSE_TOP3) - 0.8) < 1e-15);
}

static void sums_see_every_word(void **unused)
{
    uint32_t words[80];
    (void)unused;

    for (size_t i = 0; i < 80; i++)
        words[i] = (uint32_t)i * 2654435761u;
    const uint64_t sum = fc_lane_sum(words, sizeof words);
    for (size_t bit = 0; bit < sizeof words * 8; bit++) {
        words[bit / 32] ^= 1u << bit % 32;
        assert_true(fc_lane_sum(words, sizeof words) != sum);
        words[bit / 32] ^= 1u << bit % 32;
    }
    uint32_t swap = words[3]; /* places count */
    words[3] = words[19];
    words[19] = swap;
    assert_true(fc_lane_sum(words, sizeof words) != sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_comparing_all),
        cmocka_unit_test(many_hits),
        cmocka_unit_test(the_same_rows_are_not_compared_again_and_again),
        cmocka_unit_test(kinds_of_rows_mixed),
        cmocka_unit_test(dots_are_fc_dots),
        cmocka_unit_test(more_queries_than_go_at_once),
        cmocka_unit_test(more_candidates_than_rows),
        cmocka_unit_test(senseless_arguments_are_refused),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(files_are_checked),
        cmocka_unit_test(a_table_without_rows),
        cmocka_unit_test(a_table_of_nobody),
        cmocka_unit_test(scores_are_fused),
        cmocka_unit_test(sums_see_every_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
