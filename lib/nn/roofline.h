/*
 * What the steps of a network take at least on this CPU, whatever the kernel: the larger of their operations at the peak and
 * their bytes at the bandwidth, both measured (kernels/peak.h). Multiples of that compare machines.
 */
#ifndef FC_NN_ROOFLINE_H
#define FC_NN_ROOFLINE_H
#include "kernels/peak.h"
#include "nn/layers.h"

typedef struct fc_roofline {
    fc_peak peak[FC_PEAKS]; /* [npeaks], float32 first */
    int npeaks;
    fc_bandwidth bandwidth[FC_BANDWIDTHS];
} fc_roofline;

fc_status fc_roofline_measure(fc_roofline *r, fc_error *err);
/* Of what a step's kernel multiplies in a network of that precision: bfloat16 in tiles, whatever it is given, and float32 in
 * our kernels for maps. */
const fc_peak *fc_roofline_peak(const fc_roofline *r, const fc_layer_facts *f, fc_precision p);
/* At best, of a network of n steps, which reads all its weights, and the largest maps of a step meanwhile. */
const fc_bandwidth *fc_roofline_bandwidth(const fc_roofline *r, const fc_layer_facts *f, int n);
/* Milliseconds of a step for inputs pictures; 0 where there are none, or it neither multiplies nor reads. */
double fc_roofline_floor(const fc_layer_facts *f, const fc_peak *peak, const fc_bandwidth *bandwidth,
                         double inputs);

#endif
