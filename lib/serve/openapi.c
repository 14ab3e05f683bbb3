/* The table of routes as an OpenAPI document. */
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "serve/routes.h"

static json_t *parameters_of(const fc_route *r)
{
    static const char *const names[] = {"id", "photo"};
    json_t *list = json_array();

    for (size_t i = 0; i < 2; i++) {
        char braced[16];
        snprintf(braced, sizeof braced, "{%s}", names[i]);
        if (strstr(r->path, braced))
            json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:{s:s}}", "name", names[i], "in", "path",
                                                  "required", 1, "schema", "type", "string"));
    }
    return list;
}

/* names, by commas, as properties; "*" is any number of files. */
static void add_properties(json_t *properties, const char *names, bool files)
{
    char list[200];
    char *rest = list;

    snprintf(list, sizeof list, "%s", names);
    for (char *name; (name = strsep(&rest, ","));) {
        const bool any = !strcmp(name, "*");
        json_t *one = files ? json_pack("{s:s,s:s}", "type", "string", "format", "binary")
                            : json_pack("{s:s}", "type", "string");
        json_object_set_new(properties, any ? "file" : name,
                            any ? json_pack("{s:s,s:o}", "type", "array", "items", one) : one);
    }
}

static json_t *body_of(const fc_route *r)
{
    json_t *properties = json_object(), *content = json_object();

    add_properties(properties, r->files, true);
    if (r->fields)
        add_properties(properties, r->fields, false);
    json_object_set_new(content, "multipart/form-data",
                        json_pack("{s:{s:s,s:o}}", "schema", "type", "object", "properties", properties));
    if (!strcmp(r->files, "*"))
        json_object_set_new(content, "application/octet-stream",
                            json_pack("{s:{s:s,s:s}}", "schema", "type", "string", "format", "binary"));
    return json_pack("{s:o}", "content", content);
}

static json_t *operation_of(const fc_route *r)
{
    json_t *o = json_pack("{s:s,s:{s:{s:s,s:{s:{}}},s:{s:s}}}", "summary", r->summary, "responses", "200",
                          "description", "The answer.", "content", r->answers, "default", "description",
                          "{\"error\":{\"stage\",\"code\",\"message\"}}");
    json_t *parameters = parameters_of(r);

    if (json_array_size(parameters))
        json_object_set(o, "parameters", parameters);
    json_decref(parameters);
    if (r->files)
        json_object_set_new(o, "requestBody", body_of(r));
    if (!r->open)
        json_object_set_new(o, "security", json_pack("[{s:[]}]", "token"));
    return o;
}

char *fc_routes_openapi(fc_error *err)
{
    json_t *doc = json_pack("{s:s,s:{s:s,s:s},s:{s:{s:{s:s,s:s}}}}", "openapi", "3.0.3", "info", "title",
                            "fc-serve", "version", FC_VERSION, "components", "securitySchemes", "token",
                            "type", "http", "scheme", "bearer");
    json_t *paths = json_object();
    char *text;

    for (size_t i = 0; i < FC_ROUTES; i++) {
        const fc_route *r = &fc_routes[i];
        char method[8];
        size_t n = 0;
        json_t *path = json_object_get(paths, r->path);
        if (!path) {
            path = json_object();
            json_object_set_new(paths, r->path, path);
        }
        for (; r->method[n]; n++)
            method[n] = (char)(r->method[n] | 32);
        method[n] = '\0';
        json_object_set_new(path, method, operation_of(r));
    }
    json_object_set_new(doc, "paths", paths);
    text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;
    json_decref(doc);
    if (!text)
        fc_fail_nomem(err, 0);
    return text;
}
