#include "inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/record.h"
#include "stream.h"

enum { MAX_NAME = 1 << 20 }; /* bytes of one name in a list */

#define AT(field) offsetof(struct input_args, field)
const option input_options[] = {
    {"recursive", 'r', OPTION_FLAG, .at = AT(recursive),
     .help = "look for pictures in the folders of a folder too"},
    {"files-from", .kind = OPTION_FILE, .arg = "FILE", .at = AT(files_from),
     .help = "read names of files and folders from FILE, one a line; - is stdin"},
    {"null", '0', OPTION_FLAG, .at = AT(null),
     .help = "names in that list end with a NUL instead of a newline"},
    {0},
};

struct entry {
    char *name; /* owned */
    bool is_dir;
};

/* A folder that is being walked. */
struct folder {
    char *path;
    struct entry *entries; /* sorted by name */
    size_t n, next;
    struct folder *parent;
};

struct inputs {
    const struct input_args *args;
    char **operands;
    int noperands, next_operand;
    bool implied_stdin;
    int wake;            /* an eventfd, readable after inputs_interrupt */
    stream list, stream; /* fd -1: not open */
    struct folder *folder;
    size_t found; /* pictures and faults in the folder named last */
};

void input_clear(input *in)
{
    free(in->path);
    fc_bytes_clear(&in->data);
    *in = (input){0};
}

/* ---- folders ---- */

static bool is_picture_name(const char *name)
{
    static const char *const extensions[] = {"jpg",  "jpeg", "jpe",  "jfif", "png",  "bmp",
                                             "webp", "tif",  "tiff", "gif",  "pbm",  "pgm",
                                             "ppm",  "pnm",  "jp2",  "avif", "heic", "heif"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
        if (!strcasecmp(dot + 1, extensions[i]))
            return true;
    return false;
}

static char *join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    char *path;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (asprintf(&path, "%.*s%s%s", (int)n, dir, n == 1 && dir[0] == '/' ? "" : "/", name) < 0)
        return NULL;
    return path;
}

static void folder_free(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->entries[i].name);
    free(f->entries);
    free(f->path);
    free(f);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Folders behind a symbolic link are not walked: the link may lead back. */
static bool is_real_folder(const char *dir, const struct dirent *d)
{
    struct stat st;
    char *path;

    if (d->d_type != DT_UNKNOWN)
        return d->d_type == DT_DIR;
    path = join(dir, d->d_name);
    bool yes = path && !lstat(path, &st) && S_ISDIR(st.st_mode);
    free(path);
    return yes;
}

/* A link called x.jpg to a folder is not a picture. */
static bool leads_to_folder(const char *dir, const struct dirent *d)
{
    struct stat st;
    char *path;

    if (d->d_type != DT_UNKNOWN && d->d_type != DT_LNK)
        return d->d_type == DT_DIR;
    path = join(dir, d->d_name);
    bool yes = path && !stat(path, &st) && S_ISDIR(st.st_mode);
    free(path);
    return yes;
}

static fc_status add_entry(struct folder *f, const char *name, bool is_dir, fc_error *err)
{
    if ((f->n & (f->n - 1)) == 0) { /* full: the room is the power of two that holds n */
        size_t room = f->n ? f->n * 2 : 1;
        struct entry *p = reallocarray(f->entries, room, sizeof *p);
        if (!p)
            return fc_fail_nomem(err, room * sizeof *p);
        f->entries = p;
    }
    f->entries[f->n].name = strdup(name);
    f->entries[f->n].is_dir = is_dir;
    if (!f->entries[f->n].name)
        return fc_fail_nomem(err, strlen(name));
    f->n++;
    return FC_OK;
}

/* Takes path. FC_ENOMEM ends the run; other failures are the folder's. */
static fc_status folder_open(struct folder **out, char *path, bool recursive, fc_error *err)
{
    struct folder *f = calloc(1, sizeof *f);
    DIR *d = NULL;
    fc_status s = FC_OK;

    *out = NULL;
    if (!f || !path) {
        free(path);
        free(f);
        return fc_fail_nomem(err, sizeof *f);
    }
    f->path = path;
    d = opendir(path);
    if (!d) {
        s = fc_fail_errno(err, path);
        goto out;
    }
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e && errno)
            s = fc_fail_errno(err, path);
        if (!e || s)
            break;
        if (e->d_name[0] == '.')
            continue;
        bool is_dir = recursive && is_real_folder(path, e);
        if (is_dir || (is_picture_name(e->d_name) && !leads_to_folder(path, e)))
            s = add_entry(f, e->d_name, is_dir, err);
    }
    if (f->n)
        qsort(f->entries, f->n, sizeof *f->entries, by_name);
out:
    if (d)
        closedir(d);
    if (s)
        folder_free(f);
    else
        *out = f;
    return s;
}

/* ---- inputs ---- */

fc_status inputs_open(inputs **out, const struct input_args *args, char **operands, int n, fc_error *err)
{
    bool list_on_stdin = args->files_from && !strcmp(args->files_from, "-");
    fc_status s = FC_OK;

    *out = NULL;
    if (args->null && !args->files_from)
        return fc_fail(err, FC_EUSAGE, "-0: wants --files-from");
    for (int i = 0; i < n; i++)
        if (list_on_stdin && !strcmp(operands[i], "-"))
            return fc_fail(err, FC_EUSAGE, "-: stdin is the list of names already");
    if (n == 0 && !args->files_from && isatty(STDIN_FILENO))
        return fc_fail(err, FC_EUSAGE, "no pictures given");
    inputs *in = calloc(1, sizeof *in);
    if (!in)
        return fc_fail_nomem(err, sizeof *in);
    in->args = args;
    in->operands = operands;
    in->noperands = n;
    in->implied_stdin = n == 0 && !args->files_from;
    in->list.fd = in->stream.fd = -1;
    in->wake = eventfd(0, EFD_CLOEXEC);
    if (in->wake < 0)
        s = fc_fail_errno(err, "eventfd");
    if (!s && args->files_from)
        s = stream_open(&in->list, list_on_stdin ? NULL : args->files_from, in->wake, err);
    if (s)
        inputs_close(in);
    else
        *out = in;
    return s;
}

void inputs_interrupt(inputs *in)
{
    eventfd_write(in->wake, 1);
}

void inputs_close(inputs *in)
{
    if (!in)
        return;
    while (in->folder) {
        struct folder *f = in->folder;
        in->folder = f->parent;
        folder_free(f);
    }
    stream_close(&in->list);
    stream_close(&in->stream);
    if (in->wake >= 0)
        close(in->wake);
    free(in);
}

static fc_status give(input *out, input_kind kind, char *path, fc_error *err)
{
    if (!path)
        return fc_fail_nomem(err, 0);
    *out = (input){.kind = kind, .path = path};
    return FC_OK;
}

/* Pushes a folder (path is taken), or gives the fault that it met. *given tells which. */
static fc_status enter_folder(inputs *in, char *path, input *out, bool *given, fc_error *err)
{
    struct folder *f;
    fc_error fault;
    char *name = path ? strdup(path) : NULL;
    fc_status s = folder_open(&f, path, in->args->recursive, &fault);

    *given = false;
    if (!s) {
        free(name);
        f->parent = in->folder;
        in->folder = f;
        return FC_OK;
    }
    if (s == FC_ENOMEM) {
        free(name);
        return fc_fail(err, s, "%s", fault.message);
    }
    *given = true;
    in->found++;
    s = give(out, INPUT_FAULT, name, err);
    out->fault = fault;
    return s;
}

/* The next thing in the folder on top of the stack. */
static fc_status next_in_folder(inputs *in, input *out, bool *given, fc_error *err)
{
    struct folder *f = in->folder;

    *given = false;
    if (f->next < f->n) {
        const struct entry *e = &f->entries[f->next++];
        char *path = join(f->path, e->name);
        if (e->is_dir)
            return enter_folder(in, path, out, given, err);
        *given = true;
        in->found++;
        return give(out, INPUT_PATH, path, err);
    }
    in->folder = f->parent;
    fc_status s = FC_OK;
    if (!in->folder && in->found == 0) {
        *given = true;
        s = give(out, INPUT_FAULT, strdup(f->path), err);
        fc_fail(&out->fault, FC_EEMPTY, "%s: no pictures in this folder%s", f->path,
                in->args->recursive ? "" : " (-r looks in the folders in it)");
    }
    folder_free(f);
    return s;
}

/* Opens what is to be sniffed; a file that cannot be opened is left to the decoder, which says why. */
static bool open_to_sniff(inputs *in, const char *name)
{
    return stream_open(&in->stream, name, in->wake, NULL) == FC_OK;
}

/* in->stream is open. Gives a picture, or leaves the stream open for its records. */
static fc_status take_stream(inputs *in, const char *path, bool is_file, input *out, bool *given,
                             fc_error *err)
{
    stream_kind kind;
    fc_status s = stream_sniff(&in->stream, &kind, err);

    *given = false;
    if (s)
        return s;
    if (kind == STREAM_RECORDS)
        return FC_OK;
    if (kind == STREAM_EMPTY && !is_file) {
        stream_close(&in->stream);
        return FC_OK;
    }
    *given = true;
    if (is_file) { /* is read again, by a worker */
        stream_close(&in->stream);
        return give(out, INPUT_PATH, strdup(path), err);
    }
    fc_bytes data;
    s = stream_rest(&in->stream, FC_DEFAULT_MAX_BYTES, &data, err);
    stream_close(&in->stream);
    if (s)
        return s;
    s = give(out, INPUT_BYTES, strdup(path), err);
    if (s)
        fc_bytes_clear(&data);
    else
        out->data = data;
    return s;
}

static fc_status take_name(inputs *in, const char *name, input *out, bool *given, fc_error *err)
{
    struct stat st;

    if (stat(name, &st)) {
        *given = true;
        return give(out, INPUT_PATH, strdup(name), err);
    }
    if (S_ISDIR(st.st_mode)) {
        in->found = 0;
        return enter_folder(in, strdup(name), out, given, err);
    }
    if (!open_to_sniff(in, name)) {
        *given = true;
        return give(out, INPUT_PATH, strdup(name), err);
    }
    return take_stream(in, name, S_ISREG(st.st_mode), out, given, err);
}

static fc_status take_stdin(inputs *in, input *out, bool *given, fc_error *err)
{
    fc_status s = stream_open(&in->stream, NULL, in->wake, err);
    return s ? s : take_stream(in, "-", false, out, given, err);
}

/* A name of the list; a blank one is passed over. */
static fc_status take_listed(inputs *in, input *out, bool *given, fc_error *err)
{
    fc_bytes name;
    fc_status s = stream_line(&in->list, in->args->null ? '\0' : '\n', MAX_NAME, &name, err);

    *given = false;
    if (s)
        return s;
    if (strlen((char *)name.data) != name.n)
        s = fc_fail(err, FC_ERECORD, "%s:%zu: a NUL in a name (-0 reads lists with NULs)", in->list.name,
                    in->list.line);
    else if (!strcmp((char *)name.data, "-"))
        s = take_name(in, "./-", out, given, err);
    else if (name.n)
        s = take_name(in, (char *)name.data, out, given, err);
    fc_bytes_clear(&name);
    return s;
}

static fc_status next_line(inputs *in, input *out, bool *given, fc_error *err)
{
    fc_bytes text;
    fc_status s = stream_line(&in->stream, '\n', FC_RECORD_MAX_LINE, &text, err);

    *given = false;
    if (s == FC_END) {
        stream_close(&in->stream);
        return FC_OK;
    }
    if (s)
        return s;
    if (strspn((char *)text.data, " \t\r") == text.n) { /* a blank line */
        fc_bytes_clear(&text);
        return FC_OK;
    }
    *given = true;
    s = give(out, INPUT_LINE, strdup(in->stream.name), err);
    if (s) {
        fc_bytes_clear(&text);
        return s;
    }
    out->data = text;
    out->line = in->stream.line;
    return FC_OK;
}

fc_status inputs_next(inputs *in, input *out, fc_error *err)
{
    bool given = false;
    fc_status s = FC_OK;

    *out = (input){0};
    while (!s && !given) {
        const char *operand = in->next_operand < in->noperands ? in->operands[in->next_operand] : NULL;
        if (in->stream.fd >= 0) {
            s = next_line(in, out, &given, err);
        } else if (in->folder) {
            s = next_in_folder(in, out, &given, err);
        } else if (operand) {
            in->next_operand++;
            s = !strcmp(operand, "-") ? take_stdin(in, out, &given, err)
                                      : take_name(in, operand, out, &given, err);
        } else if (in->implied_stdin) {
            in->implied_stdin = false;
            s = take_stdin(in, out, &given, err);
        } else if (in->list.fd >= 0) {
            s = take_listed(in, out, &given, err);
        } else {
            s = FC_END;
        }
    }
    if (s && s != FC_END)
        input_clear(out);
    return s;
}
