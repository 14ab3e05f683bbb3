/* What MTCNN's networks take, for fc_detect_measure. */
#include <stdio.h>

#include "base/clock.h"
#include "detect/mtcnn.h"

/* What is no step of its network: resampled pictures, candidates, and a network whose steps are not told. */
static void name_rest(fc_layer_facts *f, int w, int h)
{
    *f = (fc_layer_facts){.c = 3, .w = w, .h = h, .oc = 3, .ow = w, .oh = h};
    snprintf(f->step, sizeof f->step, "rest");
    snprintf(f->kernel, sizeof f->kernel, "-");
}

static void name_rows(fc_detect_pass *p, fc_rowwise_session *rows)
{
    const fc_rowwise *of = fc_rowwise_of(rows);

    for (; p->n < fc_rowwise_layers(of) && p->n + 1 < FC_PASS_LAYERS; p->n++)
        fc_rowwise_layer(of, p->n, p->w, p->h, &p->layer[p->n]);
    fc_rowwise_measure(rows, p->layer_ms);
}

static void name_steps(fc_detect_pass *p, const fc_net *net)
{
    for (; p->n < fc_net_layers(net) && p->n + 1 < FC_PASS_LAYERS; p->n++)
        fc_net_layer(net, p->n, &p->layer[p->n]);
}

fc_status fc_mtcnn_pass(fc_detect_pass **out, fc_mtcnn_session *s, const char *network,
                        fc_rowwise_session *rows, const fc_net *net, int w, int h, fc_error *err)
{
    fc_detect_pass *p;
    fc_status st = fc_detect_profile_add(out, s->base.profile, err);

    if (st)
        return st;
    p = *out;
    snprintf(p->network, sizeof p->network, "%s", network);
    p->w = w;
    p->h = h;
    if (rows)
        name_rows(p, rows);
    else if (net)
        name_steps(p, net);
    name_rest(&p->layer[p->n++], w, h);
    return FC_OK;
}

void fc_mtcnn_pass_coarse(fc_detect_pass *p, const fc_rowwise *rows, const fc_net *net)
{
    const int n = rows ? fc_rowwise_layers(rows) : net ? fc_net_layers(net) : 0;
    fc_layer_facts *all = &p->layer[0], one;

    snprintf(all->step, sizeof all->step, "coarse");
    snprintf(all->kernel, sizeof all->kernel, "coarse");
    for (int i = 0; i < n; i++) {
        if (rows)
            fc_rowwise_layer(rows, i, p->w, p->h, &one);
        else
            fc_net_layer(net, i, &one);
        all->flops += one.flops;
        all->weights += one.weights;
    }
}

void fc_mtcnn_pass_first(fc_detect_pass *p, const fc_rowwise *rows)
{
    fc_layer_facts *f = &p->layer[fc_rowwise_layers(rows) - 1];

    snprintf(f->step, sizeof f->step, "some");
    f->flops = f->weights = f->maps = 0;
}

void fc_mtcnn_pass_end(fc_detect_pass *p, fc_rowwise_session *rows, double began, size_t inputs)
{
    double sum = 0;

    p->ms = fc_now_ms() - began;
    p->inputs = inputs;
    if (rows)
        fc_rowwise_measure(rows, NULL);
    for (int i = 0; i + 1 < p->n; i++)
        sum += p->layer_ms[i];
    p->layer_ms[p->n - 1] = p->ms > sum ? p->ms - sum : 0;
}
