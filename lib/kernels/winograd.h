/*
 * 3x3 convolutions of stride 1 in tiles, m x m outputs from (m + 2) x (m + 2) inputs: Winograd's F(m x m, 3 x 3) (Lavin and
 * Gray 2016, section 4.1), (m + 2)^2 products in place of 9 m^2. m is 3 or 4; points of the interpolation are 0, 1, -1, 2,
 * (-2 and) infinity. winograd_tile.h has what is done to maps.
 */
#ifndef FC_KERNELS_WINOGRAD_H
#define FC_KERNELS_WINOGRAD_H

/* to[t * step], t < (m + 2)^2: the factors of the 3x3 weights w, G w G^T. */
void fc_winograd_weights(float *to, int step, const float *w, int m);
/* Products that n outputs along a direction take in tiles of m. */
int fc_winograd_products(int n, int m);

#endif
