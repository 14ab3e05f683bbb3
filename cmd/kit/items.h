/* What tools do with a record where memory that runs out ends the program. */
#ifndef CMD_ITEMS_H
#define CMD_ITEMS_H
#include <jansson.h>

#include "base/text.h"
#include "facecheck.h"
#include "say.h"

/* fc_record_path: without its name a picture would be another one. */
char *record_path_or_end(const fc_record *rec);
/* fc_item_fail: or the record would be one of a picture without faces. */
void item_fail_or_end(fc_item *it, const char *where, const fc_error *fault);

/* "STEM-HASH", how files begin that are written for what base is the name of: up to 100 of its n bytes, characters other than letters,
 * digits, '.', '_' and '-' replaced; the first 16 digits of hex, by which those have names of their own that the stem does not tell apart. */
enum { STEM = 100, STEM_HASH = 16, STEM_SIZE = STEM + STEM_HASH + 2 };
void put_stem(char out[STEM_SIZE], const char *base, size_t n, const char *hex);

/* A copy of the record's path in o, under another name; and with it, of a frame of a video, which one, and when. */
void copy_path(json_t *o, const char *key, const json_t *rec);
void copy_picture(json_t *o, const char *key, const json_t *rec);
/* Which frame of a video a record is of, as the fields of these columns of a table; empty for a picture. */
#define FRAME_COLUMNS "\tframe\tpts"
void put_frame(const fc_record *rec);
enum { FRAME_TEXT = FC_NUMBER_SIZE + 32 };
void frame_columns(char out[FRAME_TEXT], const fc_record *rec); /* each with its tab in front */

/* Says that nothing came in, where that is so. */
void say_nothing_came(const fc_source *in);

/* Hears of pictures whose templates are made. */
typedef struct picture_progress {
    progress shown;
    size_t all; /* 0: not known */
} picture_progress;
void show_pictures(void *ctx, size_t done);

#endif
