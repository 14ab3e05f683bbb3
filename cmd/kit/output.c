#include "output.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "items.h"
#include "say.h"

static void fail_output(fc_item *it, const fc_error *why)
{
    char *path = fc_record_display_path(&it->rec);
    fc_error named;

    fc_fail(&named, why->status, "%s: %s (--max-faces)", path ? path : it->in.path, why->message);
    free(path);
    item_fail_or_end(it, "output", &named);
}

fc_status finish_json(void *ctx, fc_item *it, fc_error *err)
{
    fc_error fault;
    fc_status s = fc_record_text(&it->rec, &it->text, &it->text_size, &fault);

    (void)ctx;
    if (s == FC_ELIMIT) {
        fail_output(it, &fault);
        s = fc_record_text(&it->rec, &it->text, &it->text_size, &fault);
    }
    if (s)
        return fc_fail(err, s, "%s", fault.message);
    fc_record_clear(&it->rec); /* the line may wait for others to be written */
    return FC_OK;
}

fc_status emit_json(void *ctx, fc_item *it, fc_error *err)
{
    (void)ctx;
    if (fwrite(it->text, 1, it->text_size, stdout) != it->text_size)
        return fc_fail_errno(err, "stdout");
    return FC_OK;
}

void say_old_fault(const fc_item *it, bool quiet)
{
    const json_t *e = json_object_get(it->rec.json, "error");

    if (it->failed && !it->failed_here && !quiet)
        say("%s", json_string_value(json_object_get(e, "message")));
}

void put_number(double v)
{
    char text[FC_NUMBER_SIZE] = "";

    if (isfinite(v))
        fc_text_number(text, v);
    printf("\t%s", text);
}

void put_text(const char *s)
{
    printf("\t%s", s);
}

void put_shown(const char *s)
{
    putchar('\t');
    fc_text_put(stdout, s, strlen(s));
}
