/*
 * Sealed galleries: embeddings are encrypted with XChaCha20-Poly1305 (libsodium), and what they are bound to (gallery,
 * subject, sample) is authenticated with them, so that one cannot be moved to another person.
 */
#ifndef FC_MATCH_SEAL_H
#define FC_MATCH_SEAL_H
#include "facecheck.h"

/* What the user keeps: 64 hexadecimal digits are a key, anything else of at least 8 bytes is a passphrase. In locked
 * memory. */
typedef struct fc_secret fc_secret;
#define FC_SECRET_MAX 4096
/* One newline at the end does not count. name is for messages. */
fc_status fc_secret_new(fc_secret **out, const void *bytes, size_t n, const char *name, fc_error *err);
void fc_secret_free(fc_secret *s);

/* The keys of one gallery. */
typedef struct fc_seal fc_seal;
enum { FC_SEAL_SALT = 16, FC_SEAL_TAG = 16, FC_SEAL_EXTRA = 40, FC_PRINT = 16 };

/* A passphrase takes about a tenth of a second and 64 MiB (Argon2id). */
fc_status fc_seal_new(fc_seal **out, const fc_secret *secret, const uint8_t salt[FC_SEAL_SALT],
                      fc_error *err);
void fc_seal_free(fc_seal *s);
/* Tells one key from another, and nothing about it. */
void fc_seal_tag(const fc_seal *s, uint8_t tag[FC_SEAL_TAG]);

/* out: [n + FC_SEAL_EXTRA]. */
void fc_seal_close(const fc_seal *s, uint8_t *out, const void *data, size_t n, int64_t subject,
                   int64_t sample);
/* out: [n - FC_SEAL_EXTRA]; false where it was changed, or belongs elsewhere. */
bool fc_seal_open(const fc_seal *s, void *out, const uint8_t *sealed, size_t n, int64_t subject,
                  int64_t sample);

/* A fingerprint of data. With a seal, nobody without the key can tell what it is of; s may be NULL. */
void fc_seal_print(const fc_seal *s, uint8_t print[FC_PRINT], const void *data, size_t n);

#endif
