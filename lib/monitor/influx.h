/*
 * Points in InfluxDB's line protocol, which InfluxDB 1 and 2, Telegraf and Vector read:
 *
 *     fc_influx_point p;
 *     fc_influx_begin(&p, "facecheck_track");
 *     fc_influx_tag(&p, "camera", camera);
 *     fc_influx_integer(&p, "hits", 7);
 *     fc_influx_real(&p, "similarity", 0.71);
 *     s = fc_influx_put(&p, fc_influx_clock_tick(&clock, time), stdout, err);
 *
 * A point is one line, whatever its texts hold. Commas, spaces, equals signs, quotes and backslashes come back from the server as
 * they were. What a line cannot hold is written as tables show it (fc_text_escape): a text with control characters, invisible
 * ones or bytes that are not UTF-8, \n \xHH; of a tag, a backslash at its end, too (\x5c), which would take the comma behind it for
 * its own.
 */
#ifndef FC_MONITOR_INFLUX_H
#define FC_MONITOR_INFLUX_H
#include <stdio.h>
#include "facecheck.h"

enum {
    FC_INFLUX_TAGS = 8,
    FC_INFLUX_FIELDS = 16,
    FC_INFLUX_TIMES = 64,         /* that a clock remembers */
    FC_INFLUX_SERIES_SIZE = 65535 /* bytes of measurement and tags, InfluxDB's own limit */
};
#define FC_INFLUX_NO_TIME INT64_MIN /* the server takes its own */

typedef enum fc_influx_kind { FC_INFLUX_REAL, FC_INFLUX_INTEGER, FC_INFLUX_TEXT } fc_influx_kind;

/* Names and texts are borrowed until it is written. */
typedef struct fc_influx_point {
    const char *measurement;
    struct fc_influx_tag {
        const char *name, *value;
    } tag[FC_INFLUX_TAGS];
    struct {
        const char *name;
        fc_influx_kind kind;
        union {
            double real;
            int64_t integer;
            const char *text;
        };
    } field[FC_INFLUX_FIELDS];
    size_t tags, fields;
} fc_influx_point;

void fc_influx_begin(fc_influx_point *p, const char *measurement);
/* Tags are what is grouped by: of few values. They may come in any order. NULL and "", which the protocol has no form for,
 * are left out. */
void fc_influx_tag(fc_influx_point *p, const char *name, const char *value);
/* NAN and infinities, which the protocol has no form for, are left out. */
void fc_influx_real(fc_influx_point *p, const char *name, double value);
void fc_influx_integer(fc_influx_point *p, const char *name, int64_t value);
void fc_influx_text(fc_influx_point *p, const char *name, const char *value); /* NULL is left out */
/* A line; a point without fields is none. ns: since 1970. FC_ELIMIT: more tags or fields than there is room for, or a
 * longer series than FC_INFLUX_SERIES_SIZE; nothing is written then. */
fc_status fc_influx_put(const fc_influx_point *p, int64_t ns, FILE *f, fc_error *err);

/* Time stamps for the points of a run. Of two points with the same tags and the same time the server keeps the later one
 * alone: each point of one time is a nanosecond behind the one before it, also where some of other times came between, as from
 * several cameras. What is sent once more much later gets the time that it had. */
typedef struct fc_influx_clock {
    struct fc_influx_times {
        int64_t first, last;
    } run[FC_INFLUX_TIMES]; /* [n]: points a nanosecond apart */
    size_t n, next;         /* next: which one is forgotten for the next one */
} fc_influx_clock;          /* {0} */
/* seconds: since 1970; NAN, or what no time stamp can say: now */
int64_t fc_influx_clock_tick(fc_influx_clock *c, double seconds);

#endif
