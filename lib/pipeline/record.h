/* Records (facecheck/record.h) from inside, as jansson has them. */
#ifndef FC_PIPELINE_RECORD_H
#define FC_PIPELINE_RECORD_H
#include <jansson.h>

#include "facecheck.h"

/* Another file's path, in place of the one that it has. */
fc_status fc_record_set_path(fc_record *r, const char *path, fc_error *err);
fc_status fc_record_set_size(fc_record *r, int w, int h, fc_error *err);
/* The --max-side that the picture was decoded with, so that a later stage decodes the same pixels; 0: full
 * size. */
fc_status fc_record_set_max_side(fc_record *r, int max_side, fc_error *err);
int fc_record_max_side(const fc_record *r);
/* What is not as usual about the picture: parts of it could not be read; it is the first of so many. */
fc_status fc_record_set_damaged(fc_record *r, fc_error *err);
bool fc_record_is_damaged(const fc_record *r);
/* What is known of a frame of a video: its number (-1: unknown), seconds and Unix seconds (NAN: unknown), the camera (NULL). */
fc_status fc_record_set_frame(fc_record *r, const fc_input *in, fc_error *err);
bool fc_record_is_frame(const fc_record *r);
/* Whether it is of a live stream, now or when it was recorded. */
bool fc_record_is_live(const fc_record *r);
/* Where the stream was away; makes the record a gap. */
fc_status fc_record_set_gap(fc_record *r, const fc_input *in, fc_error *err);
fc_status fc_record_set_frames(fc_record *r, int frames, fc_error *err);
/* For whoever puts a name on a record: FC_EFACES unless it has one face, for of several nobody knows whose the name
 * is. */
fc_status fc_record_one_face(const fc_record *r, fc_error *err);
json_t *fc_record_face(const fc_record *r, size_t i); /* borrowed */
fc_status fc_record_set_faces(fc_record *r, const fc_faces *faces, fc_error *err);
/* The picture of w x h pixels is one face that was cut out and aligned before. */
fc_status fc_record_set_aligned(fc_record *r, int w, int h, fc_error *err);
bool fc_face_is_aligned(const json_t *face);
/* Keeps the face at keep alone. */
void fc_record_keep_face(fc_record *r, size_t keep);

/* {"stage":...,"code":...,"message":...}; makes the record an error record, which has no faces. The message
 * is put on one line by fc_text_escape. */
fc_status fc_record_set_error(fc_record *r, const char *stage, const fc_error *e, fc_error *err);
fc_status fc_record_add_ms(fc_record *r, const char *stage, double ms, fc_error *err);

/* face: an element of "faces". Failures are FC_ERECORD and name the field. */
bool fc_face_has_crop(const json_t *face);
fc_status fc_face_set_crop(json_t *face, const fc_image *crop, fc_error *err);
/* *crop is to be cleared with fc_image_clear. */
fc_status fc_face_get_crop(const json_t *face, fc_image *crop, fc_error *err);
bool fc_face_has_embedding(const json_t *face);
fc_status fc_face_set_embedding(json_t *face, const char *contract, const float *e, size_t dim,
                                fc_error *err);
/* *contract is borrowed from face; *e is [*dim], caller frees. */
fc_status fc_face_get_embedding(const json_t *face, const char **contract, float **e, size_t *dim,
                                fc_error *err);
/* What was measured of the face's photo. Its numbers are rounded to 1e-6. */
fc_status fc_face_set_quality(json_t *face, const fc_quality *q, fc_error *err);
/* false: nothing was */
bool fc_face_get_quality(const json_t *face, fc_quality *out);

#endif
