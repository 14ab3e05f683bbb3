/* InceptionResnetV1: Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the Impact of Residual
 * Connections on Learning", as facenet-pytorch has it. Dropout does nothing at inference and is left out. */
#include <stdio.h>

#include "nets/nets.h"

#define EPSILON 1e-3f

/* Convolution without bias, batch norm, ReLU. */
static int basic(fc_graph *g, int x, const char *prefix, const char *name, fc_conv p)
{
    char w[96], bn[96];

    snprintf(w, sizeof w, "%s%s.conv.weight", prefix, name);
    snprintf(bn, sizeof bn, "%s%s.bn", prefix, name);
    return fc_graph_relu(g, fc_graph_batchnorm(g, fc_graph_conv(g, x, w, NULL, p), bn, EPSILON));
}

static fc_conv k1(int out)
{
    return (fc_conv){.out = out};
}

static fc_conv k3(int out, int stride, int pad)
{
    return (fc_conv){.out = out, .kh = 3, .kw = 3, .stride = stride, .pad_h = pad, .pad_w = pad};
}

/* A row and a column of n, each padded to keep the size. */
static fc_conv row(int out, int n)
{
    return (fc_conv){.out = out, .kh = 1, .kw = n, .pad_w = n / 2};
}

static fc_conv column(int out, int n)
{
    return (fc_conv){.out = out, .kh = n, .kw = 1, .pad_h = n / 2};
}

/* relu(x + scale * conv1x1(concatenated branches)) */
static int residual(fc_graph *g, int x, const char *prefix, int n, const int *branch, int channels,
                    float scale, bool relu)
{
    char w[96], b[96];
    int y;

    snprintf(w, sizeof w, "%sconv2d.weight", prefix);
    snprintf(b, sizeof b, "%sconv2d.bias", prefix);
    y = fc_graph_conv(g, fc_graph_concat(g, n, branch), w, b, k1(channels));
    y = fc_graph_add(g, x, y, scale);
    return relu ? fc_graph_relu(g, y) : y;
}

static int block35(fc_graph *g, int x, const char *p)
{
    int b0 = basic(g, x, p, "branch0", k1(32));
    int b1 = basic(g, basic(g, x, p, "branch1.0", k1(32)), p, "branch1.1", k3(32, 1, 1));
    int b2 = basic(g, basic(g, x, p, "branch2.0", k1(32)), p, "branch2.1", k3(32, 1, 1));
    b2 = basic(g, b2, p, "branch2.2", k3(32, 1, 1));
    return residual(g, x, p, 3, (int[]){b0, b1, b2}, 256, 0.17f, true);
}

static int block17(fc_graph *g, int x, const char *p)
{
    int b0 = basic(g, x, p, "branch0", k1(128));
    int b1 = basic(g, basic(g, x, p, "branch1.0", k1(128)), p, "branch1.1", row(128, 7));
    b1 = basic(g, b1, p, "branch1.2", column(128, 7));
    return residual(g, x, p, 2, (int[]){b0, b1}, 896, 0.10f, true);
}

static int block8(fc_graph *g, int x, const char *p, float scale, bool relu)
{
    int b0 = basic(g, x, p, "branch0", k1(192));
    int b1 = basic(g, basic(g, x, p, "branch1.0", k1(192)), p, "branch1.1", row(192, 3));
    b1 = basic(g, b1, p, "branch1.2", column(192, 3));
    return residual(g, x, p, 2, (int[]){b0, b1}, 1792, scale, relu);
}

static int mixed_6a(fc_graph *g, int x, const char *p)
{
    int b0 = basic(g, x, p, "branch0", k3(384, 2, 0));
    int b1 = basic(g, basic(g, x, p, "branch1.0", k1(192)), p, "branch1.1", k3(192, 1, 1));
    b1 = basic(g, b1, p, "branch1.2", k3(256, 2, 0));
    return fc_graph_concat(g, 3, (int[]){b0, b1, fc_graph_maxpool(g, x, 3, 2, false)});
}

static int mixed_7a(fc_graph *g, int x, const char *p)
{
    int b0 = basic(g, basic(g, x, p, "branch0.0", k1(256)), p, "branch0.1", k3(384, 2, 0));
    int b1 = basic(g, basic(g, x, p, "branch1.0", k1(256)), p, "branch1.1", k3(256, 2, 0));
    int b2 = basic(g, basic(g, x, p, "branch2.0", k1(256)), p, "branch2.1", k3(256, 1, 1));
    b2 = basic(g, b2, p, "branch2.2", k3(256, 2, 0));
    return fc_graph_concat(g, 4, (int[]){b0, b1, b2, fc_graph_maxpool(g, x, 3, 2, false)});
}

fc_graph *fc_net_inception_resnet_v1(void)
{
    fc_graph *g = fc_graph_new();
    char prefix[32];
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 160, 160);
    x = basic(g, x, "", "conv2d_1a", k3(32, 2, 0));
    x = basic(g, x, "", "conv2d_2a", k3(32, 1, 0));
    x = basic(g, x, "", "conv2d_2b", k3(64, 1, 1));
    x = fc_graph_maxpool(g, x, 3, 2, false);
    x = basic(g, x, "", "conv2d_3b", k1(80));
    x = basic(g, x, "", "conv2d_4a", k3(192, 1, 0));
    x = basic(g, x, "", "conv2d_4b", k3(256, 2, 0));
    for (int i = 0; i < 5; i++) {
        snprintf(prefix, sizeof prefix, "repeat_1.%d.", i);
        x = block35(g, x, prefix);
    }
    x = mixed_6a(g, x, "mixed_6a.");
    for (int i = 0; i < 10; i++) {
        snprintf(prefix, sizeof prefix, "repeat_2.%d.", i);
        x = block17(g, x, prefix);
    }
    x = mixed_7a(g, x, "mixed_7a.");
    for (int i = 0; i < 5; i++) {
        snprintf(prefix, sizeof prefix, "repeat_3.%d.", i);
        x = block8(g, x, prefix, 0.20f, true);
    }
    x = block8(g, x, "block8.", 1, false);
    x = fc_graph_avgpool(g, x);
    x = fc_graph_linear(g, x, 512, "last_linear.weight", NULL, FC_FLATTEN_CHW);
    x = fc_graph_batchnorm(g, x, "last_bn", EPSILON);
    fc_graph_output(g, fc_graph_l2norm(g, x));
    return g;
}
