/*
 * Fully convolutional networks at any size, row by row.
 *
 * A general convolution engine needs its kernels built, or its picture cut into tiles, for every size of
 * picture; an image pyramid has a new size at each level. Here each layer keeps only the rows that the next
 * one still needs, in planes, and a row of the result is drawn through all layers at once: no kernel depends
 * on the size, nothing is computed twice, and the memory is a few rows however large the picture is. The data
 * stays in the first two caches.
 *
 * Vectors run along x, so that a layer's channel count is not padded (P-Net's 3, 10 and 16 channels would
 * waste a third of a 16-channel layout's work).
 *
 * Many small pictures of one size go through together: 16 of them are one picture whose pixels are 16 floats wide,
 * and every vector is full whatever the size. What a picture gives does not depend on the others. A wide picture goes
 * through in the same way, cut into as many strips as a vector has floats: steps along x need no shuffles then.
 *
 * Graphs: a chain of convolutions without padding, stride 1 (PReLU or ReLU behind them), max pooling and dense layers
 * (as convolutions of the size they were made for), and one or more 1x1 convolutions or dense layers on the chain's
 * end as outputs. A softmax on an output is left to the caller: its logits come out.
 */
#ifndef FC_NN_ROWWISE_H
#define FC_NN_ROWWISE_H
#include "base/cpu.h"
#include "nn/graph.h"
#include "nn/layers.h"
#include "nn/weights.h"

#define FC_ROWWISE_BATCH 16

typedef struct fc_rowwise fc_rowwise;                 /* packed weights: immutable, shared */
typedef struct fc_rowwise_session fc_rowwise_session; /* rows: one per thread */

/* wide: every pixel is a vector, of a batch or of strips of one picture, and 3x3 convolutions go in tiles (Winograd's
 * F(3x3, 3x3) or F(4x4, 3x3): a third or a quarter of the products). For batches, and for pictures so wide that the
 * columns which two strips share do not count. */
fc_status fc_rowwise_compile(fc_rowwise **out, const fc_graph *g, const fc_weights *w, bool wide,
                             fc_error *err);
void fc_rowwise_free(fc_rowwise *s);
/* What its kernels are compiled for. */
fc_isa fc_rowwise_isa(const fc_rowwise *s);
fc_status fc_rowwise_session_new(fc_rowwise_session **out, const fc_rowwise *s, fc_error *err);
void fc_rowwise_session_free(fc_rowwise_session *s);
const fc_rowwise *fc_rowwise_of(const fc_rowwise_session *s);

/* Fills planes[c][0..w-1], or [0..16w-1] of a batch, with row y of the input; rows are asked for once each, in order. */
typedef void fc_rowwise_source(void *ctx, int y, float *const *planes);
/* Takes row y of all outputs, planes in the order of the graph's outputs, n pixels each (16n floats of a batch). */
typedef fc_status fc_rowwise_sink(void *ctx, int y, const float *const *planes, int n, fc_error *err);

/* A picture too small for one output pixel gives no rows. Memory grows only with the widest w seen. */
fc_status fc_rowwise_run(fc_rowwise_session *s, int w, int h, fc_rowwise_source *source,
                         fc_rowwise_sink *sink, void *ctx, fc_error *err);
/* The same, but of the outputs only the first one is made; the sink may ask for the others at pixel x of its row,
 * which go to to in their order. Wherever they are asked for, they are what they would be. */
fc_status fc_rowwise_run_first(fc_rowwise_session *s, int w, int h, fc_rowwise_source *source,
                               fc_rowwise_sink *sink, void *ctx, fc_error *err);
void fc_rowwise_others(fc_rowwise_session *s, int x, float *to);
/* For a sink: what the chain's last step, a convolution, looks at for pixel x of the row, [channels][rows][columns], to to[0], to[step]
 * and so on. */
void fc_rowwise_window(const fc_rowwise_session *s, int x, float *to, int step);
/* Pictures of a batch: FC_ROWWISE_BATCH, or of a wide network floats in a vector, at most FC_ROWWISE_BATCH. */
int fc_rowwise_batch(const fc_rowwise *s);
/* Floats of a pixel of a batch of n of them, n at least: fc_rowwise_batch, or less where that is faster. What a picture gives
 * does not depend on it. */
int fc_rowwise_lanes(const fc_rowwise *s, int n);
/* A batch of n pictures at once, b = fc_rowwise_lanes(s, n): float i of pixel x is at bx + i. */
fc_status fc_rowwise_run_batch(fc_rowwise_session *s, int n, int w, int h, fc_rowwise_source *source,
                               fc_rowwise_sink *sink, void *ctx, fc_error *err);

/* For a source of a batch whose pictures' pixels are as wide as the kernel's vectors (those of a wide network are,
 * and all with AVX-512): from[step * i + x], x < n, which are rows of its pictures, to float i of pixel x. Up to
 * three floats behind a row are read. */
void fc_rowwise_spread(const fc_rowwise_session *s, float *to, const float *from, int step, int n);

/* Its steps: the input's rows, the chain, and the outputs; and the i-th of them for a picture w x h. */
int fc_rowwise_layers(const fc_rowwise *s);
void fc_rowwise_layer(const fc_rowwise *s, int i, int w, int h, fc_layer_facts *out);
/* From now on what each step takes, in milliseconds, is added to ms[0..fc_rowwise_layers - 1], until NULL is given. */
void fc_rowwise_measure(fc_rowwise_session *s, double *ms);

#endif
