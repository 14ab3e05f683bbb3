/* MobileFaceNet: Chen et al. 2018, "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification
 * on Mobile Devices". Made of inverted residual blocks: 1x1 up, depthwise 3x3, 1x1 down, and the input added
 * where it fits. */
#include <stdio.h>

#include "nets/nets.h"

static int conv(fc_graph *g, int x, const char *layer, fc_conv p)
{
    char w[64], b[64];

    snprintf(w, sizeof w, "%s.conv.weight", layer);
    snprintf(b, sizeof b, "%s.conv.bias", layer);
    return fc_graph_conv(g, x, w, b, p);
}

static int conv_prelu(fc_graph *g, int x, const char *layer, fc_conv p)
{
    char a[64];

    snprintf(a, sizeof a, "%s.prelu.weight", layer);
    return fc_graph_prelu(g, conv(g, x, layer, p), a);
}

/* TensorFlow's SAME padding for an even map: 1 on both sides with stride 1, only at the end with stride 2. */
static fc_conv same3x3(int out, int stride, int groups)
{
    int pad = stride == 1;
    return (fc_conv){.out = out,
                     .kh = 3,
                     .kw = 3,
                     .stride = stride,
                     .pad_h = pad,
                     .pad_w = pad,
                     .pad_end = !pad,
                     .groups = groups};
}

static int block(fc_graph *g, int x, int number, int middle, int out, int stride)
{
    char name[48];
    int y;

    snprintf(name, sizeof name, "block.%d.expand", number);
    y = conv_prelu(g, x, name, (fc_conv){.out = middle});
    snprintf(name, sizeof name, "block.%d.dw", number);
    y = conv_prelu(g, y, name, same3x3(middle, stride, middle));
    snprintf(name, sizeof name, "block.%d.project", number);
    y = conv(g, y, name, (fc_conv){.out = out});
    return stride == 1 ? fc_graph_add(g, y, x, 1) : y;
}

fc_graph *fc_net_mobilefacenet(void)
{
    static const struct {
        int middle, out, stride, repeat;
    } stages[] = {{128, 64, 2, 1},  {128, 64, 1, 4},  {256, 128, 2, 1},
                  {256, 128, 1, 6}, {512, 128, 2, 1}, {256, 128, 1, 2}};
    fc_graph *g = fc_graph_new();
    int x, n = 0;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 112, 112);
    x = conv_prelu(g, x, "stem", same3x3(64, 2, 1));
    x = conv_prelu(g, x, "stem_dw", same3x3(64, 1, 64));
    x = conv(g, x, "stem_proj", (fc_conv){.out = 64});
    for (size_t s = 0; s < sizeof stages / sizeof *stages; s++)
        for (int i = 0; i < stages[s].repeat; i++)
            x = block(g, x, n++, stages[s].middle, stages[s].out, stages[s].stride);
    x = conv_prelu(g, x, "head", (fc_conv){.out = 512});
    x = conv(g, x, "gdc", (fc_conv){.out = 512, .kh = 7, .kw = 7, .groups = 512});
    x = conv(g, x, "logits", (fc_conv){.out = 512});
    x = conv(g, x, "embedding", (fc_conv){.out = 192});
    fc_graph_output(g, x);
    return g;
}
