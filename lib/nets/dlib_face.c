/* dlib's face recognition network: 29 convolutions of He et al. 2016, "Deep Residual Learning for Image Recognition", with
 * half the channels. A block that halves the map takes the means of 2x2 pixels beside its convolutions, and zeros for the
 * channels, rows and columns that one of the two does not have. */
#include <stdio.h>

#include "nets/nets.h"

static int conv_scale(fc_graph *g, int x, const char *layer, fc_conv p)
{
    char w[64], b[64], scale[64];

    snprintf(w, sizeof w, "%s.conv.weight", layer);
    snprintf(b, sizeof b, "%s.conv.bias", layer);
    snprintf(scale, sizeof scale, "%s.scale", layer);
    return fc_graph_affine(g, fc_graph_conv(g, x, w, b, p), scale);
}

static int two_convs(fc_graph *g, int x, const char *name, int out, int stride)
{
    char layer[48];
    const int pad = stride == 1;

    snprintf(layer, sizeof layer, "%s.conv1", name);
    x = conv_scale(g, x, layer,
                   (fc_conv){.out = out, .kh = 3, .kw = 3, .stride = stride, .pad_h = pad, .pad_w = pad});
    snprintf(layer, sizeof layer, "%s.conv2", name);
    return conv_scale(g, fc_graph_relu(g, x), layer,
                      (fc_conv){.out = out, .kh = 3, .kw = 3, .pad_h = 1, .pad_w = 1});
}

static int block(fc_graph *g, int x, const char *name, int channels)
{
    return fc_graph_relu(g, fc_graph_add(g, two_convs(g, x, name, channels, 1), x, 1));
}

/* side: of the result; a convolution without padding makes less of an even map than the means do. */
static int block_down(fc_graph *g, int x, const char *name, int channels, int side)
{
    const int y = fc_graph_pad(g, two_convs(g, x, name, channels, 2), channels, side, side);

    x = fc_graph_pad(g, fc_graph_meanpool(g, x, 2, 2), channels, side, side);
    return fc_graph_relu(g, fc_graph_add(g, y, x, 1));
}

fc_graph *fc_net_dlib_face(void)
{
    fc_graph *g = fc_graph_new();
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 150, 150);
    x = conv_scale(g, x, "conv32_down", (fc_conv){.out = 32, .kh = 7, .kw = 7, .stride = 2});
    x = fc_graph_maxpool(g, fc_graph_relu(g, x), 3, 2, false);
    x = block(g, x, "conv32_1", 32);
    x = block(g, x, "conv32_2", 32);
    x = block(g, x, "conv32_3", 32);
    x = block_down(g, x, "conv64_down", 64, 17);
    x = block(g, x, "conv64_1", 64);
    x = block(g, x, "conv64_2", 64);
    x = block(g, x, "conv64_3", 64);
    x = block_down(g, x, "conv128_down", 128, 8);
    x = block(g, x, "conv128_1", 128);
    x = block(g, x, "conv128_2", 128);
    x = block_down(g, x, "conv256_down", 256, 4);
    x = block(g, x, "conv256_1", 256);
    x = block(g, x, "conv256_2", 256);
    x = block_down(g, x, "conv256_down_out", 256, 2);
    x = fc_graph_linear(g, fc_graph_avgpool(g, x), 128, "fc.weight", NULL, FC_FLATTEN_CHW);
    fc_graph_output(g, x);
    return g;
}
