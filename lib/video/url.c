/* Names of streams: servers' and cameras'. */
#include "video/video.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool begins_with_any(const char *name, const char *const *schemes)
{
    for (; *schemes; schemes++)
        if (!strncasecmp(name, *schemes, strlen(*schemes)))
            return true;
    return false;
}

static bool is_live_url(const char *name)
{
    static const char *const schemes[] = {"rtsp://", "rtsps://", "rtmp://", "udp://",
                                          "rtp://",  "srt://",   NULL};
    return begins_with_any(name, schemes);
}

static bool is_url(const char *name)
{
    static const char *const others[] = {"http://", "https://", NULL};

    return is_live_url(name) || begins_with_any(name, others);
}

bool fc_video_is_foreign(const char *name)
{
    const char *end = name;
    struct stat st;

    while (isalnum((unsigned char)*end) || (*end && strchr("+-.", *end)))
        end++;
    return isalpha((unsigned char)*name) && !strncmp(end, "://", 3) && !is_url(name) && stat(name, &st);
}

bool fc_video_is_camera(const char *name)
{
    enum { VIDEO4LINUX = 81 }; /* the kernel's list of device numbers */
    struct stat st;

    return !is_url(name) && !stat(name, &st) && S_ISCHR(st.st_mode) && major(st.st_rdev) == VIDEO4LINUX;
}

bool fc_video_is_live(const char *name)
{
    return is_live_url(name) || fc_video_is_camera(name);
}

bool fc_video_is_stream(const char *name)
{
    return is_url(name) || fc_video_is_camera(name);
}

/* Whether what is behind the colon of host:port, up to end, can be a port. */
static bool is_port(const char *colon, const char *end)
{
    for (colon++; colon < end; colon++)
        if (!isdigit((unsigned char)*colon))
            return false;
    return true;
}

static const char *last_in(const char *from, const char *end, int c)
{
    return from < end ? memrchr(from, c, (size_t)(end - from)) : NULL;
}

/* The '@' behind user and password; NULL: there are none. A password may have characters that ought to be coded: what looks
 * like a host with a port that is no number is a user with such a password. */
static const char *end_of_user(const char *host)
{
    const char *end = host + strcspn(host, "/?#"), *at = last_in(host, end, '@');
    const char *colon = *host == '[' ? NULL : memchr(host, ':', (size_t)(end - host));

    if (at)
        return at;
    return colon && !is_port(colon, end) ? strrchr(host, '@') : NULL;
}

/* How long a word is that a path gives a password behind: "password=..." of cameras that take it there; 0: none. */
static size_t secret_word(const char *p)
{
    static const char *const words[] = {
        "password=", "passwd=", "pass=", "pwd=", "token=", "secret=", "auth="};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncasecmp(p, words[i], strlen(words[i])))
            return strlen(words[i]);
    return 0;
}

/* The path up to a query, with what is behind such words hidden; room: three bytes for one. */
static char *mask_path(char *to, const char *path)
{
    const char *end = path + strcspn(path, "?#");

    while (path < end) {
        const size_t n = secret_word(path);
        if (!n) {
            *to++ = *path++;
            continue;
        }
        to = stpcpy(mempcpy(to, path, n), "***");
        path += n;
        while (path < end && !strchr("/&;", *path))
            path++;
    }
    *to = '\0';
    return *end ? stpcpy(to, *end == '?' ? "?***" : "#***") : to;
}

char *fc_video_masked(const char *name)
{
    const char *host = strstr(name, "://"), *url = name + strspn(name, "\xef\xbb\xbf \t\"'"), *at, *colon;
    char *out = malloc(3 * strlen(name) + 16), *to = out;

    if (!out)
        return NULL;
    if (!host || (!is_url(url) && !fc_video_is_foreign(url)))
        return strcpy(out, name);
    host += 3;
    at = end_of_user(host);
    colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
    to = mempcpy(to, name, (size_t)((colon ? colon : host) - name));
    if (colon)
        to = stpcpy(to, ":***");
    if (at && !colon) /* a name alone may be a token */
        to = stpcpy(to, "***");
    mask_path(to, at ? at : host);
    return out;
}
