#include "pipeline/item.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pipeline/record.h"

fc_status fc_item_new(fc_item **out, fc_input *in, fc_face_choice choice, fc_error *err)
{
    fc_item *it = calloc(1, sizeof *it);

    *out = it;
    if (!it) {
        fc_input_clear(in);
        return fc_fail_nomem(err, sizeof *it);
    }
    it->in = *in;
    it->choice = choice;
    *in = (fc_input){0};
    return FC_OK;
}

static void free_crops(fc_item *it)
{
    for (size_t i = 0; i < it->ncrops; i++)
        fc_image_clear(&it->crops[i]);
    free(it->crops);
    it->crops = NULL;
    it->ncrops = 0;
}

void fc_item_free(fc_item *it)
{
    if (!it)
        return;
    fc_input_clear(&it->in);
    fc_record_clear(&it->rec);
    fc_image_clear(&it->image);
    free_crops(it);
    if (it->result)
        it->free_result(it->result);
    free(it->note);
    free(it->text);
    free(it);
}

bool fc_item_fail(fc_item *it, const char *where, const fc_error *fault)
{
    it->fault = *fault;
    it->failed = it->failed_here = true;
    free_crops(it);
    if (fc_record_set_error(&it->rec, where, fault,
                            NULL)) /* or the record would be one of a picture without faces */
        it->no_memory = true;
    return !it->no_memory;
}

char *fc_item_path(fc_item *it)
{
    char *path = NULL;

    if (fc_record_get_path(&it->rec, &path, NULL) == FC_ENOMEM)
        it->no_memory = true;
    return path;
}

void fc_item_fail_named(fc_item *it, const char *where, const fc_error *fault)
{
    fc_error named;
    char *path = fc_item_path(it);

    fc_fail(&named, fault->status, "%s: %s", path ? path : it->in.path, fault->message);
    free(path);
    fc_item_fail(it, where, &named);
}

fc_status fc_item_broken(const fc_item *it, const fc_error *cause, fc_error *err)
{
    if (it->in.kind == FC_INPUT_LINE)
        return fc_fail(err, cause->status, "%s:%zu: %s", it->in.path, it->in.line, cause->message);
    return fc_fail(err, cause->status, "%s: %s", it->in.path, cause->message);
}

fc_status fc_item_face_broken(const fc_item *it, size_t face, const fc_error *cause, fc_error *err)
{
    fc_error of_face;

    fc_fail(&of_face, cause->status, "faces[%zu]: %s", face, cause->message);
    return fc_item_broken(it, &of_face, err);
}

fc_status fc_item_embedding(const fc_item *it, size_t face, const char **contract, float **out, size_t *dim,
                            fc_error *err)
{
    fc_error fault;
    fc_status s = fc_face_get_embedding(fc_record_face(&it->rec, face), contract, out, dim, &fault);

    return s ? fc_item_face_broken(it, face, &fault, err) : FC_OK;
}

fc_status fc_item_start(fc_item *it, fc_error *err)
{
    fc_status st;

    if (it->in.kind == FC_INPUT_LINE) {
        st =
            fc_record_parse(&it->rec, (char *)it->in.data.data, it->in.data.n, it->in.path, it->in.line, err);
        fc_bytes_clear(&it->in.data);
        it->failed = !st && fc_record_is_error(&it->rec);
        it->away = !st && fc_record_is_gap(&it->rec);
        it->live = !st && fc_record_is_live(&it->rec);
        return st;
    }
    st = fc_record_new(&it->rec, it->in.path, err);
    it->away = it->in.kind == FC_INPUT_GAP;
    if (!st && it->away)
        st = fc_record_set_frame(&it->rec, &it->in, err);
    if (!st && it->away)
        st = fc_record_set_gap(&it->rec, &it->in, err);
    if (!st && it->in.kind == FC_INPUT_FRAME) {
        it->image = it->in.image;
        it->in.image = (fc_image){0};
        st = fc_record_set_frame(&it->rec, &it->in, err);
        it->live = !st && fc_record_is_live(&it->rec);
    }
    if (!st && it->in.kind == FC_INPUT_FAULT)
        fc_item_fail(it, "input", &it->in.fault);
    return st;
}
