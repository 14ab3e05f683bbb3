/* Videos to pictures. This file and av_write.c are those that include libav's headers. */
#include "video/av_impl.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <libavutil/time.h>
#include <libswscale/swscale.h>

#include "base/error.h"
#include "video/camera.h"

enum { BUFFER = 1 << 16, CAMERA_REST = 2000 /* microseconds */ };

/* What a file may be, by its bytes; playlists, which name other files, are not among them. */
static const char formats_of_files[] = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf";
/* What a URL may lead to: never to a file. */
static const char protocols[] = "rtsp,rtsps,rtp,rtmp,rtmps,srt,udp,tcp,tls,http,https,httpproxy,crypto,srtp";

struct fc_av {
    fc_av_input in;
    char *name, *url; /* owned; url: NULL as in's */
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    AVStream *stream; /* of format */
    AVPacket *packet;
    AVFrame *frame;
    int orientation; /* the stream's */
    uint64_t damaged;
    bool flushed;
    bool went_back; /* in a pipe, which cannot be */
};

struct fc_av_still {
    AVFrame *frame;
};

struct fc_av_paint {
    char *name;
    struct SwsContext *sws;
    uint8_t *rgb; /* owned */
    size_t rgb_size;
};

static void be_silent(void *avcl, int level, const char *fmt, va_list ap)
{
    (void)avcl;
    (void)level;
    (void)fmt;
    (void)ap;
}

static void silence(void)
{
    av_log_set_callback(be_silent);
}

void fc_av_silence(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, silence);
}

fc_status fc_av_fail(fc_error *err, const char *name, int code)
{
    char why[AV_ERROR_MAX_STRING_SIZE] = "";

    if (code == AVERROR(ENOMEM))
        return fc_fail(err, FC_ENOMEM, "%s: " FC_OUT_OF_MEMORY, name, (size_t)0);
    if (code == AVERROR_EXIT)
        return fc_fail(err, FC_EIO, "%s: nothing came for too long", name);
    av_strerror(code, why, sizeof why);
    if (code == AVERROR_HTTP_UNAUTHORIZED || code == AVERROR_HTTP_FORBIDDEN || code == AVERROR(EACCES))
        return fc_fail(err, FC_EDATA, "%s: %s", name, why);
    if (code == AVERROR_PROTOCOL_NOT_FOUND || code == AVERROR_DEMUXER_NOT_FOUND ||
        code == AVERROR_DECODER_NOT_FOUND)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: %s", name, why);
    return fc_fail(err, code == AVERROR_INVALIDDATA ? FC_ECORRUPT : FC_EIO, "%s: %s", name, why);
}

/* ---- bytes ---- */

static int read_bytes(void *opaque, uint8_t *to, int n)
{
    const fc_av *v = opaque;
    const int got = v->in.read(v->in.ctx, to, n);

    return got > 0 ? got : got == 0 ? AVERROR_EOF : AVERROR(EIO);
}

static int64_t seek_bytes(void *opaque, int64_t to, int whence)
{
    fc_av *v = opaque;

    if (whence & AVSEEK_SIZE)
        return v->in.seek ? v->in.size : AVERROR(ENOSYS);
    if ((whence & ~AVSEEK_FORCE) != SEEK_SET)
        return AVERROR(ENOSYS);
    v->went_back |= !v->in.seek;
    return v->in.seek ? v->in.seek(v->in.ctx, to) : AVERROR(ESPIPE);
}

static int is_stopped(void *opaque)
{
    const fc_av *v = opaque;

    return v->in.stop && v->in.stop(v->in.ctx);
}

/* ---- opening ---- */

/* x' = a x + c y, y' = b x + d y in whole quarter turns. EXIF's orientation says the same. */
static int orientation_of(const void *data, size_t size)
{
    const int32_t *m = data;

    if (!m || size < 9 * sizeof *m)
        return 1;
    const double a = m[0], b = m[1], c = m[3], d = m[4];
    if (fabs(a) + fabs(d) >= fabs(b) + fabs(c))
        return a >= 0 ? (d >= 0 ? 1 : 4) : (d >= 0 ? 2 : 3);
    return b >= 0 ? (c >= 0 ? 5 : 6) : (c >= 0 ? 8 : 7);
}

/* Video4Linux, and what it is asked for. */
static const AVInputFormat *ask_camera(fc_av *v, AVDictionary **options)
{
    char text[32];

    v->format->flags |= AVFMT_FLAG_NONBLOCK; /* so that stop is asked */
    if (v->in.capture.w) {
        snprintf(text, sizeof text, "%dx%d", v->in.capture.w, v->in.capture.h);
        av_dict_set(options, "video_size", text, 0);
    }
    if (v->in.capture.rate > 0) {
        snprintf(text, sizeof text, "%g", v->in.capture.rate);
        av_dict_set(options, "framerate", text, 0);
    }
    return av_find_input_format(FC_CAMERA_FORMAT);
}

static fc_status open_format(fc_av *v, fc_error *err)
{
    AVDictionary *options = NULL;
    const AVInputFormat *format = NULL;
    int code;

    v->format = avformat_alloc_context();
    if (!v->format)
        return fc_fail_nomem(err, 0);
    v->format->interrupt_callback = (AVIOInterruptCB){.callback = is_stopped, .opaque = v};
    if (v->in.camera) {
        format = ask_camera(v, &options);
    } else if (v->url) {
        av_dict_set(&options, "protocol_whitelist", protocols, 0);
        if (!strncmp(v->url, "rtsp", 4)) {
            av_dict_set(&options, "rtsp_transport", "tcp", 0);
            av_dict_set(&options, "fflags", "nobuffer", 0);
        }
    } else {
        uint8_t *buffer = av_malloc(BUFFER);
        v->io = buffer ? avio_alloc_context(buffer, BUFFER, 0, v, read_bytes, NULL, seek_bytes) : NULL;
        if (!v->io) {
            av_free(buffer);
            return fc_fail_nomem(err, BUFFER);
        }
        v->io->seekable = v->in.seek ? AVIO_SEEKABLE_NORMAL : 0;
        v->format->pb = v->io;
        av_dict_set(&options, "format_whitelist", formats_of_files, 0);
        av_dict_set(&options, "protocol_whitelist", "", 0);
    }
    code = avformat_open_input(&v->format, v->url, format, &options);
    av_dict_free(&options);
    if (code == AVERROR(ENODEV) || code == AVERROR(ENOSYS))
        return fc_fail(err, FC_EUNSUPPORTED, "%s: a device that gives no frames", v->name);
    if (code == AVERROR(EINVAL) && v->io) /* it is not on the list */
        return fc_fail(err, FC_EFORMAT, "%s: not a video in a format that facecheck knows", v->name);
    if (code >= 0 && !v->in.camera) /* all is known of one, and looking would not wait but ask and ask */
        code = avformat_find_stream_info(v->format, NULL);
    return code < 0 ? fc_av_fail(err, v->name, code) : FC_OK;
}

static fc_status open_codec(fc_av *v, fc_error *err)
{
    const AVCodec *codec = NULL;
    size_t n = 0;
    const int at = av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

    if (at < 0)
        return fc_fail(err, FC_EFORMAT, "%s: a file with no video in it", v->name);
    v->stream = v->format->streams[at];
    for (unsigned i = 0; i < v->format->nb_streams; i++)
        if ((int)i != at)
            v->format->streams[i]->discard = AVDISCARD_ALL;
    const enum AVCodecID id = v->stream->codecpar->codec_id;
    codec = avcodec_find_decoder(id);
    if (!codec)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: no decoder for %s video", v->name,
                       id ? avcodec_get_name(id) : av_fourcc2str(v->stream->codecpar->codec_tag));
    const uint64_t pixels =
        (uint64_t)FFMAX(v->stream->codecpar->width, 0) * (uint64_t)FFMAX(v->stream->codecpar->height, 0);
    if (pixels > v->in.max_pixels)
        return fc_fail(err, FC_ELIMIT, "%s: %d x %d pixels, the limit is %llu", v->name,
                       v->stream->codecpar->width, v->stream->codecpar->height,
                       (unsigned long long)v->in.max_pixels);
    v->codec = avcodec_alloc_context3(codec);
    if (!v->codec)
        return fc_fail_nomem(err, 0);
    int code = avcodec_parameters_to_context(v->codec, v->stream->codecpar);
    v->codec->pkt_timebase = v->stream->time_base;
    v->codec->max_pixels = (int64_t)v->in.max_pixels;
    v->codec->thread_count = 1;
    if (v->in.keyframes)
        v->codec->skip_frame = AVDISCARD_NONKEY;
    if (code >= 0)
        code = avcodec_open2(v->codec, codec, NULL);
    if (code < 0)
        return fc_av_fail(err, v->name, code);
    const uint8_t *matrix = av_stream_get_side_data(v->stream, AV_PKT_DATA_DISPLAYMATRIX, &n);
    v->orientation = orientation_of(matrix, n);
    return FC_OK;
}

static void av_end(fc_av *v)
{
    if (!v)
        return;
    av_frame_free(&v->frame);
    av_packet_free(&v->packet);
    avcodec_free_context(&v->codec);
    avformat_close_input(&v->format);
    if (v->io)
        av_freep(&v->io->buffer);
    avio_context_free(&v->io);
    free(v->name);
    free(v->url);
    free(v);
}

/* libav knows schemes in small letters. NULL: no memory. */
static char *url_of(const char *name)
{
    char *url = strdup(name);

    for (char *c = url; c && *c && *c != ':'; c++)
        *c = (char)av_tolower(*c);
    return url;
}

static fc_status av_begin(fc_av **out, const fc_av_input *in, fc_error *err)
{
    fc_av *v = calloc(1, sizeof *v);
    fc_status s;

    *out = NULL;
    if (!v)
        return fc_fail_nomem(err, sizeof *v);
    fc_av_silence();
    v->in = *in;
    v->name = strdup(in->name);
    v->url = !in->url ? NULL : in->camera ? strdup(in->url) : url_of(in->url);
    v->packet = av_packet_alloc();
    v->frame = av_frame_alloc();
    s = v->name && (v->url || !in->url) && v->packet && v->frame ? FC_OK : fc_fail_nomem(err, 0);
    if (!s)
        s = open_format(v, err);
    if (!s)
        s = open_codec(v, err);
    if (s)
        av_end(v);
    else
        *out = v;
    return s;
}

/* ---- frames ---- */

/* A playlist has a size, which is not that of what it leads to. */
static bool av_endless(const fc_av *v)
{
    const AVIOContext *io = v->format->pb;
    const bool list = !strcmp(v->format->iformat->name, "hls") || !strcmp(v->format->iformat->name, "dash");

    if (v->format->duration != AV_NOPTS_VALUE && v->format->duration > 0)
        return false;
    return list || !io || avio_size(v->format->pb) <= 0;
}

/* What a server sends by HTTP without a length ends where it stops, which libav takes for an error. */
static bool has_ended(const fc_av *v, int code)
{
    return code == AVERROR_EOF ||
           (code == AVERROR(EIO) && v->url && av_strstart(v->url, "http", NULL) && av_endless(v));
}

/* A camera's packet is memory of its driver, which is gone with the camera, while frames of raw video, which are that memory,
 * outlive it. */
static int own_packet(AVPacket *p)
{
    AVPacket *copy = av_packet_alloc();
    int code = copy ? av_new_packet(copy, p->size) : AVERROR(ENOMEM);

    if (code >= 0) {
        memcpy(copy->data, p->data, (size_t)p->size);
        code = av_packet_copy_props(copy, p);
    }
    av_packet_unref(p);
    if (code >= 0)
        av_packet_move_ref(p, copy);
    av_packet_free(&copy);
    return code;
}

/* Of a camera, when there is one. */
static int read_packet(fc_av *v)
{
    int code;

    while ((code = av_read_frame(v->format, v->packet)) == AVERROR(EAGAIN)) {
        if (is_stopped(v))
            return AVERROR_EXIT;
        av_usleep(CAMERA_REST);
    }
    return code >= 0 && v->in.camera ? own_packet(v->packet) : code;
}

/* Gives the decoder one packet more, or tells it that there is none. */
static fc_status feed(fc_av *v, fc_error *err)
{
    int code = read_packet(v);

    if (has_ended(v, code)) {
        v->flushed = true;
        code = avcodec_send_packet(v->codec, NULL);
        return code < 0 && code != AVERROR_EOF ? fc_av_fail(err, v->name, code) : FC_OK;
    }
    if (code < 0 && v->went_back)
        return fc_fail(err, FC_EUNSUPPORTED,
                       "%s: a video with its index at the end can be read from a file, but not from a pipe",
                       v->name);
    if (code < 0)
        return fc_av_fail(err, v->name, code);
    if (v->packet->stream_index == v->stream->index) {
        code = avcodec_send_packet(v->codec, v->packet);
        v->damaged += code < 0 && code != AVERROR(EAGAIN) && code != AVERROR(ENOMEM);
    }
    av_packet_unref(v->packet);
    return code == AVERROR(ENOMEM) ? fc_fail_nomem(err, 0) : FC_OK;
}

static fc_status av_next(fc_av *v, fc_av_frame *out, fc_error *err)
{
    for (;;) {
        const int code = is_stopped(v) ? AVERROR_EXIT : avcodec_receive_frame(v->codec, v->frame);
        if (code == AVERROR_EXIT)
            return fc_av_fail(err, v->name, code);
        if (code == AVERROR(EAGAIN) && !v->flushed) {
            const fc_status s = feed(v, err);
            if (s)
                return s;
            continue;
        }
        if (code == AVERROR_EOF || code == AVERROR(EAGAIN))
            return FC_END;
        if (code == AVERROR(ENOMEM))
            return fc_fail_nomem(err, 0);
        if (code < 0 || v->frame->flags & AV_FRAME_FLAG_CORRUPT || v->frame->decode_error_flags) {
            v->damaged++;
            continue;
        }
        break;
    }
    const AVFrame *f = v->frame;
    const AVFrameSideData *matrix = av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX);
    *out = (fc_av_frame){.pts = f->best_effort_timestamp == AV_NOPTS_VALUE
                                    ? NAN
                                    : (double)f->best_effort_timestamp * av_q2d(v->stream->time_base),
                         .key = f->key_frame,
                         .w = f->width,
                         .h = f->height,
                         .orientation = matrix ? orientation_of(matrix->data, matrix->size) : v->orientation};
    if (f->width < 1 || f->height < 1 || (uint64_t)f->width * (uint64_t)f->height > v->in.max_pixels)
        return fc_fail(err, FC_ELIMIT, "%s: %d x %d pixels, the limit is %llu", v->name, f->width, f->height,
                       (unsigned long long)v->in.max_pixels);
    return FC_OK;
}

/* The old names of full-range formats, which libswscale warns of. */
static enum AVPixelFormat modern(enum AVPixelFormat f, bool *full)
{
    *full = true;
    switch (f) {
    case AV_PIX_FMT_YUVJ420P:
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
        return AV_PIX_FMT_YUV440P;
    default:
        *full = false;
        return f;
    }
}

static uint64_t av_damaged(const fc_av *v)
{
    return v->damaged;
}

/* ---- stills ---- */

static void still_end(fc_av_still *s)
{
    if (s)
        av_frame_free(&s->frame);
    free(s);
}

static fc_status still_begin(const fc_av *v, fc_av_still **out, fc_error *err)
{
    fc_av_still *s = calloc(1, sizeof *s);

    if (s)
        s->frame = av_frame_clone(v->frame);
    *out = s && s->frame ? s : NULL;
    if (*out)
        return FC_OK;
    free(s);
    return fc_fail_nomem(err, sizeof *s);
}

static void paint_end(fc_av_paint *p)
{
    if (!p)
        return;
    sws_freeContext(p->sws);
    free(p->rgb);
    free(p->name);
    free(p);
}

static fc_status paint_begin(fc_av_paint **out, const char *name, fc_error *err)
{
    fc_av_paint *p = calloc(1, sizeof *p);

    if (p)
        p->name = strdup(name);
    *out = p && p->name ? p : NULL;
    if (*out)
        return FC_OK;
    free(p);
    return fc_fail_nomem(err, sizeof *p);
}

static fc_status paint_rgb(fc_av_paint *v, const fc_av_still *s, const uint8_t **rgb, size_t *stride,
                           fc_error *err)
{
    const AVFrame *f = s->frame;
    bool full;
    const enum AVPixelFormat from = modern((enum AVPixelFormat)f->format, &full);
    /* A frame that does not say is BT.709 from 720 lines on, as players have it. */
    const int space = f->colorspace != AVCOL_SPC_UNSPECIFIED ? (int)f->colorspace
                      : f->height >= 720                     ? SWS_CS_ITU709
                                                             : SWS_CS_ITU601;
    const size_t row = ((size_t)f->width * 3 + 63) / 64 * 64, size = row * (size_t)f->height + 64;

    full |= f->color_range == AVCOL_RANGE_JPEG;
    if (size > v->rgb_size) {
        free(v->rgb);
        v->rgb_size = 0;
        v->rgb = malloc(size);
        if (!v->rgb)
            return fc_fail_nomem(err, size);
        v->rgb_size = size;
    }
    v->sws = sws_getCachedContext(v->sws, f->width, f->height, from, f->width, f->height, AV_PIX_FMT_RGB24,
                                  SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, NULL,
                                  NULL, NULL);
    if (!v->sws)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: no way from this video's pixels to RGB", v->name);
    sws_setColorspaceDetails(v->sws, sws_getCoefficients(space), full, sws_getCoefficients(SWS_CS_DEFAULT), 1,
                             0, 1 << 16, 1 << 16);
    uint8_t *to[4] = {v->rgb};
    const int strides[4] = {(int)row};
    if (sws_scale(v->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, to, strides) !=
        f->height)
        return fc_fail(err, FC_ECORRUPT, "%s: pixels that cannot be converted", v->name);
    *rgb = v->rgb;
    *stride = row;
    return FC_OK;
}

__attribute__((visibility("default"))) extern const fc_av_api fc_video;
const fc_av_api fc_video = {.built_for = FC_VERSION,
                            .open = av_begin,
                            .next = av_next,
                            .still = still_begin,
                            .damaged = av_damaged,
                            .endless = av_endless,
                            .close = av_end,
                            .still_free = still_end,
                            .paint_new = paint_begin,
                            .rgb = paint_rgb,
                            .paint_free = paint_end,
                            .write_open = fc_av_write_open,
                            .write = fc_av_write,
                            .write_end = fc_av_write_end,
                            .write_close = fc_av_write_close};
