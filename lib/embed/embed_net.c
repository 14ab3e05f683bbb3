#include "embed/embed_net.h"

#include <string.h>

#include "base/error.h"
#include "models/arch.h"
#include "models/import.h"
#include "nets/nets.h"

/* auto: bfloat16 where it pays on this CPU and the model's records say that it changes no result. */
static fc_precision choose_precision(const fc_model *m, fc_precision wanted)
{
    if (wanted != FC_PRECISION_AUTO)
        return wanted;
    return m->bf16_ok && m->bf16_similarity >= FC_BF16_ALIKE && fc_cpu_bf16_pays() ? FC_PRECISION_BF16
                                                                                   : FC_PRECISION_FP32;
}

static fc_status find_arch(const char **out, const fc_model *m, const fc_weights *w, fc_error *err)
{
    fc_status s = FC_OK;

    *out = m->arch;
    if (!*out)
        s = fc_arch_of(out, w, err);
    return s || *out ? s
                     : fc_fail(err, FC_EMODEL, "%s: its tensors are those of no network that is known here",
                               m->path);
}

static fc_status compile(fc_net **out, int *dim, const fc_model *m, const fc_weights *w,
                         const fc_engine_options *opt, fc_error *err)
{
    const char *arch;
    fc_engine_options o = *opt;
    fc_status s = find_arch(&arch, m, w, err);

    if (s)
        return s;
    fc_graph *g = fc_net_by_name(arch);
    if (!g)
        return fc_fail(err, FC_EMODEL, "model %s: unknown architecture '%s'", m->name, arch);
    o.precision = choose_precision(m, o.precision);
    s = fc_net_compile(out, g, w, &o, err);
    if (!s) {
        const fc_node *in = fc_graph_node(g, 0);
        *dim = fc_graph_node(g, fc_graph_output_at(g, 0))->c;
        if (in->c != 3 || in->h != m->input || in->w != m->input)
            s = fc_fail(err, FC_EMODEL,
                        "model %s: an input of %d x %d is described, the network %s has %d x %d", m->name,
                        m->input, m->input, arch, in->w, in->h);
    }
    fc_graph_free(g);
    return s;
}

static bool ends_in(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* From memory whose SHA-256 has been checked. */
static fc_status load_bytes(fc_net **out, int *dim, const fc_model *m, const fc_map *file, fc_file_kind kind,
                            const fc_engine_options *opt, fc_error *err)
{
    const int chw[] = {3, m->input, m->input};
    const bool onnx = ends_in(m->path, ".onnx");
    fc_weights *w;
    fc_status s;

    if (onnx || kind == FC_FILE_TORCHSCRIPT)
        return fc_net_load(out, dim, onnx ? FC_PROGRAM_ONNX : FC_PROGRAM_TORCHSCRIPT, file->data, file->n,
                           m->path, chw, opt, err);
    s = fc_import_bytes(&w, file->data, file->n, m->path, err);
    if (s)
        return s;
    s = compile(out, dim, m, w, opt, err);
    fc_weights_free(w);
    return s;
}

fc_status fc_embed_net(fc_net **out, int *dim, const fc_model *m, const fc_engine_options *opt, fc_error *err)
{
    const fc_engine_options o = opt ? *opt : (fc_engine_options){0};
    fc_weights *w;
    fc_map file;
    fc_status s = fc_model_map(&file, m, err);

    *out = NULL;
    if (s)
        return s;
    const fc_file_kind kind = fc_file_kind_of(file.data, file.n);
    s = fc_model_check(m, &file, err);
    if (!s && kind == FC_FILE_SAFETENSORS && !ends_in(m->path, ".onnx")) {
        s = fc_weights_take(&w, &file, m->path, err);
        if (!s) {
            s = compile(out, dim, m, w, &o, err);
            fc_weights_free(w);
        }
    } else if (!s) {
        s = load_bytes(out, dim, m, &file, kind, &o, err);
    }
    fc_map_close(&file);
    if (s) {
        fc_net_free(*out);
        *out = NULL;
    }
    return s;
}

fc_status fc_embed_weights(fc_weights **out, const char **arch, const fc_model *m, fc_error *err)
{
    fc_map file;
    fc_status s = fc_model_map(&file, m, err);

    *out = NULL;
    if (s)
        return s;
    const fc_file_kind kind = fc_file_kind_of(file.data, file.n);
    s = fc_model_check(m, &file, err);
    if (!s && (kind == FC_FILE_TORCHSCRIPT || ends_in(m->path, ".onnx")))
        s = fc_fail(err, FC_EMODEL,
                    "%s: a program (TorchScript, ONNX), not weights of a network that is known here",
                    m->path);
    if (!s && kind == FC_FILE_SAFETENSORS)
        s = fc_weights_take(out, &file, m->path, err);
    else if (!s)
        s = fc_import_bytes(out, file.data, file.n, m->path, err);
    fc_map_close(&file);
    if (!s)
        s = find_arch(arch, m, *out, err);
    if (s) {
        fc_weights_free(*out);
        *out = NULL;
    }
    return s;
}
