#include "detect/mtcnn_pnet_bound.h"

#include "base/error.h"

#define C      32 /* channels of the last convolution */
#define TAPS   (FC_PNET_WINDOW_C * FC_PNET_WINDOW_SIDE * FC_PNET_WINDOW_SIDE) /* of one of them */
#define GROUPS 2
#define MOST   (C + GROUPS + 1)

/* Which form a channel that lowers the logit takes. Any choice gives a bound; this one lets few cells of photos through, and was found by
 * changing one channel after the other until none made it fewer. */
enum form { NOTHING = -2, LINEAR = -1 /* and from 0 on: a group */ };
static const signed char forms[C] = {
    [0] = 0,        [1] = 1,        [3] = LINEAR,   [4] = LINEAR, [6] = LINEAR,   [7] = 0,  [9] = LINEAR,
    [10] = NOTHING, [12] = NOTHING, [13] = NOTHING, [14] = 0,     [15] = NOTHING, [16] = 1, [17] = NOTHING,
    [19] = NOTHING, [25] = LINEAR,  [26] = NOTHING, [30] = 1,     [31] = NOTHING,
};

/* The channels of the bound: the linear one first, then groups, then those of their own. */
struct bound {
    float weight[MOST][TAPS], bias[MOST], slope[MOST], sum[MOST];
    int n;
};

/* P-Net's last convolution and what its channels count in the logit. */
struct last {
    float weight[C][TAPS], bias[C], slope[C], head[2][C], head_bias[2];
};

static fc_status find(struct last *l, const fc_weights *w, fc_error *err)
{
    return fc_weights_copy(w,
                           (fc_weights_part[]){{l->weight[0], "conv3.weight", (size_t)C * TAPS},
                                               {l->bias, "conv3.bias", C},
                                               {l->slope, "prelu3.weight", C},
                                               {l->head[0], "conv4_1.weight", 2 * (size_t)C},
                                               {l->head_bias, "conv4_1.bias", 2}},
                           5, err);
}

/* Adds times channel c to channel to of the bound. */
static void add(struct bound *b, int to, const struct last *l, int c, float times)
{
    for (int t = 0; t < TAPS; t++)
        b->weight[to][t] += times * l->weight[c][t];
    b->bias[to] += times * l->bias[c];
}

static void make(struct bound *b, const struct last *l)
{
    b->n = 1 + GROUPS;
    b->slope[0] = b->sum[0] = 1;
    for (int g = 0; g < GROUPS; g++)
        b->sum[1 + g] = -1;
    for (int c = 0; c < C; c++) {
        const float v = l->head[1][c] - l->head[0][c], beyond = v * (1 - l->slope[c]);
        add(b, 0, l, c, v * l->slope[c]);
        if (beyond > 0) {
            add(b, b->n, l, c, beyond);
            b->sum[b->n++] = 1;
        } else if (forms[c] == LINEAR) {
            add(b, 0, l, c, beyond);
        } else if (forms[c] != NOTHING) {
            add(b, 1 + forms[c], l, c, -beyond);
        }
    }
    b->bias[0] += l->head_bias[1] - l->head_bias[0];
}

/* The layers before the last one are the file's. */
static fc_status fill(fc_weights *to, const struct bound *b, const fc_weights *w, fc_error *err)
{
    static const struct {
        const char *name;
        size_t count;
    } kept[] = {{"conv1.weight", 10 * 3 * 9},  {"conv1.bias", 10}, {"prelu1.weight", 10},
                {"conv2.weight", 16 * 10 * 9}, {"conv2.bias", 16}, {"prelu2.weight", 16}};
    const size_t n = (size_t)b->n;
    const struct {
        const char *name;
        const void *data;
        size_t count;
    } made[] = {{"bound.weight", b->weight, n * TAPS},
                {"bound.bias", b->bias, n},
                {"bound.slope", b->slope, n},
                {"sum.weight", b->sum, n}};
    fc_status st = FC_OK;

    for (size_t i = 0; !st && i < sizeof kept / sizeof *kept; i++) {
        const float *data;
        st = fc_weights_f32(w, kept[i].name, kept[i].count, &data, err);
        if (!st)
            st = fc_weights_add(to, kept[i].name, FC_F32, 1, &kept[i].count, data, err);
    }
    for (size_t i = 0; !st && i < sizeof made / sizeof *made; i++)
        st = fc_weights_add(to, made[i].name, FC_F32, 1, &made[i].count, made[i].data, err);
    return st;
}

static fc_graph *bound_graph(int channels)
{
    const fc_conv last = {.out = channels, .kh = 3, .kw = 3};
    fc_graph *g = fc_graph_new();
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, 3, 0, 0);
    x = fc_graph_conv(g, x, "conv1.weight", "conv1.bias", (fc_conv){.out = 10, .kh = 3, .kw = 3});
    x = fc_graph_maxpool(g, fc_graph_prelu(g, x, "prelu1.weight"), 2, 2, true);
    x = fc_graph_conv(g, x, "conv2.weight", "conv2.bias",
                      (fc_conv){.out = FC_PNET_WINDOW_C, .kh = 3, .kw = 3});
    x = fc_graph_conv(g, fc_graph_prelu(g, x, "prelu2.weight"), "bound.weight", "bound.bias", last);
    x = fc_graph_prelu(g, x, "bound.slope");
    fc_graph_output(g, fc_graph_conv(g, x, "sum.weight", NULL, (fc_conv){.out = 1}));
    return g;
}

static fc_graph *rest_graph(void)
{
    fc_graph *g = fc_graph_new();
    int x;

    if (!g)
        return NULL;
    x = fc_graph_input(g, FC_PNET_WINDOW_C, FC_PNET_WINDOW_SIDE, FC_PNET_WINDOW_SIDE);
    x = fc_graph_conv(g, x, "conv3.weight", "conv3.bias", (fc_conv){.out = C, .kh = 3, .kw = 3});
    x = fc_graph_prelu(g, x, "prelu3.weight");
    fc_graph_output(g, fc_graph_conv(g, x, "conv4_1.weight", "conv4_1.bias", (fc_conv){.out = 2}));
    fc_graph_output(g, fc_graph_conv(g, x, "conv4_2.weight", "conv4_2.bias", (fc_conv){.out = 4}));
    return g;
}

static fc_status compile(fc_rowwise **out, fc_graph *g, const fc_weights *w, fc_error *err)
{
    const fc_status st =
        g ? fc_rowwise_compile(out, g, w, true, err) : fc_fail_nomem(err, sizeof(struct bound));
    fc_graph_free(g);
    return st;
}

fc_status fc_pnet_bound_compile(fc_rowwise **bound, fc_rowwise **rest, const fc_weights *w, fc_error *err)
{
    struct last last;
    struct bound b = {0};
    fc_weights *made = NULL;
    fc_status st = find(&last, w, err);

    *bound = *rest = NULL;
    if (st)
        return st;
    make(&b, &last);
    st = fc_weights_new(&made, fc_weights_path(w), err);
    if (!st)
        st = fill(made, &b, w, err);
    if (!st)
        st = compile(bound, bound_graph(b.n), made, err);
    if (!st)
        st = compile(rest, rest_graph(), w, err);
    fc_weights_free(made);
    return st;
}
