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
    vec a = d[3] - d[1];
    f[0] = (d[0] - d[2]) * 2.0f + a;
    f[1] = a - d[1] - d[2];
    f[2] = (d[1] - d[2]) * 2.0f + (d[3] - d[2]);
    f[3] = a;
    f[4] = d[4] - d[2] - a * 2.0f;
#else
    vec a = d[4] - d[2] * 4.0f, b = d[3] - d[1] * 4.0f, c = d[4] - d[2], e = d[3] - d[1];
    f[0] = d[0] * 4.0f - d[2] * 5.0f + d[4];
    f[1] = a + b;
    f[2] = a - b;
    f[3] = c + e * 2.0f;
    f[4] = c - e * 2.0f;
    f[5] = d[1] * 4.0f - d[3] * 5.0f + d[5];
#endif
}

/* Outputs along one direction, from the sums of products. */
INLINE void TILE(to_outputs)(const vec *m, vec *y)
{
    vec p = m[1] + m[2], q = m[1] - m[2];
#if M == 3
    y[0] = m[0] + p + m[3];
    y[1] = q + m[3] * 2.0f;
    y[2] = p + m[3] * 4.0f + m[4];
#else
    vec r = m[3] + m[4], s = m[3] - m[4];
    y[0] = m[0] + p + r;
    y[1] = q + s * 2.0f;
    y[2] = p + r * 4.0f;
    y[3] = q + s * 8.0f + m[5];
#endif
}
