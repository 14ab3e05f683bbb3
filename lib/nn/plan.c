#include "nn/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"

/* What is known of a graph node while the steps are made. */
typedef struct info {
    int uses; /* by nodes and as an output */
    int user; /* the only one; -1 where it is an output or has several */
    int last; /* the last node that uses it; -1: none */
    bool is_output;
    bool absorbed; /* its work is in an earlier step */
    int value;     /* -1 until made */
    int pre;       /* an activation that the user of the value applies as it reads; -1: none */
    bool placed;   /* written to its part of the concatenation */
    int conv;      /* a convolution that waits for the sum it goes into ends here; -1: none */
    int conv_norm;
    int inner; /* a convolution that its user multiplies into its own ends here; -1: none */
    int inner_norm;
} info;

typedef struct builder {
    fc_plan *p;
    const fc_graph *g;
    info *at; /* [nodes] */
    bool bf16, failed;
    fc_step nowhere; /* what is written where there was no memory for a step */
} builder;

static const fc_node *node(const builder *b, int i)
{
    return fc_graph_node(b->g, i);
}

static int add_value(builder *b, int c, int h, int w, fc_elem e)
{
    fc_plan *p = b->p;

    if (fc_grow(&p->value, (size_t)p->nvalues + 1, &p->value_cap, sizeof *p->value, NULL)) {
        b->failed = true;
        return 0;
    }
    p->value[p->nvalues] = (fc_value){.c = c, .h = h, .w = w, .elem = e, .ld = (size_t)c, .base = p->nvalues};
    return p->nvalues++;
}

static fc_step *add_step(builder *b, fc_step_kind kind, int n, int src, int dst)
{
    fc_plan *p = b->p;

    if (fc_grow(&p->step, (size_t)p->nsteps + 1, &p->step_cap, sizeof *p->step, NULL)) {
        b->failed = true;
        return &b->nowhere;
    }
    p->step[p->nsteps] = (fc_step){.kind = kind,
                                   .node = n,
                                   .src = {src, -1},
                                   .dst = dst,
                                   .batchnorm = -1,
                                   .inner = -1,
                                   .inner_norm = -1,
                                   .pre = -1,
                                   .post = -1,
                                   .scale = 1};
    return &p->step[p->nsteps++];
}

/* Vectors stay float32: they are the last layers. So do maps that nothing but a softmax or the caller reads.
 */
static fc_elem elem_of(const builder *b, int i)
{
    const fc_node *n = node(b, i);
    const info *a = &b->at[i];

    if (!b->bf16 || (n->h == 1 && n->w == 1) || n->op == FC_OP_SOFTMAX || n->op == FC_OP_L2NORM ||
        (a->is_output && a->uses == 1))
        return FC_ELEM_F32;
    if (a->user >= 0 && (node(b, a->user)->op == FC_OP_SOFTMAX || node(b, a->user)->op == FC_OP_L2NORM))
        return FC_ELEM_F32;
    return FC_ELEM_BF16;
}

static int new_value(builder *b, int i)
{
    const fc_node *n = node(b, i);
    return add_value(b, n->c, n->h, n->w, elem_of(b, i));
}

/* Node i's value with elements e, converted where need be. */
static int operand(builder *b, int i, fc_elem e)
{
    int v = b->at[i].value;

    if (b->failed || b->p->value[v].elem == e)
        return v;
    fc_value from = b->p->value[v];
    int to = add_value(b, from.c, from.h, from.w, e);
    add_step(b, FC_STEP_COPY, i, v, to);
    return to;
}

static int concat_value(builder *b, int i)
{
    if (b->at[i].value < 0)
        b->at[i].value = new_value(b, i);
    return b->at[i].value;
}

/* The part of concatenation k that is its input j. */
static int concat_part(builder *b, int k, int j)
{
    const fc_node *n = node(b, k), *in = node(b, n->in[j]);
    int whole = concat_value(b, k), part;
    size_t channel = 0;

    for (int i = 0; i < j; i++)
        channel += (size_t)node(b, n->in[i])->c;
    part = add_value(b, in->c, in->h, in->w, FC_ELEM_F32);
    if (!b->failed) {
        fc_value *v = &b->p->value[part];
        v->elem = b->p->value[whole].elem;
        v->ld = b->p->value[whole].ld;
        v->base = whole;
        v->channel = channel;
    }
    return part;
}

static int input_number(const fc_node *n, int i)
{
    for (int j = 0; j < n->nin; j++)
        if (n->in[j] == i)
            return j;
    return -1;
}

/* Node i has its value: what waits for just that is done now, while the value is in the cache. */
static void finish(builder *b, int i, int value)
{
    info *a = &b->at[i];

    a->value = value;
    if (a->user >= 0 && node(b, a->user)->op == FC_OP_CONCAT && !a->placed) {
        int part = concat_part(b, a->user, input_number(node(b, a->user), i));
        add_step(b, FC_STEP_COPY, i, value, part);
        a->placed = true;
    }
}

/* The node's only user, when it is an op; -1 otherwise. */
static int followed_by(const builder *b, int i, fc_op op)
{
    int u = b->at[i].user;
    return u >= 0 && node(b, u)->op == op ? u : -1;
}

static int absorb(builder *b, int i)
{
    if (i >= 0)
        b->at[i].absorbed = true;
    return i;
}

/* The activation behind node i, taken into the step that makes i. prelu: it may be a PReLU. */
static int absorb_activation(builder *b, int i, bool prelu)
{
    int post = followed_by(b, i, FC_OP_RELU);
    if (post < 0 && prelu)
        post = followed_by(b, i, FC_OP_PRELU);
    return absorb(b, post);
}

static bool is_depthwise(const builder *b, int i)
{
    const fc_node *n = node(b, i);
    return n->op == FC_OP_CONV && n->groups > 1 && n->groups == n->c && node(b, n->in[0])->c == n->c;
}

static bool is_dense(const builder *b, int i)
{
    const fc_node *n = node(b, i), *in = node(b, n->in[0]);
    if (n->op == FC_OP_LINEAR)
        return true;
    return n->groups == 1 && n->h == 1 && n->w == 1 && n->kh == in->h && n->kw == in->w &&
           n->pt + n->pb == 0 && n->pl + n->pr == 0;
}

/* The convolution that ends at node i (itself, or its batch norm), onto dst or, where that is -1, into a value of its
 * own, which is returned. */
static int emit_conv(builder *b, int i, int dst, float scale, float sum, int post)
{
    info *a = &b->at[i];
    int last = post >= 0 ? post : i, in = node(b, a->conv)->in[0];
    int src = operand(b, in, b->bf16 ? FC_ELEM_BF16 : FC_ELEM_F32);

    if (dst < 0)
        dst = new_value(b, last);
    fc_step *s = add_step(b, FC_STEP_CONV, a->conv, src, dst);
    s->batchnorm = a->conv_norm;
    s->inner = b->at[in].inner;
    s->inner_norm = b->at[in].inner_norm;
    s->scale = scale;
    s->sum = sum;
    s->post = post;
    a->conv = -1;
    return dst;
}

static bool is_pointwise(const fc_node *n)
{
    return n->op == FC_OP_CONV && n->groups == 1 && n->kh == 1 && n->kw == 1 && n->sh == 1 && n->sw == 1 &&
           n->pt + n->pb + n->pl + n->pr == 0;
}

/* Two 1x1 convolutions with nothing between them are one; where the product of their weights costs less to make than
 * it saves in a single run. end: of convolution i. */
static bool can_merge(const builder *b, int i, int end)
{
    const fc_node *n = node(b, i);
    const info *in = &b->at[n->in[0]];
    int user = followed_by(b, end, FC_OP_CONV);

    if (user < 0 || in->uses != 1 || in->inner >= 0 || !is_pointwise(n) || !is_pointwise(node(b, user)))
        return false;
    double from = node(b, n->in[0])->c, middle = n->c, to = node(b, user)->c;
    return (from * middle + middle * to - from * to) * n->h * n->w >= from * middle * to;
}

static void plan_conv(builder *b, int i)
{
    int norm = absorb(b, followed_by(b, i, FC_OP_BATCHNORM));
    int end = norm >= 0 ? norm : i, post;

    if (is_dense(b, i) || is_depthwise(b, i)) {
        bool dense = is_dense(b, i);
        post = absorb_activation(b, end, true);
        if (post >= 0)
            end = post;
        int in = node(b, i)->in[0];
        int src = dense ? b->at[in].value : operand(b, in, b->bf16 ? FC_ELEM_BF16 : FC_ELEM_F32);
        int dst = new_value(b, end);
        fc_step *s = add_step(b, dense ? FC_STEP_LINEAR : FC_STEP_DEPTHWISE, i, src, dst);
        s->batchnorm = norm;
        s->pre = b->at[in].pre;
        s->post = post;
        finish(b, end, dst);
        return;
    }
    if (can_merge(b, i, end)) {
        b->at[end].value = b->at[node(b, i)->in[0]].value;
        b->at[end].inner = i;
        b->at[end].inner_norm = norm;
        return;
    }
    b->at[end].conv = i;
    b->at[end].conv_norm = norm;
    if (followed_by(b, end, FC_OP_ADD) >= 0)
        return;
    post = absorb_activation(b, end, false);
    finish(b, post >= 0 ? post : end, emit_conv(b, end, -1, 1, 0, post));
}

/* A value for node i if it only waits for a sum that did not take it in. */
static void settle(builder *b, int i)
{
    if (b->at[i].conv >= 0)
        finish(b, i, emit_conv(b, i, -1, 1, 0, -1));
}

/* Whether sum i may let the waiting convolution x add onto y's memory. */
static bool can_sum_onto(const builder *b, int i, int x, int y)
{
    const info *cx = &b->at[x], *cy = &b->at[y];

    if (cx->conv < 0 || cy->value < 0 || cy->is_output || cy->last != i ||
        node(b, i)->in[0] == node(b, i)->in[1] || b->p->value[cy->value].elem != elem_of(b, i) ||
        b->at[node(b, cx->conv)->in[0]].value == cy->value)
        return false;
    for (int k = 0; k < i; k++) /* y is still to be read by another that waits */
        if (k != x && b->at[k].conv >= 0 && b->at[node(b, b->at[k].conv)->in[0]].value == cy->value)
            return false;
    return true;
}

static void plan_add(builder *b, int i)
{
    const fc_node *n = node(b, i);
    int x = n->in[0], y = n->in[1], dst, post;
    bool onto_x, onto_y;

    if (b->at[x].conv >= 0 && b->at[y].conv >= 0)
        settle(b, x);
    onto_x = can_sum_onto(b, i, y, x);
    onto_y = can_sum_onto(b, i, x, y);
    if (onto_x || onto_y) {
        post = absorb_activation(b, i, false);
        dst = b->at[onto_x ? x : y].value;
        if (onto_x)
            emit_conv(b, y, dst, n->alpha, 1, post);
        else
            emit_conv(b, x, dst, 1, n->alpha, post);
        finish(b, post >= 0 ? post : i, dst);
        return;
    }
    settle(b, x);
    settle(b, y);
    dst = new_value(b, i);
    if (b->failed)
        return;
    int sx = operand(b, x, b->p->value[dst].elem), sy = operand(b, y, b->p->value[dst].elem);
    add_step(b, FC_STEP_ADD, i, sx, dst)->src[1] = sy;
    finish(b, i, dst);
}

/* Node i on its input's memory where nothing else reads that, else on its own. */
static int in_place(builder *b, int i)
{
    const info *in = &b->at[node(b, i)->in[0]];
    if (in->uses == 1 && b->p->value[in->value].elem == elem_of(b, i))
        return in->value;
    return new_value(b, i);
}

static void plan_activation(builder *b, int i)
{
    int in = node(b, i)->in[0], user = b->at[i].user;

    if (b->at[in].uses == 1 && user >= 0 && (node(b, user)->op == FC_OP_MAXPOOL || is_depthwise(b, user))) {
        b->at[i].pre = i;
        b->at[i].value = b->at[in].value;
        return;
    }
    fc_elem e = elem_of(b, i);
    int src = operand(b, in, e), dst = in_place(b, i);
    add_step(b, FC_STEP_PRELU, i, src, dst)->post = i;
    finish(b, i, dst);
}

static void plan_maxpool(builder *b, int i)
{
    int in = node(b, i)->in[0], post = absorb_activation(b, i, true), end = post >= 0 ? post : i, dst;

    if (followed_by(b, end, FC_OP_CONCAT) >= 0) {
        dst = concat_part(b, b->at[end].user, input_number(node(b, b->at[end].user), end));
        b->at[end].placed = true;
    } else {
        dst = new_value(b, end);
    }
    if (b->failed)
        return;
    int src = b->at[in].value;
    if (b->p->value[src].elem == FC_ELEM_F32)
        src = operand(b, in, b->p->value[dst].elem);
    fc_step *s = add_step(b, FC_STEP_MAXPOOL, i, src, dst);
    s->pre = b->at[in].pre;
    s->post = post;
    finish(b, end, dst);
}

/* Means of windows are a depthwise convolution. */
static void plan_avgpool(builder *b, int i)
{
    const int in = node(b, i)->in[0], windows = node(b, i)->kh > 0;
    const int src = windows ? operand(b, in, b->bf16 ? FC_ELEM_BF16 : FC_ELEM_F32) : b->at[in].value;
    const int dst = new_value(b, i);

    add_step(b, windows ? FC_STEP_DEPTHWISE : FC_STEP_AVGPOOL, i, src, dst);
    finish(b, i, dst);
}

static void plan_pad(builder *b, int i)
{
    const int src = operand(b, node(b, i)->in[0], elem_of(b, i)), dst = new_value(b, i);

    add_step(b, FC_STEP_PAD, i, src, dst);
    finish(b, i, dst);
}

static void plan_concat(builder *b, int i)
{
    const fc_node *n = node(b, i);
    int dst = concat_value(b, i);

    for (int j = 0; j < n->nin; j++)
        if (!b->at[n->in[j]].placed)
            add_step(b, FC_STEP_COPY, n->in[j], b->at[n->in[j]].value, concat_part(b, i, j));
    finish(b, i, dst);
}

static void plan_simple(builder *b, int i, fc_step_kind kind)
{
    int in = node(b, i)->in[0];
    int src = operand(b, in, elem_of(b, i)), dst = in_place(b, i);

    add_step(b, kind, i, src, dst);
    finish(b, i, dst);
}

static void plan_node(builder *b, int i)
{
    int dst;

    switch (node(b, i)->op) {
    case FC_OP_INPUT:
        dst = new_value(b, i);
        add_step(b, FC_STEP_INPUT, i, -1, dst);
        finish(b, i, dst);
        break;
    case FC_OP_CONV:
    case FC_OP_LINEAR:
        plan_conv(b, i);
        break;
    case FC_OP_PRELU:
    case FC_OP_RELU:
        plan_activation(b, i);
        break;
    case FC_OP_MAXPOOL:
        plan_maxpool(b, i);
        break;
    case FC_OP_AVGPOOL:
        plan_avgpool(b, i);
        break;
    case FC_OP_PAD:
        plan_pad(b, i);
        break;
    case FC_OP_ADD:
        plan_add(b, i);
        break;
    case FC_OP_CONCAT:
        plan_concat(b, i);
        break;
    case FC_OP_SOFTMAX:
        plan_simple(b, i, FC_STEP_SOFTMAX);
        break;
    case FC_OP_BATCHNORM:
        plan_simple(b, i, FC_STEP_AFFINE);
        break;
    case FC_OP_L2NORM:
        plan_simple(b, i, FC_STEP_L2NORM);
        break;
    }
}

static void count_uses(builder *b)
{
    int n = fc_graph_count(b->g);

    for (int i = 0; i < n; i++)
        b->at[i] =
            (info){.user = -1, .last = -1, .value = -1, .pre = -1, .conv = -1, .inner = -1, .inner_norm = -1};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < node(b, i)->nin; j++) {
            info *a = &b->at[node(b, i)->in[j]];
            a->user = a->uses++ ? -1 : i;
            a->last = i;
        }
    for (int i = 0; i < fc_graph_outputs(b->g); i++) {
        info *a = &b->at[fc_graph_output_at(b->g, i)];
        a->user = -1;
        a->uses++;
        a->is_output = true;
    }
}

/* A vector is its own plane; a map is turned into planes. */
static void plan_outputs(builder *b)
{
    for (int i = 0; i < b->p->noutputs && !b->failed; i++) {
        int v = b->at[fc_graph_output_at(b->g, i)].value;
        fc_value from = b->p->value[v];
        b->p->output[i] = v;
        if (from.h == 1 && from.w == 1)
            continue;
        b->p->output[i] = add_value(b, from.c, from.h, from.w, FC_ELEM_F32);
        add_step(b, FC_STEP_OUTPUT, -1, v, b->p->output[i]);
    }
}

fc_status fc_plan_make(fc_plan *p, const fc_graph *g, bool bf16, fc_error *err)
{
    builder b = {.p = p, .g = g, .bf16 = bf16};
    size_t n = (size_t)fc_graph_count(g);
    fc_status s = FC_OK;

    *p = (fc_plan){.noutputs = fc_graph_outputs(g)};
    b.at = calloc(n, sizeof *b.at);
    p->output = calloc((size_t)p->noutputs, sizeof *p->output);
    if (!b.at || !p->output) {
        s = fc_fail_nomem(err, n * sizeof *b.at);
        goto out;
    }
    count_uses(&b);
    for (int i = 0; i < (int)n && !b.failed; i++)
        if (!b.at[i].absorbed)
            plan_node(&b, i);
    plan_outputs(&b);
    if (b.failed)
        s = fc_fail_nomem(err, n * sizeof *p->step);
out:
    free(b.at);
    if (s)
        fc_plan_clear(p);
    return s;
}

void fc_plan_clear(fc_plan *p)
{
    free(p->value);
    free(p->step);
    free(p->output);
    *p = (fc_plan){0};
}
