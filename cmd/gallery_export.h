/* Galleries as records, arrays and tables, and records as galleries. */
#ifndef CMD_GALLERY_EXPORT_H
#define CMD_GALLERY_EXPORT_H
#include "source_options.h"
#include "gallery/gallery.h"

typedef enum export_format { EXPORT_RECORDS, EXPORT_NPY, EXPORT_TSV } export_format;

/* The samples of these people (n 0: of all), to stdout, or an array to path, with a list "NAME TAB SRC TAB FACE". */
fc_status gallery_export(fc_gallery *g, export_format format, const char *path, char **names, int n,
                         fc_error *err);

/* Records of gallery_export, or others with id and embedding. Counts the samples that were not there. */
fc_status gallery_import(fc_gallery *g, fc_source *in, size_t *added, size_t *known, fc_error *err);

#endif
