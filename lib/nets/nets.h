/* The networks that facecheck knows, each written once as a graph. Tensor names as in the models' files. */
#ifndef FC_NETS_H
#define FC_NETS_H
#include "nn/graph.h"

/* All of them, by the architecture's name in models.yaml. For X(name), fc_net_NAME() makes the graph in NAME.c; MTCNN's
 * three are in mtcnn.c.
 *
 * pnet, rnet, onet: MTCNN. Names as in facenet-pytorch's state dicts: conv1.weight, prelu1.weight, dense4.weight ...
 * Inputs: any size >= 12x12, 24x24, 48x48. Outputs: probabilities [2] (1 is "face"), box regression [4], and for onet
 * landmarks [10]: five x, then five y; pnet's are maps.
 *
 * mobilefacenet: MobileFaceNet (Chen et al. 2018), 112x112, the 192-d variant of sirius-ai's MobileFaceNet_TF. Raw
 * output, not normalised. Batch norms are folded into the convolutions. Tensors, N = 0..14 over the inverted residual
 * blocks:
 *   stem.conv.{weight,bias} stem.prelu.weight   stem_dw.conv.{weight,bias} stem_dw.prelu.weight
 *   stem_proj.conv.{weight,bias}
 *   block.N.expand.conv.{weight,bias} block.N.expand.prelu.weight  block.N.dw.conv.{weight,bias}
 *   block.N.dw.prelu.weight  block.N.project.conv.{weight,bias}
 *   head.conv.{weight,bias} head.prelu.weight   gdc.conv.{weight,bias}   logits.conv.{weight,bias}
 *   embedding.conv.{weight,bias}
 *
 * dlib_face: dlib's face recognition ResNet (dlib_face_recognition_resnet_model_v1, of 29 convolutions), 150x150 to
 * 128-d, not normalised. Tensors: conv32_down.{conv,scale}.{weight,bias}; for BLOCK conv32_1 .. conv32_3, conv64_down,
 * conv64_1 .. conv64_3, conv128_down, conv128_1, conv128_2, conv256_down, conv256_1, conv256_2, conv256_down_out:
 *   BLOCK.conv1.{conv,scale}.{weight,bias}   BLOCK.conv2.{conv,scale}.{weight,bias}
 * and fc.weight.
 *
 * inception_resnet_v1: InceptionResnetV1 (Szegedy et al. 2016; facenet-pytorch's variant), 160x160, 512-d, unit
 * length. */
#define FC_NETS(X) X(pnet) X(rnet) X(onet) X(mobilefacenet) X(dlib_face) X(inception_resnet_v1)

#define FC_NET_DECLARE(name) fc_graph *fc_net_##name(void);
FC_NETS(FC_NET_DECLARE)
#undef FC_NET_DECLARE

/* By the architecture's name in models.yaml; NULL where there is none. */
fc_graph *fc_net_by_name(const char *arch);
/* The i-th architecture's name; NULL behind the last. */
const char *fc_net_name(size_t i);

#endif
