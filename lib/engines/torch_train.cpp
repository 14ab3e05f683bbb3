/* Training of networks by libtorch: gradients by autograd; what is done with them is not libtorch's affair. */
#include "engines/torch_train.hpp"

#include <memory>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/autograd/autograd.h>

#include "engines/torch_layers.hpp"

using namespace fc_torch_impl;

struct fc_torch_trainer {
    at::Device device = at::kCPU;
    int64_t c, h, w; /* of the input */
    std::vector<layer> layers;
    int output;
    std::vector<at::Tensor> trained;
    std::vector<at::Tensor> lane; /* results, between forward and backward */
};

namespace
{

/* On one thread, libtorch leaves 1x1 convolutions of fewer pictures to the BLAS library, which may be a slow one; of so many it
 * leaves them to oneDNN, which takes a tenth of the time. */
constexpr int LEAST = 16;

/* For as long as a call runs: one thread computes, and nothing is printed. */
class scope
{
  public:
    scope() : handler(warnings::get_warning_handler())
    {
        at::set_num_threads(1);
        warnings::set_warning_handler(&quiet);
    }
    ~scope()
    {
        warnings::set_warning_handler(handler);
    }

  private:
    c10::WarningHandler *handler;
    no_warnings quiet;
};

template <typename F> fc_status guarded(fc_error *err, F f) noexcept
{
    return guarded_in<scope>(err, "", f);
}

at::Tensor copy_of(const float *v, const std::vector<int64_t> &shape, const at::Device &device)
{
    return at::from_blob(const_cast<float *>(v), shape, at::kFloat).to(device, at::kFloat, false, true);
}

at::Tensor run(const fc_torch_trainer &t, const at::Tensor &input)
{
    std::vector<at::Tensor> value(t.layers.size());

    for (size_t i = 0; i < t.layers.size(); i++) {
        const layer &l = t.layers[i];
        value[i] = l.node.op == FC_OP_INPUT ? input : compute(l, value);
        for (int j = 0; j < l.node.nin; j++) /* what only the gradient needs is kept there */
            if (t.layers[(size_t)l.node.in[j]].last == (int)i)
                value[(size_t)l.node.in[j]].reset();
    }
    return value[(size_t)t.output].reshape({input.size(0), -1});
}

} // namespace

fc_status fc_torch_trainer_new(fc_torch_trainer **out, const fc_torch_layer *from, int nlayers, int output,
                               const fc_torch_trained *trained, int ntrained, int lanes, const char *device,
                               fc_error *err) noexcept
{
    return guarded(err, [&]() -> fc_status {
        auto t = std::make_unique<fc_torch_trainer>();
        fc_status s = parse_device(&t->device, device, err);
        if (s)
            return s;
        t->c = from[0].node->c;
        t->h = from[0].node->h;
        t->w = from[0].node->w;
        t->output = output;
        t->lane.resize((size_t)lanes);
        for (int i = 0; i < nlayers; i++) {
            layer l = {*from[i].node, at::kFloat, {}, false, i};
            for (int j = 0; j < l.node.nin; j++)
                t->layers[(size_t)l.node.in[j]].last = i;
            for (int k = 0; k < 4; k++)
                if (from[i].param[k])
                    l.param[k] = copy_of(from[i].param[k], param_shape(from, l.node, k), t->device);
            t->layers.push_back(std::move(l));
        }
        t->layers[(size_t)output].last = INT32_MAX;
        for (int i = 0; i < ntrained; i++) {
            at::Tensor &p = t->layers[(size_t)trained[i].layer].param[trained[i].which];
            p.set_requires_grad(true);
            t->trained.push_back(p);
        }
        *out = t.release();
        return FC_OK;
    });
}

void fc_torch_trainer_free(fc_torch_trainer *t) noexcept
{
    discard(t);
}

fc_status fc_torch_trainer_set(fc_torch_trainer *t, int i, const float *v, fc_error *err) noexcept
{
    return guarded(err, [&]() -> fc_status {
        at::NoGradGuard none;
        at::Tensor &p = t->trained[(size_t)i];
        p.copy_(at::from_blob(const_cast<float *>(v), p.sizes(), at::kFloat));
        return FC_OK;
    });
}

fc_status fc_torch_trainer_forward(fc_torch_trainer *t, int lane, const float *in, int n, bool keep,
                                   float *out, fc_error *err) noexcept
{
    return guarded(err, [&]() -> fc_status {
        at::AutoGradMode grad(keep);
        at::Tensor input = copy_of(in, {n, t->c, t->h, t->w}, t->device);
        if (t->device.is_cpu() && n < LEAST)
            input = at::constant_pad_nd(input, {0, 0, 0, 0, 0, 0, 0, LEAST - n});
        const at::Tensor result = run(*t, input).narrow(0, 0, n);
        const at::Tensor here = result.detach().to(at::kCPU).contiguous();
        std::memcpy(out, here.data_ptr<float>(), (size_t)here.numel() * sizeof *out);
        t->lane[(size_t)lane] = keep ? result : at::Tensor();
        return FC_OK;
    });
}

fc_status fc_torch_trainer_backward(fc_torch_trainer *t, int lane, const float *by_out,
                                    float *const *gradient, fc_error *err) noexcept
{
    return guarded(err, [&]() -> fc_status {
        at::Tensor result = std::move(t->lane[(size_t)lane]);
        const std::vector<at::Tensor> by =
            torch::autograd::grad({result}, t->trained, {copy_of(by_out, result.sizes().vec(), t->device)});
        t->lane[(size_t)lane] = at::Tensor();
        for (size_t i = 0; i < by.size(); i++) {
            const at::Tensor here = by[i].to(at::kCPU).contiguous();
            std::memcpy(gradient[i], here.data_ptr<float>(), (size_t)here.numel() * sizeof(float));
        }
        return FC_OK;
    });
}
