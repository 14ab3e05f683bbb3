/* Warnings about names that look alike. */
#ifndef CMD_ALIKE_H
#define CMD_ALIKE_H
#include "gallery/gallery.h"

/* Names of different people, some of them new. */
typedef struct alike {
    struct alike_name {
        char *name, *look; /* owned */
        bool new;
    } * name; /* [n] */
    size_t n, cap;
} alike;
fc_status alike_add(alike *a, const char *name, bool new, fc_error *err);
/* Says which of them look like a new one, some at least, and how many more there are. */
fc_status alike_warn(alike *a, fc_error *err);
void alike_clear(alike *a);

/* People to whom something was given, by number. */
typedef struct touched {
    int64_t *id; /* [n], owned */
    size_t n, cap;
} touched;
fc_status touched_add(touched *t, int64_t id, fc_error *err);
void touched_clear(touched *t);
/* alike_warn about them and everybody else in g; t NULL: about all. */
fc_status alike_warn_in(fc_gallery *g, touched *t, fc_error *err);

#endif
