/*
 * What Winograd's tiles need in vectors: see winograd.h. Included once for each M, with
 *   M                 outputs along a side, 3 or 4
 *   TILE(f)           the function's name for that M
 * Leaves T, the inputs along a side. Lanes are whatever the caller has side by side.
 */
#define T (M + 2) /* inputs along a side, and products */

/* Products' factors along one direction, from T inputs. */
INLINE void TILE(to_factors)(const vec *d, vec *f)
{
#if M == 3
    const vec two = EVERY(2.0f), a = d[3] - d[1];
    f[0] = madd(d[0] - d[2], two, a);
    f[1] = a - d[1] - d[2];
    f[2] = madd(d[1] - d[2], two, d[3] - d[2]);
    f[3] = a;
    f[4] = nmadd(a, two, d[4] - d[2]);
#else
    const vec two = EVERY(2.0f), four = EVERY(4.0f), five = EVERY(5.0f);
    const vec a = nmadd(d[2], four, d[4]), b = nmadd(d[1], four, d[3]), c = d[4] - d[2], e = d[3] - d[1];
    f[0] = madd(d[0], four, nmadd(d[2], five, d[4]));
    f[1] = a + b;
    f[2] = a - b;
    f[3] = madd(e, two, c);
    f[4] = nmadd(e, two, c);
    f[5] = madd(d[1], four, nmadd(d[3], five, d[5]));
#endif
}

/* Outputs along one direction, from the sums of products. */
INLINE void TILE(to_outputs)(const vec *m, vec *y)
{
    vec p = m[1] + m[2], q = m[1] - m[2];
#if M == 3
    y[0] = m[0] + p + m[3];
    y[1] = madd(m[3], EVERY(2.0f), q);
    y[2] = madd(m[3], EVERY(4.0f), p) + m[4];
#else
    vec r = m[3] + m[4], s = m[3] - m[4];
    y[0] = m[0] + p + r;
    y[1] = madd(s, EVERY(2.0f), q);
    y[2] = madd(r, EVERY(4.0f), p);
    y[3] = madd(s, EVERY(8.0f), q) + m[5];
#endif
}
