#include "source_options.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"

const fc_hints option_hints = {.list = "--files-from - reads a list of names",
                               .nuls = "-0 reads lists with NULs",
                               .detector_model = "--detector-model FILE",
                               .crowd = "--max-faces"};

#define AT(field) offsetof(fc_source_options, field)
const option input_options[] = {
    {"recursive", 'r', OPTION_FLAG, .at = AT(recursive),
     .help = "look for pictures in the folders of a folder too"},
    {"exclude", .kind = OPTION_TEXTS, .arg = "GLOB", .at = AT(exclude),
     .help = "pass over what is called so in folders: a name, or with a slash a path below the folder given; "
             "may be "
             "given several times"},
    {"files-from", .kind = OPTION_FILE, .arg = "FILE", .at = AT(files_from), .role = OPTION_ONCE,
     .help = "read names of files and folders from FILE, one a line; - is stdin"},
    {"null", '0', OPTION_FLAG, .at = AT(null), .role = OPTION_ONCE,
     .help = "names in that list end with a NUL instead of a newline"},
    {0},
};

#undef AT
#define AT(field) offsetof(fc_video_options, field)
const option video_options[] = {
    {"fps", .kind = OPTION_REAL, .arg = "N", .at = AT(fps), .min = 0, .max = 1000,
     .help = "take at most N frames of a second, by their time stamps; 0 is all (0)"},
    {"every", .kind = OPTION_INT, .arg = "N", .at = AT(every), .min = 1, .max = 1e9,
     .help = "take each N-th frame (1)"},
    {"keyframes", .at = AT(keyframes), .help = "take, and decode, only frames that are coded on their own"},
    {"scene", .kind = OPTION_REAL, .arg = "DIFFERENCE", .at = AT(scene), .min = 0, .max = 255,
     .help = "take only frames that differ from the one taken before by so much on average, of 255; 0 is all "
             "(0)"},
    {"start", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(start), .role = OPTION_ONCE, .min = 0,
     .max = 1e9, .help = "begin so many seconds behind the first frame (0)"},
    {"duration", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(duration), .role = OPTION_ONCE, .min = 0,
     .max = 1e9, .help = "end so many seconds later; 0 is at the end (0)"},
    {"camera", .kind = OPTION_TEXT, .arg = "NAME", .at = AT(camera),
     .help = "what the records call the camera"},
    {"capture", .kind = OPTION_TEXT, .arg = "WxH[@FPS]", .at = AT(capture),
     .help = "the size of frames, and how many a second, that a camera of this machine is asked for, such as "
             "1280x720, 640x480@15 or @15 (what it is set to)"},
    {"live", .at = AT(live),
     .help = "take the newest frame only, of files, too, which come at the pace of their time stamps "
             "(cameras, and streams of servers that have no end, are taken so)"},
    {"no-live", .at = AT(no_live), .help = "take each frame of such streams, too, and their end as the end"},
    {"open-timeout", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(open_timeout), .min = 0.1, .max = 86400,
     .help = "how long a server may take to answer (10)"},
    {"read-timeout", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(read_timeout), .min = 0.1, .max = 86400,
     .help = "how long a server or a camera may send no frame (10)"},
    {"attempts", .kind = OPTION_INT, .arg = "N", .at = AT(attempts), .min = 1, .max = 1e9,
     .help = "give a live stream up after so many attempts in a row to reach it (there is no end of them)"},
    {"max-delay", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(max_delay), .min = 0.1, .max = 86400,
     .help = "time between two attempts, at most, which begins with a second and doubles (30)"},
    {0},
};

fc_status no_list(const fc_source_options *o, const char *of, fc_error *err)
{
    return o->files_from ? fc_fail(err, FC_EUSAGE, "--files-from: only for %s", of) : FC_OK;
}

void video_options_copy(option to[VIDEO_OPTIONS], const char *fps)
{
    _Static_assert(sizeof video_options == VIDEO_OPTIONS * sizeof *video_options, "that many, and the end");
    memcpy(to, video_options, sizeof video_options);
    options_explain(to, "fps", fps);
}
