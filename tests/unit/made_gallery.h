/* Galleries of made-up people, in a folder that is gone afterwards, and what the library tells. */
#ifndef FC_TEST_MADE_GALLERY_H
#define FC_TEST_MADE_GALLERY_H
#include "base/tell.h"
#include "facecheck.h"

enum { MADE_DIM = 16 };

/* Set-up and teardown of a group: a folder of its own, in which the tests are. */
int go_to_folder(void **state);
int leave_folder(void **state);

fc_gallery *make_gallery(const char *path);
/* A face that looks like all others of the same who, and more so the smaller noise is. */
void make_face(float e[MADE_DIM], int who, double noise);
/* Enrols a photo of the person; returns the sample's number. */
int64_t put_photo(fc_gallery *g, const char *name, const char *source, const float e[MADE_DIM]);

/* What was told, a line each. */
typedef struct heard {
    char text[8192];
} heard;
fc_teller hears(heard *h);

#endif
