/* Any bytes as a list of names, with line breaks and with NULs, and as a file of records or a picture: what comes out are the
 * list's names in their order, or lines of the file, and then the end or one fault with a message. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facecheck.h"
#include "scratch.h"
#include "video/video.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* The name at *at, whose end is looked for; false: there is none. One that is no file's is what the source has to give. */
static bool next_name(const uint8_t *bytes, size_t n, size_t *at, int delimiter, const char **name,
                      size_t *length)
{
    while (*at < n) {
        const uint8_t *stop = memchr(bytes + *at, delimiter, n - *at);
        *name = (const char *)bytes + *at;
        *length = stop ? (size_t)(stop - bytes) - *at : n - *at;
        *at += *length + 1;
        if (*length)
            return true;
    }
    return false;
}

/* Whether a name of the list stands for something here, or is a URL, which messages mask: what it gives then is not this fuzzer's to say. */
static bool any_is_there(const uint8_t *bytes, size_t n, int delimiter)
{
    const char *name;
    size_t length, at = 0;
    struct stat st;

    while (next_name(bytes, n, &at, delimiter, &name, &length)) {
        char *text = strndup(name, length);
        const bool there =
            text && (fc_video_is_stream(text) || !stat(strcmp(text, "-") != 0 ? text : "./-", &st));
        free(text);
        if (there)
            return true;
    }
    return false;
}

/* As messages show it: without passwords, which may be in what looks like a URL. */
static bool is_shown_as(const char *name, size_t length, const char *path)
{
    char *text = strndup(name, length), *masked = text ? fc_video_masked(text) : NULL;
    const bool same = masked && !strcmp(path, masked);

    free(text);
    free(masked);
    return same;
}

static void check_input(const fc_input *in)
{
    must(in->path && *in->path);
    must((in->kind == FC_INPUT_FAULT) == (in->fault.status != FC_OK));
    must(in->kind != FC_INPUT_FAULT || *in->fault.message);
    must(in->kind != FC_INPUT_LINE || (in->line > 0 && in->data.data));
}

static void list(const char *path, const uint8_t *bytes, size_t n, bool null)
{
    const fc_source_options o = {.files_from = path, .null = null};
    const bool known = !any_is_there(bytes, n, null ? '\0' : '\n');
    const char *name;
    size_t length, at = 0;
    fc_source *in;
    fc_input got;
    fc_error err = {0};
    fc_status s;

    must(!fc_source_open(&in, &o, NULL, 0, &err));
    while (!(s = fc_source_next(in, &got, &err))) {
        check_input(&got);
        if (known) {
            must(next_name(bytes, n, &at, null ? '\0' : '\n', &name, &length));
            if (length == 1 && *name == '-') {
                name = "./-";
                length = 3;
            }
            must(is_shown_as(name, length, got.path));
        }
        fc_input_clear(&got);
    }
    must(s == FC_END ? !known || !next_name(bytes, n, &at, null ? '\0' : '\n', &name, &length)
                     : err.status == s && *err.message);
    fc_source_close(in);
}

static void operand(const char *path)
{
    const fc_source_options o = {0};
    char *operands[] = {(char *)path};
    fc_source *in;
    fc_input got;
    fc_error err = {0};
    fc_status s;
    size_t line = 0;

    must(!fc_source_open(&in, &o, operands, 1, &err));
    while (!(s = fc_source_next(in, &got, &err))) {
        check_input(&got);
        must(!strcmp(got.path, path));
        must(got.kind != FC_INPUT_LINE || got.line > line);
        line = got.line;
        fc_input_clear(&got);
    }
    must(s == FC_END || (err.status == s && *err.message));
    fc_source_close(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char records[] = "{\"v\":1,\"src\":\"a\"}\n{\n";
    static const char *path, *folder, *picture, *lines;
    const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* where the fuzzer's own files are */

    if (!path) {
        path = scratch_path("list");
        folder = scratch_path("");
        scratch_write(picture = scratch_path("a.jpg"), "picture", 7); /* "." is a folder with one */
        scratch_write(lines = scratch_path("r"), records, sizeof records - 1);
    }
    scratch_write(path, bytes, n);
    must(here >= 0 && !chdir(folder));
    list(path, bytes, n, false);
    list(path, bytes, n, true);
    operand(path);
    must(!fchdir(here) && !close(here));
    return 0;
}
