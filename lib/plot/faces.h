/* Faces drawn on a picture, by cairo. */
#ifndef FC_PLOT_FACES_H
#define FC_PLOT_FACES_H
#include "facecheck.h"

/* What is known of a face. It is told by words and by the line's pattern, and the colours differ in
 * lightness. */
typedef enum fc_face_verdict { FC_FACE_FOUND, FC_FACE_YES, FC_FACE_NO } fc_face_verdict;

typedef struct fc_face_mark {
    fc_face face;
    fc_face_verdict verdict;
    char *label; /* UTF-8, one line; NULL for none. Owned */
} fc_face_mark;

/* Draws n marks on img; their coordinates are those of the full picture. note: a line of text in the corner,
 * or NULL. size scales lines and text. */
fc_status fc_faces_draw(fc_image *img, const fc_face_mark *mark, size_t n, const char *note, double size,
                        fc_error *err);

#endif
