/* Bytes from a file, a pipe or stdin: looked at before they are taken, then taken as lines or as a whole. */
#ifndef FC_PIPELINE_READER_H
#define FC_PIPELINE_READER_H
#include "base/bytes.h"
#include "facecheck.h"

typedef struct fc_reader {
    int fd;
    int wake;      /* a readable descriptor here ends every wait; -1: none */
    int patience;  /* milliseconds to wait for more before it is asked whether anybody writes; -1: for ever */
    char *name;    /* for messages; owned */
    uint8_t *data; /* owned; [at, end) is not taken yet */
    size_t at, end, cap;
    bool ended;
    bool is_file; /* a regular one, which waits until it is read; stdin may be one, too */
    size_t line;  /* lines taken */
} fc_reader;

/* path NULL: stdin. */
fc_status fc_reader_open(fc_reader *s, const char *path, int wake, fc_error *err);
void fc_reader_close(fc_reader *s);

typedef enum fc_reader_kind {
    FC_READER_EMPTY,   /* nothing but white space */
    FC_READER_RECORDS, /* the first thing that is not white space, nor a byte-order mark, is a brace */
    FC_READER_OTHER
} fc_reader_kind;
fc_status fc_reader_sniff(fc_reader *s, fc_reader_kind *kind, fc_error *err);

/* Waits until so many bytes are there to be looked at, at data + at, or no more come. */
fc_status fc_reader_peek(fc_reader *s, size_t n, fc_error *err);
/* Up to n bytes, as read(2) gives them: 0 at the end, or where the wait was ended; -1: reading failed. */
int fc_reader_some(fc_reader *s, uint8_t *to, int n);
/* Whether it is a file, of which nothing was taken yet, so that any place in it can be gone to; *size: its bytes. */
bool fc_reader_can_seek(const fc_reader *s, int64_t *size);
/* As lseek, from the file's beginning alone. */
int64_t fc_reader_seek(fc_reader *s, int64_t to);

/* The next line without its delimiter, NUL-terminated; the caller owns it. FC_END: there is none, or the wait
 * was ended. */
fc_status fc_reader_line(fc_reader *s, int delimiter, size_t max, fc_bytes *out, fc_error *err);
/* All that is left, and the stream is to be closed; FC_END when the wait was ended. */
fc_status fc_reader_rest(fc_reader *s, uint64_t max, fc_bytes *out, fc_error *err);

#endif
