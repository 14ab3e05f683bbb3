#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "base/suggest.h"
#include "base/yaml.h"
#include "install.h"
#include "option_parts.h"

/* Options point into what was read, which is kept to the end. */
struct file {
    char *path;
    fc_bytes text;
    yaml_document_t doc;
};
enum { FILES = 2 };
static struct file files[FILES];
static fc_texts kept; /* values that are not in a file as they are */

/* What is being read. */
struct reader {
    const settings *settings;
    struct file *file;
    setting_level level;
    const char *tool; /* whose keys they are; NULL: those for all */
};

/* ---- faults ---- */

static const char *const tool_names[] = {
#define TOOL(name) name,
#define OPTION(name)
#include "option_names.inc"
#undef TOOL
#undef OPTION
    NULL};
static const char *const option_names[] = {
#define TOOL(name)
#define OPTION(name) name,
#include "option_names.inc"
#undef TOOL
#undef OPTION
    NULL};

static bool is_among(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

/* "FILE:LINE:COLUMN: MESSAGE" */
__attribute__((format(printf, 4, 5))) static fc_status fault(const struct reader *r, const yaml_node_t *at,
                                                             fc_error *err, const char *fmt, ...)
{
    char message[sizeof err->message];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return fc_fail(err, FC_EDATA, "%s:%zu:%zu: %s", r->file->path, at->start_mark.line + 1,
                   at->start_mark.column + 1, message);
}

static fc_status no_such_key(const struct reader *r, const yaml_node_t *key, const char *name, fc_error *err)
{
    fc_suggestion meant = fc_suggest_for(name, strlen(name));

    for (const setting *t = r->settings->all; t < r->settings->all + r->settings->n; t++)
        fc_suggest_try(&meant, t->o->name);
    for (const char *const *o = option_names; !r->tool && *o; o++)
        fc_suggest_try(&meant, *o);
    for (const char *const *t = tool_names; !r->tool && *t; t++)
        fc_suggest_try(&meant, *t);
    if (r->tool && is_among(name, option_names))
        return fault(r, key, err, "%s: %s has no such option", name, r->tool);
    return meant.name ? fault(r, key, err, "%.100s: no such option; did you mean %s?", name, meant.name)
                      : fault(r, key, err, "%.100s: no such option", name);
}

/* ---- values ---- */

/* A scalar's text; NULL where it is none. */
static const char *text_of(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE && strlen((const char *)n->data.scalar.value) == n->data.scalar.length
               ? (const char *)n->data.scalar.value
               : NULL;
}

static bool is_nothing(const yaml_node_t *n)
{
    const char *text = text_of(n);

    return text && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

/* text, which is freed with the others at the end. */
static fc_status keep(char *text, fc_error *err)
{
    const size_t want = kept.n + 1;
    fc_status s = text ? fc_grow(&kept.text, want, &kept.cap, sizeof *kept.text, err) : fc_fail_nomem(err, 0);

    if (s)
        free(text);
    else
        kept.text[kept.n++] = text;
    return s;
}

/* A file's name means the same in whatever folder the tool is run. */
static fc_status full_path(const struct reader *r, const yaml_node_t *value, const char **text, fc_error *err)
{
    const char *home = getenv("HOME");
    char *path;
    fc_status s;

    if (**text == '/')
        return FC_OK;
    if (strncmp(*text, "~/", 2))
        return fault(r, value, err,
                     "'%s' would be another file in each folder; want a name that begins with / or ~/",
                     *text);
    if (!home || !*home)
        return fault(r, value, err, "'%s': HOME is not set", *text);
    path = fc_folder_join(home, *text + 2);
    s = keep(path, err);
    *text = s ? NULL : path;
    return s;
}

/* Of what may be a name or a file, a file has a slash, or an extension. */
static bool is_file(const option *o, const char *text)
{
    const char *dot = strrchr(text, '.');

    return o->kind == OPTION_FILE || o->kind == OPTION_DIR ||
           (o->or_file && (strchr(text, '/') || (dot && isalpha((unsigned char)dot[1]))));
}

static void note_place(const struct reader *r, const yaml_node_t *value, setting *t)
{
    t->file = r->file->path;
    t->line = value->start_mark.line + 1;
}

static fc_status set_text(const struct reader *r, const yaml_node_t *value, setting *t, const char *text,
                          fc_error *err)
{
    fc_error why;
    fc_status s = FC_OK;

    if (*text && is_file(t->o, text))
        s = full_path(r, value, &text, err);
    if (s)
        return s;
    s = setting_set(t, t->o->name, text, r->level, &why);
    note_place(r, value, t);
    return s == FC_EUSAGE ? fault(r, value, err, "%s", why.message)
           : s            ? fc_fail(err, s, "%s", why.message)
                          : s;
}

/* The items of a list: each is one value of several, or all are one, with commas. */
static fc_status set_list(const struct reader *r, const yaml_node_t *value, setting *t, fc_error *err)
{
    char joined[200] = "";
    size_t n = 0;
    fc_status s = FC_OK;

    for (const yaml_node_item_t *i = value->data.sequence.items.start;
         !s && i < value->data.sequence.items.top; i++) {
        const yaml_node_t *item = yaml_document_get_node(&r->file->doc, *i);
        const char *text = is_nothing(item) ? NULL : text_of(item);
        if (!text)
            return fault(r, item, err, "%s: want %s, got something else in the list", t->o->name, t->o->arg);
        if (t->o->kind == OPTION_TEXTS)
            s = set_text(r, item, t, text, err);
        else if (n < sizeof joined)
            n += (size_t)snprintf(joined + n, sizeof joined - n, "%s%s", n ? "," : "", text);
    }
    return s || t->o->kind == OPTION_TEXTS ? s : set_text(r, value, t, joined, err);
}

static fc_status set_value(const struct reader *r, const yaml_node_t *value, setting *t, fc_error *err)
{
    const char *arg = t->o->arg ? t->o->arg : "true or false", *text = text_of(value);

    if (is_nothing(value))
        return fault(r, value, err, "%s: want %s, got nothing", t->o->name, arg);
    /* a tool's own list is in place of the one for all, and an empty one is one, too */
    setting_begin(t, r->level);
    note_place(r, value, t);
    if (text)
        return set_text(r, value, t, text, err);
    if (value->type == YAML_SEQUENCE_NODE && (t->o->kind == OPTION_TEXTS || t->o->kind == OPTION_REALS3))
        return set_list(r, value, t, err);
    return fault(r, value, err, "%s: want %s, got %s", t->o->name, arg,
                 value->type == YAML_SEQUENCE_NODE  ? "a list"
                 : value->type == YAML_MAPPING_NODE ? "keys and values"
                                                    : "a text with a NUL");
}

/* ---- keys ---- */

static fc_status check_place(const struct reader *r, const yaml_node_t *key, const option *o, fc_error *err)
{
    const char *place = option_place(o);

    if (!strcmp(place, "secret"))
        return fault(r, key, err, "%s: not from a file: keys and tokens are named when a tool is run",
                     o->name);
    if (!strcmp(place, "allows"))
        return fault(r, key, err, "%s: not from a file: it allows what is to be asked for each time",
                     o->name);
    if (!strcmp(place, "once"))
        return fault(r, key, err, "%s: not from a file: it says what one run reads, writes or does", o->name);
    if (!strcmp(place, "own") && !r->tool)
        return fault(r, key, err, "%s: is another thing in each tool: under '%s:' it is for that one",
                     o->name, r->settings->p->name);
    return FC_OK;
}

static fc_status set_key(const struct reader *r, const yaml_node_t *key, const char *name,
                         const yaml_node_t *value, fc_error *err)
{
    setting *t = settings_find(r->settings, name, strlen(name), 0);
    fc_status s;

    if (!t)
        return r->tool || !is_among(name, option_names) ? no_such_key(r, key, name, err) : FC_OK;
    s = check_place(r, key, t->o, err);
    if (s || (!r->tool && (t->o->role & OPTION_APART)))
        return s;
    return set_value(r, value, t, err);
}

/* Each key's first place, to find the second: those that are none end the reading, so that there are few. */
static fc_status check_once(const struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *at,
                            const char *name, fc_error *err)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < at; p++) {
        const yaml_node_t *key = yaml_document_get_node(&r->file->doc, p->key);
        if (!strcmp((const char *)key->data.scalar.value, name))
            return fault(r, yaml_document_get_node(&r->file->doc, at->key), err,
                         "%s: is there already, in line %zu", name, key->start_mark.line + 1);
    }
    return FC_OK;
}

/* own: the tool's own keys were found, NULL where they are read. */
static fc_status read_keys(const struct reader *r, const yaml_node_t *map, const yaml_node_t **own,
                           fc_error *err)
{
    fc_status s = FC_OK;

    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; !s && p < map->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = yaml_document_get_node(&r->file->doc, p->key);
        const yaml_node_t *value = yaml_document_get_node(&r->file->doc, p->value);
        const char *name = text_of(key);
        if (!name)
            return fault(r, key, err, "want the name of an option");
        s = check_once(r, map, p, name, err);
        if (s)
            return s;
        if (r->tool || !is_among(name, tool_names))
            s = set_key(r, key, name, value, err);
        else if (value->type != YAML_MAPPING_NODE && !is_nothing(value))
            return fault(r, value, err, "%s: want keys and values", name);
        else if (value->type == YAML_MAPPING_NODE && !strcmp(name, r->settings->p->name))
            *own = value;
    }
    return s;
}

/* ---- files ---- */

static fc_status read_document(const settings *all, struct file *f, setting_level level, fc_error *err)
{
    struct reader r = {all, f, level, NULL};
    const yaml_node_t *root = yaml_document_get_root_node(&f->doc), *own = NULL;
    fc_status s;

    if (is_nothing(root))
        return FC_OK;
    if (root->type != YAML_MAPPING_NODE)
        return fault(&r, root, err, "want keys and values");
    s = read_keys(&r, root, &own, err);
    r.tool = all->p->name;
    return s || !own ? s : read_keys(&r, own, NULL, err);
}

/* path is the file's from now on. */
static fc_status read_file(const settings *all, struct file *f, char *path, setting_level level,
                           fc_error *err)
{
    fc_status s;

    f->path = path;
    s = fc_bytes_read_file(&f->text, path, FC_YAML_MAX_BYTES, err);
    if (s)
        return s == FC_EEMPTY ? FC_OK : s;
    s = fc_yaml_load(&f->doc, &f->text, path, err);
    if (s)
        return s == FC_EEMPTY ? FC_OK : s;
    return read_document(all, f, level, err);
}

/* One that need not be there. In a folder that this user may not even search, as root's home is for a service, there is none
 * for them. */
static fc_status read_usual(const settings *all, struct file *f, char *path, setting_level level,
                            fc_error *err)
{
    struct stat st;

    if (!path)
        return fc_fail_nomem(err, PATH_MAX);
    if (stat(path, &st) && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) {
        free(path);
        return FC_OK;
    }
    return read_file(all, f, path, level, err);
}

static fc_status read_system(const settings *all, struct file *f, fc_error *err)
{
    char *dir, *path;
    fc_status s = install_folder(&dir, FC_CONFIG_FROM_TOOLS, NULL, err);

    if (s || !dir)
        return s;
    path = fc_folder_join(dir, "config.yaml");
    free(dir);
    return read_usual(all, f, path, LEVEL_SYSTEM, err);
}

static fc_status read_user(const settings *all, struct file *f, fc_error *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const bool xdg = config && *config == '/'; /* others are to be ignored, says the XDG specification */

    if (!xdg && !(home && *home))
        return FC_OK;
    return read_usual(all, f,
                      xdg ? fc_folder_join(config, "facecheck/config.yaml")
                          : fc_folder_join(home, ".config/facecheck/config.yaml"),
                      LEVEL_USER, err);
}

fc_status config_read(const settings *all, fc_error *err)
{
    const char *named = getenv("FACECHECK_CONFIG");
    fc_status s;

    if (named && (!*named || !strcmp(named, "/dev/null")))
        return FC_OK;
    if (named) {
        char *path = strdup(named);
        return path ? read_file(all, &files[0], path, LEVEL_USER, err)
                    : fc_fail_nomem(err, strlen(named) + 1);
    }
    s = read_system(all, &files[0], err);
    return s ? s : read_user(all, &files[1], err);
}
