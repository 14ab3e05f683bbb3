/* Lines of JSON about what is in a gallery, and what became of photos: of fc-gallery, fc-enroll and fc-serve. */
#ifndef CMD_ANSWER_GALLERY_H
#define CMD_ANSWER_GALLERY_H
#include <jansson.h>

#include "facecheck.h"

/* A person, with what is counted. FC_ENOMEM */
fc_status answer_person(json_t **out, const fc_subject *s, fc_error *err);
/* A sample of the person called name. */
fc_status answer_sample(json_t **out, const char *name, const fc_sample *s, fc_error *err);
json_t *answer_enrolled(const fc_enrolled *r);

#endif
