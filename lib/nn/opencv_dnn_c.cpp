#include "nn/opencv_dnn_c.h"

#include <algorithm>
#include <climits>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

extern "C" {
#include "base/error.h"
}

struct fc_dnn_net {
    cv::dnn::Net net;
    int shape[4];
    size_t dim = 0; /* 0: not known yet */
    std::string name;
    cv::Mat output;
};

struct fc_dnn_yunet {
    cv::Ptr<cv::FaceDetectorYN> detector;
    std::string name;
    cv::Mat bgr, faces;
};

namespace
{

constexpr float OVERLAP = 0.3f;  /* of boxes that are one face: cv::FaceDetectorYN's default */
constexpr int CANDIDATES = 5000; /* the same */

fc_status fail(fc_error *err, fc_status s, const std::string &name, std::string text)
{
    std::replace(text.begin(), text.end(), '\n', ' '); /* messages are one line */
    return fc_fail(err, s, "%s: OpenCV: %s", name.c_str(), text.c_str());
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

template <typename F> fc_status guarded(fc_error *err, const std::string &name, F f) noexcept
{
    try {
        set_up();
        return f();
    } catch (const std::bad_alloc &) {
        return fc_fail_nomem(err, 0);
    } catch (const cv::Exception &e) {
        return e.code == cv::Error::StsNoMem ? fc_fail_nomem(err, 0) : fail(err, FC_EENGINE, name, e.err);
    } catch (const std::exception &e) {
        return fail(err, FC_EENGINE, name, e.what());
    } catch (...) {
        return fail(err, FC_EENGINE, name, "a fault of an unknown kind");
    }
}

template <typename T> void discard(T *p) noexcept
{
    try {
        delete p;
    } catch (...) { /* nothing is left to do */
    }
}

/* ---- ONNX -------------------------------------------------------------------------------------------- */

fc_status forward(fc_dnn_net *n, const float *input, fc_error *err)
{
    const char *name = n->name.c_str();
    cv::Mat in(4, n->shape, CV_32F, const_cast<float *>(input));
    std::string shape;

    n->net.setInput(in);
    n->output = n->net.forward();
    const cv::Mat &out = n->output;
    for (int i = 0; i < out.dims; i++)
        shape += (i ? ", " : "") + std::to_string(out.size[i]);
    if (out.depth() != CV_32F || !out.isContinuous())
        return fc_fail(err, FC_EMODEL, "%s: its output is not of float32", name);
    /* [n], [1, n] and [1, n, 1, 1] */
    if (out.total() < 1 || out.total() > FC_MAX_DIM ||
        std::find(out.size.p, out.size.p + out.dims, (int)out.total()) == out.size.p + out.dims)
        return fc_fail(err, FC_EMODEL, "%s: gives an array [%s], want [1, n] or [n] with n of 1..%d", name,
                       shape.c_str(), FC_MAX_DIM);
    if (n->dim && out.total() != n->dim)
        return fc_fail(err, FC_EMODEL, "%s: gives %zu numbers for one picture and %zu for another", name,
                       n->dim, out.total());
    n->dim = out.total();
    return FC_OK;
}

fc_status net_new(fc_dnn_net **out, int *dim, const void *bytes, size_t size, const char *name,
                  const int chw[3], fc_error *err) noexcept
{
    return guarded(err, name, [&]() -> fc_status {
        auto n = std::make_unique<fc_dnn_net>();
        n->name = name;
        n->shape[0] = 1;
        std::copy(chw, chw + 3, n->shape + 1);
        try {
            n->net = cv::dnn::readNetFromONNX(static_cast<const char *>(bytes), size);
        } catch (const cv::Exception &e) {
            return fail(err, FC_EMODEL, name, "cannot read it: " + e.err);
        }
        n->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        n->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        const size_t outputs = n->net.getUnconnectedOutLayers().size();
        if (outputs != 1)
            return fc_fail(err, FC_EMODEL, "%s: has %zu outputs, want one", name, outputs);
        const cv::Mat nothing = cv::Mat::zeros(4, n->shape, CV_32F);
        fc_status s = forward(n.get(), nothing.ptr<float>(), err);
        if (s)
            return s;
        *dim = (int)n->dim;
        *out = n.release();
        return FC_OK;
    });
}

void net_free(fc_dnn_net *n) noexcept
{
    discard(n);
}

fc_status run(fc_dnn_net *n, const float *input, const float **output, fc_error *err) noexcept
{
    return guarded(err, n->name, [&] {
        fc_status s = forward(n, input, err);
        if (!s)
            *output = n->output.ptr<float>();
        return s;
    });
}

/* ---- YuNet ------------------------------------------------------------------------------------------- */

fc_status detect(fc_dnn_yunet *y, fc_error *err)
{
    y->detector->setInputSize(y->bgr.size());
    y->detector->detect(y->bgr, y->faces);
    if (y->faces.empty())
        return FC_OK;
    if (y->faces.type() != CV_32F || y->faces.cols != 15 || !y->faces.isContinuous())
        return fc_fail(err, FC_EENGINE, "%s: OpenCV: faces of %d numbers, want 15", y->name.c_str(),
                       y->faces.cols);
    return FC_OK;
}

fc_status yunet_new(fc_dnn_yunet **out, const char *path, fc_error *err) noexcept
{
    return guarded(err, path, [&]() -> fc_status {
        auto y = std::make_unique<fc_dnn_yunet>();
        y->name = path;
        y->bgr = cv::Mat::zeros(320, 320, CV_8UC3);
        try {
            y->detector = cv::FaceDetectorYN::create(path, "", y->bgr.size(), 0.5f, OVERLAP, CANDIDATES,
                                                     cv::dnn::DNN_BACKEND_OPENCV, cv::dnn::DNN_TARGET_CPU);
            fc_status s = detect(y.get(), err);
            if (s)
                return s;
        } catch (const cv::Exception &e) {
            return fc_fail(err, FC_EMODEL,
                           "%s: not a YuNet that OpenCV " CV_VERSION
                           " runs (before 4.8 that of March 2022, since then that of 2023): %s",
                           path, e.err.substr(0, e.err.find('\n')).c_str());
        }
        *out = y.release();
        return FC_OK;
    });
}

void yunet_free(fc_dnn_yunet *y) noexcept
{
    discard(y);
}

fc_status yunet_detect(fc_dnn_yunet *y, const uint8_t *rgb, size_t stride, int w, int h, double least_score,
                       const fc_dnn_face **face, size_t *n, fc_error *err) noexcept
{
    return guarded(err, y->name, [&]() -> fc_status {
        const cv::Mat picture(h, w, CV_8UC3, const_cast<uint8_t *>(rgb), stride);
        cv::cvtColor(picture, y->bgr, cv::COLOR_RGB2BGR);
        y->detector->setScoreThreshold((float)least_score);
        fc_status s = detect(y, err);
        if (s)
            return s;
        *n = (size_t)y->faces.rows;
        *face = reinterpret_cast<const fc_dnn_face *>(y->faces.data);
        return FC_OK;
    });
}

} // namespace

extern "C" __attribute__((visibility("default"))) const fc_dnn_api fc_dnn = {
    FC_VERSION, CV_VERSION, net_new, net_free, run, yunet_new, yunet_free, yunet_detect};
