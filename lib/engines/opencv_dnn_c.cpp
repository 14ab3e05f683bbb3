#include "engines/opencv_dnn_c.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

extern "C" {
#include "base/error.h"
}

struct fc_dnn_net {
    cv::dnn::Net net;
    std::vector<cv::String> names; /* of the outputs */
    std::vector<cv::Mat> results;
    std::string file; /* for messages */
};

namespace
{

fc_status fail(fc_error *err, fc_status s, const std::string &name, std::string text)
{
    std::replace(text.begin(), text.end(), '\n', ' '); /* messages are one line */
    return fc_fail(err, s, "%s: OpenCV " CV_VERSION ": %s", name.c_str(), text.c_str());
}

/* One thread computes, as each picture has a thread of its own. */
void set_up()
{
    static std::once_flag once;
    std::call_once(once, [] {
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        cv::setNumThreads(1);
    });
}

template <typename F> fc_status guarded(fc_error *err, const char *name, F f) noexcept
{
    try {
        set_up();
        return f();
    } catch (const std::bad_alloc &) {
        return fc_fail_nomem(err, 0);
    } catch (const cv::Exception &e) {
        return e.code == cv::Error::StsNoMem ? fc_fail_nomem(err, 0) : fail(err, FC_EMODEL, name, e.err);
    } catch (const std::exception &e) {
        return fail(err, FC_EMODEL, name, e.what());
    } catch (...) {
        return fail(err, FC_EMODEL, name, "a fault of an unknown kind");
    }
}

fc_status net_new(fc_dnn_net **out, const void *bytes, size_t size, const char *name, fc_error *err) noexcept
{
    return guarded(err, name, [&]() -> fc_status {
        auto n = std::make_unique<fc_dnn_net>();
        n->file = name;
        n->net = cv::dnn::readNetFromONNX(static_cast<const char *>(bytes), size);
        n->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        n->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        n->names = n->net.getUnconnectedOutLayersNames();
        *out = n.release();
        return FC_OK;
    });
}

void net_free(fc_dnn_net *n) noexcept
{
    try {
        delete n;
    } catch (...) { /* nothing is left to do */
    }
}

size_t outputs(const fc_dnn_net *n) noexcept
{
    return n->names.size();
}

bool has_output(const fc_dnn_net *n, const char *output) noexcept
{
    return std::any_of(n->names.begin(), n->names.end(), [&](const cv::String &s) { return s == output; });
}

fc_status give(const fc_dnn_net *n, const cv::Mat &m, fc_dnn_array *to, fc_error *err)
{
    if (m.depth() != CV_32F || !m.isContinuous())
        return fc_fail(err, FC_EMODEL, "%s: an output is not of float32", n->file.c_str());
    to->data = m.ptr<float>();
    to->n = m.total();
    to->last = m.dims > 0 ? (size_t)m.size[m.dims - 1] : 0;
    to->is_row = std::count(m.size.p, m.size.p + m.dims, 1) >= m.dims - 1;
    return FC_OK;
}

fc_status run(fc_dnn_net *net, const float *input, const int chw[3], const char *const *names, size_t n,
              fc_dnn_array *result, fc_error *err) noexcept
{
    return guarded(err, net->file.c_str(), [&] {
        const int shape[] = {1, chw[0], chw[1], chw[2]};
        fc_status s = FC_OK;
        net->net.setInput(cv::Mat(4, shape, CV_32F, const_cast<float *>(input)));
        net->net.forward(net->results, names ? std::vector<cv::String>(names, names + n) : net->names);
        for (size_t i = 0; i < n && !s; i++)
            s = give(net, net->results.at(i), &result[i], err);
        return s;
    });
}

} // namespace

extern "C" __attribute__((visibility("default")))
const fc_dnn_api fc_dnn = {FC_VERSION, CV_VERSION, net_new, net_free, outputs, has_output, run};
