#include "items.h"

#include <ctype.h>
#include <stdio.h>

#include "output.h"

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

void put_stem(char out[STEM_SIZE], const char *base, size_t n, const char *hex)
{
    n = n > STEM ? STEM : n;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)base[i];
        const bool safe = (c < 128 && isalnum(c)) || c == '_' || ((c == '.' || c == '-') && i > 0);
        out[i] = safe ? (char)c : '_';
    }
    snprintf(out + n, STEM_SIZE - n, "-%.*s", STEM_HASH, hex);
}

void copy_path(json_t *o, const char *key, const json_t *rec)
{
    char b64[32];

    snprintf(b64, sizeof b64, "%s_b64", key);
    if (json_object_get(rec, "src"))
        json_object_set(o, key, json_object_get(rec, "src"));
    else if (json_object_get(rec, "src_b64"))
        json_object_set(o, b64, json_object_get(rec, "src_b64"));
}

/* Of a frame of a video: which one. */
static void copy_frame(json_t *o, const json_t *rec)
{
    static const char *const kept[] = {"frame", "pts", "time", "dropped", "camera"};

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(rec, kept[i]))
            json_object_set(o, kept[i], json_object_get(rec, kept[i]));
}

void copy_picture(json_t *o, const char *key, const json_t *rec)
{
    copy_path(o, key, rec);
    copy_frame(o, rec);
}

void frame_columns(char out[FRAME_TEXT], const fc_record *rec)
{
    const json_t *frame = json_object_get(rec->json, "frame"), *pts = json_object_get(rec->json, "pts");
    char number[24] = "", seconds[FC_NUMBER_SIZE] = "";

    if (frame)
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(frame));
    if (json_is_number(pts))
        fc_text_number(seconds, json_number_value(pts));
    snprintf(out, FRAME_TEXT, "\t%s\t%s", number, seconds);
}

void put_frame(const fc_record *rec)
{
    char columns[FRAME_TEXT];

    frame_columns(columns, rec);
    fputs(columns, stdout);
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
