/* What workers do with a request, and how its files go through the stages. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/record.h"
#include "say.h"
#include "serve.h"
#include "serve/inputs.h"

/* ---- files ---- */

static fc_status run_item(struct request *r, int worker, const struct passage *how, fc_input *in,
                          fc_item **out, fc_error *err)
{
    fc_status s = fc_item_new(out, in, how->choice, err);

    if (s)
        return s;
    (*out)->upto = how->upto;
    (*out)->untimed = !how->timings;
    s = fc_stages_run(r->serve->stages, worker, *out, err);
    fc_metrics_pictures(r->serve->metrics, 1, s || (*out)->failed ? 0 : fc_record_face_count(&(*out)->rec));
    if (s) {
        fc_item_free(*out);
        *out = NULL;
    }
    return s;
}

static const char *name_of(const fc_form_part *file)
{
    return file->file && *file->file ? file->file : file->name;
}

fc_status serve_each_item(struct request *r, int worker, const fc_form_part *file, const struct passage *how,
                          fc_status (*each)(void *ctx, fc_item *it, fc_error *err), void *ctx, fc_error *err)
{
    fc_inputs in;
    fc_input one;
    fc_status s;

    fc_inputs_open(&in, name_of(file), file->data, file->n);
    while (!(s = fc_inputs_next(&in, &one, err))) {
        fc_item *it;
        s = run_item(r, worker, how, &one, &it, err);
        if (s)
            return s;
        s = each(ctx, it, err);
        fc_item_free(it);
        if (s)
            return s;
    }
    return s == FC_END ? FC_OK : s;
}

fc_status serve_one_item(struct request *r, int worker, const fc_form_part *file, const struct passage *how,
                         fc_item **out, fc_error *err)
{
    fc_inputs in;
    fc_input one, more = {0};
    fc_status s;

    *out = NULL;
    fc_inputs_open(&in, name_of(file), file->data, file->n);
    s = fc_inputs_next(&in, &one, err);
    if (s)
        return s == FC_END ? fc_fail(err, FC_EEMPTY, "%s: empty", name_of(file)) : s;
    s = fc_inputs_next(&in, &more, err);
    if (s != FC_END) {
        fc_input_clear(&more);
        fc_input_clear(&one);
        return s ? s : fc_fail(err, FC_EDATA, "%s: more than one record, and one is wanted", name_of(file));
    }
    return run_item(r, worker, how, &one, out, err);
}

/* The name for ever: an item's is gone with it. */
static const char *lasting(const char *stage)
{
    static const char *const names[] = {"decode", "detect", "align", "embed", "quality", "output", "enroll"};

    for (size_t i = 0; stage && i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], stage))
            return names[i];
    return "input";
}

void serve_item_fault(const fc_item *it, const char **stage, fc_error *fault)
{
    const json_t *e = json_object_get(it->rec.json, "error");
    const char *code = json_string_value(json_object_get(e, "code")),
               *message = json_string_value(json_object_get(e, "message"));

    *stage = lasting(json_string_value(json_object_get(e, "stage")));
    if (it->failed_here)
        *fault = it->fault;
    else
        fc_fail(fault, fc_status_named(code), "%s", message ? message : "");
}

/* ---- requests ---- */

/* So that the first request finds the models loaded; what is wrong with them was told at the start. */
void serve_begin_worker(void *ctx, int worker)
{
    struct serve *s = ctx;
    const struct request r = {.serve = s};
    fc_image grey = {0};
    fc_error err;
    fc_item *it;
    fc_input in = {.kind = FC_INPUT_BYTES, .path = strdup("")};

    if (in.path && !fc_image_alloc(&grey, 64, 64, &err) && !fc_item_new(&it, &in, FC_FACES_ALL, &err)) {
        it->image = grey;
        grey = (fc_image){0};
        (void)fc_stages_run(r.serve->stages, worker, it, &err);
        fc_item_free(it);
    }
    fc_image_clear(&grey);
    fc_input_clear(&in);
}

static enum MHD_Result add_field(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct request *r = ctx;
    fc_error err;

    (void)kind;
    if (fc_form_add(&r->form, name, value, &err)) {
        fc_reply_fault(&r->reply, "request", &err);
        return MHD_NO;
    }
    return MHD_YES;
}

static fc_status check_fields(const struct request *r, fc_error *err)
{
    char list[200];
    const char *names[16];
    char *rest = list;
    size_t n = 0;

    snprintf(list, sizeof list, "%s%s%s", r->route->files ? r->route->files : "",
             r->route->files && r->route->fields ? "," : "", r->route->fields ? r->route->fields : "");
    for (char *name; (name = strsep(&rest, ",")) && n < 15;)
        if (*name)
            names[n++] = name;
    names[n] = NULL;
    return fc_form_only(&r->form, names, err);
}

static serve_handler *handler_of(fc_route_id id)
{
    switch (id) {
    case FC_ROUTE_DETECT:
        return serve_detect;
    case FC_ROUTE_EMBED:
        return serve_embed;
    case FC_ROUTE_MATCH:
        return serve_match;
    case FC_ROUTE_IDENTIFY:
        return serve_identify;
    case FC_ROUTE_PHOTO_MATCH:
        return serve_photo_match;
    case FC_ROUTE_CACHED_DATA:
        return serve_cached_data;
    case FC_ROUTE_PEOPLE:
    case FC_ROUTE_PERSON:
        return serve_list_people;
    case FC_ROUTE_PHOTOS:
        return serve_list_photos;
    case FC_ROUTE_PERSON_PUT:
        return serve_put_person;
    case FC_ROUTE_PERSON_DELETE:
        return serve_remove_person;
    case FC_ROUTE_ENROLL:
    case FC_ROUTE_PHOTO_ADD:
        return serve_enroll;
    case FC_ROUTE_PHOTO_PUT:
        return serve_replace_photo;
    case FC_ROUTE_PHOTO_DELETE:
        return serve_remove_photo;
    default:
        return NULL;
    }
}

/* Whether it is the gallery that is at fault, and nothing that the client sent. */
static bool is_own_fault(const struct request *r, const char *stage, fc_status s)
{
    if (r->own_fault || (strcmp(stage, "gallery") != 0 && strcmp(stage, "enroll") != 0))
        return r->own_fault;
    return s == FC_EIO || s == FC_EEMPTY || s == FC_EFORMAT || s == FC_ETRUNCATED || s == FC_ECORRUPT ||
           s == FC_EUNSUPPORTED || s == FC_ECONTRACT;
}

static void answer_fault(struct request *r, const char *stage, const fc_error *fault)
{
    if (!is_own_fault(r, stage, fault->status)) {
        fc_reply_fault(&r->reply, stage, fault);
        return;
    }
    fc_reply_fail(&r->reply, fc_reply_status_own(fault->status), stage, fc_status_name(fault->status),
                  fault->message);
    say("%s", fault->message);
}

static void do_request(struct request *r, int worker)
{
    struct serve *s = r->serve;
    const char *type = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Type"),
               *stage = "request";
    serve_handler *handler = handler_of(r->route->id);
    fc_error err;
    fc_status st = fc_form_parse(&r->form, type, r->body, r->n, &s->limits, &err);

    if (!st) {
        MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, add_field, r);
        if (r->reply.status)
            return;
        st = check_fields(r, &err);
    }
    if (!st && handler)
        st = handler(r, worker, &stage, &err);
    if (st)
        answer_fault(r, stage, &err);
    else if (!r->reply.status)
        fc_reply_fail(&r->reply, 404, "request", "missing", "nothing is there");
}

void serve_do_request(void *ctx, int worker, void *job)
{
    struct serve *s = ctx;
    struct request *r = job;

    r->begun = fc_now();
    if (r->begun - r->start > s->args->total_time)
        fc_reply_fail(&r->reply, 503, "request", "busy", "its time was over before a worker was free");
    else
        do_request(r, worker);
    r->ended = fc_now();
    MHD_resume_connection(r->connection); /* r is the other thread's from here on */
}
