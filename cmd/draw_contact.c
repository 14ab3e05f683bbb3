#include "draw.h"

#include "base/error.h"
#include "items.h"
#include "plot/contact.h"
#include "plot/sheet.h"
#include "say.h"

static fc_status take_input(fc_contact *c, const fc_input *in, bool quiet, size_t *failed, fc_error *err)
{
    fc_record rec;
    bool one_of_many;
    fc_status s;

    if (in->kind != FC_INPUT_LINE)
        return fc_input_no_records(in, "fc-cluster makes them", err);
    s = fc_sheet_read(&rec, &one_of_many, (char *)in->data.data, in->data.n, in->path, in->line, err);
    if (s)
        return s;
    if (fc_record_is_error(&rec)) {
        ++*failed;
        if (!quiet)
            say("%s", json_string_value(json_object_get(json_object_get(rec.json, "error"), "message")));
    } else {
        s = fc_contact_add(c, &rec, err);
    }
    fc_record_clear(&rec);
    return s;
}

static fc_status take_all(fc_contact *c, char **operands, int n, bool quiet, size_t *failed, fc_error *err)
{
    static const fc_source_options plain;
    fc_source *in;
    fc_input one;
    fc_status s = fc_source_open(&in, &plain, operands, n, err);

    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = take_input(c, &one, quiet, failed, err);
        fc_input_clear(&one);
    }
    if (s == FC_END && !quiet)
        say_nothing_came(in);
    fc_source_close(in);
    return s == FC_END ? FC_OK : s;
}

fc_status draw_contact(const struct contact_args *a, char **operands, int n, bool quiet, size_t *failed,
                       fc_error *err)
{
    const fc_contact_options opt = {
        .people = (size_t)a->people, .each = (size_t)a->each, .decoding = a->decoding};
    fc_contact *c = NULL;
    fc_canvas *page = NULL;
    fc_page_format format;
    size_t absent = 0;
    fc_status s = fc_page_format_of(&format, a->output, err);

    if (!s)
        s = fc_contact_new(&c, &opt, err);
    if (!s)
        s = take_all(c, operands, n, quiet, failed, err);
    if (!s && !fc_contact_faces(c))
        s = fc_fail(err, FC_EEMPTY, "no faces to put on a sheet");
    if (!s)
        s = fc_contact_draw(c, &page, format, &absent, err);
    if (!s)
        s = fc_canvas_save(page, a->output, err);
    if (!s && absent && !quiet)
        say("%s: %zu faces could not be drawn, and why stands in their places", a->output, absent);
    *failed += absent;
    fc_contact_free(c);
    return s;
}
