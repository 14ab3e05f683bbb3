/* What is drawn on one picture, from the lines of the tools. */
#ifndef FC_PLOT_SHEET_H
#define FC_PLOT_SHEET_H
#include "pipeline/record.h"
#include "plot/faces.h"

/* What stands at a face: its name, else verdict and similarity, else score, with its track's number; score; its number in the record; nothing. */
typedef enum fc_labels { FC_LABELS_AUTO, FC_LABELS_SCORE, FC_LABELS_INDEX, FC_LABELS_NONE } fc_labels;

typedef struct fc_sheet_options {
    fc_labels labels;
    bool no_landmarks;
} fc_sheet_options;

/* The picture whose marks are being gathered: fc-match writes a line a face. */
typedef struct fc_sheet {
    char *path; /* owned; NULL: none yet */
    char *ref;  /* the picture that it was compared with; owned; NULL: it is not drawn */
    fc_face_mark *mark;
    size_t n, room;
    int w, h; /* as the record says; 0: it does not */
} fc_sheet;

/* A line of any of the tools as a record; fc-match's has a face, with the verdict in it. one_of_many: the next line may be
 * about the same picture. path and line are for messages. */
fc_status fc_sheet_read(fc_record *rec, bool *one_of_many, const char *text, size_t n, const char *path,
                        size_t line, fc_error *err);
/* The record's faces, behind those that are there. */
fc_status fc_sheet_add(fc_sheet *s, const fc_record *r, const fc_sheet_options *opt, fc_error *err);
void fc_sheet_clear(fc_sheet *s);

#endif
