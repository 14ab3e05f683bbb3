/* Bytes from a file, a pipe or stdin: looked at before they are taken, then taken as lines or as a whole. */
#ifndef CMD_STREAM_H
#define CMD_STREAM_H
#include "base/bytes.h"
#include "facecheck.h"

typedef struct stream {
    int fd;
    int wake;      /* a readable descriptor here ends every wait; -1: none */
    char *name;    /* for messages; owned */
    uint8_t *data; /* owned; [at, end) is not taken yet */
    size_t at, end, cap;
    bool ended;
    bool is_file;
    size_t line; /* lines taken */
} stream;

/* path NULL: stdin. */
fc_status stream_open(stream *s, const char *path, int wake, fc_error *err);
void stream_close(stream *s);

typedef enum stream_kind {
    STREAM_EMPTY,   /* nothing but white space */
    STREAM_RECORDS, /* the first thing that is not white space, nor a byte-order mark, is a brace */
    STREAM_OTHER
} stream_kind;
fc_status stream_sniff(stream *s, stream_kind *kind, fc_error *err);

/* The next line without its delimiter, NUL-terminated; the caller owns it. FC_END: there is none, or the wait
 * was ended. */
fc_status stream_line(stream *s, int delimiter, size_t max, fc_bytes *out, fc_error *err);
/* All that is left, and the stream is to be closed; FC_END when the wait was ended. */
fc_status stream_rest(stream *s, uint64_t max, fc_bytes *out, fc_error *err);

#endif
