/* Any bytes as a line of facerecord(5): what is accepted is written, and read again, as the same record, and everything in
 * it can be asked for. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth, const fc_error *err)
{
    if (!truth && err->status != FC_ENOMEM)
        abort();
}

static void faces(const fc_record *r)
{
    for (size_t i = 0; i < fc_record_face_count(r); i++) {
        const json_t *json = fc_record_face(r, i);
        const char *contract;
        float *e = NULL;
        size_t dim;
        fc_error err;
        fc_face face;
        fc_image crop = {0};
        (void)fc_record_get_face(r, i, &face, &err);
        if (fc_face_has_crop(json) && !fc_face_get_crop(json, &crop, &err))
            must(crop.w > 0 && crop.h > 0, &err);
        fc_image_clear(&crop);
        if (fc_face_has_embedding(json) && !fc_face_get_embedding(json, &contract, &e, &dim, &err)) {
            must(contract && dim >= 1 && dim <= FC_MAX_DIM, &err);
            free(e);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fc_record r, again;
    fc_error err = {0};
    char *text, *second;
    size_t length, other;

    if (fc_record_parse(&r, (const char *)bytes, n, "fuzz", 1, &err)) {
        must(!r.json && err.status && !strncmp(err.message, "fuzz:", 5), &err);
        return 0;
    }
    faces(&r);
    free(fc_record_path(&r));
    free(fc_record_display_path(&r));
    (void)fc_record_max_side(&r);
    if (!fc_record_text(&r, &text, &length, &err)) {
        must(!fc_record_parse(&again, text, length, "again", 1, &err), &err);
        must(!fc_record_text(&again, &second, &other, &err), &err);
        must(length == other && !memcmp(text, second, length) && json_equal(r.json, again.json), &err);
        free(second);
        fc_record_clear(&again);
        free(text);
    } else {
        must(err.status == FC_ELIMIT, &err);
    }
    fc_record_clear(&r);
    return 0;
}
