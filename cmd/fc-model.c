/* fc-model: what models there are, what is in them, and where to get them. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/text.h"
#include "models/arch.h"
#include "models/import.h"
#include "models/pull.h"
#include "models/registry.h"
#include "models.h"
#include "options.h"
#include "say.h"

enum format { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};
static const char *const commands[] = {"list", "info", "verify", "import", "pull", NULL};

static struct args {
    const char *models, *output;
    int format;
    int timeout;
    bool force, quiet;
} args;

#define AT(field) offsetof(struct args, field)
static const option own_options[] = {
    {"format", 'f', OPTION_CHOICE, .arg = "FORMAT", .at = AT(format), .choices = formats,
     .help = "of list and info: text or json (an object a line) (text)"},
    {"output", 'o', OPTION_OUTPUT, .arg = "FILE", .at = AT(output),
     .help = "import: the safetensors file to write"},
    {"force", .at = AT(force), .help = "pull: fetch the model again, though it is installed"},
    {"timeout", .kind = OPTION_INT, .arg = "SECONDS", .at = AT(timeout), .min = 1, .max = 3600,
     .help = "pull: give up a server that sends less than 1 kB/s for so long (60)"},
    {"quiet", 'q', .at = AT(quiet), .help = "no notes and no progress, errors alone"},
    {"models", .kind = OPTION_DIR, .arg = "DIR", .at = AT(models), .env = "FACECHECK_MODELS",
     .help = "look for models in DIR before the usual folders"},
    {0},
};

static const option_group groups[] = {{"Options", own_options, &args}, {0}};

static const program self = {
    .name = "fc-model",
    .summary = "List, show, verify, import and fetch models.",
    .operands = "list | info NAME|FILE... | verify [NAME|FILE]... | import FILE -o FILE | pull NAME...",
    .operand = OPTION_FILE,
    .commands = commands,
    .groups = groups,
};

static int wrong_usage(fc_error *err, const char *command, const char *want)
{
    fc_fail(err, FC_EUSAGE, "%s: %s", command, want);
    return program_error(&self, err);
}

/* ---- a model by name or by file --------------------------------------------------------------------- */

typedef struct subject {
    const fc_model *model; /* NULL: a file without a description */
    fc_model *own;         /* owned; model, when it was read from beside a file */
    const char *path;      /* of the file */
} subject;

/* A word with a slash or of a file that is there, and of no model's name, is a file. */
static fc_status find_subject(subject *out, const fc_models *m, const char *word, fc_error *err)
{
    fc_error none;
    fc_status s;

    *out = (subject){.model = strchr(word, '/') ? NULL : fc_models_find(m, word), .path = word};
    if (out->model) {
        out->path = out->model->path;
        return FC_OK;
    }
    if (!strchr(word, '/') && access(word, F_OK))
        return fc_models_get(&out->model, m, word, err);
    s = fc_model_describe_file(&out->own, word, &none);
    if (s == FC_EMISSING) /* no YAML; that the file is not there is told when it is read */
        return FC_OK;
    if (s)
        return fc_fail(err, s, "%s", none.message);
    out->model = out->own;
    return FC_OK;
}

/* ---- list and info ---------------------------------------------------------------------------------- */

/* NULL where the text is NULL or, which JSON cannot hold, not UTF-8. */
static void set_text(json_t *o, const char *key, const char *text)
{
    if (text)
        json_object_set_new(o, key, json_string(text));
}

static void set_real(json_t *o, const char *key, double v)
{
    if (!isnan(v))
        json_object_set_new(o, key, json_real(v));
}

static json_t *rgb(const double v[3])
{
    return v[0] == v[1] && v[1] == v[2] ? json_real(v[0]) : json_pack("[f,f,f]", v[0], v[1], v[2]);
}

/* What the description says; keys in the order in which they are shown. */
static void describe(json_t *o, const fc_model *m)
{
    char contract[160];

    set_text(o, "name", m->name);
    set_text(o, "architecture", m->arch);
    set_text(o, "task", m->task);
    if (m->input)
        json_object_set_new(o, "input", json_integer(m->input));
    if (!strcmp(m->task, "embed")) {
        bool box = m->alignment.mode == FC_ALIGN_BOX;
        set_text(o, "alignment", box ? "box" : "five-point");
        if (box)
            json_object_set_new(o, "margin", json_integer(m->alignment.margin));
    }
    json_object_set_new(o, "mean", rgb(m->mean));
    json_object_set_new(o, "scale", rgb(m->scale));
    if (m->dim)
        json_object_set_new(o, "dim", json_integer(m->dim));
    set_real(o, "threshold", m->threshold);
    set_text(o, "threshold_meaning", m->threshold_meaning);
    set_real(o, "lfw_fp32", m->lfw_fp32);
    set_real(o, "lfw_bf16", m->lfw_bf16);
    set_real(o, "bf16_similarity", m->bf16_similarity);
    if (!strcmp(m->task, "embed") && !fc_model_contract(contract, sizeof contract, m, false, NULL))
        set_text(o, "contract", contract);
    if (!strcmp(m->task, "embed") && !fc_model_contract(contract, sizeof contract, m, true, NULL))
        set_text(o, "contract_flip", contract);
    set_text(o, "licence", m->source.licence);
    set_text(o, "source", m->source.package);
    set_text(o, "source_version", m->source.version);
    set_text(o, "source_file", m->source.file);
    set_text(o, "source_sha256", m->source.sha256);
    set_text(o, "url", m->source.url);
}

/* What the file holds. */
static fc_status inspect(json_t *o, const subject *x, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    struct stat st;
    fc_weights *w = NULL;
    size_t count = 0;
    fc_status s;

    if (stat(x->path, &st))
        return fc_fail_errno(err, x->path);
    s = x->model && !x->own ? fc_model_weights(&w, x->model, err) : fc_import(&w, x->path, err);
    if (!s)
        s = fc_sha256_file(hex, x->path, err);
    if (!s && x->own && strcmp(x->own->sha256, hex))
        s = fc_fail(err, FC_EHASH, "%s: its SHA-256 is %s, recorded is %s", x->path, hex, x->own->sha256);
    const char *arch = NULL;
    if (!s && !json_object_get(o, "architecture"))
        s = fc_arch_of(&arch, w, err);
    if (s)
        goto out;
    set_text(o, "architecture", arch);
    set_text(o, "sha256", hex);
    json_object_set_new(o, "bytes", json_integer(st.st_size));
    json_t *list = json_array();
    for (size_t i = 0; i < fc_weights_count(w); i++) {
        const fc_tensor *t = fc_weights_at(w, i);
        json_t *shape = json_array();
        for (int d = 0; d < t->rank; d++)
            json_array_append_new(shape, json_integer((json_int_t)t->dim[d]));
        json_array_append_new(list, json_pack("{s:s,s:s,s:o}", "name", t->name, "dtype",
                                              fc_dtype_name(t->dtype), "shape", shape));
        count += t->count;
    }
    json_object_set_new(o, "parameters", json_integer((json_int_t)count));
    json_object_set_new(o, "tensors", list);
out:
    fc_weights_free(w);
    return s;
}

static void print_value(const json_t *v)
{
    char number[FC_NUMBER_SIZE];
    size_t i;
    json_t *item;

    if (json_is_array(v)) {
        json_array_foreach(v, i, item)
        {
            fputs(i ? "," : "", stdout);
            print_value(item);
        }
    } else if (json_is_real(v)) {
        fc_text_number(number, json_real_value(v));
        fputs(number, stdout);
    } else if (json_is_integer(v)) {
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_boolean(v)) {
        fputs(json_is_true(v) ? "yes" : "no", stdout);
    } else {
        fc_text_put(stdout, json_string_value(v), json_string_length(v));
    }
}

static void print_tensors(const json_t *list)
{
    size_t i;
    json_t *t;

    json_array_foreach(list, i, t)
    {
        fputs("tensor\t", stdout);
        print_value(json_object_get(t, "name"));
        printf("\t%s\t", json_string_value(json_object_get(t, "dtype")));
        print_value(json_object_get(t, "shape"));
        putchar('\n');
    }
}

/* "KEY TAB VALUE" lines, and a line a tensor. */
static void print_text(json_t *o)
{
    const char *key;
    json_t *v;

    json_object_foreach(o, key, v)
    {
        if (!strcmp(key, "tensors")) {
            print_tensors(v);
            continue;
        }
        fc_text_put(stdout, key, strlen(key));
        putchar('\t');
        print_value(v);
        putchar('\n');
    }
}

static void print_json(const json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
}

static int do_info(const fc_models *m, char **words, int n, fc_error *err)
{
    for (int i = 0; i < n; i++) {
        subject x;
        json_t *o = json_object();
        fc_status s = o ? find_subject(&x, m, words[i], err) : fc_fail_nomem(err, sizeof x);
        if (s) {
            json_decref(o);
            return program_error(&self, err);
        }
        set_text(o, "file", x.path);
        if (x.model) {
            describe(o, x.model);
            json_object_set_new(o, "installed", json_boolean(fc_model_installed(x.model)));
        }
        if (!x.model || fc_model_installed(x.model))
            s = inspect(o, &x, err);
        if (!s && args.format == FORMAT_JSON)
            print_json(o);
        else if (!s)
            print_text(o);
        json_decref(o);
        fc_model_free(x.own);
        if (s)
            return program_error(&self, err);
    }
    return EXIT_DONE;
}

/* A column's text, and a blank. */
static void print_cell(const char *text, int width)
{
    char *shown = fc_text_escape(text ? text : "-", text ? strlen(text) : 1);

    if (!shown)
        end_without_memory();
    printf("%-*s ", width, shown);
    free(shown);
}

static int do_list(const fc_models *m)
{
    if (args.format == FORMAT_TEXT)
        printf("%-24s %-7s %-20s %4s %-10s %s\n", "NAME", "TASK", "ARCHITECTURE", "DIM", "LICENCE", "FILE");
    for (size_t i = 0; i < fc_models_count(m); i++) {
        const fc_model *x = fc_models_at(m, i);
        bool there = fc_model_installed(x);
        if (args.format == FORMAT_JSON) {
            json_t *o = json_object();
            set_text(o, "file", x->path);
            describe(o, x);
            json_object_set_new(o, "installed", json_boolean(there));
            print_json(o);
            json_decref(o);
            continue;
        }
        char dim[16] = "-";
        if (x->dim)
            snprintf(dim, sizeof dim, "%d", x->dim);
        print_cell(x->name, 24);
        print_cell(x->task, 7);
        print_cell(x->arch, 20);
        printf("%4s ", dim);
        print_cell(x->source.licence, 10);
        const char *file = there ? x->path : x->source.url ? "- (pull)" : "- (missing)";
        fc_text_put(stdout, file, strlen(file));
        putchar('\n');
    }
    return EXIT_DONE;
}

/* ---- verify ----------------------------------------------------------------------------------------- */

/* As sha256sum does. */
static void print_hash(const char *hex, const char *name)
{
    printf("%s  ", hex);
    fc_text_put(stdout, name, strlen(name));
    putchar('\n');
}

static void print_fields(const char *name, const char *state, const char *path)
{
    fc_text_put(stdout, name, strlen(name));
    printf("\t%s\t", state);
    fc_text_put(stdout, path, strlen(path));
    putchar('\n');
}

/* EXIT_NO when the file is not what its description says, or not there. */
static int verify_one(const subject *x)
{
    fc_error err;
    fc_status s = FC_OK;

    if (!x->model && access(x->path, F_OK))
        s = fc_fail_errno(&err, x->path);
    else if (!x->model)
        s = fc_fail(&err, FC_EMODEL, "%s: no description of it, so no SHA-256 to compare with", x->path);
    else if (x->model->hashed_here)
        s = fc_fail(&err, FC_EMODEL, "%s: its description states no SHA-256 to compare with", x->path);
    if (!s)
        s = fc_model_verify(x->model, &err);
    if (!s)
        print_fields(x->model->name, "ok", x->path);
    else
        say("%s", err.message);
    return s == FC_OK ? EXIT_DONE : s == FC_EHASH || s == FC_EMISSING ? EXIT_NO : EXIT_BROKEN;
}

static int do_verify(const fc_models *m, char **words, int n, fc_error *err)
{
    int worst = EXIT_DONE;

    for (size_t i = 0; n == 0 && i < fc_models_count(m); i++) {
        subject x = {.model = fc_models_at(m, i), .path = fc_models_at(m, i)->path};
        if (!fc_model_installed(x.model) && x.model->source.url) {
            print_fields(x.model->name, "not installed", "-");
            continue;
        }
        int code = verify_one(&x);
        worst = code > worst ? code : worst;
    }
    for (int i = 0; i < n; i++) {
        subject x;
        if (find_subject(&x, m, words[i], err))
            return program_error(&self, err);
        int code = verify_one(&x);
        worst = code > worst ? code : worst;
        fc_model_free(x.own);
    }
    return worst;
}

/* ---- import and pull -------------------------------------------------------------------------------- */

static int do_import(char **words, int n, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    fc_weights *w = NULL;
    fc_status s;

    if (n != 1)
        return wrong_usage(err, "import", "want one FILE");
    if (!args.output || !strcmp(args.output, "-"))
        return wrong_usage(err, "import", "want -o FILE");
    s = fc_import(&w, words[0], err);
    if (!s)
        s = fc_weights_save(w, args.output, err);
    if (!s)
        s = fc_sha256_file(hex, args.output, err);
    if (!s && !fc_weights_meta(w, "arch"))
        note("%s: the tensors of no network that facecheck knows; names and layout are kept", words[0]);
    fc_weights_free(w);
    if (s)
        return program_error(&self, err);
    print_hash(hex, args.output);
    return EXIT_DONE;
}

typedef struct meter {
    const char *name;
    progress shown;
    bool began;
    uint64_t first; /* bytes that were there when it began */
} meter;

static void show_meter(void *ctx, uint64_t done, uint64_t total)
{
    enum { WIDTH = 30 };
    static const char full[] = "##############################", empty[] = "..............................";
    meter *m = ctx;

    if (!m->began) {
        m->began = true;
        m->first = done;
        m->shown = progress_begin(progress_wanted(args.quiet, false));
    }
    if (!progress_due(&m->shown) && !(m->shown.on && done == total))
        return;
    const double seconds = fc_now() - m->shown.start,
                 rate = seconds > 0 ? (double)(done - m->first) / seconds : 0;
    if (total) {
        int part = (int)((double)WIDTH * (double)done / (double)total);
        progress_show("%s [%.*s%.*s] %3.0f%% of %.1f MB, %.1f MB/s", m->name, part, full, WIDTH - part, empty,
                      100 * (double)done / (double)total, (double)total / 1e6, rate / 1e6);
    } else {
        progress_show("%s %.1f MB, %.1f MB/s", m->name, (double)done / 1e6, rate / 1e6);
    }
}

static fc_status pull_one(const fc_model *x, const char *dir, fc_error *err)
{
    meter m = {.name = x->name};
    fc_pull p = {.model = x, .dir = dir, .stall_seconds = args.timeout, .progress = show_meter, .ctx = &m};
    fc_status s;

    if (!args.force && fc_model_installed(x) && !fc_model_verify(x, NULL)) {
        note("%s is installed: %s", x->name, x->path);
        return FC_OK;
    }
    s = fc_pull_run(&p, err);
    progress_clear();
    if (!s) {
        if (p.resumed)
            note("%s: went on after %" PRIu64 " bytes of an earlier pull", x->name, p.resumed);
        if (!p.known)
            note("%s: no SHA-256 of it was known; this one is now recorded, and later pulls must match it",
                 x->name);
        print_hash(p.sha256, x->source.file ? x->source.file : x->source.url);
        note("%s is installed: %s", x->name, p.path);
    }
    free(p.path);
    return s;
}

static int do_pull(const fc_models *m, char **words, int n, fc_error *err)
{
    char *dir;
    fc_status s = models_user_folder(&dir, err);

    if (!s && !dir)
        s = fc_fail(err, FC_EUSAGE, "no folder to install in: set XDG_DATA_HOME or HOME");

    for (int i = 0; i < n && !s; i++) {
        const fc_model *x;
        s = fc_models_get(&x, m, words[i], err);
        if (!s)
            s = pull_one(x, dir, err);
    }
    free(dir);
    return s ? program_error(&self, err) : EXIT_DONE;
}

/* ---- main ------------------------------------------------------------------------------------------- */

static int run(char **words, int n)
{
    const char *command = n ? words[0] : NULL;
    fc_models *m = NULL;
    fc_error err;
    int i = 0, code;

    while (command && commands[i] && strcmp(command, commands[i]))
        i++;
    if (!command || !commands[i]) {
        no_such_command(&self, command, &err);
        return program_error(&self, &err);
    }
    words++;
    n--;
    if (!strcmp(command, "import"))
        return do_import(words, n, &err);
    if (!strcmp(command, "list") && n)
        return wrong_usage(&err, command, "takes no operands");
    if ((!strcmp(command, "info") || !strcmp(command, "pull")) && n == 0)
        return wrong_usage(&err, command, "want a NAME");
    if (models_open(&m, args.models, &err))
        return program_error(&self, &err);
    if (!strcmp(command, "list"))
        code = do_list(m);
    else if (!strcmp(command, "info"))
        code = do_info(m, words, n, &err);
    else if (!strcmp(command, "verify"))
        code = do_verify(m, words, n, &err);
    else
        code = do_pull(m, words, n, &err);
    fc_models_free(m);
    return code;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);

    be_quiet(args.quiet);
    return close_stdout(run(argv, n));
}
