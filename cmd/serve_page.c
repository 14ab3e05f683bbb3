/* The page at /: serve_page.html, as a text. */
#include "serve.h"

const char serve_page[] =
#include "serve_page.inc"
    ;
