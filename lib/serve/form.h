/*
 * What a request brings: its body, as files and fields.
 *
 * A body of multipart/form-data (RFC 7578) is taken apart; any other is one file, called "-" as a tool calls what comes on its
 * standard input. Parts point into the body, of which nothing is copied. Fields of the address (?threshold=0.5) are added to
 * those of the body.
 */
#ifndef FC_SERVE_FORM_H
#define FC_SERVE_FORM_H
#include "facecheck.h"

typedef struct fc_form_limits {
    size_t files, file_bytes;
} fc_form_limits;

enum {
    FC_FORM_MAX_FIELDS = 64,
    FC_FORM_FIELD_BYTES = 65536, /* of all fields together */
    FC_FORM_HEAD_BYTES = 8192    /* of a part's headers */
};
#define FC_FORM_RAW "-"

typedef struct fc_form_part {
    char *name;          /* of the field; "" for a raw body; owned */
    char *file;          /* the file's name, any bytes but NUL; NULL: it is a field; owned */
    const uint8_t *data; /* [n] */
    size_t n;
} fc_form_part;

typedef struct fc_form {
    fc_form_part *part; /* [n], owned */
    size_t n, cap;
    size_t files, field_bytes;
} fc_form;

/* The most bytes that a body can have within the limits. */
size_t fc_form_most(const fc_form_limits *l);

/* type: the header Content-Type, NULL: there is none. body outlives the form. An empty body without a type has no parts.
 * FC_ELIMIT: more, or larger, than the limits. Else what is wrong with it: FC_EFORMAT, FC_ETRUNCATED, FC_EUSAGE. */
fc_status fc_form_parse(fc_form *out, const char *type, const uint8_t *body, size_t n,
                        const fc_form_limits *l, fc_error *err);
/* A field of the address. value outlives the form; NULL is the empty text. FC_EUSAGE: it is there already. */
fc_status fc_form_add(fc_form *f, const char *name, const char *value, fc_error *err);
void fc_form_clear(fc_form *f);

/* ---- fields: a value, or FC_EUSAGE, which says what is wanted; *out stays as it is where the field is not there ---- */

/* NULL: there is none of that name. */
const fc_form_part *fc_form_find(const fc_form *f, const char *name);
fc_status fc_form_real(const fc_form *f, const char *name, double min, double max, double *out,
                       fc_error *err);
fc_status fc_form_count(const fc_form *f, const char *name, size_t min, size_t max, size_t *out,
                        fc_error *err);
/* 1, true, yes and the empty text are true; 0, false and no are not. */
fc_status fc_form_flag(const fc_form *f, const char *name, bool *out, fc_error *err);
/* choices: NULL-terminated; *out: the index. */
fc_status fc_form_choice(const fc_form *f, const char *name, const char *const *choices, int *out,
                         fc_error *err);
/* FC_EUSAGE where there is a field that is not one of the names, NULL-terminated. Files are not looked at. */
fc_status fc_form_only(const fc_form *f, const char *const *names, fc_error *err);

#endif
