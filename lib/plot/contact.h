/* A contact sheet: faces side by side, those of one person together. */
#ifndef FC_PLOT_CONTACT_H
#define FC_PLOT_CONTACT_H
#include "pipeline/record.h"
#include "plot/canvas.h"

enum { FC_CONTACT_PEOPLE = 50, FC_CONTACT_EACH = 12 };

typedef struct fc_contact_options {
    size_t people, each; /* on the sheet at most; 0: FC_CONTACT_PEOPLE, FC_CONTACT_EACH */
    fc_image_options decoding;
    double scale; /* pixels of a PNG a point; 0: 2 */
} fc_contact_options;

typedef struct fc_contact fc_contact;

fc_status fc_contact_new(fc_contact **out, const fc_contact_options *opt, fc_error *err);
/* The record's faces, under the name that each has ("name"), or the record ("id"). What is kept of them does not grow beyond
 * each of a person. */
fc_status fc_contact_add(fc_contact *c, const fc_record *rec, fc_error *err);
size_t fc_contact_faces(const fc_contact *c); /* that were added */
/* People by falling number of faces, then by name, and those without a name at the end; faces as they came. Crops are those of
 * the records, or made from their pictures; where there is none, the reason stands in its place, and counts as failed. */
fc_status fc_contact_draw(fc_contact *c, fc_canvas **out, fc_page_format format, size_t *failed,
                          fc_error *err);
void fc_contact_free(fc_contact *c);

#endif
