/* Encodings in lines of a name and numbers, separated by commas (RFC 4180). */
#ifndef FC_GALLERY_ENCODINGS_CSV_H
#define FC_GALLERY_ENCODINGS_CSV_H
#include "facecheck.h"

/* A text [n] that is read line by line. */
typedef struct fc_csv {
    const char *at, *end;
    size_t line; /* the last one that was read, from 1 on */
    bool begun;  /* a line with something in it was read */
} fc_csv;

/* Text with a byte-order mark or without. */
void fc_csv_begin(fc_csv *c, const uint8_t *text, size_t n);
/* The next line with something in it: the first field, in quotes or not, and dim numbers behind it. FC_END: no more. The first of
 * them without any number behind its first field, or with 0, 1, 2 ... or 1, 2, 3 ... there, is a header, and passed over. FC_ERECORD: what else is wrong. */
fc_status fc_csv_encoding(fc_csv *c, char name[FC_NAME_MAX + 1], float *e, size_t dim, fc_error *err);
/* The next line of names: what is before its first tab, or all of it, with fc_text_escape's escapes. FC_END: no more. An empty
 * line is FC_ERECORD, and so is a backslash that begins none of these. */
fc_status fc_csv_name(fc_csv *c, char name[FC_NAME_MAX + 1], fc_error *err);

#endif
