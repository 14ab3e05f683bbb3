/* Where a tool's inputs come from. */
#ifndef CMD_SOURCE_OPTIONS_H
#define CMD_SOURCE_OPTIONS_H
#include "options.h"
#include "facecheck.h"

extern const option input_options[]; /* of fc_source_options */
extern const option video_options[]; /* of fc_video_options */
/* The same with another help for --fps, whose default is another there. */
enum { VIDEO_OPTIONS = 15 };
void video_options_copy(option to[VIDEO_OPTIONS], const char *fps);
/* FC_EUSAGE: --files-from was given to a command that reads no inputs; of: those that do. */
fc_status no_list(const fc_source_options *o, const char *of, fc_error *err);
/* The options to which messages point. */
extern const fc_hints option_hints;

#endif
