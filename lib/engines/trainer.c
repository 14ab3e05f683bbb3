#include "engines/trainer.h"

#include <stdlib.h>

#include "base/error.h"
#include "engines/torch_module.h"

struct fc_trainer {
    const fc_torch_api *api;
    fc_torch_trainer *torch;
};

fc_status fc_trainer_new(fc_trainer **out, const fc_graph *g, const fc_weights *w, const fc_trained *trained,
                         int ntrained, int lanes, const char *device, fc_error *err)
{
    const int n = fc_graph_count(g);
    fc_trainer *t = calloc(1, sizeof *t);
    fc_torch_layer *layer = calloc((size_t)n, sizeof *layer);
    fc_torch_trained *list = calloc((size_t)ntrained + 1, sizeof *list);
    fc_status s =
        t && layer && list ? fc_torch_module(&t->api, err) : fc_fail_nomem(err, (size_t)n * sizeof *layer);

    *out = NULL;
    for (int i = 0; !s && i < n; i++) {
        layer[i].node = fc_graph_node(g, i);
        s = fc_torch_find_params(&layer[i], g, w, err);
    }
    for (int i = 0; !s && i < ntrained; i++)
        list[i] = (fc_torch_trained){trained[i].node, trained[i].which};
    if (!s)
        s = t->api->trainer_new(&t->torch, layer, n, fc_graph_output_at(g, 0), list, ntrained, lanes,
                                device ? device : "cpu", err);
    free(layer);
    free(list);
    if (s)
        fc_trainer_free(t);
    else
        *out = t;
    return s;
}

void fc_trainer_free(fc_trainer *t)
{
    if (t && t->torch)
        t->api->trainer_free(t->torch);
    free(t);
}

fc_status fc_trainer_set(fc_trainer *t, int i, const float *v, fc_error *err)
{
    return t->api->trainer_set(t->torch, i, v, err);
}

fc_status fc_trainer_forward(fc_trainer *t, int lane, const float *in, int n, bool keep, float *out,
                             fc_error *err)
{
    return t->api->trainer_forward(t->torch, lane, in, n, keep, out, err);
}

fc_status fc_trainer_backward(fc_trainer *t, int lane, const float *by_out, float *const *gradient,
                              fc_error *err)
{
    return t->api->trainer_backward(t->torch, lane, by_out, gradient, err);
}
