#include "engines/torch_layers.hpp"
#include "engines/torch_train.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

using namespace fc_torch_impl;

struct fc_torch_net {
    at::Device device = at::kCPU;
    int64_t c, h, w; /* of the input */
    std::vector<layer> layers;
    std::vector<int> outputs;
    std::unique_ptr<torch::jit::Module> program; /* instead of layers */
    std::string name;                            /* of the program, for messages */
    int dim = 0;                                 /* of the program's output */
};

struct fc_torch_session {
    const fc_torch_net *net;
    at::Tensor input;
    std::vector<at::Tensor> value;  /* of each layer */
    std::vector<at::Tensor> output; /* float32, contiguous, on the CPU */
    bool ran = false;
};

namespace
{

/* ---- from C to libtorch and back -------------------------------------------------------------------- */

/* For as long as a call runs: nothing is recorded for gradients, one thread computes, nothing is printed, and
 * programs run as they are written, so that a second run gives the same bits as the first. */
class scope
{
  public:
    scope() : handler(warnings::get_warning_handler()), optimise(torch::jit::getGraphExecutorOptimize())
    {
        static std::once_flag once;
        std::call_once(once, [] { torch::jit::setPrintHandler([](const std::string &) {}); });
        at::set_num_threads(1); /* not only once: OpenMP keeps it by thread */
        warnings::set_warning_handler(&quiet);
        torch::jit::setGraphExecutorOptimize(false);
    }
    ~scope()
    {
        torch::jit::setGraphExecutorOptimize(optimise);
        warnings::set_warning_handler(handler);
    }

  private:
    c10::InferenceMode inference;
    c10::WarningHandler *handler;
    bool optimise;
    no_warnings quiet;
};

template <typename F> fc_status guarded(fc_error *err, const char *program, F f) noexcept
{
    return guarded_in<scope>(err, program, f);
}

/* ---- graphs ------------------------------------------------------------------------------------------ */

/* Batch norms compute in float32 whatever the maps are, and so do vectors: they are the last layers. */
at::ScalarType type_of(const fc_node &n, bool bf16)
{
    bool vector = n.h == 1 && n.w == 1;
    bool other = n.op == FC_OP_SOFTMAX || n.op == FC_OP_L2NORM || n.op == FC_OP_AVGPOOL;
    return bf16 && !vector && !other ? at::kBFloat16 : at::kFloat;
}

/* at::conv2d leaves 1x1 convolutions on one thread to the BLAS library, which may be a slow one; libtorch's own
 * oneDNN, in the order of memory that suits it, takes a tenth of the time. */
bool uses_onednn(const at::Device &d)
{
    return d.is_cpu() && at::hasMKLDNN();
}

fc_status compile(fc_torch_net **out, const fc_torch_layer *from, int nlayers, const int *output,
                  int noutputs, bool bf16, const char *device, fc_error *err) noexcept
{
    return guarded(err, "", [&]() -> fc_status {
        auto net = std::make_unique<fc_torch_net>();
        fc_status s = parse_device(&net->device, device, err);
        if (s)
            return s;
        net->c = from[0].node->c;
        net->h = from[0].node->h;
        net->w = from[0].node->w;
        net->outputs.assign(output, output + noutputs);
        for (int i = 0; i < nlayers; i++) {
            layer l = {*from[i].node, type_of(*from[i].node, bf16), {}, uses_onednn(net->device), i};
            for (int j = 0; j < l.node.nin; j++)
                net->layers[(size_t)l.node.in[j]].last = i;
            for (int k = 0; k < 4; k++)
                if (from[i].param[k])
                    l.param[k] =
                        at::from_blob(const_cast<float *>(from[i].param[k]), param_shape(from, l.node, k),
                                      at::kFloat)
                            .to(net->device, l.node.op == FC_OP_BATCHNORM ? at::kFloat : l.type, false, true);
            if (l.node.op == FC_OP_CONV && l.onednn)
                l.param[0] = l.param[0].contiguous(at::MemoryFormat::ChannelsLast);
            net->layers.push_back(std::move(l));
        }
        for (int o : net->outputs)
            net->layers[(size_t)o].last = INT32_MAX;
        *out = net.release();
        return FC_OK;
    });
}

void run_layers(fc_torch_session *s, const at::Tensor &input)
{
    const std::vector<layer> &layers = s->net->layers;

    for (size_t i = 0; i < layers.size(); i++) {
        const layer &l = layers[i];
        s->value[i] = l.node.op == FC_OP_INPUT ? input : compute(l, s->value);
        for (int j = 0; j < l.node.nin; j++) /* what nobody reads any more is given back */
            if (layers[(size_t)l.node.in[j]].last == (int)i)
                s->value[(size_t)l.node.in[j]].reset();
    }
    for (size_t i = 0; i < s->net->outputs.size(); i++)
        s->output[i] = s->value[(size_t)s->net->outputs[i]];
    for (at::Tensor &v : s->value)
        v.reset();
}

/* ---- TorchScript ------------------------------------------------------------------------------------- */

class memory_file : public caffe2::serialize::ReadAdapterInterface
{
  public:
    memory_file(const void *b, size_t n) : bytes(static_cast<const char *>(b)), length(n)
    {
    }
    size_t size() const override
    {
        return length;
    }
    size_t read(uint64_t at, void *to, size_t n, const char *) const override
    {
        if (at >= length)
            return 0;
        n = std::min<uint64_t>(n, length - at);
        std::memcpy(to, bytes + at, n);
        return n;
    }

  private:
    const char *bytes;
    size_t length;
};

/* Runs the program; its output must be one row of numbers. */
fc_status run_program(const fc_torch_net &n, const at::Tensor &input, at::Tensor *out, fc_error *err)
{
    torch::jit::Module program = *n.program; /* a handle; forward is not const */
    const c10::IValue v = program.forward({input});
    std::string shape;

    if (!v.isTensor())
        return fc_fail(err, FC_EMODEL, "%s: gives a %s, want one tensor", n.name.c_str(),
                       v.tagKind().c_str());
    const at::Tensor &t = v.toTensor();
    if (!at::isFloatingType(t.scalar_type()))
        return fc_fail(err, FC_EMODEL, "%s: gives numbers of type %s, want Float", n.name.c_str(),
                       c10::toString(t.scalar_type()));
    for (int64_t d : t.sizes())
        shape += (shape.empty() ? "" : ", ") + std::to_string(d);
    if (t.dim() < 1 || t.dim() > 2 || (t.dim() == 2 && t.size(0) != 1) || t.numel() < 1 ||
        t.numel() > FC_MAX_DIM)
        return fc_fail(err, FC_EMODEL, "%s: gives a tensor [%s], want [1, n] or [n] with n of 1..%d",
                       n.name.c_str(), shape.c_str(), FC_MAX_DIM);
    if (n.dim && t.numel() != n.dim)
        return fc_fail(err, FC_EMODEL, "%s: gives %d numbers for one picture and %d for another",
                       n.name.c_str(), n.dim, (int)t.numel());
    *out = t;
    return FC_OK;
}

fc_status load(fc_torch_net **out, int *dim, const void *bytes, size_t size, const char *name,
               const int chw[3], const char *device, fc_error *err) noexcept
{
    return guarded(err, name, [&]() -> fc_status {
        auto net = std::make_unique<fc_torch_net>();
        fc_status s = parse_device(&net->device, device, err);
        if (s)
            return s;
        at::Tensor result;
        net->c = chw[0];
        net->h = chw[1];
        net->w = chw[2];
        net->name = name;
        net->outputs.push_back(0);
        try {
            net->program = std::make_unique<torch::jit::Module>(
                torch::jit::load(std::make_shared<memory_file>(bytes, size), net->device));
        } catch (const c10::Error &e) {
            return fc_fail(err, FC_EMODEL,
                           "%s: not a TorchScript program that libtorch " TORCH_VERSION " reads: %s", name,
                           gist(e.what_without_backtrace()).c_str());
        }
        net->program->eval();
        s = run_program(*net, at::zeros({1, net->c, net->h, net->w}, at::device(net->device)), &result, err);
        if (s)
            return s;
        *dim = net->dim = (int)result.numel();
        *out = net.release();
        return FC_OK;
    });
}

/* ---- sessions ---------------------------------------------------------------------------------------- */

void net_free(fc_torch_net *n) noexcept
{
    discard(n);
}

fc_status session_new(fc_torch_session **out, float **input, const fc_torch_net *n, fc_error *err) noexcept
{
    return guarded(err, "", [&]() -> fc_status {
        auto s = std::make_unique<fc_torch_session>();
        s->net = n;
        s->input = at::empty({1, n->c, n->h, n->w}, at::kFloat);
        s->value.resize(n->layers.size());
        s->output.resize(n->outputs.size());
        *input = s->input.data_ptr<float>();
        *out = s.release();
        return FC_OK;
    });
}

void session_free(fc_torch_session *s) noexcept
{
    discard(s);
}

/* libtorch has oneDNN make its convolutions in the first run on a thread; see onednn_conv.c. */
std::mutex first_runs;

fc_status run(fc_torch_session *s, const float **output, fc_error *err) noexcept
{
    return guarded(err, s->net->name.c_str(), [&]() -> fc_status {
        const fc_torch_net &n = *s->net;
        std::unique_lock<std::mutex> alone(first_runs, std::defer_lock);
        if (!s->ran)
            alone.lock();
        const at::Tensor input = s->input.to(n.device);
        if (n.program) {
            fc_status st = run_program(n, input, &s->output[0], err);
            if (st)
                return st;
        } else {
            run_layers(s, input);
        }
        for (size_t i = 0; i < s->output.size(); i++) {
            s->output[i] = s->output[i].to(at::kCPU, at::kFloat).contiguous();
            output[i] = s->output[i].data_ptr<float>();
        }
        s->ran = true;
        return FC_OK;
    });
}

fc_status find_device(const char *device, fc_error *err) noexcept
{
    return guarded(err, "", [&] {
        at::Device d = at::kCPU;
        return parse_device(&d, device, err);
    });
}

const char *isa()
{
#if TORCH_VERSION_MAJOR >= 2
    static const std::string name = at::get_cpu_capability(); /* "AVX2" */
    return name.c_str();
#else
    return ""; /* no function tells */
#endif
}

} // namespace

extern "C" __attribute__((visibility("default"))) const fc_torch_api fc_torch = {FC_VERSION,
                                                                                 TORCH_VERSION,
                                                                                 isa,
                                                                                 find_device,
                                                                                 compile,
                                                                                 load,
                                                                                 net_free,
                                                                                 session_new,
                                                                                 session_free,
                                                                                 run,
                                                                                 fc_torch_trainer_new,
                                                                                 fc_torch_trainer_free,
                                                                                 fc_torch_trainer_set,
                                                                                 fc_torch_trainer_forward,
                                                                                 fc_torch_trainer_backward};
