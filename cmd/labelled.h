/* Labelled samples to learn from, as the tools that train take them: a gallery's, or records with names. */
#ifndef CMD_LABELLED_H
#define CMD_LABELLED_H
#include "classify/labelled.h"
#include "gallery.h"

struct labelled_args {
    struct gallery_args gallery;
    const char *id_field;
    bool plain;
};

/* Of a gallery that is open, outside of a transaction. state: [33], that of its samples in hexadecimal; may be NULL. */
fc_status labelled_of_gallery(fc_labelled *l, fc_gallery *g, char *state, fc_error *err);
/* From the gallery, if one is named, else from records. what: what is made of them ("the classifier"). state: [33], that of
 * the gallery's samples in hexadecimal, "" of records; may be NULL. Says who has a name that looks like another's. */
fc_status labelled_gather(fc_labelled **out, const struct labelled_args *a, const char *what, char **operands,
                          int n, char *state, fc_error *err);
/* All faces of a file's records, whoever they are, under one name; named: each of whom the id field names. */
fc_status labelled_read(fc_labelled **out, const struct labelled_args *a, const char *path, bool named,
                        fc_error *err);

#endif
