/*
 * Names of an enumeration's values. They are spelled once, in a list:
 *
 *     #define FC_FUSES(FIRST, X, LAST) FIRST(FC_FUSE_MAX, "max") X(FC_FUSE_MEAN, "mean") LAST(FC_FUSE_TOP3, "top3")
 *
 * FIRST and LAST are for the commas; a list of two has no X. From it come tables, choices and texts.
 */
#ifndef FC_BASE_NAMES_H
#define FC_BASE_NAMES_H

/* {[FC_FUSE_MAX] = "max", ..., NULL}: names by value, for an array. */
#define FC_NAMES_TABLE(LIST)                                                                                 \
    {                                                                                                        \
        LIST(FC_NAME_AT, FC_NAME_AT, FC_NAME_AT) NULL                                                        \
    }
/* "max", "mean", "top3" */
#define FC_NAMES_CHOICES(LIST) LIST(FC_NAME, FC_NAME_BEHIND, FC_NAME_BEHIND)
/* "max,mean,top3" */
#define FC_NAMES_COMMAS(LIST) LIST(FC_NAME, FC_NAME_COMMA, FC_NAME_COMMA)
/* "max, mean or top3"; "max, mean and top3" */
#define FC_NAMES_OR(LIST)  LIST(FC_NAME, FC_NAME_COMMA_TOO, FC_NAME_OR)
#define FC_NAMES_AND(LIST) LIST(FC_NAME, FC_NAME_COMMA_TOO, FC_NAME_AND)

#define FC_NAME_AT(value, name)        [value] = name,
#define FC_NAME(value, name)           name
#define FC_NAME_BEHIND(value, name)    , name
#define FC_NAME_COMMA(value, name)     "," name
#define FC_NAME_COMMA_TOO(value, name) ", " name
#define FC_NAME_OR(value, name)        " or " name
#define FC_NAME_AND(value, name)       " and " name

#endif
