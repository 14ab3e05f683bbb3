/* Where the broker is, and who one is there. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"
#include "publish.h"

enum { PORT = 1883, PORT_TLS = 8883 };

static fc_status bad_url(fc_error *err)
{
    /* Not the URL itself: it may have a password. */
    return fc_fail(
        err, FC_EUSAGE,
        "--broker: want mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; user and password go into a file "
        "(--credentials)");
}

fc_status broker_read_url(struct broker *b, const char *url, fc_error *err)
{
    static const char plain[] = "mqtt://", tls[] = "mqtts://";
    const char *at, *end, *port = NULL;
    double number;

    *b = (struct broker){0};
    b->tls = !strncmp(url, tls, sizeof tls - 1);
    if (!b->tls && strncmp(url, plain, sizeof plain - 1) != 0)
        return bad_url(err);
    at = url + (b->tls ? sizeof tls : sizeof plain) - 1;
    if (strpbrk(at, "@/?# \t\n"))
        return bad_url(err);
    if (*at == '[') { /* an address of IPv6 */
        end = strchr(++at, ']');
        port = end && end[1] == ':' ? end + 2 : NULL;
        if (!end || (end[1] && !port))
            return bad_url(err);
    } else {
        end = at + strcspn(at, ":");
        port = *end ? end + 1 : NULL;
    }
    if (end == at || (size_t)(end - at) >= sizeof b->host)
        return bad_url(err);
    snprintf(b->host, sizeof b->host, "%.*s", (int)(end - at), at);
    b->port = b->tls ? PORT_TLS : PORT;
    if (!port)
        return FC_OK;
    if (!fc_text_read_number(&number, port, &end) || *end || number < 1 || number > 65535 ||
        number != (int)number)
        return bad_url(err);
    b->port = (int)number;
    return FC_OK;
}

fc_status broker_check_files(const struct publish_args *args, fc_error *err)
{
    const char *const paths[] = {args->cafile, args->cert, args->key};
    struct stat st;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < sizeof paths / sizeof *paths; i++) {
        int fd = -1;
        if (paths[i] && !(s = fc_file_open(&fd, &st, paths[i], FC_OPEN_FILE, err)))
            close(fd);
    }
    return s;
}

/* The line at *at into out, and *at behind it. */
static bool take_line(char *out, size_t size, const char **at)
{
    const size_t n = strcspn(*at, "\r\n");

    if (n >= size)
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n;
    *at += strspn(*at, "\r");
    *at += **at == '\n';
    return true;
}

static fc_status read_lines(struct broker *b, FILE *f, const char *path, fc_error *err)
{
    char text[sizeof b->user + sizeof b->password + 8];
    const char *at = text;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    bool whole = !ferror(f) && feof(f) && !memchr(text, 0, n);

    text[n] = '\0';
    whole = whole && take_line(b->user, sizeof b->user, &at) &&
            take_line(b->password, sizeof b->password, &at) && !*at && *b->user && fc_text_is_utf8(b->user);
    sodium_memzero(text, sizeof text);
    return whole ? FC_OK : fc_fail(err, FC_EDATA, "%s: want two lines, a user's name and a password", path);
}

fc_status broker_read_credentials(struct broker *b, const char *path, fc_error *err)
{
    FILE *f;
    fc_status s = fc_secret_open(&f, path, false, "file", NULL, err);

    if (s)
        return s;
    s = read_lines(b, f, path, err);
    fclose(f);
    return s;
}

void broker_forget(struct broker *b)
{
    sodium_memzero(b->user, sizeof b->user);
    sodium_memzero(b->password, sizeof b->password);
}
