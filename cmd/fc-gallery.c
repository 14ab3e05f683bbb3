/* fc-gallery: who is in a gallery. */
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alike.h"
#include "base/error.h"
#include "base/json.h"
#include "pipeline/record.h"
#include "base/text.h"
#include "models.h"
#include "items.h"
#include "gallery.h"
#include "gallery_doubts.h"
#include "gallery_export.h"
#include "gallery/index.h"
#include "output.h"
#include "match/name.h"
#include "say.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_NPY, FORMAT_TSV };
static const char *const formats[] = {"text", "json", "npy", "tsv", NULL};

static struct args {
    struct gallery_args gallery;
    const char *output, *models;
    int format;
    bool purge, samples, photos, seal, plain, quiet;
} args;

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"format", 'f', OPTION_CHOICE, .arg = "FORMAT", .at = AT(format), .choices = formats,
     .help = "of list, show and stats: text or json (an object a line) (text); of export: json (records), "
             "npy (an "
             "array for NumPy, and a list of its rows) or tsv (json)"},
    {"output", 'o', OPTION_OUTPUT, .arg = "FILE", .at = AT(output),
     .help = "export -f npy: the array's file; the list goes to FILE with .ids in place of .npy"},
    {"purge", .at = AT(purge), .help = "rm: wipe what was removed, now and before, out of the files"},
    {"samples", .at = AT(samples), .help = "rm: the operands are numbers of samples, as show has them"},
    {"photos", .at = AT(photos), .help = "check: warn about few, similar and doubtful photos too"},
    {"models", .kind = OPTION_DIR, .arg = "DIR", .at = AT(models), .env = "FACECHECK_MODELS",
     .help = "check --photos: look for the model, for its threshold, in DIR before the usual folders"},
    {"seal", .at = AT(seal), .help = "import: make a gallery that keeps embeddings encrypted"},
    {"plain", .at = AT(plain), .help = "export: " PLAIN_HELP},
    {"quiet", 'q', .at = AT(quiet), .help = "import: do not say how many samples there were"},
    {0},
};

static const option_group groups[] = {
    {"Options", own_options, &args},
    {"Gallery", gallery_options, &args.gallery},
    {"Sealed galleries", key_options, &args.gallery},
    {0},
};

static const char *const command_names[] = {"list",   "show",  "rename", "rm",    "merge",   "export",
                                            "import", "check", "stats",  "index", "upgrade", NULL};

static const program self = {
    .name = "fc-gallery",
    .summary = "List, change, check, export and import galleries.",
    .operands =
        "list | show NAME... | rename NAME NEW | rm NAME... | merge NAME OTHER... | export [NAME]... | "
        "import [FILE|-]... | check | stats | index | upgrade",
    .operand = OPTION_FILE,
    .commands = command_names,
    .groups = groups,
};

/* Takes the line. */
static fc_status write_line(json_t *o, fc_error *err)
{
    fc_record line = {o};
    fc_status s = o ? fc_record_write(&line, stdout, err) : fc_fail_nomem(err, 0);

    fc_record_clear(&line);
    return s;
}

/* ---- list and show ---- */

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
    json_t *meta;

    (void)ctx;
    if (args.format != FORMAT_JSON) {
        fc_text_put(stdout, s->name, strlen(s->name));
        printf("\t%llu\t%llu\t", (unsigned long long)s->photos, (unsigned long long)s->views);
        return put_meta(s->meta, err);
    }
    if (fc_json_read(&meta, s->meta, strlen(s->meta), 0, FC_RECORD_MAX_MEMORY, NULL, err) == FC_ENOMEM)
        return FC_ENOMEM;
    return write_line(json_pack("{s:i,s:s,s:I,s:I,s:o}", "v", 1, "id", s->name, "photos",
                                (json_int_t)s->photos, "views", (json_int_t)s->views, "meta",
                                meta ? meta : json_object()),
                      err);
}

static fc_status run_list(fc_gallery *g, char **operand, int n, fc_error *err)
{
    (void)operand, (void)n;
    if (args.format != FORMAT_JSON)
        puts("id\tphotos\tviews\tmeta");
    return fc_gallery_each_subject(g, true, list_person, NULL, err);
}

static fc_status show_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    const char *name = ctx;
    fc_record rec;
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
    st = fc_record_new(&rec, s->source, err);
    if (st)
        return st;
    json_object_set_new(rec.json, "id", json_string(name));
    json_object_set_new(rec.json, "sample", json_integer(s->id));
    json_object_set_new(rec.json, "face", json_integer(s->face));
    json_object_set_new(rec.json, "view", json_integer(s->view));
    if (!isnan(s->quality))
        json_object_set_new(rec.json, "quality", json_real(s->quality));
    return write_line(rec.json, err);
}

static fc_status run_show(fc_gallery *g, char **operand, int n, fc_error *err)
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

/* ---- changes: each command is one transaction ---- */

/* What is named twice is gone the second time, and the message would be about that. */
static fc_status check_twice(char **operand, int n, fc_error *err)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(operand[i], operand[k]))
                return fc_fail(err, FC_EUSAGE, "'%s' is given twice", operand[i]);
    return FC_OK;
}

static fc_status run_rename(fc_gallery *g, char **operand, int n, fc_error *err)
{
    int64_t id;
    touched renamed = {0};
    fc_status s = fc_gallery_find(g, operand[0], &id, err);

    (void)n;
    if (!s)
        s = fc_gallery_rename(g, id, operand[1], err);
    if (!s)
        s = touched_add(&renamed, id, err);
    if (!s)
        s = alike_warn_in(g, &renamed, err);
    touched_clear(&renamed);
    return s;
}

static fc_status remove_one(fc_gallery *g, const char *word, fc_error *err)
{
    char *end;
    int64_t id;
    fc_status s;

    if (args.samples) {
        errno = 0;
        id = strtoll(word, &end, 10);
        if (errno || end == word || *end || *word == ' ' || id < 1)
            return fc_fail(err, FC_EUSAGE, "--samples: want a number, got '%s'", word);
        return fc_gallery_remove_sample(g, id, err);
    }
    s = fc_gallery_find(g, word, &id, err);
    return s ? s : fc_gallery_remove(g, id, err);
}

static fc_status run_rm(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_status s = FC_OK;

    if (n == 0 && !args.purge)
        return fc_fail(err, FC_EUSAGE, "rm: whom?");
    s = check_twice(operand, n, err);
    if (s)
        return s;
    if (n > 0)
        s = fc_gallery_begin(g, true, err);
    for (int i = 0; !s && i < n; i++)
        s = remove_one(g, operand[i], err);
    if (n > 0 && s)
        fc_gallery_rollback(g);
    else if (n > 0)
        s = fc_gallery_commit(g, err);
    return s || !args.purge ? s : fc_index_purge(g, err);
}

static fc_status run_merge(fc_gallery *g, char **operand, int n, fc_error *err)
{
    int64_t into, from;
    fc_status s = check_twice(operand + 1, n - 1, err);

    if (!s)
        s = fc_gallery_begin(g, true, err);
    if (s)
        return s;
    s = fc_gallery_find(g, operand[0], &into, err);
    for (int i = 1; !s && i < n; i++) {
        s = fc_gallery_find(g, operand[i], &from, err);
        if (!s)
            s = fc_gallery_merge(g, into, from, err);
    }
    if (!s)
        return fc_gallery_commit(g, err);
    fc_gallery_rollback(g);
    return s;
}

/* ---- out and in ---- */

static fc_status run_export(fc_gallery *g, char **operand, int n, fc_error *err)
{
    const export_format format = args.format == FORMAT_NPY   ? EXPORT_NPY
                                 : args.format == FORMAT_TSV ? EXPORT_TSV
                                                             : EXPORT_RECORDS;

    if ((format == EXPORT_NPY) != (args.output != NULL))
        return fc_fail(err, FC_EUSAGE, format == EXPORT_NPY ? "-f npy: wants -o FILE" : "-o: wants -f npy");
    fc_status s = args.output ? npy_outputs(&self, args.output, operand, n, err) : FC_OK;
    if (!s && format != EXPORT_TSV) /* which has no embeddings */
        s = gallery_may_leave(g, args.plain, "what is exported", err);
    return s ? s : gallery_export(g, format, args.output, operand, n, err);
}

static fc_status run_import(fc_gallery *g, char **operand, int n, fc_error *err)
{
    static const fc_source_options plain;
    fc_source *in;
    size_t added = 0, known = 0;
    fc_status s = fc_source_open(&in, &plain, operand, n, err);

    if (!s)
        s = gallery_import(g, in, &added, &known, err);
    if (!s)
        say_nothing_came(in);
    fc_source_close(in);
    if (!s)
        note("%zu samples imported, %zu known already", added, known);
    return s;
}

/* ---- check, stats, index ---- */

static bool has_key(void)
{
    return args.gallery.key_file || args.gallery.key_command;
}

static fc_status run_check(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_gallery_info info;
    fc_index_use index = FC_INDEX_NONE;
    double threshold;
    size_t doubts;
    fc_status s = fc_gallery_check(g, err);

    (void)operand, (void)n;
    if (!s)
        s = fc_index_state(g, true, &index, err);
    if (!s)
        s = fc_gallery_get_info(g, &info, err);
    if (s)
        return s;
    printf("%s: sound%s: %llu people, %llu samples%s\n", args.gallery.path,
           fc_gallery_sealed(g) && !has_key() ? " as far as can be told without the key" : "",
           (unsigned long long)info.subjects, (unsigned long long)info.samples,
           index == FC_INDEX_FRESH   ? ", and the index"
           : index == FC_INDEX_STALE ? "; the index is stale"
                                     : "");
    if ((s = alike_warn_in(g, NULL, err)))
        return s;
    if (!args.photos)
        return FC_OK;
    s = models_threshold(&threshold, info.contract, args.models, err);
    return s ? s : gallery_doubts(g, NULL, 0, threshold, &doubts, err);
}

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

static fc_status run_stats(fc_gallery *g, char **operand, int n, fc_error *err)
{
    struct counts c = {0};
    fc_gallery_info info;
    fc_index_use index = FC_INDEX_NONE;
    char state[2 * sizeof info.state + 1];
    struct stat st;
    fc_status s = fc_gallery_get_info(g, &info, err);

    (void)operand, (void)n;
    if (!s)
        s = fc_gallery_each_subject(g, true, count_person, &c, err);
    if (!s)
        s = fc_index_state(g, false, &index, err);
    if (s)
        return s;
    sodium_bin2hex(state, sizeof state, info.state, sizeof info.state);
    json_t *o =
        json_pack("{s:i,s:s,s:I,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:I,s:s}", "v", 1, "contract",
                  info.contract, "dim", (json_int_t)info.dim, "sealed", fc_gallery_sealed(g), "people",
                  (json_int_t)info.subjects, "photos", (json_int_t)c.photos, "views", (json_int_t)c.views,
                  "without_photo", (json_int_t)c.people_with[0], "one_photo", (json_int_t)c.people_with[1],
                  "two_photos", (json_int_t)c.people_with[2], "most_photos", (json_int_t)c.most, "bytes",
                  stat(args.gallery.path, &st) ? (json_int_t)0 : (json_int_t)st.st_size, "index",
                  index_states[index], "commits", (json_int_t)info.commits, "state", state);
    if (args.format == FORMAT_JSON || !o)
        return write_line(o, err);
    const char *key;
    json_t *v;
    json_object_foreach(o, key, v)
    {
        char *text = json_dumps(v, JSON_ENCODE_ANY);
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

static fc_status run_index(fc_gallery *g, char **operand, int n, fc_error *err)
{
    (void)operand, (void)n;
    return fc_index_build(g, err);
}

/* It opens the gallery in its own way. */
static fc_status run_upgrade(fc_gallery *g, char **operand, int n, fc_error *err)
{
    fc_secret *secret;
    fc_status s = gallery_secret(&secret, &args.gallery, err);

    (void)g, (void)operand, (void)n;
    if (!s)
        s = fc_gallery_upgrade(args.gallery.path, secret, err);
    fc_secret_free(secret);
    return s;
}

/* ---- commands ---- */

static const struct command {
    const char *name, *operands;
    fc_gallery_mode mode;
    int least, most;  /* operands; most -1: any number */
    unsigned formats; /* allowed, by bits */
    fc_status (*run)(fc_gallery *g, char **operand, int n, fc_error *err);
} commands[] = {
    {"list", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT | 1 << FORMAT_JSON, run_list},
    {"show", "NAME...", FC_GALLERY_READ, 1, -1, 1 << FORMAT_TEXT | 1 << FORMAT_JSON, run_show},
    {"rename", "NAME NEW", FC_GALLERY_WRITE, 2, 2, 1 << FORMAT_TEXT, run_rename},
    {"rm", "NAME...", FC_GALLERY_WRITE, 0, -1, 1 << FORMAT_TEXT, run_rm},
    {"merge", "NAME OTHER...", FC_GALLERY_WRITE, 2, -1, 1 << FORMAT_TEXT, run_merge},
    {"export", "[NAME]...", FC_GALLERY_READ, 0, -1,
     1 << FORMAT_TEXT | 1 << FORMAT_JSON | 1 << FORMAT_NPY | 1 << FORMAT_TSV, run_export},
    {"import", "[FILE|-]...", FC_GALLERY_CREATE, 0, -1, 1 << FORMAT_TEXT, run_import},
    {"check", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT, run_check},
    {"stats", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT | 1 << FORMAT_JSON, run_stats},
    {"index", "no operands", FC_GALLERY_READ, 0, 0, 1 << FORMAT_TEXT, run_index},
    {"upgrade", "no operands", FC_GALLERY_WRITE, 0, 0, 1 << FORMAT_TEXT, run_upgrade},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };

static fc_status find_command(const struct command **out, char **operand, int n, fc_error *err)
{
    for (size_t i = 0; n > 0 && i < NCOMMANDS; i++) {
        const struct command *c = &commands[i];
        if (strcmp(operand[0], c->name))
            continue;
        if (n - 1 < c->least || (c->most >= 0 && n - 1 > c->most))
            return fc_fail(err, FC_EUSAGE, "%s: wants %s", c->name, c->operands);
        if (!(c->formats & 1u << args.format))
            return fc_fail(err, FC_EUSAGE, "%s: has no format '%s'", c->name, formats[args.format]);
        *out = c;
        return FC_OK;
    }
    return no_such_command(&self, n ? operand[0] : NULL, err);
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);
    const struct command *c = NULL;
    fc_gallery *g = NULL;
    fc_error err;
    int code = EXIT_DONE;

    be_quiet(args.quiet);
    if (find_command(&c, argv, n, &err) ||
        (c->run != run_upgrade && gallery_open(&g, &args.gallery, c->mode, args.seal, &err)) ||
        c->run(g, argv + 1, n - 1, &err))
        code = program_error(&self, &err);
    fc_gallery_free(g);
    return close_stdout(code);
}
