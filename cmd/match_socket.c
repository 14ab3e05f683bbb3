/* fc-match by way of an fc-serve that runs already, on a local socket: the same bytes, without loading models. */
#include <ctype.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"
#include "image/sniff.h"
#include "match.h"
#include "match_socket.h"

enum { MOST_BYTES = 10 << 20, MOST_FILES = 16, MOST_ANSWER = 64 << 20, PATIENCE = 30 /* seconds */ };

/* ---- what can be asked ---- */

static bool is_plain_file(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= MOST_BYTES;
}

/* A server looks at pictures. */
static bool is_video(const char *path)
{
    uint8_t head[FC_SNIFF_BYTES];
    FILE *f = fopen(path, "rb");
    const size_t n = f ? fread(head, 1, sizeof head, f) : 0;

    if (f)
        fclose(f);
    return fc_sniff(head, n) == FC_FORMAT_VIDEO;
}

/* ---- the request ---- */

static int connect_to(const char *path)
{
    const struct timeval patience = {.tv_sec = PATIENCE};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof at.sun_path)
        return -1;
    strcpy(at.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !connect(fd, (struct sockaddr *)&at, sizeof at)) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static void put_field(FILE *f, const char *boundary, const char *name, const char *value)
{
    fprintf(f, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", boundary, name, value);
}

/* The name is sent byte for byte (RFC 8187), for the lines have it. */
static bool put_file(FILE *f, const char *boundary, const char *name, const char *path)
{
    fc_bytes data;

    if (fc_bytes_read_file(&data, path, MOST_BYTES, NULL))
        return false;
    fprintf(f, "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename*=UTF-8''", boundary, name);
    for (const char *c = path; *c; c++)
        if (isalnum((unsigned char)*c) && (unsigned char)*c < 128)
            putc(*c, f);
        else
            fprintf(f, "%%%02X", (unsigned char)*c);
    fputs("\r\n\r\n", f);
    fwrite(data.data, 1, data.n, f);
    fputs("\r\n", f);
    fc_bytes_clear(&data);
    return true;
}

static bool make_body(fc_text_file *t, const char *boundary, const struct match_args *a, char **operands,
                      int n)
{
    char number[FC_NUMBER_SIZE];
    bool good = !fc_text_open(t, NULL);

    if (!good)
        return false;
    if (a->no_timings)
        put_field(t->f, boundary, "no-timings", "1");
    put_field(t->f, boundary, "metric", metric_names[a->metric]);
    if (!isnan(a->threshold)) {
        fc_text_number(number, a->threshold);
        put_field(t->f, boundary, "threshold", number);
    }
    for (int i = 0; good && i < n; i++)
        good = put_file(t->f, boundary, i ? "probe" : "reference", operands[i]);
    fprintf(t->f, "--%s--\r\n", boundary);
    return !fc_text_close(t, NULL) && good;
}

static bool send_all(int fd, const char *data, size_t n)
{
    while (n) {
        const ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool send_request(int fd, const struct match_args *a, char **operands, int n)
{
    unsigned char random[16];
    char boundary[2 * sizeof random + 1], head[300];
    fc_text_file body = {.data = NULL};
    bool good;

    randombytes_buf(random, sizeof random);
    sodium_bin2hex(boundary, sizeof boundary, random, sizeof random);
    good = make_body(&body, boundary, a, operands, n);
    snprintf(head, sizeof head,
             "POST /v1/match HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n"
             "Content-Type: multipart/form-data; boundary=%s\r\n\r\n",
             body.n, boundary);
    good = good && send_all(fd, head, strlen(head)) && send_all(fd, body.data, body.n);
    free(body.data);
    return good;
}

/* ---- the answer ---- */

static bool receive_all(int fd, fc_text_file *t)
{
    char part[65536];
    size_t all = 0;
    ssize_t n = 0;

    if (fc_text_open(t, NULL))
        return false;
    while (all <= MOST_ANSWER && (n = recv(fd, part, sizeof part, 0)) > 0) {
        fwrite(part, 1, (size_t)n, t->f);
        all += (size_t)n;
    }
    return !fc_text_close(t, NULL) && n == 0;
}

/* The value of a header [up to a line's end]; NULL: it is not there. */
static const char *header(const char *head, const char *name)
{
    const size_t n = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, n) && line[2 + n] == ':')
            return line + 3 + n + strspn(line + 3 + n, " ");
    return NULL;
}

/* A whole answer of a server that does what this program would, and to which nothing would be added. */
static bool take_answer(const fc_text_file *t, int *code)
{
    static const char ok[] = "HTTP/1.1 200 ";
    char *end = t->data ? strstr(t->data, "\r\n\r\n") : NULL;

    if (!end || strncmp(t->data, ok, sizeof ok - 1) != 0)
        return false;
    *end = '\0';
    const char *body = end + 4, *setup = header(t->data, MATCH_SETUP_HEADER),
               *exit = header(t->data, "Facecheck-Exit"), *length = header(t->data, "Content-Length");
    const size_t n = t->n - (size_t)(body - t->data), want = sizeof MATCH_SETUP_DEFAULT - 1;
    if (!setup || strncmp(setup, MATCH_SETUP_DEFAULT, want) != 0 || (setup[want] && setup[want] != '\r'))
        return false;
    if (!exit || !length || strtoull(length, NULL, 10) != n)
        return false;
    *code = atoi(exit);
    fwrite(body, 1, n, stdout);
    return true;
}

bool match_by_socket(const char *path, const struct match_args *a, char **operands, int n, int *code)
{
    fc_text_file answer = {.data = NULL};
    bool answered = false;
    int fd;

    if (n < 2 || n > MOST_FILES)
        return false;
    for (int i = 0; i < n; i++)
        if (!is_plain_file(operands[i]) || is_video(operands[i]))
            return false;
    fd = connect_to(path);
    if (fd < 0)
        return false;
    if (send_request(fd, a, operands, n) && receive_all(fd, &answer))
        answered = take_answer(&answer, code);
    free(answer.data);
    close(fd);
    return answered;
}
