/* MTCNN: Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
 * Networks", in facenet-pytorch's layout. */
#include <stdio.h>

#include "nets/nets.h"

/* The layers' parameters are numbered through: conv2 and prelu2, dense4 and prelu4. */
static int conv(fc_graph *g, int x, const char *layer, int out, int k)
{
    char w[32], b[32];

    snprintf(w, sizeof w, "%s.weight", layer);
    snprintf(b, sizeof b, "%s.bias", layer);
    return fc_graph_conv(g, x, w, b, (fc_conv){.out = out, .kh = k, .kw = k});
}

static int dense(fc_graph *g, int x, const char *layer, int out)
{
    char w[32], b[32];

    snprintf(w, sizeof w, "%s.weight", layer);
    snprintf(b, sizeof b, "%s.bias", layer);
    return fc_graph_linear(g, x, out, w, b, FC_FLATTEN_WHC);
}

static int prelu(fc_graph *g, int x, int number)
{
    char a[32];

    snprintf(a, sizeof a, "prelu%d.weight", number);
    return fc_graph_prelu(g, x, a);
}

static int conv_prelu(fc_graph *g, int x, int number, int out, int k)
{
    char layer[16];

    snprintf(layer, sizeof layer, "conv%d", number);
    return prelu(g, conv(g, x, layer, out, k), number);
}

fc_graph *fc_net_pnet(void)
{
    fc_graph *g = fc_graph_new();
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 0, 0);
    x = conv_prelu(g, x, 1, 10, 3);
    x = fc_graph_maxpool(g, x, 2, 2, true);
    x = conv_prelu(g, x, 2, 16, 3);
    x = conv_prelu(g, x, 3, 32, 3);
    fc_graph_output(g, fc_graph_softmax(g, conv(g, x, "conv4_1", 2, 1)));
    fc_graph_output(g, conv(g, x, "conv4_2", 4, 1));
    return g;
}

fc_graph *fc_net_rnet(void)
{
    fc_graph *g = fc_graph_new();
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 24, 24);
    x = conv_prelu(g, x, 1, 28, 3);
    x = fc_graph_maxpool(g, x, 3, 2, true);
    x = conv_prelu(g, x, 2, 48, 3);
    x = fc_graph_maxpool(g, x, 3, 2, true);
    x = conv_prelu(g, x, 3, 64, 2);
    x = prelu(g, dense(g, x, "dense4", 128), 4);
    fc_graph_output(g, fc_graph_softmax(g, dense(g, x, "dense5_1", 2)));
    fc_graph_output(g, dense(g, x, "dense5_2", 4));
    return g;
}

fc_graph *fc_net_onet(void)
{
    fc_graph *g = fc_graph_new();
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 48, 48);
    x = conv_prelu(g, x, 1, 32, 3);
    x = fc_graph_maxpool(g, x, 3, 2, true);
    x = conv_prelu(g, x, 2, 64, 3);
    x = fc_graph_maxpool(g, x, 3, 2, true);
    x = conv_prelu(g, x, 3, 64, 3);
    x = fc_graph_maxpool(g, x, 2, 2, true);
    x = conv_prelu(g, x, 4, 128, 2);
    x = prelu(g, dense(g, x, "dense5", 256), 5);
    fc_graph_output(g, fc_graph_softmax(g, dense(g, x, "dense6_1", 2)));
    fc_graph_output(g, dense(g, x, "dense6_2", 4));
    fc_graph_output(g, dense(g, x, "dense6_3", 10));
    return g;
}
