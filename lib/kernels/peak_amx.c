/* Matrix tiles: four sums of four products of tiles. */
#ifdef __x86_64__
#include "kernels/peak_impl.h"
#include "kernels/amx.h"

double fc_peak_amx(size_t rounds, float *sink)
{
    static const bf16 zeros[16][32] __attribute__((aligned(64)));
    float out[16][16] __attribute__((aligned(64)));

    tiles_begin(32);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(6);
    _tile_zero(7);
    tile_load(2, zeros[0], 64);
    tile_load(3, zeros[0], 64);
    tile_load(4, zeros[0], 64);
    tile_load(5, zeros[0], 64);
    for (size_t r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 2, 4);
        _tile_dpbf16ps(1, 2, 5);
        _tile_dpbf16ps(6, 3, 4);
        _tile_dpbf16ps(7, 3, 5);
    }
    _tile_stored(0, out[0], 64);
    tiles_end();
    *sink = out[0][0];
    return 4 * 2.0 * 16 * 16 * 32;
}
#endif
