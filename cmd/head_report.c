#include "head.h"

#include <math.h>

#include "base/error.h"
#include "pipeline/record.h"

static json_t *share(size_t part, size_t all)
{
    return all ? json_real(fc_decimal((double)part / (double)all)) : json_null();
}

static json_t *figure(double v)
{
    return isnan(v) ? json_null() : json_real(fc_decimal(v));
}

fc_status head_print_json(const fc_head *h, const fc_head_report *r, fc_error *err)
{
    const fc_head_facts *f = fc_head_get_facts(h);
    json_t *o =
        json_pack("{s:i,s:s,s:s,s:I,s:I,s:I,s:b}", "v", 1, "type", fc_head_type_name(f->type), "contract",
                  f->contract, "people", (json_int_t)r->people, "samples", (json_int_t)r->samples, "photos",
                  (json_int_t)r->photos, "background", f->background);
    fc_record line = {o};

    json_object_set_new(o, "settings", json_loads(f->settings, 0, NULL));
    json_object_set_new(o, "tested", json_integer((json_int_t)r->tested));
    json_object_set_new(o, "accuracy", share(r->right, r->tested));
    json_object_set_new(o, "held_out", json_integer((json_int_t)r->held_out));
    json_object_set_new(o, "held_out_accuracy", figure(r->course.held.accuracy));
    json_object_set_new(o, "held_out_loss", r->held_out ? figure(r->course.held.loss) : json_null());
    json_object_set_new(o, "epochs", json_integer((json_int_t)r->course.epochs));
    json_object_set_new(o, "stopped", *r->course.stopped ? json_string(r->course.stopped) : json_null());
    json_object_set_new(o, "asked_before", json_integer((json_int_t)r->asked));
    json_object_set_new(o, "changed", share(r->changed, r->asked));
    const fc_status s = fc_record_write(&line, stdout, err);
    fc_record_clear(&line);
    return s;
}

void head_print_text(const fc_head *h, const fc_head_report *r)
{
    const fc_head_facts *f = fc_head_get_facts(h);

    printf("%s: %zu photos (%zu samples) of %zu people%s\n", fc_head_type_name(f->type), r->photos,
           r->samples, r->people, f->background ? ", and strangers" : "");
    if (r->tested)
        printf("leave-one-out: %zu of %zu right (%.2f %%)\n", r->right, r->tested,
               100 * (double)r->right / (double)r->tested);
    if (r->held_out)
        printf("held out: %zu photos, %.2f %% right, loss %.4f, best after %zu epochs\n", r->held_out,
               100 * r->course.held.accuracy, r->course.held.loss, r->course.epochs);
    else if (r->course.epochs)
        printf("%zu epochs; nobody has three photos, of which one could be held out\n", r->course.epochs);
    if (r->asked)
        printf("of %zu samples of people known before %zu get another answer (%.2f %%)\n", r->asked,
               r->changed, 100 * (double)r->changed / (double)r->asked);
}
