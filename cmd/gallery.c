#include "gallery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/outputs.h"
#include "base/text.h"

#define AT(field) offsetof(struct gallery_args, field)
const option gallery_options[] = {
    ROW_GALLERY(AT(path), "FACECHECK_GALLERY", "the gallery's file"),
    {0},
};
const option key_options[] = {
    {"key-file", .kind = OPTION_FILE, .arg = "FILE", .at = AT(key_file), .role = OPTION_SECRET,
     .help = "a sealed gallery's key: 64 hexadecimal digits, or a passphrase"},
    {"key-command", .kind = OPTION_TEXT, .arg = "COMMAND", .at = AT(key_command), .role = OPTION_SECRET,
     .help = "a shell command that prints the key: an agent, a password manager"},
    {"weak-key", .at = AT(weak_key), .role = OPTION_ALLOWS,
     .help = "take a passphrase that is short, and a key file that others may read or write"},
    {0},
};

static fc_status secret_from_command(fc_secret **out, const char *command, bool weak, fc_error *err)
{
    FILE *f = popen(command, "re");
    fc_status s;
    int status;

    if (!f)
        return fc_fail_errno(err, command);
    s = fc_secret_read(out, f, weak, "--key-command", err);
    status = pclose(f);
    if (status && (!s || s == FC_EDATA)) { /* what it printed is not a key then */
        fc_secret_free(*out);
        *out = NULL;
        return fc_fail(err, FC_EDATA, "--key-command: '%s' failed (exit status %d)", command,
                       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return s;
}

fc_status gallery_secret(fc_secret **out, const struct gallery_args *a, fc_error *err)
{
    *out = NULL;
    if (!a->path)
        return fc_fail(err, FC_EUSAGE, "no gallery given (-g GALLERY)");
    if (a->key_file && a->key_command)
        return fc_fail(err, FC_EUSAGE, "--key-file and --key-command: want one of them");
    if (a->key_file)
        return fc_secret_read_file(out, a->key_file, a->weak_key, ", or take it with --weak-key", err);
    return a->key_command ? secret_from_command(out, a->key_command, a->weak_key, err) : FC_OK;
}

/* No output may be the gallery, nor what SQLite and the index keep beside it. */
static fc_status spare_gallery(const char *path, fc_error *err)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".index"};
    char *real = realpath(path, NULL); /* they lie beside what a link leads to */
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < sizeof endings / sizeof *endings; i++) {
        char *file = fc_text_format("%s%s", real ? real : path, endings[i]);
        s = file ? fc_outputs_spare_name(file, err) : fc_fail_nomem(err, strlen(path) + 1);
        free(file);
    }
    free(real);
    return s;
}

fc_status gallery_open(fc_gallery **out, const struct gallery_args *a, fc_gallery_mode mode, bool seal,
                       fc_error *err)
{
    fc_secret *secret = NULL;
    fc_status s = FC_OK;

    *out = NULL;
    if (a->path && seal && !a->key_file && !a->key_command)
        return fc_fail(err, FC_EUSAGE, "--seal: wants --key-file or --key-command");
    s = gallery_secret(&secret, a, err);
    if (!s)
        s = spare_gallery(a->path, err);
    if (!s)
        s = fc_gallery_open(out, a->path, &(fc_gallery_options){.mode = mode, .secret = secret, .seal = seal},
                            err);
    fc_secret_free(secret);
    return s;
}

fc_status gallery_may_leave(const fc_gallery *g, bool plain, const char *what, fc_error *err)
{
    if (plain || !fc_gallery_sealed(g))
        return FC_OK;
    return fc_fail(
        err, FC_EDATA,
        "%s: sealed, and %s would hold its embeddings unencrypted; --plain writes them all the same",
        fc_gallery_path(g), what);
}
