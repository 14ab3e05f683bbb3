#include "embed/grabcut_c.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <mutex>
#include <new>

#include <opencv2/imgproc.hpp>

namespace
{

const int rounds = 4;

/* One thread computes, as each picture has a thread of its own. */
void set_up()
{
    static std::once_flag once;
    std::call_once(once, [] { cv::setNumThreads(1); });
}

/* Of what was found, the part that the pixel is in. */
cv::Mat head_at(const cv::Mat &mask, int x, int y)
{
    cv::Mat labels, found = (mask & 1) * 255; /* FC_SURE_HEAD and FC_LIKELY_HEAD are odd */

    cv::connectedComponents(found, labels, 4, CV_32S);
    const int label = labels.at<int>(y, x);
    return label ? cv::Mat(labels == label) : found;
}

/* The mean of what is around, the head left out. */
void blur_background(const fc_grabcut_job &job, const cv::Mat &picture, const cv::Mat &alpha)
{
    cv::Mat share, rgb, weight, sum, behind(job.h, job.w, CV_8UC3, job.behind);

    alpha.convertTo(share, CV_32F, -1 / 255.0, 1 + 1e-4);
    picture.convertTo(rgb, CV_32FC3);
    cv::Mat planes[] = {share, share, share};
    cv::merge(planes, 3, weight);
    cv::multiply(rgb, weight, rgb);
    cv::GaussianBlur(rgb, sum, cv::Size(), job.blur);
    cv::GaussianBlur(weight, weight, cv::Size(), job.blur);
    cv::divide(sum, weight, sum);
    sum.convertTo(behind, CV_8UC3);
}

fc_status segment_or_throw(const fc_grabcut_job &job)
{
    const cv::Mat picture(job.h, job.w, CV_8UC3, const_cast<uint8_t *>(job.rgb));
    cv::Mat mask = cv::Mat(job.h, job.w, CV_8UC1, const_cast<uint8_t *>(job.known)).clone();
    cv::Mat background, head, alpha(job.h, job.w, CV_8UC1, job.alpha);

    cv::setRNGSeed(1); /* the thread's: where the colours' clusters begin */
    cv::grabCut(picture, mask, cv::Rect(), background, head, rounds, cv::GC_INIT_WITH_MASK);
    cv::GaussianBlur(head_at(mask, job.x, job.y), alpha, cv::Size(), job.soft);
    blur_background(job, picture, alpha);
    return FC_OK;
}

fc_status fail(char *why, size_t size, fc_status s, const char *text) noexcept
{
    snprintf(why, size, "%s", text);
    std::replace(why, why + size, '\n', ' '); /* messages are one line */
    return s;
}

fc_status segment(const fc_grabcut_job *job, char *why, size_t size) noexcept
{
    try {
        set_up();
        return segment_or_throw(*job);
    } catch (const std::bad_alloc &) {
        return fail(why, size, FC_ENOMEM, "out of memory");
    } catch (const cv::Exception &e) {
        return fail(why, size, e.code == cv::Error::StsNoMem ? FC_ENOMEM : FC_EDATA, e.err.c_str());
    } catch (const std::exception &e) {
        return fail(why, size, FC_EDATA, e.what());
    } catch (...) {
        return fail(why, size, FC_EDATA, "an unknown fault");
    }
}

} // namespace

extern "C" __attribute__((visibility("default"))) const fc_grabcut_api fc_grabcut = {FC_VERSION, segment};
