#include "nn/roofline.h"

#include <math.h>
#include <string.h>

#include "kernels/precision_names.h"

fc_status fc_roofline_measure(fc_roofline *r, fc_error *err)
{
    r->npeaks = fc_peak_measure(r->peak);
    return fc_bandwidth_measure(r->bandwidth, err);
}

const fc_peak *fc_roofline_peak(const fc_roofline *r, const fc_layer_facts *f, fc_precision p)
{
    fc_isa isa = FC_ISA_BASE;
    const bool tiles = fc_isa_of_kernel(f->kernel, &isa) && isa == FC_ISA_AMX,
               bf16 = tiles || (p == FC_PRECISION_BF16 && strncmp(f->kernel, "nhwc:", 5) != 0);

    for (int i = 0; i < r->npeaks; i++)
        if (!strcmp(r->peak[i].numbers, bf16 ? FC_PRECISION_NAME_BF16 : FC_PRECISION_NAME_FP32))
            return &r->peak[i];
    return &r->peak[0];
}

const fc_bandwidth *fc_roofline_bandwidth(const fc_roofline *r, const fc_layer_facts *f, int n)
{
    double weights = 0, maps = 0;

    for (int i = 0; i < n; i++) {
        weights += f[i].weights;
        maps = fmax(maps, f[i].maps);
    }
    return fc_bandwidth_for(r->bandwidth, weights + maps);
}

double fc_roofline_floor(const fc_layer_facts *f, const fc_peak *peak, const fc_bandwidth *bandwidth,
                         double inputs)
{
    const double products = f->flops * inputs / peak->gflops,
                 bytes = (f->weights + f->maps * inputs) / bandwidth->gbs;

    return inputs > 0 ? fmax(products, bytes) * 1e-6 : 0;
}
