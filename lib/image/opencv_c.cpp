#include "image/opencv_c.h"

#include <climits>
#include <cstdio>
#include <exception>
#include <iostream>
#include <mutex>
#include <new>
#include <streambuf>

#include <opencv2/imgcodecs.hpp>

namespace
{

/* Per thread: whether a call of ours runs. */
thread_local bool inside;

/* OpenCV writes what it could not decode to std::cerr. That is the program's: this passes on everything but
 * what is written from inside our calls. */
class quiet_buffer : public std::streambuf
{
  public:
    explicit quiet_buffer(std::streambuf *to) : next(to)
    {
    }

  protected:
    int overflow(int c) override
    {
        return inside ? traits_type::not_eof(c) : next->sputc(traits_type::to_char_type(c));
    }
    std::streamsize xsputn(const char *s, std::streamsize n) override
    {
        return inside ? n : next->sputn(s, n);
    }
    int sync() override
    {
        return inside ? 0 : next->pubsync();
    }

  private:
    std::streambuf *next;
};

void set_up()
{
    static std::once_flag once;
    std::call_once(once, [] {
        /* It lives as long as the process: std::cerr keeps pointing at it. */
        std::cerr.rdbuf(new quiet_buffer(std::cerr.rdbuf()));
    });
}

struct call {
    call()
    {
        set_up();
        inside = true;
    }
    ~call()
    {
        inside = false;
    }
};

fc_status fail(char *why, size_t size, fc_status s, const char *text)
{
    snprintf(why, size, "%s", text);
    for (char *p = why; *p; p++) /* messages are one line */
        if (*p == '\n')
            *p = ' ';
    return s;
}

template <typename F> fc_status guarded(char *why, size_t size, F f)
{
    try {
        call here;
        return f();
    } catch (const std::bad_alloc &) {
        return fail(why, size, FC_ENOMEM, "out of memory");
    } catch (const cv::Exception &e) {
        return fail(why, size, e.code == cv::Error::StsNoMem ? FC_ENOMEM : FC_ECORRUPT, e.err.c_str());
    } catch (const std::exception &e) {
        return fail(why, size, FC_ECORRUPT, e.what());
    } catch (...) {
        return fail(why, size, FC_ECORRUPT, "an unknown fault");
    }
}

fc_status decode(fc_opencv_picture *out, const uint8_t *bytes, size_t n, char *why, size_t size)
{
    const fc_channels channels[] = {FC_GREY, FC_GREY, FC_GREY_ALPHA, FC_BGR, FC_BGR_ALPHA};

    if (n > INT_MAX)
        return fail(why, size, FC_ELIMIT, "OpenCV takes no more than 2 GiB");
    cv::Mat in(1, (int)n, CV_8U, const_cast<uint8_t *>(bytes));
    cv::Mat mat = cv::imdecode(in, cv::IMREAD_UNCHANGED);
    if (mat.empty())
        return fail(why, size, FC_ECORRUPT, "damaged, or of a kind that OpenCV does not read");
    if ((mat.depth() != CV_8U && mat.depth() != CV_16U) || mat.channels() > 4)
        return fail(why, size, FC_EUNSUPPORTED, "neither 8 nor 16 bits a sample");
    out->w = mat.cols;
    out->h = mat.rows;
    out->layout.channels = channels[mat.channels()];
    out->layout.depth = mat.depth() == CV_16U ? 16 : 8;
    out->data = mat.data;
    out->stride = mat.step[0];
    out->mat = new cv::Mat(mat);
    return FC_OK;
}

fc_status picture_decode(fc_opencv_picture *out, const uint8_t *bytes, size_t n, char *why, size_t why_size)
{
    *out = {};
    return guarded(why, why_size, [&] { return decode(out, bytes, n, why, why_size); });
}

void picture_clear(fc_opencv_picture *p)
{
    char why[80];
    guarded(why, sizeof why, [&] {
        delete static_cast<cv::Mat *>(p->mat);
        return FC_OK;
    });
    *p = {};
}

} // namespace

extern "C" __attribute__((visibility("default")))
const fc_opencv_api fc_opencv = {FC_VERSION, picture_decode, picture_clear};
