/* What a tool works on: operands FILE, DIR and -, and lists of them, as one stream of inputs. Memory does not
 * grow with their number, but for the names in one folder, which are sorted, and a few bytes for each folder. */
#ifndef FC_PIPELINE_SOURCE_H
#define FC_PIPELINE_SOURCE_H
#include "base/bytes.h"
#include "base/tell.h"
#include "base/texts.h"
#include "facecheck.h"

typedef struct fc_source_options {
    bool recursive;
    fc_texts exclude; /* globs */
    /* as in fc_folder_rules */
    const char *base;
    bool people;
    const fc_teller *teller; /* NULL: nobody */
    const char *files_from;
    bool null;
} fc_source_options;

typedef enum fc_input_kind {
    FC_INPUT_PATH,  /* a picture to be read from path */
    FC_INPUT_BYTES, /* a picture in data, from a pipe called path */
    FC_INPUT_LINE,  /* one line of records in data, the line-th of path */
    FC_INPUT_FAULT  /* nothing but fault, about path */
} fc_input_kind;

typedef struct fc_input {
    fc_input_kind kind;
    char *path; /* owned; "-" for a picture on stdin */
    fc_bytes data;
    size_t line;
    fc_error fault;
} fc_input;
void fc_input_clear(fc_input *in);

/* For tools that read records alone: what is wrong with an input that is not a line of them. hint goes behind "no
 * records"; NULL: none. */
fc_status fc_input_no_records(const fc_input *in, const char *hint, fc_error *err);

typedef struct fc_source fc_source;

/* operands (which must outlive it) or, without them and without --files-from, stdin; FC_EUSAGE where that is
 * a terminal. A name is taken as
 *   -        stdin: records or one picture; nothing at all is no input
 *   DIR      its pictures by their extensions, in order of name, without hidden files; with -r those of the folders in
 *            it too, see folders.h. None at all is an FC_INPUT_FAULT.
 *   FILE     records when it begins with a brace, else a picture; a pipe is taken as stdin is. Where the first line is
 *            not a record, the whole of it is an FC_INPUT_FAULT.
 * Names in a list are taken in the same way, but for "-", which is a file there. */
fc_status fc_source_open(fc_source **out, const fc_source_options *args, char **operands, int n,
                         fc_error *err);
/* FC_END: no more. Other failures end the run. */
fc_status fc_source_next(fc_source *in, fc_input *out, fc_error *err);
/* For the end of a run: that nothing came, on stdin or at all, where that is so, in words; else NULL. */
const char *fc_source_nothing(const fc_source *in);
/* Makes an fc_source_next that waits, in another thread, return FC_END, and all later ones. */
void fc_source_interrupt(fc_source *in);
void fc_source_close(fc_source *in);

#endif
