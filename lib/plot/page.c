#include "plot/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/codec.h"
#include "base/error.h"
#include "plot/canvas.h"
#include "plot/cases.h"
#include "plot/figures.h"

static const double width = 470, height = 390;

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n"
    "body { font: 15px/1.45 sans-serif; color: #111; background: #fff; max-width: 1060px; margin: 2em auto;"
    " padding: 0 1em; }\n"
    "h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }\n"
    "table { border-collapse: collapse; }\n"
    "td, th { text-align: left; vertical-align: top; padding: .2em 1em .2em 0; overflow-wrap: anywhere; }\n"
    "th, td.value { white-space: nowrap; }\n"
    "tr { border-bottom: 1px solid #ddd; } td.note { color: #555; }\n"
    ".grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap: "
    "1.5em; }\n"
    "figure { margin: 0; } figure svg, figure img { width: 100%; height: auto; }\n"
    ".pass::before { content: \"\\2713  \"; color: #0072b2; }\n"
    ".fail::before { content: \"\\2717  \"; color: #d55e00; font-weight: bold; }\n"
    "@media print { figure { break-inside: avoid; } }\n"
    "</style>\n";

static void put_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<' || *text == '>' || *text == '"')
            fprintf(f, "&#%d;", *text);
        else
            putc(*text, f);
    }
}

/* An SVG of cairo's without its first line, and with its names made different from those of the page's other ones:
 * id="x", href="#x" and url(#x). */
static void put_svg(FILE *f, const fc_bytes *svg, int number)
{
    static const char *const marks[] = {"id=\"", "href=\"#", "url(#"};
    const char *at = memmem(svg->data, svg->n, "<svg", 4), *end = (const char *)svg->data + svg->n;

    while (at && at < end) {
        size_t n = 1;
        putc(*at, f);
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
            const size_t m = strlen(marks[i]);
            /* The mark's first byte is out already. */
            if ((size_t)(end - at) < m || memcmp(at, marks[i], m))
                continue;
            fprintf(f, "%sf%d-", marks[i] + 1, number);
            n = m;
        }
        at += n;
    }
}

static fc_status put_figure(FILE *f, const fc_page *p, fc_figure_kind kind, int number, const char *label,
                            fc_error *err)
{
    const fc_figure_report report = {p->model, p->report->json};
    fc_canvas *canvas = NULL;
    fc_bytes svg;
    fc_status s;

    if (!fc_figure_possible(kind, p->report->json))
        return FC_OK;
    s = fc_canvas_new(&canvas, FC_PAGE_SVG, width, height, 1, err);
    if (!s)
        s = fc_figure_draw(fc_canvas_cairo(canvas), width, height, kind, &report, 1, NULL, err);
    if (s) {
        fc_canvas_free(canvas);
        return s;
    }
    if ((s = fc_canvas_finish(canvas, &svg, err)))
        return s;
    fprintf(f, "<figure role=\"img\" aria-label=\"%s\">", label);
    put_svg(f, &svg, number);
    fputs("</figure>\n", f);
    fc_bytes_clear(&svg);
    return FC_OK;
}

static void put_rows(FILE *f, const fc_page *p)
{
    const json_t *row;
    size_t i;

    fputs("<table>\n", f);
    json_array_foreach(p->report->rows, i, row)
    {
        const char *name, *value, *note;
        if (json_unpack((json_t *)row, "[s, s, s]", &name, &value, &note))
            continue;
        fputs("<tr><th>", f);
        put_text(f, name);
        fprintf(f, "</th><td class=\"%s\"%s>", strlen(value) > 40 ? "long" : "value",
                *note ? "" : " colspan=\"2\"");
        put_text(f, value);
        if (*note) {
            fputs("</td><td class=\"note\">", f);
            put_text(f, note);
        }
        fputs("</td></tr>\n", f);
    }
    fputs("</table>\n", f);
}

static void put_checks(FILE *f, const fc_checks *checks)
{
    if (!checks->n)
        return;
    fputs("<h2>Checks</h2>\n<table>\n", f);
    for (size_t i = 0; i < checks->n; i++) {
        const fc_check *c = &checks->check[i];
        fprintf(f, "<tr><td class=\"%s\">", c->failure ? "fail" : "pass");
        put_text(f, c->name);
        fputs("</td><td>", f);
        put_text(f, c->failure ? c->failure : "");
        fputs("</td></tr>\n", f);
    }
    fputs("</table>\n", f);
}

static fc_status put_case(FILE *f, const fc_page *p, size_t i, fc_error *err)
{
    fc_bytes png = {0};
    fc_status s = fc_case_png(&png, p->set, &p->result->cases[i], &p->decoding, 1, err);
    char *text;

    if (s)
        return s;
    text = fc_base64_encode(png.data, png.n);
    if (text)
        fprintf(f, "<figure><img alt=\"comparison %zu\" src=\"data:image/png;base64,%s\"></figure>\n", i + 1,
                text);
    else
        s = fc_fail_nomem(err, png.n);
    free(text);
    fc_bytes_clear(&png);
    return s;
}

static fc_status put_cases(FILE *f, const fc_page *p, fc_error *err)
{
    fc_status s = FC_OK;

    if (!p->result->ncases)
        return FC_OK;
    fprintf(f, "<h2>%s</h2>\n<div class=\"grid\">\n",
            strcmp(p->command, "compare") ? "Worst comparisons"
                                          : "Pairs that one of the two answers wrongly");
    for (size_t i = 0; i < p->cases && i < p->result->ncases && !s; i++)
        s = put_case(f, p, i, err);
    fputs("</div>\n", f);
    return s;
}

static fc_status put_page(FILE *f, const fc_page *p, fc_error *err)
{
    static const struct {
        fc_figure_kind kind;
        const char *label;
    } figures[] = {{FC_FIGURE_ROC, "receiver operating characteristic"},
                   {FC_FIGURE_DET, "detection error trade-off"},
                   {FC_FIGURE_CMC, "cumulative match characteristic"},
                   {FC_FIGURE_SCORES, "histogram of scores"},
                   {FC_FIGURE_DISCARD, "error versus discard"}};
    fc_status s = FC_OK;

    fputs(head, f);
    fprintf(f, "<title>fc-eval %s: ", p->command);
    put_text(f, p->model);
    fprintf(f, "</title>\n</head>\n<body>\n<h1>fc-eval %s: ", p->command);
    put_text(f, p->model);
    fputs("</h1>\n", f);
    put_rows(f, p);
    put_checks(f, p->checks);
    fputs("<h2>Figures</h2>\n<div class=\"grid\">\n", f);
    for (int i = 0; i < (int)(sizeof figures / sizeof *figures) && !s; i++)
        s = put_figure(f, p, figures[i].kind, i, figures[i].label, err);
    fputs("</div>\n", f);
    if (!s)
        s = put_cases(f, p, err);
    fputs("</body>\n</html>\n", f);
    return s;
}

fc_status fc_page_save(const fc_page *p, const char *path, fc_error *err)
{
    fc_atomic_file f;
    fc_status s = fc_atomic_open(&f, path, err);

    if (s)
        return s;
    s = put_page(f.f, p, err);
    if (!s && ferror(f.f))
        s = fc_fail_errno(err, path);
    if (s) {
        fc_atomic_discard(&f);
        return s;
    }
    return fc_atomic_commit(&f, err);
}
