#include "gallery.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/outputs.h"
#include "base/text.h"

#define AT(field) offsetof(struct gallery_args, field)
const option gallery_options[] = {
    {"gallery", 'g', OPTION_FILE, .arg = "GALLERY", .at = AT(path), .env = "FACECHECK_GALLERY",
     .help = "the gallery's file"},
    {0},
};
const option key_options[] = {
    {"key-file", .kind = OPTION_FILE, .arg = "FILE", .at = AT(key_file),
     .help = "a sealed gallery's key: 64 hexadecimal digits, or a passphrase"},
    {"key-command", .kind = OPTION_TEXT, .arg = "COMMAND", .at = AT(key_command),
     .help = "a shell command that prints the key: an agent, a password manager"},
    {"weak-key", .at = AT(weak_key),
     .help = "take a passphrase that is short, and a key file that others may read or write"},
    {0},
};

/* The key from f, which is read to its end. */
static fc_status read_secret(fc_secret **out, FILE *f, bool weak, const char *name, fc_error *err)
{
    char bytes[FC_SECRET_MAX + 3]; /* with the end of its line, and one byte more than there may be */
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fc_status s = ferror(f) ? fc_fail_errno(err, name) : fc_secret_new(out, bytes, n, weak, name, err);

    sodium_memzero(bytes, sizeof bytes);
    return s;
}

static fc_status secret_from_file(fc_secret **out, const char *path, bool weak, fc_error *err)
{
    struct stat st;
    int fd;
    fc_status s = fc_file_open(&fd, &st, path, FC_OPEN_FILE_OR_PIPE, err);
    FILE *f = s ? NULL : fdopen(fd, "r");

    if (s)
        return s;
    if (!f) {
        s = fc_fail_errno(err, path);
        close(fd);
        return s;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no copy of it in a buffer */
    if (!weak && S_ISREG(st.st_mode) && (st.st_mode & 077))
        s = fc_fail(err, FC_EDATA,
                    "%s: others than its owner may read or write this key (chmod 600 it, or take it with "
                    "--weak-key)",
                    path);
    else
        s = read_secret(out, f, weak, path, err);
    fclose(f);
    return s;
}

static fc_status secret_from_command(fc_secret **out, const char *command, bool weak, fc_error *err)
{
    FILE *f = popen(command, "re");
    fc_status s;
    int status;

    if (!f)
        return fc_fail_errno(err, command);
    setvbuf(f, NULL, _IONBF, 0);
    s = read_secret(out, f, weak, "--key-command", err);
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
        return secret_from_file(out, a->key_file, a->weak_key, err);
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
