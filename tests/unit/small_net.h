/* A small embedding network that tests write in several formats: a 3x3 convolution of stride 2, ReLU, and the mean
 * over the map. */
#ifndef FC_TEST_SMALL_NET_H
#define FC_TEST_SMALL_NET_H

#ifdef __cplusplus
extern "C" {
#endif

#define SMALL_NET_DIM 16

const float *small_net_weight(void); /* [SMALL_NET_DIM][3][3][3] */
const float *small_net_bias(void);   /* [SMALL_NET_DIM] */

#ifdef __cplusplus
}
#endif
#endif
