/* Names of streams: servers' and cameras'. */
#include "video/video.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/mask.h"

static bool begins_with_any(const char *name, const char *const *schemes)
{
    for (; *schemes; schemes++)
        if (!strncasecmp(name, *schemes, strlen(*schemes)))
            return true;
    return false;
}

static bool is_live_url(const char *name)
{
    static const char *const schemes[] = {"rtsp://", "rtsps://", "rtmp://", "rtmps://",
                                          "udp://",  "rtp://",   "srt://",  NULL};
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

char *fc_video_masked(const char *name)
{
    const char *url = name + strspn(name, "\xef\xbb\xbf \t\"'");
    const size_t n = strlen(name), room = 3 * n + 16;
    char *out = malloc(room), *host;

    if (!out)
        return NULL;
    strcpy(out, name);
    host = strstr(out, "://");
    if (host && (is_url(url) || fc_video_is_foreign(url)))
        fc_mask_url(host + 3, out + n, out + room);
    return out;
}
