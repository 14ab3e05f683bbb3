/*
 * The scan, for vectors of LANES int32. A file that includes it defines
 *   NAME(f), LANES, AT_ONCE(n): sums a query has, for n queries (so that additions need not wait for each other),
 *   and, after including kernels/simd.h:
 *   DOT4(sum, codes, scan, quad, query): adds the products of four bytes in each lane
 *   MASK(v): bit i for lane i of a comparison's vector.
 *   WIDEN(at): LANES / 2 floats as doubles.
 *   OFFSET(scan, query): what sums are too large by; where DOT4 takes a byte for what it is above 128, 0.
 */
#ifndef OFFSET
#define OFFSET(s, query) (s)->offset[query]
#endif
#define PARTS (16 / LANES) /* vectors a panel's row of codes has */

INLINE void bounds(const fc_scan *s, const float *scales, const int query, const ints *dot, uint16_t *above)
{
    unsigned bits = 0;
#pragma GCC unroll 4
    for (int p = 0; p < PARTS; p++) {
        const vec scale = *(const vec *)(scales + p * LANES);
        const vec error = *(const vec *)(scales + 16 + p * LANES);
        const vec v = __builtin_convertvector(dot[p] - OFFSET(s, query), vec) * (scale * s->gain[query]) +
                      (error * s->spread[query] + s->slack[query]);
        bits |= (unsigned)MASK((ints)(v >= s->floor[query])) << (p * LANES);
    }
    *above = (uint16_t)bits;
}

/* n and sums are constants in every call, so that the sums live in registers. */
INLINE void scan_panels(const fc_scan *s, const int n, const int sums)
{
    const uint8_t *panel = s->panels;
    for (size_t i = 0; i < s->npanels; i++, panel += s->panel_bytes) {
        ints sum[FC_SCAN_QUERIES][4][PARTS];
        memset(sum, 0, sizeof sum);
        size_t quad = 0;
        for (; quad + (size_t)sums <= s->quads; quad += (size_t)sums) {
#pragma GCC unroll 4
            for (int k = 0; k < sums; k++) {
                const uint8_t *at = panel + (quad + (size_t)k) * 64;
                __builtin_prefetch(at + AHEAD);
#pragma GCC unroll 4
                for (int p = 0; p < PARTS; p++) {
                    const ints codes = *(const ints *)(at + p * LANES * 4);
#pragma GCC unroll 8
                    for (int q = 0; q < n; q++)
                        sum[q][k][p] = DOT4(sum[q][k][p], codes, s, quad + (size_t)k, q, n);
                }
            }
        }
        for (; quad < s->quads; quad++)
#pragma GCC unroll 4
            for (int p = 0; p < PARTS; p++) {
                const ints codes = *(const ints *)(panel + quad * 64 + p * LANES * 4);
#pragma GCC unroll 8
                for (int q = 0; q < n; q++)
                    sum[q][0][p] = DOT4(sum[q][0][p], codes, s, quad, q, n);
            }
#pragma GCC unroll 8
        for (int q = 0; q < n; q++) {
#pragma GCC unroll 4
            for (int k = 1; k < sums; k++)
#pragma GCC unroll 4
                for (int p = 0; p < PARTS; p++)
                    sum[q][0][p] += sum[q][k][p];
            bounds(s, (const float *)(panel + s->quads * 64), q, sum[q][0],
                   &s->above[i * (size_t)n + (size_t)q]);
        }
    }
}

void NAME(fc_scan)(const fc_scan *s)
{
    switch (s->n) {
    case 1:
        scan_panels(s, 1, AT_ONCE(1));
        break;
    case 2:
        scan_panels(s, 2, AT_ONCE(2));
        break;
    case 3:
        scan_panels(s, 3, AT_ONCE(3));
        break;
    case 4:
        scan_panels(s, 4, AT_ONCE(4));
        break;
    case 5:
        scan_panels(s, 5, AT_ONCE(5));
        break;
    case 6:
        scan_panels(s, 6, AT_ONCE(6));
        break;
    case 7:
        scan_panels(s, 7, AT_ONCE(7));
        break;
    default:
        scan_panels(s, 8, AT_ONCE(8));
        break;
    }
}

typedef double dvec __attribute__((vector_size(LANES * 4)));
#define DLANES (LANES / 2)
#define DPARTS (8 / DLANES) /* vectors that fc_dot's eight sums are in */

/* The sums in fc_dot's order, and what the last n - i numbers add to them. */
INLINE double finish_dot(const dvec *sum, const float *a, const float *b, size_t i, size_t n)
{
    double lane[8], all = 0;

    memcpy(lane, sum, sizeof lane);
    for (; i < n; i++)
        lane[i % 8] += (double)a[i] * (double)b[i];
    for (int k = 0; k < 8; k++)
        all += lane[k];
    return all;
}

void NAME(fc_dots)(const float *q, const float *x, size_t n, double *qx, double *xx)
{
    dvec a[DPARTS], b[DPARTS];
    size_t i = 0;

    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    for (; i + 8 <= n; i += 8) {
#pragma GCC unroll 4
        for (int p = 0; p < DPARTS; p++) {
            const dvec u = (dvec)WIDEN(q + i + p * DLANES);
            const dvec v = (dvec)WIDEN(x + i + p * DLANES);
            a[p] += u * v;
            b[p] += v * v;
        }
    }
    *qx = finish_dot(a, q, x, i, n);
    *xx = finish_dot(b, x, x, i, n);
}
