#include "nn/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"

#define MAX_SIDE     65536 /* of any dimension, so that c*h*w fits in 64 bits */
#define MAX_NODES    65536
#define MAX_ELEMENTS ((size_t)1 << 31)

struct fc_graph {
    fc_node *node;
    int n;
    size_t cap;
    int *output;
    int noutput;
    size_t output_cap;
    bool has_input;
    fc_error fault; /* status FC_OK: none yet */
};

fc_graph *fc_graph_new(void)
{
    return calloc(1, sizeof(fc_graph));
}

void fc_graph_free(fc_graph *g)
{
    if (!g)
        return;
    free(g->node);
    free(g->output);
    free(g);
}

/* Keeps the first fault only: those after it follow from it. */
static int fault(fc_graph *g, fc_status s, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int fault(fc_graph *g, fc_status s, const char *fmt, ...)
{
    if (!g->fault.status) {
        va_list ap;
        int n = snprintf(g->fault.message, sizeof g->fault.message, "graph node %d: ", g->n);
        va_start(ap, fmt);
        vsnprintf(g->fault.message + n, sizeof g->fault.message - (size_t)n, fmt, ap);
        va_end(ap);
        g->fault.status = s;
    }
    return -1;
}

fc_status fc_graph_check(const fc_graph *g, fc_error *err)
{
    if (g->fault.status)
        return fc_fail(err, g->fault.status, "%s", g->fault.message);
    if (g->noutput == 0)
        return fc_fail(err, FC_EMODEL, "graph without an output");
    return FC_OK;
}

static int push(fc_graph *g, const fc_node *node)
{
    if (node->c < 1 || node->c > MAX_SIDE || node->h < 0 || node->h > MAX_SIDE || node->w < 0 ||
        node->w > MAX_SIDE || (size_t)node->c * (size_t)node->h * (size_t)node->w > MAX_ELEMENTS)
        return fault(g, FC_EMODEL, "a value of size %dx%dx%d", node->c, node->h, node->w);
    if (g->n == MAX_NODES)
        return fault(g, FC_ELIMIT, "more than %d nodes", MAX_NODES);
    fc_error err;
    if (fc_grow(&g->node, (size_t)g->n + 1, &g->cap, sizeof *g->node, &err))
        return fault(g, err.status, "%s", err.message);
    g->node[g->n] = *node;
    return g->n++;
}

/* Starts a node on x with x's shape; false, and a fault, when there is no such value. */
static bool begin(fc_graph *g, fc_node *node, fc_op op, int x)
{
    if (x >= g->n)
        fault(g, FC_EMODEL, "no value %d", x);
    if (x < 0 || x >= g->n)
        return false;
    *node = (fc_node){.op = op, .in = {x}, .nin = 1, .c = g->node[x].c, .h = g->node[x].h, .w = g->node[x].w};
    return true;
}

static bool set_name(fc_graph *g, char dst[96], const char *name)
{
    if (!name || !*name || strlen(name) >= 96) {
        fault(g, FC_EMODEL, "tensor name '%s': want 1 to 95 bytes", name ? name : "");
        return false;
    }
    strcpy(dst, name);
    return true;
}

int fc_graph_input(fc_graph *g, int c, int h, int w)
{
    if (g->has_input)
        return fault(g, FC_EMODEL, "a second input");
    if ((h == 0) != (w == 0))
        return fault(g, FC_EMODEL, "input %dx%d: both sides fixed or none", h, w);
    g->has_input = true;
    return push(g, &(fc_node){.op = FC_OP_INPUT, .c = c, .h = h, .w = w});
}

int fc_graph_conv(fc_graph *g, int x, const char *weight, const char *bias, fc_conv p)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_CONV, x) || !set_name(g, n.weight, weight) ||
        (bias && !set_name(g, n.bias, bias)))
        return -1;
    n.kh = p.kh ? p.kh : 1;
    n.kw = p.kw ? p.kw : 1;
    n.sh = n.sw = p.stride ? p.stride : 1;
    n.groups = p.groups ? p.groups : 1;
    if (p.out < 1 || n.kh < 1 || n.kh > 1024 || n.kw < 1 || n.kw > 1024 || n.sh < 1 || n.sh > 1024 ||
        p.pad_h < 0 || p.pad_h >= n.kh || p.pad_w < 0 || p.pad_w >= n.kw || p.pad_end < 0 ||
        p.pad_end >= n.kh || p.pad_end >= n.kw + 1)
        return fault(g, FC_EMODEL, "%s: kernel %dx%d, stride %d, padding %d,%d+%d, %d channels", weight, n.kh,
                     n.kw, n.sh, p.pad_h, p.pad_w, p.pad_end, p.out);
    if (n.groups < 1 || n.c % n.groups || p.out % n.groups)
        return fault(g, FC_EMODEL, "%s: %d groups of %d to %d channels", weight, n.groups, n.c, p.out);
    n.pt = p.pad_h;
    n.pl = p.pad_w;
    n.pb = p.pad_h + p.pad_end;
    n.pr = p.pad_w + p.pad_end;
    if (n.h) {
        int h = n.h + n.pt + n.pb - n.kh, w = n.w + n.pl + n.pr - n.kw;
        if (h < 0 || w < 0)
            return fault(g, FC_EMODEL, "%s: kernel %dx%d on a map of %dx%d", weight, n.kh, n.kw, n.h, n.w);
        n.h = h / n.sh + 1;
        n.w = w / n.sw + 1;
    }
    n.c = p.out;
    return push(g, &n);
}

int fc_graph_linear(fc_graph *g, int x, int out, const char *weight, const char *bias, fc_flatten order)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_LINEAR, x) || !set_name(g, n.weight, weight) ||
        (bias && !set_name(g, n.bias, bias)))
        return -1;
    if (!n.h)
        return fault(g, FC_EMODEL, "%s: a dense layer needs a fixed size", weight);
    n.flatten = order;
    n.c = out;
    n.h = n.w = 1;
    return push(g, &n);
}

int fc_graph_prelu(fc_graph *g, int x, const char *slope)
{
    fc_node n;
    return begin(g, &n, FC_OP_PRELU, x) && set_name(g, n.weight, slope) ? push(g, &n) : -1;
}

int fc_graph_relu(fc_graph *g, int x)
{
    fc_node n;
    return begin(g, &n, FC_OP_RELU, x) ? push(g, &n) : -1;
}

/* PyTorch's rule: the last window must begin inside the map. */
static int pooled(int n, int k, int stride, bool ceil_mode)
{
    int out = (n - k + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    return (out - 1) * stride >= n ? out - 1 : out;
}

int fc_graph_maxpool(fc_graph *g, int x, int k, int stride, bool ceil_mode)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_MAXPOOL, x))
        return -1;
    if (k < 1 || k > 1024 || stride < 1 || stride > 1024 || (n.h && (n.h < k || n.w < k)))
        return fault(g, FC_EMODEL, "pooling by %d, stride %d, on a map of %dx%d", k, stride, n.h, n.w);
    n.kh = n.kw = k;
    n.sh = n.sw = stride;
    n.ceil_mode = ceil_mode;
    if (n.h) {
        n.h = pooled(n.h, k, stride, ceil_mode);
        n.w = pooled(n.w, k, stride, ceil_mode);
    }
    return push(g, &n);
}

int fc_graph_avgpool(fc_graph *g, int x)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_AVGPOOL, x))
        return -1;
    n.h = n.w = 1;
    return push(g, &n);
}

int fc_graph_meanpool(fc_graph *g, int x, int k, int stride)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_AVGPOOL, x))
        return -1;
    if (k < 1 || k > 1024 || stride < 1 || stride > 1024 || n.h < k || n.w < k)
        return fault(g, FC_EMODEL, "means of %dx%d, stride %d, on a map of %dx%d", k, k, stride, n.h, n.w);
    n.kh = n.kw = k;
    n.sh = n.sw = stride;
    n.groups = n.c;
    n.h = pooled(n.h, k, stride, false);
    n.w = pooled(n.w, k, stride, false);
    return push(g, &n);
}

int fc_graph_pad(fc_graph *g, int x, int c, int h, int w)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_PAD, x))
        return -1;
    if (!n.h || c < n.c || h < n.h || w < n.w)
        return fault(g, FC_EMODEL, "a map of %dx%dx%d padded to %dx%dx%d", n.c, n.h, n.w, c, h, w);
    n.c = c;
    n.h = h;
    n.w = w;
    return push(g, &n);
}

int fc_graph_add(fc_graph *g, int x, int y, float alpha)
{
    fc_node n, m;

    if (!begin(g, &n, FC_OP_ADD, x) || !begin(g, &m, FC_OP_ADD, y))
        return -1;
    if (n.c != m.c || n.h != m.h || n.w != m.w)
        return fault(g, FC_EMODEL, "sum of %dx%dx%d and %dx%dx%d", n.c, n.h, n.w, m.c, m.h, m.w);
    n.in[1] = y;
    n.nin = 2;
    n.alpha = alpha;
    return push(g, &n);
}

int fc_graph_concat(fc_graph *g, int count, const int *x)
{
    fc_node n, m;

    if (count < 1 || count > FC_MAX_INPUTS)
        return fault(g, FC_EMODEL, "concatenation of %d values, want 1 to %d", count, FC_MAX_INPUTS);
    if (!begin(g, &n, FC_OP_CONCAT, x[0]))
        return -1;
    for (int i = 1; i < count; i++) {
        if (!begin(g, &m, FC_OP_CONCAT, x[i]))
            return -1;
        if (m.h != n.h || m.w != n.w)
            return fault(g, FC_EMODEL, "concatenation of %dx%d and %dx%d maps", n.h, n.w, m.h, m.w);
        n.c += m.c;
        n.in[i] = x[i];
    }
    n.nin = count;
    return push(g, &n);
}

int fc_graph_softmax(fc_graph *g, int x)
{
    fc_node n;
    return begin(g, &n, FC_OP_SOFTMAX, x) ? push(g, &n) : -1;
}

int fc_graph_batchnorm(fc_graph *g, int x, const char *prefix, float eps)
{
    fc_node n;

    if (!begin(g, &n, FC_OP_BATCHNORM, x) || !set_name(g, n.weight, prefix))
        return -1;
    if (strlen(prefix) + sizeof ".running_mean" > sizeof n.weight)
        return fault(g, FC_EMODEL, "batch norm '%s': name too long", prefix);
    if (!(eps >= 0))
        return fault(g, FC_EMODEL, "%s: epsilon %g", prefix, (double)eps);
    n.alpha = eps;
    return push(g, &n);
}

int fc_graph_affine(fc_graph *g, int x, const char *prefix)
{
    const int i = fc_graph_batchnorm(g, x, prefix, 0);

    if (i >= 0)
        g->node[i].bare = true;
    return i;
}

int fc_graph_l2norm(fc_graph *g, int x)
{
    fc_node n;
    return begin(g, &n, FC_OP_L2NORM, x) ? push(g, &n) : -1;
}

void fc_graph_output(fc_graph *g, int x)
{
    fc_node n;
    fc_error err;

    if (!begin(g, &n, FC_OP_INPUT, x))
        return;
    if (fc_grow(&g->output, (size_t)g->noutput + 1, &g->output_cap, sizeof *g->output, &err)) {
        fault(g, err.status, "%s", err.message);
        return;
    }
    g->output[g->noutput++] = x;
}

int fc_graph_count(const fc_graph *g)
{
    return g->n;
}

const fc_node *fc_graph_node(const fc_graph *g, int i)
{
    return &g->node[i];
}

int fc_graph_outputs(const fc_graph *g)
{
    return g->noutput;
}

int fc_graph_output_at(const fc_graph *g, int i)
{
    return g->output[i];
}
