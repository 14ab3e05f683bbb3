#include "nn/engine.h"

#include <string.h>

#include "base/error.h"
#include "nn/engine_impl.h"

fc_status fc_net_compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err)
{
    static const fc_engine_options defaults = {0};
    fc_status s;

    *out = NULL;
    s = fc_graph_check(g, err);
    if (s)
        return s;
    if (!opt)
        opt = &defaults;
    if (!opt->engine || strcmp(opt->engine, fc_engine_onednn.name) == 0)
        return fc_engine_onednn.compile(out, g, w, opt, err);
    if (strcmp(opt->engine, "torch") == 0)
        return fc_fail(err, FC_EUNSUPPORTED, "engine 'torch' is not part of this build");
    return fc_fail(err, FC_EUSAGE, "no engine '%s' (there is onednn)", opt->engine);
}

void fc_net_free(fc_net *n)
{
    if (n)
        n->engine->net_free(n);
}

const char *fc_net_engine(const fc_net *n)
{
    return n->description;
}

fc_precision fc_net_precision(const fc_net *n)
{
    return n->precision;
}

fc_status fc_session_new(fc_session **out, const fc_net *n, fc_error *err)
{
    return n->engine->session_new(out, n, err);
}

void fc_session_free(fc_session *s)
{
    if (s)
        s->engine->session_free(s);
}

float *fc_session_input(fc_session *s)
{
    return s->input;
}

fc_status fc_session_run(fc_session *s, fc_error *err)
{
    return s->engine->run(s, err);
}

const float *fc_session_output(const fc_session *s, int i)
{
    return s->output[i];
}
