/*
 * Options that several tools have, each a row of an option table: name, letter, argument, range and default stand here, and
 * nowhere else. at_ is the offset of the value, of_ the commands that it is for, or NULL; what else a row takes is the
 * tool's part of the help. Those of models are in models.h, those of galleries in ../gallery.h; whole tables that tools share
 * are in face_options.h, source_options.h and run.h. The test cli.options compares what the tools say.
 */
#ifndef CMD_OPTION_ROWS_H
#define CMD_OPTION_ROWS_H
#include "base/threads.h"
#include "embed/background.h"
#include "options.h"

/* int; 0, below the least: as many as there are CPUs (fc_jobs) */
#define ROW_JOBS(at_, what_)                                                                                 \
    {                                                                                                        \
        "jobs", 'j', OPTION_INT, .arg = "N", .at = (at_), .min = 1, .max = FC_MAX_JOBS,                      \
                                 .role = OPTION_ASIDE, .help = what_ " (the number of CPUs)"                 \
    }
/* more_: what else is not said, ", nor ..." */
#define ROW_QUIET(at_, more_)                                                                                \
    {                                                                                                        \
        "quiet", 'q', .at = (at_), .role = OPTION_ASIDE, .help = "no notes, warnings or progress" more_      \
    }
#define ROW_NO_PROGRESS(at_)                                                                                 \
    {                                                                                                        \
        "no-progress", .at = (at_), .role = OPTION_ASIDE, .help = "no progress line on a terminal"           \
    }
/* uint64_t; JSON's numbers are exact up to there */
#define ROW_SEED(at_, of_, what_)                                                                            \
    {                                                                                                        \
        "seed", .kind = OPTION_COUNT, .arg = "N", .at = (at_), .commands = (of_), .min = 0,                  \
                .max = 9007199254740992, .help = what_ " (1)"                                                \
    }
#define ROW_FORMAT(at_, choices_, help_)                                                                     \
    {                                                                                                        \
        "format", 'f', OPTION_CHOICE, .arg = "FORMAT", .at = (at_), .choices = (choices_),                   \
                                      .role = OPTION_ASIDE | OPTION_OWN, .help = help_                       \
    }
#define ROW_OUTPUT(at_, help_) ROW_OUTPUT_OF(at_, NULL, help_)
#define ROW_OUTPUT_OF(at_, of_, help_)                                                                       \
    {                                                                                                        \
        "output", 'o', OPTION_OUTPUT, .arg = "FILE", .at = (at_), .commands = (of_), .role = OPTION_ASIDE,   \
                                      .help = help_                                                          \
    }
/* where_: which files, "--worst: " */
#define ROW_FORCE(at_, where_)                                                                               \
    {                                                                                                        \
        "force", .at = (at_), .role = OPTION_ASIDE | OPTION_ALLOWS,                                          \
                 .help = where_ "replace other files of these names that are in the folder"                  \
    }
#define ROW_JOURNAL(at_)                                                                                     \
    {                                                                                                        \
        "journal", .kind = OPTION_OUTPUT, .arg = "FILE", .at = (at_), .role = OPTION_ASIDE,                  \
                   .help = "keep in FILE what is done; the same command goes on there after a stop"          \
    }
#define ROW_TAG_PERSON(at_)                                                                                  \
    {                                                                                                        \
        "tag-person", .at = (at_), .role = OPTION_OWN,                                                       \
                      .help = "-f influx and prom: say who it is, which makes a series of each person"       \
    }
/* More values of a format, behind a tool's own: what dashboards show. */
#define FIGURE_FORMATS "influx", "prom"
/* Where -f prom keeps its figures. */
#define ROW_FIGURES_OUTPUT(at_)                                                                              \
    ROW_OUTPUT(at_, "-f prom: keep the figures in FILE, which goes on from what it says")
#define ROW_TIMINGS(at_)                                                                                     \
    {                                                                                                        \
        "timings", .at = (at_), .help = "add the milliseconds of each stage to the records"                  \
    }
/* double: the share of strangers who may get a name */
#define ROW_FPIR(at_, of_, help_) ROW_FPIR_AS(at_, of_, OPTION_DECIDES, help_)
#define ROW_FPIR_AS(at_, of_, role_, help_)                                                                  \
    {                                                                                                        \
        "fpir", .kind = OPTION_REAL, .arg = "RATE", .at = (at_), .commands = (of_), .min = 0, .max = 1,      \
                .role = (role_), .help = help_                                                               \
    }
#define ROW_FUSE(at_, of_)                                                                                   \
    {                                                                                                        \
        "fuse", .kind = OPTION_CHOICE, .arg = "HOW", .at = (at_), .choices = fc_fuse_names,                  \
                .commands = (of_),                                                                           \
                .help = "a person's similarity from those of their samples: " FC_NAMES_OR(                   \
                    FC_FUSES) ", the mean of the three best (max)"                                           \
    }
#define ROW_NEIGHBOURS(at_, of_)                                                                             \
    {                                                                                                        \
        "neighbours", 'k', OPTION_INT, .arg = "K", .at = (at_), .min = 1, .max = FC_KNN_MAX_K,               \
                                       .commands = (of_), .help = "neighbours that vote; an odd number (3)"  \
    }

/* ---- what tools do that print a report, and write it to a file, too ---- */

enum report_format { REPORT_TABLE, REPORT_JSON };
#define ROW_REPORT_FORMAT(at_)                                                                               \
    ROW_FORMAT(at_, ((const char *const[]){"table", "json", NULL}),                                          \
               "table (for people) or json (the report) on stdout (table)")
#define ROW_REPORT_OUTPUT(at_) ROW_OUTPUT(at_, "write the report, JSON, to FILE too")
#define ROW_BASELINE(at_, help_)                                                                             \
    {                                                                                                        \
        "baseline", .kind = OPTION_FILE, .arg = "REPORT", .at = (at_), .role = OPTION_ASIDE | OPTION_ONCE,   \
                    .help = help_                                                                            \
    }

#define ROW_BACKGROUND(at_)                                                                                  \
    {                                                                                                        \
        "background",                                                                                        \
            .kind = OPTION_CHOICE, .arg = "WHAT", .at = (at_), .choices = fc_background_names,               \
            .help = "what becomes of what is behind a face: keep it, blur it, or remove it, which "          \
                    "puts grey in its place (keep)"                                                          \
    }

#endif
