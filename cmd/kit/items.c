#include "items.h"

char *record_path_or_end(const fc_record *rec)
{
    char *path;

    if (fc_record_get_path(rec, &path, NULL) == FC_ENOMEM)
        end_without_memory();
    return path;
}

void item_fail_or_end(fc_item *it, const char *where, const fc_error *fault)
{
    if (!fc_item_fail(it, where, fault))
        end_without_memory();
}

void say_nothing_came(const fc_source *in)
{
    const char *message = fc_source_nothing(in);

    if (message)
        say("%s", message);
}

void show_pictures(void *ctx, size_t done)
{
    picture_progress *p = ctx;

    if (!progress_due(&p->shown))
        return;
    const double rate = (double)done / (p->shown.shown - p->shown.start);
    if (p->all)
        progress_show("%zu of %zu pictures, %.0f/s", done, p->all, rate);
    else
        progress_show("%zu pictures, %.0f/s", done, rate);
}
