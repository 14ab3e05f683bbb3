/* Messages from inside the library about what goes on although something is odd: who called says where they go. */
#ifndef FC_BASE_TELL_H
#define FC_BASE_TELL_H

typedef struct fc_teller {
    void (*tell)(void *ctx, const char *message); /* one line, without newline; on the thread that found it */
    void *ctx;
} fc_teller;

/* t NULL: nobody listens. Longer messages are cut. */
void fc_tell(const fc_teller *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
