#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "answer_gallery.h"
#include "base/error.h"
#include "base/json.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "facecheck.h"
#include "gallery_commands.h"
#include "output.h"

fc_status print_line(json_t *o, fc_error *err)
{
    fc_record line = {o};
    fc_status s = o ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);

    fc_record_clear(&line);
    return s;
}

/* JSON can be printed as it is, unless a string in it has what is not to be shown; then it is spelt out. */
static fc_status put_meta(const char *meta, fc_error *err)
{
    char *shown = fc_text_escape(meta, strlen(meta)), *spelt = NULL;
    json_t *o = NULL;

    if (shown && strstr(shown, "\\x"))
        (void)fc_json_read(&o, meta, strlen(meta), 0, FC_RECORD_MAX_MEMORY, NULL, NULL);
    if (o)
        spelt = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (shown)
        printf("%s\n", spelt ? spelt : o ? "{}" : meta);
    free(spelt);
    json_decref(o);
    const bool ok = shown != NULL;
    free(shown);
    return ok ? FC_OK : fc_fail_nomem(err, strlen(meta) + 1);
}

static fc_status list_person(void *ctx, const fc_subject *s, fc_error *err)
{
    json_t *line;
    fc_status st;

    (void)ctx;
    if (args.format != FORMAT_JSON) {
        fc_text_put(stdout, s->name, strlen(s->name));
        printf("\t%llu\t%llu\t", (unsigned long long)s->photos, (unsigned long long)s->views);
        return put_meta(s->meta, err);
    }
    st = answer_person(&line, s, err);
    return st ? st : print_line(line, err);
}

fc_status run_list(fc_gallery *g, char **operand, int n, fc_error *err)
{
    (void)operand, (void)n;
    if (args.format != FORMAT_JSON)
        puts("id\tphotos\tviews\tmeta");
    return fc_gallery_each_subject(g, true, list_person, NULL, err);
}

static fc_status show_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    const char *name = ctx;
    json_t *line;
    char *source;
    fc_status st;

    if (args.format != FORMAT_JSON) {
        source = fc_text_escape(s->source, strlen(s->source));
        if (!source)
            return fc_fail_nomem(err, 0);
        fc_text_put(stdout, name, strlen(name));
        printf("\t%lld\t%s\t%d\t%d", (long long)s->id, source, s->face, s->view);
        put_number(s->quality);
        putchar('\n');
        free(source);
        return FC_OK;
    }
    st = answer_sample(&line, name, s, err);
    return st ? st : print_line(line, err);
}

fc_status run_show(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_status s = FC_OK;

    if (args.format != FORMAT_JSON)
        puts("id\tsample\tsrc\tface\tview\tquality");
    for (int i = 0; !s && i < n; i++) {
        int64_t id;
        char *normal = NULL;
        s = fc_gallery_find(g, operand[i], &id, err);
        if (!s)
            s = fc_name_normal(&normal, operand[i], err);
        if (!s)
            s = fc_gallery_each_sample(g, id, false, show_sample, normal, err);
        free(normal);
    }
    return s;
}

/* ---- stats ---- */

struct counts {
    uint64_t photos, views;
    uint64_t people_with[3]; /* none, one, two photos */
    uint64_t most;
};

static fc_status count_person(void *ctx, const fc_subject *s, fc_error *err)
{
    struct counts *c = ctx;

    (void)err;
    c->photos += s->photos;
    c->views += s->views;
    if (s->photos < 3)
        c->people_with[s->photos]++;
    if (s->photos > c->most)
        c->most = s->photos;
    return FC_OK;
}

static const char *const index_states[] = {
    [FC_INDEX_NONE] = "none", [FC_INDEX_FRESH] = "fresh", [FC_INDEX_STALE] = "stale"};

fc_status run_stats(fc_gallery *g, char **operand, int n, fc_error *err)
{
    struct counts c = {0};
    fc_gallery_info info;
    fc_index_use index = FC_INDEX_NONE;
    char state[2 * sizeof info.state + 1];
    struct stat st;
    fc_calibration *calibration = NULL;
    fc_status s = fc_gallery_get_info(g, &info, err);

    (void)operand, (void)n;
    if (!s)
        s = fc_gallery_get_calibration(g, &calibration, err);
    if (!s)
        s = fc_gallery_each_subject(g, true, count_person, &c, err);
    if (!s)
        s = fc_index_state(g, false, &index, err);
    if (s) {
        free(calibration);
        return s;
    }
    sodium_bin2hex(state, sizeof state, info.state, sizeof info.state);
    json_t *o =
        json_pack("{s:i,s:s,s:I,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:I,s:s}", "v", 1, "contract",
                  info.contract, "dim", (json_int_t)info.dim, "sealed", fc_gallery_sealed(g), "people",
                  (json_int_t)info.subjects, "photos", (json_int_t)c.photos, "views", (json_int_t)c.views,
                  "without_photo", (json_int_t)c.people_with[0], "one_photo", (json_int_t)c.people_with[1],
                  "two_photos", (json_int_t)c.people_with[2], "most_photos", (json_int_t)c.most, "bytes",
                  stat(args.gallery.path, &st) ? (json_int_t)0 : (json_int_t)st.st_size, "index",
                  index_states[index], "commits", (json_int_t)info.commits, "state", state);
    if (o)
        json_object_set_new(o, "calibration",
                            calibration ? calibration_json(calibration, calibration->fpir) : json_null());
    free(calibration);
    if (args.format == FORMAT_JSON || !o)
        return print_line(o, err);
    const char *key;
    json_t *v;
    json_object_foreach(o, key, v)
    {
        char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        const bool quoted = json_is_string(v);
        if (text && strcmp(key, "v")) {
            printf("%-14s ", key);
            fc_text_put(stdout, quoted ? json_string_value(v) : text,
                        quoted ? json_string_length(v) : strlen(text));
            putchar('\n');
        }
        free(text);
    }
    json_decref(o);
    return FC_OK;
}
