#include "facecheck.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/tell.h"
#include "base/text.h"
#include "image/sniff.h"
#include "pipeline/folders.h"
#include "pipeline/hints.h"
#include "pipeline/reader.h"
#include "pipeline/record.h"
#include "pipeline/source.h"
#include "video/capture.h"
#include "video/feed.h"
#include "video/live.h"
#include "video/video.h"

enum { MAX_NAME = 1 << 20 }; /* bytes of one name in a list */

struct fc_source {
    const fc_source_options *args;
    char **operands;
    int noperands, next_operand;
    bool implied_stdin, stdin_empty;
    bool anything;          /* was given out */
    int wake;               /* an eventfd, readable after fc_source_interrupt */
    fc_reader list, stream; /* fd -1: not open */
    bool unproven;          /* no record came out of the stream yet; it has a name */
    fc_video *video;        /* whose frames come; NULL: none */
    fc_live *live;          /* streams that come last; NULL: none */
    bool is_live;           /* one of them has not ended; atomic */
    const char *no_live;    /* why there may be none; NULL: there may. Borrowed */
    fc_reader **piped;      /* [npiped], of live streams that are pipes; owned */
    size_t npiped, cap_piped;
    const fc_teller *teller;
    char *video_name; /* for records; owned */
    bool video_gave;  /* a frame, or its fault */
    fc_image_options decoding;
    fc_status (*ask)(void *ctx, fc_image_options *out, fc_error *err); /* for decoding; NULL: it is known */
    void *ask_ctx;
    fc_walk *walk;   /* of the folder named last; NULL: done */
    fc_input *ready; /* [nready], owned: what was there at the start */
    size_t nready, next_ready;
};

void fc_input_clear(fc_input *in)
{
    free(in->path);
    fc_bytes_clear(&in->data);
    fc_image_clear(&in->image);
    *in = (fc_input){0};
}

fc_status fc_input_no_records(const fc_input *in, const char *hint, fc_error *err)
{
    struct stat st = {.st_size = 1};
    int fd = -1;
    fc_status s = FC_OK;

    if (in->kind == FC_INPUT_FAULT)
        return fc_fail(err, in->fault.status, "%s", in->fault.message);
    if (in->kind == FC_INPUT_PATH)
        s = fc_file_open(&fd, &st, in->path, FC_OPEN_FILE, err);
    if (fd >= 0)
        close(fd);
    if (!s && st.st_size == 0)
        s = fc_fail(err, FC_EEMPTY, "%s: empty", in->path);
    return s ? s : fc_fail_hint(err, fc_fail(err, FC_EFORMAT, "%s: no records", in->path), hint);
}

/* ---- inputs ---- */

static fc_status new_source(fc_source **out, const fc_source_options *args, fc_error *err)
{
    fc_source *in = calloc(1, sizeof *in);

    *out = NULL;
    if (!in)
        return fc_fail_nomem(err, sizeof *in);
    in->args = args;
    in->list.fd = in->stream.fd = -1;
    in->wake = eventfd(0, EFD_CLOEXEC);
    if (in->wake < 0) {
        fc_fail_errno(err, "eventfd");
        fc_source_close(in);
        return err->status;
    }
    *out = in;
    return FC_OK;
}

fc_status fc_source_open(fc_source **out, const fc_source_options *args, char **operands, int n,
                         fc_error *err)
{
    bool list_on_stdin = args->files_from && !strcmp(args->files_from, "-");
    fc_status s = FC_OK;

    *out = NULL;
    if (args->video.live && args->video.no_live)
        return fc_fail(err, FC_EUSAGE, "live, and not live: one of them");
    if (args->video.camera && !fc_text_is_utf8(args->video.camera))
        return fc_fail(err, FC_EUSAGE, "a camera's name that is not UTF-8");
    s = fc_capture_parse(&(fc_capture){0}, args->video.capture, err);
    if (s)
        return s;
    if (args->null && !args->files_from)
        return fc_fail_hint(err, fc_fail(err, FC_EUSAGE, "names that end with NULs, and no list of them"),
                            FC_HINT(args, list));
    for (int i = 0; i < n; i++)
        if (list_on_stdin && !strcmp(operands[i], "-"))
            return fc_fail(err, FC_EUSAGE, "-: stdin is the list of names already");
    if (n == 0 && !args->files_from && isatty(STDIN_FILENO))
        return fc_fail(err, FC_EUSAGE, "no pictures given");
    s = new_source(out, args, err);
    if (s)
        return s;
    (*out)->operands = operands;
    (*out)->noperands = n;
    (*out)->implied_stdin = n == 0 && !args->files_from;
    if (args->files_from)
        s = fc_reader_open(&(*out)->list, list_on_stdin ? NULL : args->files_from, (*out)->wake, err);
    if (s) {
        fc_source_close(*out);
        *out = NULL;
    }
    return s;
}

fc_status fc_source_of(fc_source **out, fc_input *in, size_t n, fc_error *err)
{
    static const fc_source_options plain;
    fc_input *ready = calloc(n + 1, sizeof *ready);
    fc_status s = ready ? new_source(out, &plain, err) : fc_fail_nomem(err, n * sizeof *ready);

    if (s) {
        for (size_t i = 0; i < n; i++)
            fc_input_clear(&in[i]);
        free(ready);
        return s;
    }
    for (size_t i = 0; i < n; i++) {
        ready[i] = in[i];
        in[i] = (fc_input){0};
    }
    (*out)->ready = ready;
    (*out)->nready = n;
    return FC_OK;
}

const char *fc_source_nothing(const fc_source *in)
{
    if (in->stdin_empty)
        return "stdin: nothing came, neither records nor a picture";
    return in->anything || in->live ? NULL : "nothing came in: no record, no picture and no name of one";
}

void fc_source_interrupt(fc_source *in)
{
    eventfd_write(in->wake, 1);
}

bool fc_source_is_interrupted(const fc_source *in)
{
    struct pollfd p = {.fd = in->wake, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

void fc_source_listen(fc_source *in, const fc_teller *teller)
{
    in->teller = teller;
}

void fc_source_refuse_live(fc_source *in, const char *why)
{
    in->no_live = why;
}

size_t fc_source_streams(const fc_source *in)
{
    return in->live ? fc_live_count(in->live) : 0;
}

fc_live_facts fc_source_stream(const fc_source *in, size_t i)
{
    return fc_live_facts_of(in->live, i);
}

bool fc_source_is_live(const fc_source *in)
{
    return __atomic_load_n(&in->is_live, __ATOMIC_RELAXED);
}

void fc_source_decoding(fc_source *in, const fc_image_options *o)
{
    in->decoding = *o;
}

void fc_source_decoding_by(fc_source *in, fc_status (*ask)(void *ctx, fc_image_options *out, fc_error *err),
                           void *ctx)
{
    in->ask = ask;
    in->ask_ctx = ctx;
}

static fc_status know_decoding(fc_source *in, fc_error *err)
{
    const fc_status s = in->ask ? in->ask(in->ask_ctx, &in->decoding, err) : FC_OK;

    in->ask = NULL;
    return s;
}

static void leave_video(fc_source *in)
{
    fc_video_close(in->video);
    free(in->video_name);
    in->video = NULL;
    in->video_name = NULL;
    in->video_gave = false;
    fc_reader_close(&in->stream); /* of a pipe */
}

void fc_source_close(fc_source *in)
{
    if (!in)
        return;
    for (size_t i = in->next_ready; i < in->nready; i++)
        fc_input_clear(&in->ready[i]);
    free(in->ready);
    leave_video(in);
    fc_live_free(in->live);
    for (size_t i = 0; i < in->npiped; i++) {
        fc_reader_close(in->piped[i]);
        free(in->piped[i]);
    }
    free(in->piped);
    fc_walk_free(in->walk);
    fc_reader_close(&in->list);
    fc_reader_close(&in->stream);
    if (in->wake >= 0)
        close(in->wake);
    free(in);
}

static fc_status give(fc_input *out, fc_input_kind kind, char *path, fc_error *err)
{
    if (!path)
        return fc_fail_nomem(err, 0);
    *out = (fc_input){.kind = kind, .path = path};
    return FC_OK;
}

static fc_status give_fault(fc_input *out, const char *path, const fc_error *fault, fc_error *err)
{
    fc_status s = give(out, FC_INPUT_FAULT, strdup(path), err);

    out->fault = *fault;
    return s;
}

/* The name may have a password. */
static fc_status give_masked_fault(fc_input *out, const char *name, const fc_error *fault, fc_error *err)
{
    char *masked = fc_video_masked(name);
    const fc_status s = masked ? give_fault(out, masked, fault, err) : fc_fail_nomem(err, 0);

    free(masked);
    return s;
}

/* Begins with a folder, or gives the fault that it met. */
static fc_status enter_folder(fc_source *in, const char *path, fc_input *out, bool *given, fc_error *err)
{
    const fc_source_options *a = in->args;
    const struct fc_folder_rules rules = {.recursive = a->recursive,
                                          .exclude = &a->exclude,
                                          .base = a->base,
                                          .people = a->people,
                                          .teller = a->teller};
    fc_error fault;
    fc_status s = fc_walk_new(&in->walk, path, &rules, &fault);

    *given = s != FC_OK;
    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s", fault.message);
    return s ? give_fault(out, path, &fault, err) : FC_OK;
}

static fc_status next_in_folder(fc_source *in, fc_input *out, bool *given, fc_error *err)
{
    fc_error fault;
    char *path;
    fc_status s = fc_walk_next(in->walk, &path, &fault, err);

    *given = false;
    if (s == FC_END) {
        fc_walk_free(in->walk);
        in->walk = NULL;
        return FC_OK;
    }
    if (s)
        return s;
    *given = true;
    s = give(out, fault.status ? FC_INPUT_FAULT : FC_INPUT_PATH, path, err);
    out->fault = fault;
    return s;
}

/* Opens what is to be sniffed; a file that cannot be opened is left to the decoder, which says why. */
static bool open_to_sniff(fc_source *in, const char *name)
{
    return fc_reader_open(&in->stream, name, in->wake, NULL) == FC_OK;
}

/* ---- videos ---- */

static int read_stream(void *ctx, uint8_t *to, int n)
{
    return fc_reader_some(ctx, to, n);
}

static int64_t seek_stream(void *ctx, int64_t to)
{
    return fc_reader_seek(ctx, to);
}

static fc_video_from from_reader(const char *name, fc_reader *r)
{
    fc_video_from from = {.name = name, .read = read_stream, .ctx = r};

    if (fc_reader_can_seek(r, &from.size))
        from.seek = seek_stream;
    return from;
}

/* in->stream for the thread of a live stream. */
static fc_status move_stream(fc_source *in, fc_reader **out, fc_error *err)
{
    const fc_status s = fc_grow(&in->piped, in->npiped + 1, &in->cap_piped, sizeof *in->piped, err);

    *out = s ? NULL : malloc(sizeof **out);
    if (!*out)
        return s ? s : fc_fail_nomem(err, sizeof **out);
    **out = in->stream;
    in->stream = (fc_reader){.fd = -1, .wake = -1};
    in->piped[in->npiped++] = *out;
    return FC_OK;
}

/* One stream more that runs from now on, or the fault that it met, which is no other's. feed: opened already, and taken; NULL: it is
 * not. */
static fc_status add_live(fc_source *in, const char *name, bool piped, fc_feed *feed, fc_input *out,
                          bool *given, fc_error *err)
{
    const char *shown = !strcmp(name, "-") ? "stdin" : name;
    fc_video_from from = {.name = shown};
    fc_reader *reader = NULL;
    fc_error fault;
    fc_status s = FC_OK;

    if (in->no_live)
        s = fc_fail(err, FC_EUSAGE, "%s: %s", in->no_live, name);
    if (!s && !in->live)
        s = fc_live_new(&in->live, in->wake, &in->args->video, &in->decoding, err);
    if (!s && piped)
        s = move_stream(in, &reader, err);
    if (s) {
        fc_feed_close(feed);
        return s;
    }
    if (piped)
        from = from_reader(shown, reader);
    s = fc_live_add(in->live, &from, name, feed, &fault);
    if (!s)
        __atomic_store_n(&in->is_live, true, __ATOMIC_RELAXED);
    if (!s || s == FC_ENOMEM)
        return s ? fc_fail(err, s, "%s", fault.message) : s;
    *given = true;
    return give_masked_fault(out, name, &fault, err);
}

/* Begins with a video, or gives the fault that it met. piped: its bytes are in->stream's. */
static fc_status enter_video(fc_source *in, const char *name, bool piped, fc_input *out, bool *given,
                             fc_error *err)
{
    const char *shown = !strcmp(name, "-") ? "stdin" : name;
    fc_video_from from = piped ? from_reader(shown, &in->stream) : (fc_video_from){.name = shown};
    const fc_video_options *opt = &in->args->video;
    const bool stream = !piped && fc_video_is_stream(name);
    fc_error fault;
    fc_status s = know_decoding(in, err);

    from.wake = in->wake;
    *given = false;
    if (s)
        return s;
    if (!in->decoding.sandbox && (opt->live || (stream && fc_video_is_live(name) && !opt->no_live)))
        return add_live(in, name, piped, NULL, out, given, err);
    in->video_name = fc_video_masked(name);
    if (!in->video_name)
        return fc_fail_nomem(err, 0);
    s = in->decoding.sandbox ? fc_fail(&fault, FC_EUNSUPPORTED,
                                       "%s: a video, and videos are not decoded in a sandbox", in->video_name)
                             : fc_video_open(&in->video, &from, &in->args->video, &in->decoding, &fault);
    *given = s != FC_OK;
    if (s) {
        s = s == FC_ENOMEM ? fc_fail(err, s, "%s", fault.message)
                           : give_fault(out, in->video_name, &fault, err);
        leave_video(in);
    } else if (stream && !opt->no_live && fc_video_is_endless(in->video)) {
        fc_feed *feed = fc_video_leave(in->video);
        in->video = NULL;
        leave_video(in);
        s = add_live(in, name, false, feed, out, given, err);
    }
    return s;
}

static fc_status next_frame(fc_source *in, fc_input *out, bool *given, fc_error *err)
{
    fc_video_frame f;
    fc_error fault;
    fc_status s = fc_video_next(in->video, &f, &fault);

    *given = s != FC_END;
    if (s == FC_END && !in->video_gave) {
        fc_tell(in->teller, "%s: none of its frames is asked for",
                strcmp(in->video_name, "-") != 0 ? in->video_name : "stdin");
        in->anything = true;
    }
    in->video_gave = true;
    if (s) {
        s = s == FC_END      ? FC_OK
            : s == FC_ENOMEM ? fc_fail(err, s, "%s", fault.message)
                             : give_fault(out, in->video_name, &fault, err);
        leave_video(in);
        return s;
    }
    s = give(out, FC_INPUT_FRAME, strdup(in->video_name), err);
    out->image = f.image;
    out->frame = f.frame;
    out->pts = f.pts;
    out->time = f.time;
    out->dropped = f.dropped;
    out->camera = in->args->video.camera;
    return s;
}

/* What a live stream gave. *given stays false for what is told, and at the end of all. */
static fc_status next_live(fc_source *in, fc_input *out, bool *given, fc_error *err)
{
    fc_live_event e;
    fc_status s = fc_live_next(in->live, &e, err);

    if (s == FC_END)
        __atomic_store_n(&in->is_live, false, __ATOMIC_RELAXED);
    if (s)
        return s;
    *given = e.kind != FC_LIVE_NOTE;
    switch (e.kind) {
    case FC_LIVE_NOTE:
        fc_tell(in->teller, "%s", e.why.message);
        return FC_OK;
    case FC_LIVE_FAULT:
        return give_fault(out, e.src, &e.why, err);
    case FC_LIVE_GAP:
        s = give_fault(out, e.src, &e.why, err);
        out->kind = FC_INPUT_GAP;
        out->gap = e.gap;
        out->frame = -1;
        out->pts = NAN;
        out->time = isfinite(e.gap.to) ? e.gap.to : fc_video_clock();
        out->dropped = -1;
        break;
    case FC_LIVE_FRAME:
        s = give(out, FC_INPUT_FRAME, strdup(e.src), err);
        out->image = e.frame.image;
        out->frame = e.frame.frame;
        out->pts = e.frame.pts;
        out->time = e.frame.time;
        out->dropped = e.frame.dropped;
        break;
    }
    out->camera = in->args->video.camera;
    return s;
}

static fc_status is_video(fc_source *in, bool *yes, fc_error *err)
{
    const fc_status s = in->args->videos ? fc_reader_peek(&in->stream, FC_SNIFF_BYTES, err) : FC_OK;

    *yes = !s && in->args->videos &&
           fc_sniff(in->stream.data + in->stream.at, in->stream.end - in->stream.at) == FC_FORMAT_VIDEO;
    return s;
}

/* in->stream is open. Gives a picture, or leaves the stream open for its records. */
static fc_status take_stream(fc_source *in, const char *path, fc_input *out, bool *given, fc_error *err)
{
    const bool is_file = in->stream.is_file && in->stream.fd != STDIN_FILENO; /* has a name */
    fc_reader_kind kind;
    fc_error fault;
    fc_status s = fc_reader_sniff(&in->stream, &kind, &fault);

    *given = s == FC_EIO && strcmp(path, "-") != 0;
    if (*given) {
        fc_reader_close(&in->stream);
        return give_fault(out, path, &fault, err);
    }
    if (s)
        return s == FC_END ? s : fc_fail(err, s, "%s", fault.message);
    in->unproven = kind == FC_READER_RECORDS && strcmp(path, "-") != 0;
    if (kind == FC_READER_RECORDS)
        return FC_OK;
    if (kind == FC_READER_EMPTY && !is_file) {
        in->stdin_empty |= !strcmp(path, "-");
        fc_reader_close(&in->stream);
        return FC_OK;
    }
    bool video;
    s = is_video(in, &video, err);
    if (s)
        return s;
    if (video) {
        if (is_file)
            fc_reader_close(&in->stream);
        return enter_video(in, path, !is_file, out, given, err);
    }
    *given = true;
    if (is_file) { /* is read again, by a worker */
        fc_reader_close(&in->stream);
        return give(out, FC_INPUT_PATH, strdup(path), err);
    }
    fc_bytes data;
    const uint64_t most = in->decoding.max_bytes;
    s = fc_reader_rest(&in->stream, most ? most : FC_DEFAULT_MAX_BYTES, &data, &fault);
    fc_reader_close(&in->stream);
    if (s == FC_ELIMIT)
        return give_fault(out, path, &fault, err);
    if (s)
        return fc_fail(err, s, "%s", fault.message);
    s = give(out, FC_INPUT_BYTES, strdup(path), err);
    if (s)
        fc_bytes_clear(&data);
    else
        out->data = data;
    return s;
}

/* Of a protocol that is not known, or where pictures alone are taken; the name may have a password. */
static fc_status refuse_stream(const char *name, fc_input *out, bool *given, fc_error *err)
{
    char *masked = fc_video_masked(name);
    fc_error fault;
    fc_status s;

    *given = masked != NULL;
    if (!masked)
        return fc_fail_nomem(err, 0);
    if (fc_video_is_foreign(name))
        fc_fail(&fault, FC_EUNSUPPORTED, "%s: a protocol that facecheck does not know", masked);
    else
        fc_fail(&fault, FC_EFORMAT, "%s: a stream, not a picture", masked);
    s = give_fault(out, masked, &fault, err);
    free(masked);
    return s;
}

/* No file has this name. It may be a URL with something in front of it, and a password in it, which a fault masks. */
static fc_status give_absent(const char *name, fc_input *out, fc_error *err)
{
    char *shown = fc_video_masked(name);
    struct stat st;
    fc_error fault;

    if (!shown || !strcmp(shown, name))
        return give(out, FC_INPUT_PATH, shown, err);
    stat(name, &st); /* errno */
    fc_fail_errno(&fault, shown);
    const fc_status s = give_fault(out, shown, &fault, err);
    free(shown);
    return s;
}

static fc_status take_name(fc_source *in, const char *name, fc_input *out, bool *given, fc_error *err)
{
    struct stat st;

    if (fc_video_is_stream(name))
        return in->args->videos ? enter_video(in, name, false, out, given, err)
                                : refuse_stream(name, out, given, err);
    if (fc_video_is_foreign(name))
        return refuse_stream(name, out, given, err);
    if (stat(name, &st)) {
        *given = true;
        return give_absent(name, out, err);
    }
    if (S_ISDIR(st.st_mode))
        return enter_folder(in, name, out, given, err);
    if (!open_to_sniff(in, name)) {
        *given = true;
        return give(out, FC_INPUT_PATH, strdup(name), err);
    }
    return take_stream(in, name, out, given, err);
}

static fc_status take_stdin(fc_source *in, fc_input *out, bool *given, fc_error *err)
{
    fc_status s = fc_reader_open(&in->stream, NULL, in->wake, err);
    return s ? s : take_stream(in, "-", out, given, err);
}

/* What a name is that no file has, where it looks as if the list were not what it was thought to be; NULL: nothing odd.
 * A file may be called so: therefore nothing is cut away. */
static const char *odd_name(const fc_source *in, const char *name)
{
    const size_t n = strlen(name);

    if (in->list.line == 1 && !strncmp(name, "\xef\xbb\xbf", 3))
        return "the name begins with a byte-order mark; is this a list from Windows?";
    if (name[n - 1] == '\r')
        return "the name ends in a carriage return; is this a list from Windows?";
    if (in->args->null && strchr(name, '\n'))
        return "the name has a line break in it; is this a list of lines?";
    if (name[0] == '#')
        return "a list has no comments: this is a name";
    if (strchr(" \t", name[0]) || strchr(" \t", name[n - 1]))
        return "the name has blanks around it";
    if (n > 1 && strchr("\"'", name[0]) && name[n - 1] == name[0])
        return "the name has quotation marks around it";
    return NULL;
}

/* The fault of a name that is no file's, with what the list may have to do with it. *given: there is one. */
static fc_status doubt_name(const fc_source *in, const char *name, fc_input *out, bool *given, fc_error *err)
{
    struct stat st;
    const char *odd = stat(name, &st) ? odd_name(in, name) : NULL;
    fc_error fault;

    *given = odd != NULL;
    if (!odd)
        return FC_OK;
    char *shown = fc_video_masked(name);
    if (!shown)
        return fc_fail_nomem(err, 0);
    stat(name, &st); /* errno */
    fc_status s = fc_fail_errno(&fault, shown);
    fc_error told = fault;
    fc_fail(&fault, s, "%s (%s, line %zu: %s)", told.message, in->list.name, in->list.line, odd);
    s = give_fault(out, shown, &fault, err);
    free(shown);
    return s;
}

static fc_status check_name(const fc_source *in, const fc_bytes *name, fc_error *err)
{
    if (in->list.line == 1 && name->n >= 2 &&
        (!memcmp(name->data, "\xff\xfe", 2) || !memcmp(name->data, "\xfe\xff", 2)) &&
        memchr(name->data, '\0', name->n))
        return fc_fail(err, FC_ERECORD, "%s: is UTF-16 text; names are read as bytes, as UTF-8 has them",
                       in->list.name);
    if (strlen((char *)name->data) != name->n)
        return fc_fail_hint(err,
                            fc_fail(err, FC_ERECORD, "%s:%zu: a NUL in a name", in->list.name, in->list.line),
                            FC_HINT(in->args, nuls));
    return FC_OK;
}

/* A name of the list; a blank one is passed over. */
static fc_status take_listed(fc_source *in, fc_input *out, bool *given, fc_error *err)
{
    fc_bytes name;
    fc_status s = fc_reader_line(&in->list, in->args->null ? '\0' : '\n', MAX_NAME, &name, err);
    const char *text = (char *)name.data;

    *given = false;
    if (s == FC_END) { /* of the list; live streams that it named come now */
        fc_reader_close(&in->list);
        return FC_OK;
    }
    if (s)
        return s;
    s = check_name(in, &name, err);
    if (!s && name.n)
        s = doubt_name(in, text, out, given, err);
    if (!s && !*given && name.n)
        s = take_name(in, strcmp(text, "-") ? text : "./-", out, given, err);
    fc_bytes_clear(&name);
    return s;
}

/* A line of any of the tools, whether or not this one can use it: an object with a version. */
static bool is_ours(const fc_bytes *line)
{
    json_t *o;
    (void)fc_json_read(&o, (char *)line->data, line->n, 0, FC_RECORD_MAX_MEMORY, NULL, NULL);
    const bool yes = json_is_integer(json_object_get(o, "v"));

    json_decref(o);
    return yes;
}

/* The first line of a file decides whether it has records: another program's JSON under the name of a picture is one
 * input that fails. *given: it is one. */
static fc_status prove_stream(fc_source *in, const fc_bytes *line, fc_input *out, bool *given, fc_error *err)
{
    fc_record rec;
    fc_error fault, told;
    fc_status s;

    in->unproven = false;
    *given = !is_ours(line);
    if (!*given)
        return FC_OK;
    s = fc_record_parse(&rec, (char *)line->data, line->n, in->stream.name, in->stream.line, &told);
    fc_record_clear(&rec);
    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s", told.message);
    fc_fail(&fault, s == FC_ELIMIT ? s : FC_EFORMAT, "%s; nor is it a picture",
            s ? told.message : in->stream.name);
    s = give_fault(out, in->stream.name, &fault, err);
    fc_reader_close(&in->stream);
    return s;
}

/* Files with a byte-order mark may have been joined: there may be one in front of any line. */
static void skip_mark(fc_bytes *line)
{
    if (line->n < 4 || memcmp(line->data, "\xef\xbb\xbf{", 4) != 0)
        return;
    memmove(line->data, line->data + 3, line->n - 3 + 1); /* with its NUL */
    line->n -= 3;
}

static fc_status next_line(fc_source *in, fc_input *out, bool *given, fc_error *err)
{
    fc_bytes text;
    fc_status s = fc_reader_line(&in->stream, '\n', FC_RECORD_MAX_LINE, &text, err);

    *given = false;
    if (s == FC_END) {
        fc_reader_close(&in->stream);
        return FC_OK;
    }
    if (s)
        return s;
    skip_mark(&text);
    if (strspn((char *)text.data, " \t\r") == text.n) { /* a blank line */
        fc_bytes_clear(&text);
        return FC_OK;
    }
    if (in->unproven)
        s = prove_stream(in, &text, out, given, err);
    if (s || *given) {
        fc_bytes_clear(&text);
        return s;
    }
    *given = true;
    s = give(out, FC_INPUT_LINE, strdup(in->stream.name), err);
    if (s) {
        fc_bytes_clear(&text);
        return s;
    }
    out->data = text;
    out->line = in->stream.line;
    return FC_OK;
}

fc_status fc_source_next(fc_source *in, fc_input *out, fc_error *err)
{
    bool given = false;
    fc_status s = FC_OK;

    *out = (fc_input){0};
    while (!s && !given) {
        const char *operand = in->next_operand < in->noperands ? in->operands[in->next_operand] : NULL;
        if (fc_source_is_interrupted(in)) {
            s = FC_END;
        } else if (in->next_ready < in->nready) {
            *out = in->ready[in->next_ready++];
            given = true;
        } else if (in->video) {
            s = next_frame(in, out, &given, err);
        } else if (in->stream.fd >= 0) {
            s = next_line(in, out, &given, err);
        } else if (in->walk) {
            s = next_in_folder(in, out, &given, err);
        } else if (operand) {
            in->next_operand++;
            s = !strcmp(operand, "-") ? take_stdin(in, out, &given, err)
                                      : take_name(in, operand, out, &given, err);
        } else if (in->implied_stdin) {
            in->implied_stdin = false;
            s = take_stdin(in, out, &given, err);
        } else if (in->list.fd >= 0) {
            s = take_listed(in, out, &given, err);
        } else if (in->live) {
            s = next_live(in, out, &given, err);
        } else {
            s = FC_END;
        }
    }
    in->anything |= given;
    if (s && s != FC_END)
        fc_input_clear(out);
    return s;
}
