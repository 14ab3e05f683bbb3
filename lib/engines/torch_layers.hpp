/* What running networks by libtorch and training them share: layers, faults and devices. */
#ifndef FC_ENGINES_TORCH_LAYERS_HPP
#define FC_ENGINES_TORCH_LAYERS_HPP
#include "engines/torch_c.h"

#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/add.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mkldnn_convolution.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/prelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

extern "C" {
#include "base/error.h"
}

namespace fc_torch_impl
{

struct layer {
    fc_node node;
    at::ScalarType type; /* that it computes with */
    at::Tensor param[4];
    bool onednn; /* its convolution goes to libtorch's oneDNN at once, and not through at::conv2d */
    int last;    /* layer that reads its result last; INT_MAX: an output */
};

class no_warnings : public c10::WarningHandler
{
#if TORCH_VERSION_MAJOR >= 2
    void process(const c10::Warning &) override
#else
    void process(const c10::SourceLocation &, const std::string &, bool) override
#endif
    {
    }
};

#if TORCH_VERSION_MAJOR >= 2
namespace warnings = c10::WarningUtils;
#else
namespace warnings = c10::Warning;
#endif

/* The line of a fault that says most: what TorchScript's interpreter puts last, behind the program's lines, else
 * the first. */
inline std::string gist(const std::string &text)
{
    static const char mark[] = "RuntimeError: ";
    size_t at = text.rfind(mark);
    at = at == std::string::npos ? 0 : at + sizeof mark - 1;
    return text.substr(at, text.find('\n', at) - at);
}

/* program: whose fault it is, "" where it is no user's file that runs. */
inline fc_status fail(fc_error *err, const char *program, const std::string &text)
{
    return fc_fail(err, FC_EENGINE, "%s%slibtorch: %s", program, *program ? ": " : "", gist(text).c_str());
}

/* f in a Scope, with no exception out of it. */
template <typename Scope, typename F> fc_status guarded_in(fc_error *err, const char *program, F f) noexcept
{
    try {
        Scope here;
        return f();
    } catch (const std::bad_alloc &) {
        return fc_fail_nomem(err, 0);
    } catch (const c10::Error &e) {
        return fail(err, program, e.what_without_backtrace());
    } catch (const std::exception &e) {
        return fail(err, program, e.what());
    } catch (...) {
        return fc_fail(err, FC_EENGINE, "libtorch: a fault of an unknown kind");
    }
}

template <typename T> void discard(T *p) noexcept
{
    try {
        delete p;
    } catch (...) { /* a device that fails as its memory is given back: nothing is left to do */
    }
}

/* ---- devices ----------------------------------------------------------------------------------------- */

inline fc_status parse_device(at::Device *out, const char *text, fc_error *err)
{
    int index = 0;

    if (std::strcmp(text, "cpu") == 0) {
        *out = at::kCPU;
        return FC_OK;
    }
    if (std::strncmp(text, "cuda", 4) != 0 ||
        (text[4] && (text[4] != ':' || !text[5] || std::strlen(text) > 7)))
        return fc_fail(err, FC_EUSAGE, "device '%s': want cpu, cuda or cuda:N", text);
    for (const char *p = text + 4 + (text[4] != 0); *p; p++) {
        if (*p < '0' || *p > '9')
            return fc_fail(err, FC_EUSAGE, "device '%s': want cpu, cuda or cuda:N", text);
        index = index * 10 + *p - '0';
    }
    if (!c10::impl::hasDeviceGuardImpl(at::kCUDA))
        return fc_fail(err, FC_EUNSUPPORTED,
                       "device '%s': this libtorch (" TORCH_VERSION ") is built without CUDA", text);
    int n = c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount();
    if (index >= n)
        return fc_fail(err, FC_EUNSUPPORTED, "device '%s': libtorch finds %d CUDA device%s", text, n,
                       n == 1 ? "" : "s");
    *out = at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
    return FC_OK;
}

/* ---- graphs ------------------------------------------------------------------------------------------ */

inline std::vector<int64_t> param_shape(const fc_torch_layer *all, const fc_node &n, int which)
{
    const fc_node &in = *all[n.in[0]].node;
    if (which > 0 || n.op == FC_OP_PRELU || n.op == FC_OP_BATCHNORM)
        return {n.c};
    if (n.op == FC_OP_LINEAR)
        return {n.c, (int64_t)in.c * in.h * in.w};
    return {n.c, in.c / n.groups, n.kh, n.kw};
}

inline at::Tensor convolve(const layer &l, at::Tensor x)
{
    const fc_node &n = l.node;
    std::vector<int64_t> padding = {n.pt, n.pl};
    if (n.pt != n.pb || n.pl != n.pr) {
        x = at::constant_pad_nd(x, {n.pl, n.pr, n.pt, n.pb});
        padding = {0, 0};
    }
    if (l.onednn)
        return at::mkldnn_convolution(x.contiguous(at::MemoryFormat::ChannelsLast), l.param[0], l.param[1],
                                      padding, {n.sh, n.sw}, {1, 1}, n.groups);
    return at::conv2d(x, l.param[0], l.param[1], {n.sh, n.sw}, padding, 1, n.groups);
}

inline at::Tensor dense(const layer &l, at::Tensor x)
{
    if (l.node.flatten == FC_FLATTEN_WHC)
        x = x.permute({0, 3, 2, 1});
    return at::linear(x.reshape({x.size(0), -1}), l.param[0], l.param[1]).view({x.size(0), l.node.c, 1, 1});
}

inline at::Tensor compute(const layer &l, const std::vector<at::Tensor> &value)
{
    const fc_node &n = l.node;
    const at::Tensor x = value[(size_t)n.in[0]].to(l.type);

    switch (n.op) {
    case FC_OP_CONV:
        return convolve(l, x);
    case FC_OP_LINEAR:
        return dense(l, x);
    case FC_OP_PRELU:
        return at::prelu(x, l.param[0]);
    case FC_OP_RELU:
        return at::relu(x);
    case FC_OP_MAXPOOL:
        return at::max_pool2d(x, {n.kh, n.kw}, {n.sh, n.sw}, 0, 1, n.ceil_mode);
    case FC_OP_AVGPOOL:
        if (n.kh)
            return at::avg_pool2d(x, {n.kh, n.kw}, {n.sh, n.sw});
        return at::adaptive_avg_pool2d(x, {1, 1});
    case FC_OP_PAD:
        return at::constant_pad_nd(x, {0, n.w - x.size(3), 0, n.h - x.size(2), 0, n.c - x.size(1)});
    case FC_OP_ADD:
        return at::add(x, value[(size_t)n.in[1]].to(l.type), n.alpha);
    case FC_OP_CONCAT: {
        std::vector<at::Tensor> parts = {x};
        for (int i = 1; i < n.nin; i++)
            parts.push_back(value[(size_t)n.in[i]].to(l.type));
        return at::cat(parts, 1);
    }
    case FC_OP_SOFTMAX:
        return at::softmax(x, 1);
    case FC_OP_BATCHNORM:
        if (n.bare)
            return at::add(at::mul(x, l.param[0].view({1, n.c, 1, 1})), l.param[1].view({1, n.c, 1, 1}));
        return at::batch_norm(x, l.param[0], l.param[1], l.param[2], l.param[3], false, 0, n.alpha, false);
    case FC_OP_L2NORM:
        return x.div(x.norm(2, {1, 2, 3}, true).clamp_min(1e-12));
    case FC_OP_INPUT:
        break;
    }
    return x;
}

} // namespace fc_torch_impl

#endif
