/*
 * Preloaded: the path FAKE_CAMERA is a camera of Video4Linux, which gives the frames of the file FAKE_CAMERA_FRAMES, 320x240
 * pixels of YUYV each, again and again, 25 a second or as many as it is asked for. Asked for another size, it gives that, in
 * grey. What it was asked for goes to the file FAKE_CAMERA_LOG.
 *
 * FAKE_CAMERA_FAULT: "none" is a device that takes no frames; "away" is pulled out after ten frames, once, and is not there for
 * half a second; "still" gives no frame; "denied" may not be opened.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { BUFFERS = 4, WIDTH = 320, HEIGHT = 240, TEN = 10, PAGE = 4096 };

static int device = -1; /* a file in memory: its buffers */
static uint32_t width = WIDTH, height = HEIGHT, rate = 25;
static uint32_t queued[BUFFERS], nqueued, frame,
    of_this;                 /* queued: as a queue; of_this: frames since the start */
static double started, gone; /* gone: when it was pulled out; 0: it was not */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_it(const char *path)
{
    const char *camera = getenv("FAKE_CAMERA");

    return camera && path && !strcmp(path, camera);
}

static bool has_fault(const char *name)
{
    const char *fault = getenv("FAKE_CAMERA_FAULT");

    return fault && !strcmp(fault, name);
}

static bool is_gone(void)
{
    return gone > 0 && now() < gone + 0.5;
}

static void note(const char *what, uint32_t a, uint32_t b)
{
    const char *name = getenv("FAKE_CAMERA_LOG");
    FILE *f = name ? fopen(name, "a") : NULL;

    if (!f)
        return;
    fprintf(f, "%s %u %u\n", what, a, b);
    fclose(f);
}

/* ---- what it is asked ---- */

static uint32_t size(void)
{
    return 2 * width * height;
}

/* From one buffer to the next, in whole pages. */
static uint32_t stride(void)
{
    return (size() + PAGE - 1) / PAGE * PAGE;
}

static int fail(int code)
{
    errno = code;
    return -1;
}

static int describe(struct v4l2_capability *c)
{
    *c = (struct v4l2_capability){.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING};
    if (has_fault("none"))
        c->capabilities = V4L2_CAP_META_CAPTURE;
    return 0;
}

static int get_format(struct v4l2_format *f)
{
    f->fmt.pix = (struct v4l2_pix_format){.width = width,
                                          .height = height,
                                          .pixelformat = V4L2_PIX_FMT_YUYV,
                                          .field = V4L2_FIELD_NONE,
                                          .bytesperline = 2 * width,
                                          .sizeimage = size()};
    return 0;
}

static int set_format(struct v4l2_format *f)
{
    width = f->fmt.pix.width;
    height = f->fmt.pix.height;
    if (f->fmt.pix.pixelformat == V4L2_PIX_FMT_YUYV)
        note("size", width, height);
    return get_format(f);
}

static int say_rate(struct v4l2_streamparm *p)
{
    p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    p->parm.capture.timeperframe = (struct v4l2_fract){1, rate};
    return 0;
}

static int set_rate(struct v4l2_streamparm *p)
{
    const struct v4l2_fract *t = &p->parm.capture.timeperframe;

    rate = t->numerator ? t->denominator / t->numerator : rate;
    note("rate", rate, 1);
    return say_rate(p);
}

static int make_buffers(struct v4l2_requestbuffers *r)
{
    r->count = BUFFERS;
    nqueued = 0;
    return ftruncate(device, (off_t)BUFFERS * stride());
}

static int tell_buffer(struct v4l2_buffer *b)
{
    b->length = size();
    b->m.offset = b->index * stride();
    return 0;
}

static int queue(const struct v4l2_buffer *b)
{
    queued[nqueued++ % BUFFERS] = b->index;
    return nqueued > BUFFERS ? fail(EINVAL) : 0;
}

/* The frame that is due, into the buffer that came first. */
static int dequeue(struct v4l2_buffer *b)
{
    static uint8_t picture[2 * WIDTH * HEIGHT];
    FILE *f;

    if (is_gone())
        return fail(ENODEV);
    if (has_fault("still") || !nqueued || now() < started + (double)of_this / rate)
        return fail(EAGAIN);
    if (has_fault("away") && of_this == TEN && gone == 0) {
        gone = now();
        return fail(ENODEV);
    }
    b->index = queued[0];
    memmove(queued, queued + 1, --nqueued * sizeof *queued);
    if (width == WIDTH && height == HEIGHT) {
        f = fopen(getenv("FAKE_CAMERA_FRAMES"), "rb");
        if (!f)
            return fail(EIO);
        fseek(f, 0, SEEK_END);
        fseek(f, (long)(frame % ((unsigned long)ftell(f) / sizeof picture) * sizeof picture), SEEK_SET);
        if (fread(picture, 1, sizeof picture, f) != sizeof picture ||
            pwrite(device, picture, sizeof picture, b->index * stride()) < 0)
            abort();
        fclose(f);
    }
    frame++;
    of_this++;
    b->bytesused = b->length = size();
    b->timestamp.tv_sec = (time_t)now();
    b->timestamp.tv_usec = (suseconds_t)(1e6 * (now() - (double)b->timestamp.tv_sec));
    return 0;
}

static int answer(unsigned long request, void *arg)
{
    switch (request) {
    case VIDIOC_QUERYCAP:
        return describe(arg);
    case VIDIOC_G_FMT:
        return get_format(arg);
    case VIDIOC_S_FMT:
        return set_format(arg);
    case VIDIOC_G_PARM:
        return say_rate(arg);
    case VIDIOC_S_PARM:
        return set_rate(arg);
    case VIDIOC_REQBUFS:
        return make_buffers(arg);
    case VIDIOC_QUERYBUF:
        return tell_buffer(arg);
    case VIDIOC_QBUF:
        return queue(arg);
    case VIDIOC_DQBUF:
        return dequeue(arg);
    case VIDIOC_STREAMON:
        started = now();
        of_this = 0;
        return 0;
    case VIDIOC_STREAMOFF:
    case VIDIOC_S_INPUT:
        return 0;
    case VIDIOC_G_INPUT:
        *(int *)arg = 0;
        return 0;
    case VIDIOC_ENUMINPUT:
        ((struct v4l2_input *)arg)->std = 0;
        return 0;
    default:
        return fail(ENOTTY);
    }
}

/* ---- in place of the C library's ---- */

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list ap;
    int result;

    va_start(ap, request);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    if (fd < 0 || fd != device)
        return real(fd, request, arg);
    pthread_mutex_lock(&lock);
    result = answer(request, arg);
    pthread_mutex_unlock(&lock);
    return result;
}

EXPORT int open(const char *path, int flags, ...)
{
    int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list ap;

    va_start(ap, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (!is_it(path))
        return next(path, flags, mode);
    if (is_gone())
        return fail(ENOENT);
    if (has_fault("denied"))
        return fail(EACCES);
    width = WIDTH;
    height = HEIGHT;
    device = memfd_create("camera", MFD_CLOEXEC);
    return device;
}

EXPORT __attribute__((alias("open"))) int open64(const char *path, int flags, ...);

EXPORT int stat(const char *restrict path, struct stat *restrict st)
{
    int (*next)(const char *, struct stat *) = (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "stat");

    if (!is_it(path))
        return next(path, st);
    if (is_gone())
        return fail(ENOENT);
    *st = (struct stat){.st_mode = S_IFCHR | 0660, .st_rdev = makedev(81, 0)};
    return 0;
}

EXPORT int close(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");

    if (fd >= 0 && fd == device)
        device = -1;
    return next(fd);
}
