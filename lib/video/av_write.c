/* Pictures to MP4: H.264 by x264 where libav has it, else MPEG-4. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "base/error.h"
#include "video/av_impl.h"

enum { BUFFER = 1 << 16, UNITS = 60000 /* in a second */ };

struct fc_av_writer {
    fc_av_output out;
    char *name;
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    AVStream *stream; /* of format */
    AVFrame *frame;
    AVPacket *packet;
    struct SwsContext *sws;
    int64_t last; /* time stamp */
    int64_t step; /* from the one before to that: what the last picture stays for */
    bool begun;
};

static int put_bytes(void *opaque, uint8_t *data, int n)
{
    const fc_av_writer *w = opaque;

    return w->out.write(w->out.ctx, data, n) == n ? n : AVERROR(errno);
}

static int64_t seek_bytes(void *opaque, int64_t to, int whence)
{
    const fc_av_writer *w = opaque;

    if (whence & AVSEEK_SIZE)
        return AVERROR(ENOSYS);
    to = w->out.seek(w->out.ctx, to, whence & ~AVSEEK_FORCE);
    return to < 0 ? AVERROR(errno) : to;
}

static fc_status open_encoder(fc_av_writer *w, fc_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    int code;

    if (!codec)
        codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    if (!codec)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: libav has no encoder for MP4 here", w->name);
    w->codec = avcodec_alloc_context3(codec);
    if (!w->codec)
        return fc_fail_nomem(err, 0);
    w->codec->width = w->out.w;
    w->codec->height = w->out.h;
    w->codec->pix_fmt = AV_PIX_FMT_YUV420P;
    w->codec->time_base = (AVRational){1, UNITS};
    w->codec->framerate = (AVRational){25, 1};
    w->codec->colorspace = w->out.h >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    w->codec->color_range = AVCOL_RANGE_MPEG;
    w->codec->thread_count = 1; /* the same bytes anywhere */
    w->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (w->format->oformat->flags & AVFMT_GLOBALHEADER)
        w->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (codec->id == AV_CODEC_ID_MPEG4) {
        w->codec->flags |= AV_CODEC_FLAG_QSCALE;
        w->codec->global_quality = 3 * FF_QP2LAMBDA;
    } else {
        av_opt_set(w->codec->priv_data, "preset", "veryfast", 0);
        av_opt_set(w->codec->priv_data, "crf", "20", 0);
    }
    code = avcodec_open2(w->codec, codec, NULL);
    return code < 0 ? fc_av_fail(err, w->name, code) : FC_OK;
}

static fc_status open_file(fc_av_writer *w, fc_error *err)
{
    uint8_t *buffer = av_malloc(BUFFER);
    int code;

    w->io = buffer ? avio_alloc_context(buffer, BUFFER, 1, w, NULL, put_bytes, seek_bytes) : NULL;
    if (!w->io) {
        av_free(buffer);
        return fc_fail_nomem(err, BUFFER);
    }
    w->format->pb = w->io;
    w->format->flags |= AVFMT_FLAG_BITEXACT;
    w->stream = avformat_new_stream(w->format, NULL);
    if (!w->stream)
        return fc_fail_nomem(err, 0);
    w->stream->time_base = w->codec->time_base;
    code = avcodec_parameters_from_context(w->stream->codecpar, w->codec);
    if (code >= 0)
        code = avformat_write_header(w->format, NULL);
    if (code < 0)
        return fc_av_fail(err, w->name, code);
    w->begun = true;
    return FC_OK;
}

/* From whole range RGB to what players expect. */
static fc_status open_colours(fc_av_writer *w, fc_error *err)
{
    const int width = w->out.w, height = w->out.h, space = height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;

    w->sws = sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P,
                            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    w->frame = av_frame_alloc();
    w->packet = av_packet_alloc();
    if (!w->sws || !w->frame || !w->packet)
        return fc_fail_nomem(err, 0);
    sws_setColorspaceDetails(w->sws, sws_getCoefficients(SWS_CS_DEFAULT), 1, sws_getCoefficients(space), 0, 0,
                             1 << 16, 1 << 16);
    w->frame->format = AV_PIX_FMT_YUV420P;
    w->frame->width = width;
    w->frame->height = height;
    return FC_OK;
}

void fc_av_write_close(fc_av_writer *w)
{
    if (!w)
        return;
    if (w->io) {
        av_freep(&w->io->buffer);
        avio_context_free(&w->io);
    }
    avcodec_free_context(&w->codec);
    avformat_free_context(w->format);
    av_frame_free(&w->frame);
    av_packet_free(&w->packet);
    sws_freeContext(w->sws);
    free(w->name);
    free(w);
}

fc_status fc_av_write_open(fc_av_writer **out, const fc_av_output *o, fc_error *err)
{
    fc_av_writer *w = calloc(1, sizeof *w);
    fc_status s = FC_OK;

    *out = NULL;
    if (!w)
        return fc_fail_nomem(err, sizeof *w);
    fc_av_silence();
    w->out = *o;
    w->last = -1;
    w->step = UNITS / 25;
    w->name = strdup(o->name);
    if (!w->name || avformat_alloc_output_context2(&w->format, NULL, "mp4", NULL) < 0)
        s = fc_fail_nomem(err, 0);
    if (!s)
        s = open_encoder(w, err);
    if (!s)
        s = open_colours(w, err);
    if (!s)
        s = open_file(w, err);
    if (s)
        fc_av_write_close(w);
    else
        *out = w;
    return s;
}

/* What the encoder has; frame NULL: all of it. */
static fc_status encode(fc_av_writer *w, const AVFrame *frame, fc_error *err)
{
    int code = avcodec_send_frame(w->codec, frame);

    while (code >= 0 && (code = avcodec_receive_packet(w->codec, w->packet)) >= 0) {
        w->packet->duration = w->step; /* without one, players leave the last picture out */
        av_packet_rescale_ts(w->packet, w->codec->time_base, w->stream->time_base);
        w->packet->stream_index = w->stream->index;
        code = av_interleaved_write_frame(w->format, w->packet);
    }
    return code == AVERROR(EAGAIN) || code == AVERROR_EOF ? FC_OK : fc_av_fail(err, w->name, code);
}

fc_status fc_av_write(fc_av_writer *w, const uint8_t *rgb, size_t stride, double seconds, fc_error *err)
{
    const uint8_t *const from[4] = {rgb};
    const int strides[4] = {(int)stride};
    int64_t at = seconds >= 0 && seconds < 1e9 ? llround(seconds * UNITS) : 0;
    int code;

    av_frame_unref(w->frame);
    w->frame->format = AV_PIX_FMT_YUV420P;
    w->frame->width = w->out.w;
    w->frame->height = w->out.h;
    code = av_frame_get_buffer(w->frame, 0);
    if (code < 0)
        return fc_av_fail(err, w->name, code);
    sws_scale(w->sws, from, strides, 0, w->out.h, w->frame->data, w->frame->linesize);
    if (at <= w->last)
        at = w->last + 1;
    if (w->last >= 0)
        w->step = at - w->last;
    w->frame->pts = w->last = at;
    return encode(w, w->frame, err);
}

fc_status fc_av_write_end(fc_av_writer *w, fc_error *err)
{
    fc_status s = encode(w, NULL, err);
    int code = s ? 0 : av_write_trailer(w->format);

    if (!s && code >= 0) {
        avio_flush(w->io);
        code = w->io->error;
    }
    return s || code >= 0 ? s : fc_av_fail(err, w->name, code);
}
