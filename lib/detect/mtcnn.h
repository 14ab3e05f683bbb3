/*
 * The cascade of MTCNN: Zhang, Zhang, Li, Qiao 2016. Arithmetic in float32 and rounding as in facenet-pytorch 2.6's
 * detect_face, so that boxes agree with it. mtcnn.c has the networks and the cascade, mtcnn_pnet.c the first stage, over
 * the picture's pyramid, mtcnn_refine.c the second and the third one, on crops.
 */
#ifndef FC_DETECT_MTCNN_H
#define FC_DETECT_MTCNN_H
#include "detect/area.h"
#include "detect/detector.h"
#include "detect/mtcnn_pnet_bound.h"
#include "detect/mtcnn_pnet_coarse.h"
#include "detect/mtcnn_rnet_coarse.h"
#include "detect/pyramid.h"
#include "engines/engine.h"
#include "nn/rowwise.h"

#define FC_PNET_CELL 12 /* P-Net's field of view */
#define FC_RNET_SIZE 24
#define FC_ONET_SIZE 48

/* Nearly all that P-Net and R-Net look at is turned down. Where the CPU multiplies bfloat16 in tiles, or sums products of
 * 16-bit numbers (P-Net) and of bytes (R-Net), that is done so: what is far below a threshold is dropped, and the rest, a hundredth of
 * P-Net's cells, is computed in float32, so that float32 decides and its numbers are the result. Far is this much in the
 * logit. Over 4.6 million cells and 125,285 crops of LFW and of group photos bfloat16 differed near the threshold by 0.28
 * (P-Net) and 0.1 (R-Net) at the most; 16-bit numbers over 9.3 million cells by 0.042, and anywhere by 0.052; bytes over
 * 530,046 crops by 0.69, and anywhere by 0.82 (tests/lfw/coarse.sh). */
#define FC_COARSE_MARGIN       0.5
#define FC_COARSE_MARGIN_INT16 0.25
#define FC_COARSE_MARGIN_INT8  1.5

typedef struct fc_mtcnn {
    fc_detector base;
    fc_rowwise *pnet;
    fc_rowwise *pnet_bound, *pnet_rest; /* for wide levels; NULL: the coarse P-Net does them */
    fc_pnet_coarse *pnet_coarse;        /* NULL: P-Net runs everywhere in float32 */
    fc_net *rnet, *onet;
    fc_rnet_coarse *rnet_coarse;         /* NULL: R-Net looks at every candidate in float32 */
    fc_rowwise *rnet_batch, *onet_batch; /* in place of the nets: several candidates at once */
} fc_mtcnn;

/* Cells that go through P-Net together. */
typedef struct fc_mtcnn_places {
    int x[FC_ROWWISE_BATCH], y[FC_ROWWISE_BATCH], n;
} fc_mtcnn_places;

/* Those that the coarse P-Net points at, as pixels. */
typedef struct fc_mtcnn_cells {
    float in[3][FC_PNET_CELL][FC_ROWWISE_BATCH][FC_PNET_CELL]; /* as many rows and columns as the shape has */
    fc_mtcnn_places at;
} fc_mtcnn_cells;

/* Those that the bound lets through, as what P-Net's last convolution sees: a vector of them for each number of a window. */
typedef struct fc_mtcnn_windows {
    float in[FC_PNET_WINDOW_C * FC_PNET_WINDOW_SIDE * FC_PNET_WINDOW_SIDE * FC_ROWWISE_BATCH];
    fc_mtcnn_places at;
} fc_mtcnn_windows;

/* Candidates that go through R-Net or O-Net together. */
typedef struct fc_mtcnn_batch {
    float in[FC_ROWWISE_BATCH * 3 * FC_ONET_SIZE * FC_ONET_SIZE]; /* [lane][channel][y][x] */
    fc_proposal of[FC_ROWWISE_BATCH];
    fc_rowwise_session *net;
    int n, lanes, size;
    float threshold;
    bool landmarks;
} fc_mtcnn_batch;

typedef struct fc_mtcnn_session {
    fc_detect_session base;
    const fc_mtcnn *of;
    fc_rowwise_session *pnet, *pnet_bound, *pnet_rest;
    fc_session *rnet, *onet;
    fc_pnet_coarse_session *pnet_coarse;
    fc_mtcnn_cells *cells, *flushing; /* [4], by shape; the one that is being run */
    fc_mtcnn_windows *windows;
    const fc_rnet_coarse *rnet_coarse;
    fc_rowwise_session *rnet_batch, *onet_batch;
    fc_mtcnn_batch *batch;
    fc_area area;
    fc_pyramid small; /* levels that are made together */
    /* of the pyramid's level being searched */
    int w, h, made; /* made: its number in small; -1: it is not there */
    float scale, threshold, margin;
    size_t first;     /* its first candidate */
    size_t proposals; /* to keep of a level, and of all of them */
} fc_mtcnn_session;

/* P-Net over the pyramid, into boxes. */
fc_status fc_mtcnn_propose(fc_mtcnn_session *s, const fc_image *img, const fc_detect_options *o,
                           fc_error *err);
/* R-Net, coarsely, where there is one: drops the candidates that it would turn down by far. */
fc_status fc_mtcnn_rnet_coarse(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err);
/* R-Net or O-Net on every candidate: keeps those above the threshold, with their new score, regression and, of O-Net,
 * landmarks. */
fc_status fc_mtcnn_rnet(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err);
fc_status fc_mtcnn_onet(fc_mtcnn_session *s, const fc_image *img, double threshold, fc_error *err);

/* Where there is a profile: a pass of a network on inputs w x h begins, and it ends, with so many inputs. Its steps are
 * those of rows, which are measured from the one to the other, or of net, which whoever runs it measures; both may be
 * NULL. */
fc_status fc_mtcnn_pass(fc_detect_pass **out, fc_mtcnn_session *s, const char *network,
                        fc_rowwise_session *rows, const fc_net *net, int w, int h, fc_error *err);
/* The pass is a coarse one of a network with the steps of rows, or of net: its one step has their operations. */
void fc_mtcnn_pass_coarse(fc_detect_pass *p, const fc_rowwise *rows, const fc_net *net);
/* The last output is made of some pixels: how many operations those take is known behind the run. */
void fc_mtcnn_pass_first(fc_detect_pass *p, const fc_rowwise *rows);
void fc_mtcnn_pass_end(fc_detect_pass *p, fc_rowwise_session *rows, double began, size_t inputs);

#endif
