/* The values of a program's options, and where each came from. */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H
#include "options.h"

/* What goes before what: the later ones before the earlier ones. */
typedef enum setting_level {
    LEVEL_DEFAULT,
    LEVEL_SYSTEM,
    LEVEL_USER,
    LEVEL_ENVIRONMENT,
    LEVEL_LINE
} setting_level;

typedef struct setting {
    const option *o;
    void *args; /* of its group; NULL for options_of_all */
    setting_level level;
    const char *file; /* of the configuration, not owned; else NULL */
    size_t line;
} setting;

typedef struct settings {
    const program *p;
    setting *all; /* the program's, in the order of its tables, then options_of_all */
    size_t n;
} settings;

fc_status settings_open(settings *s, const program *p, fc_error *err);
void settings_close(settings *s);
/* By name of n bytes, or by letter where name is NULL. NULL: there is none. */
setting *settings_find(const settings *s, const char *name, size_t n, char letter);
/* What is said from now on, of an option that may be given several times, is in place of what was. */
void setting_begin(setting *t, setting_level level);
/* option_set, noting where it came from; the first of a level begins. */
fc_status setting_set(setting *t, const char *named, const char *value, setting_level level, fc_error *err);
/* The options' variables. */
fc_status settings_from_environment(const settings *s, fc_error *err);
/* --print-config, on stdout: NAME, VALUE and where it came from, with tabs between them. */
fc_status settings_print(const settings *s, fc_error *err);

#endif
