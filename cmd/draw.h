/* Faces drawn on a picture, by cairo. */
#ifndef CMD_DRAW_H
#define CMD_DRAW_H
#include "facecheck.h"

/* What is known of a face. It is told by words and by the line's pattern, and the colours differ in
 * lightness. */
typedef enum draw_verdict { DRAW_FOUND, DRAW_YES, DRAW_NO } draw_verdict;

typedef struct draw_mark {
    fc_face face;
    draw_verdict verdict;
    char *label; /* UTF-8, one line; NULL for none. Owned */
} draw_mark;

/* Draws n marks on img; their coordinates are those of the full picture. note: a line of text in the corner,
 * or NULL. size scales lines and text. */
fc_status draw_marks(fc_image *img, const draw_mark *mark, size_t n, const char *note, double size,
                     fc_error *err);

#endif
