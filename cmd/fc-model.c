/* fc-model: what models there are, what is in them, and where to get them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "option_rows.h"
#include "model.h"
#include "models.h"
#include "options.h"
#include "say.h"

static const char *const formats[] = {"text", "json", NULL};
static const char *const commands[] = {"list", "info", "verify", "import", "pull", NULL};

static struct model_args args;

#define AT(field) offsetof(struct model_args, field)
static const option own_options[] = {
    ROW_FORMAT(AT(format), formats, "of list and info: text or json (an object a line) (text)"),
    ROW_OUTPUT_OF(AT(output), "import", "the safetensors file to write"),
    {"force", .at = AT(force), .commands = "pull", .help = "fetch the model again, though it is installed"},
    {"timeout", .kind = OPTION_INT, .arg = "SECONDS", .at = AT(timeout), .commands = "pull",
     .role = OPTION_APART, .min = 1, .max = 3600,
     .help = "give up a server that sends less than 1 kB/s for so long (60)"},
    ROW_QUIET(AT(quiet), ""),
    ROW_MODELS(AT(models), ""),
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

fc_status model_find(model_subject *out, const fc_models *m, const char *word, fc_error *err)
{
    fc_error none;
    fc_status s;

    *out = (model_subject){.model = strchr(word, '/') ? NULL : fc_models_find(m, word), .path = word};
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

static void print_fields(const char *name, const char *state, const char *path)
{
    fc_text_put(stdout, name, strlen(name));
    printf("\t%s\t", state);
    fc_text_put(stdout, path, strlen(path));
    putchar('\n');
}

/* EXIT_NO when the file is not what its description says, or not there. */
static int verify_one(const model_subject *x)
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
        model_subject x = {.model = fc_models_at(m, i), .path = fc_models_at(m, i)->path};
        if (!fc_model_installed(x.model) && x.model->source.url) {
            print_fields(x.model->name, "not installed", "-");
            continue;
        }
        int code = verify_one(&x);
        worst = code > worst ? code : worst;
    }
    for (int i = 0; i < n; i++) {
        model_subject x;
        if (model_find(&x, m, words[i], err))
            return program_error(&self, err);
        int code = verify_one(&x);
        worst = code > worst ? code : worst;
        fc_model_free(x.own);
    }
    return worst;
}

/* ---- main ------------------------------------------------------------------------------------------- */

static int run(char **words, int n)
{
    const char *command = n ? words[0] : NULL;
    fc_models *m = NULL;
    fc_error err;
    int i = 0, code = EXIT_DONE;
    fc_status s = FC_OK;

    while (command && commands[i] && strcmp(command, commands[i]))
        i++;
    if (!command || !commands[i]) {
        no_such_command(&self, command, &err);
        return program_error(&self, &err);
    }
    words++;
    n--;
    if (!strcmp(command, "import"))
        return model_import(&args, words, n, &err) ? program_error(&self, &err) : EXIT_DONE;
    if (!strcmp(command, "list") && n)
        return wrong_usage(&err, command, "takes no operands");
    if ((!strcmp(command, "info") || !strcmp(command, "pull")) && n == 0)
        return wrong_usage(&err, command, "want a NAME");
    if (models_open(&m, args.models, &err))
        return program_error(&self, &err);
    if (!strcmp(command, "list"))
        model_list(&args, m);
    else if (!strcmp(command, "info"))
        s = model_info(&args, m, words, n, &err);
    else if (!strcmp(command, "verify"))
        code = do_verify(m, words, n, &err);
    else
        s = model_pull(&args, m, words, n, &err);
    if (s)
        code = program_error(&self, &err);
    fc_models_free(m);
    return code;
}

int main(int argc, char **argv)
{
    const int n = options_or_exit(&self, argc, argv);

    be_quiet(args.quiet);
    return close_stdout(run(argv, n));
}
