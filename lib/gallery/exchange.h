/* Galleries as records, arrays and tables, and records as galleries. */
#ifndef FC_GALLERY_EXCHANGE_H
#define FC_GALLERY_EXCHANGE_H
#include <stdio.h>

#include "base/tell.h"
#include "facecheck.h"

/* ---- out ---- */

typedef enum fc_export_format {
    FC_EXPORT_RECORDS, /* facerecord(5), a line for each sample */
    FC_EXPORT_NPY, /* an array float32 [samples][dim] of NumPy's, and a list "NAME TAB SRC TAB FACE" (base/npy.h) */
    FC_EXPORT_TSV /* a table without embeddings: id, src, face, view, quality, sha256 */
} fc_export_format;

typedef struct fc_export_options {
    fc_export_format format;
    FILE *to;           /* records and tables; for tables its error indicator tells of failures */
    const char *path;   /* the array's file; the list's name is fc_npy_ids of it */
    char *const *names; /* [n]: whose samples; n 0: everybody's */
    size_t n;
} fc_export_options;

/* The samples, by rising number, as the gallery is at one moment. FC_EMISSING where there is nobody of one of the names.
 * A sealed gallery's embeddings leave it unencrypted. */
fc_status fc_gallery_export(fc_gallery *g, const fc_export_options *opt, fc_error *err);

/* ---- in: all records, or none ---- */

typedef struct fc_import fc_import;

/* Begins g's transaction, and g is to be left alone until the end. */
fc_status fc_import_new(fc_import **out, fc_gallery *g, fc_error *err);
/* A record of fc_gallery_export, or another with id and embedding; one line, without or with its newline. name and line
 * are for messages. After a failure nothing is left but to free it. */
fc_status fc_import_line(fc_import *im, const char *text, size_t n, const char *name, size_t line,
                         fc_error *err);
/* A line with bare encodings of a person, which are of that contract: {"v": 1, "id": NAME, "encoding": [numbers]}, or, as
 * face-api.js' LabeledFaceDescriptors, {"v": 1, "label": NAME, "descriptors": [[numbers], ...]}. They are scaled to unit
 * length. */
fc_status fc_import_encodings(fc_import *im, const char *contract, size_t dim, const char *text, size_t n,
                              const char *name, size_t line, fc_error *err);
/* The same of a text of lines "NAME,NUMBER,..." (encodings_csv.h). */
fc_status fc_import_csv(fc_import *im, const char *contract, size_t dim, const uint8_t *text, size_t n,
                        const char *name, fc_error *err);
/* A table of NumPy's (base/npy_read.h), a row for each encoding, and whose they are: a list of names, a line for each row. What is behind
 * a tab in a line is passed over, as in the list that FC_EXPORT_NPY writes. */
typedef struct fc_import_array {
    const uint8_t *bytes, *names; /* [n], [nnames] */
    size_t n, nnames;
    const char *name, *list; /* of the two, for messages */
} fc_import_array;
fc_status fc_import_npy(fc_import *im, const char *contract, size_t dim, const fc_import_array *a,
                        fc_error *err);
/* Commits, unless nothing came. *added: samples that are new; *known: those that were there. Names that look like others' are told (NULL: to
 * nobody). */
fc_status fc_import_commit(fc_import *im, size_t *added, size_t *known, const fc_teller *tell, fc_error *err);
/* What was not committed is rolled back; im may be NULL. */
void fc_import_free(fc_import *im);

#endif
