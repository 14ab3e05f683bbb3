#include "source_options.h"

#include <stddef.h>

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
    {"files-from", .kind = OPTION_FILE, .arg = "FILE", .at = AT(files_from),
     .help = "read names of files and folders from FILE, one a line; - is stdin"},
    {"null", '0', OPTION_FLAG, .at = AT(null),
     .help = "names in that list end with a NUL instead of a newline"},
    {0},
};
