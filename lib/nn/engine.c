#include "nn/engine.h"

#include <string.h>

#include "base/error.h"
#include "nn/engine_impl.h"

static const fc_engine_options defaults = {0};

static fc_status choose(const fc_engine **out, const char *name, fc_error *err)
{
    static const fc_engine *const engines[] = {&fc_engine_onednn, &fc_engine_torch};

    if (!name) {
        *out = !fc_onednn_has_kernels() && fc_torch_available() ? &fc_engine_torch : &fc_engine_onednn;
        return FC_OK;
    }
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (strcmp(name, engines[i]->name) == 0) {
            *out = engines[i];
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "no engine '%s' (there are onednn and torch)", name);
}

fc_status fc_net_compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err)
{
    const fc_engine *engine = NULL;
    fc_status s = fc_graph_check(g, err);

    *out = NULL;
    if (!opt)
        opt = &defaults;
    if (!s)
        s = choose(&engine, opt->engine, err);
    return s ? s : engine->compile(out, g, w, opt, err);
}

fc_status fc_net_load(fc_net **out, int *dim, fc_program kind, const void *bytes, size_t n, const char *name,
                      const int chw[3], const fc_engine_options *opt, fc_error *err)
{
    const char *format = kind == FC_PROGRAM_ONNX ? "ONNX" : "TorchScript";

    *out = NULL;
    if (!opt)
        opt = &defaults;
    if (opt->precision == FC_PRECISION_BF16)
        return fc_fail(err, FC_EUNSUPPORTED,
                       "%s: %s runs in the precision that it is written in, not in bf16", name, format);
    if (kind == FC_PROGRAM_TORCHSCRIPT) {
        if (opt->engine && strcmp(opt->engine, fc_engine_torch.name) != 0)
            return fc_fail(err, FC_EUSAGE, "%s: engine '%s' does not run TorchScript, torch does", name,
                           opt->engine);
        return fc_torchscript_load(out, dim, bytes, n, name, chw, opt, err);
    }
    if (opt->engine)
        return fc_fail(err, FC_EUSAGE,
                       "%s: engine '%s' does not run ONNX; OpenCV does, where no engine is named", name,
                       opt->engine);
    if (opt->device && strcmp(opt->device, "cpu") != 0)
        return fc_fail(err, FC_EUSAGE, "%s: device '%s': ONNX runs on cpu", name, opt->device);
    return fc_onnx_load(out, dim, bytes, n, name, chw, err);
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
