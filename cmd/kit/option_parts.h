/* What the parts of options.h have of each other. */
#ifndef CMD_OPTION_PARTS_H
#define CMD_OPTION_PARTS_H
#include "options.h"

/* --help and the others that are answered, or are about the rest. */
extern const option_group options_of_all[];

/* Sets the value in the group's arguments. named: as the user wrote the option, or the environment variable, or the place in a
 * file; value: NULL, "true" or "false" for flags. FC_EUSAGE. */
fc_status option_set(const option *o, void *args, const char *named, const char *value, fc_error *err);

/* How many values it has, given or by default: more than one where it may be given several times. */
size_t option_values(const option *o, const void *args);
/* " VALUE", the i-th, as a word of a command line. */
void option_write_value(FILE *f, const option *o, const void *args, size_t i);

/* Whether it is for the command; NULL: whichever it is for. */
bool option_is_for(const option *o, const char *command);

/* Where in the files of the configuration an option may be: "any"; "own", "apart": under the tool's name, as OPTION_OWN and
 * OPTION_APART say; else "once", "secret" or "allows": in none. */
const char *option_place(const option *o);

/* What is said of an option: its help, behind the commands that it is for. */
enum { OPTION_TEXT_SIZE = 1000 };
void option_text(char out[OPTION_TEXT_SIZE], const option *o);
/* --help, on stdout. */
void options_print_help(const program *p);
/* --dump-options, on stdout. Tab-separated lines:
 *   program NAME SUMMARY OPERANDS OPERAND-KIND COMMANDS
 *   group TITLE
 *   option NAME LETTER KIND ARG CHOICES ENV HELP RANGE PLACE */
void options_dump(const program *p);

/* Notes what the options name as outputs. FC_EUSAGE where one of them is an input: an operand, an option's file or stdin. */
fc_status options_guard_inputs(const program *p, char **argv, int n, fc_error *err);

#endif
