/* What people are called. */
#ifndef FC_MATCH_NAME_H
#define FC_MATCH_NAME_H
#include "facecheck.h"

#define FC_NAME_MAX 1000 /* bytes */

/* Whether somebody can be given that name; else FC_EUSAGE. It is UTF-8 of 1..FC_NAME_MAX bytes, composed (NFC) or not; not
 * blank; without control characters, marks that turn the direction of writing and invisible characters (joiners may
 * stand between letters that are spelt with them); and does not look like "unknown", which is what strangers are called,
 * in any case or width. */
fc_status fc_name_check(const char *name, fc_error *err);
/* The less that has to be true of a name which a file holds already: UTF-8 without C0 control characters, 1..FC_NAME_MAX
 * bytes, not "unknown". Earlier versions asked for no more. */
fc_status fc_name_check_stored(const char *name, fc_error *err);

/* The one form (NFC) in which names are stored and compared: accents may be typed as letters of their own. name is UTF-8.
 * Caller frees. */
fc_status fc_name_normal(char **out, const char *name, fc_error *err);
/* The form with accents as letters of their own (NFD), in which an earlier version may have stored it. Caller frees. */
fc_status fc_name_decomposed(char **out, const char *name, fc_error *err);

/* What is the same for names that look alike: without case, blanks, width and invisible characters. Caller frees. */
fc_status fc_name_look(char **out, const char *name, fc_error *err);
/* name with everything but plain ASCII as its code point, "Jos<U+00E9>", and so with blanks that nobody sees: what tells
 * two names apart that look the same. Caller frees. */
fc_status fc_name_spell(char **out, const char *name, fc_error *err);

#endif
