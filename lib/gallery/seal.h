/*
 * Sealing: data are encrypted with XChaCha20-Poly1305 (libsodium), and what they belong to (a gallery, a person, a
 * photo) is authenticated with them, so that they cannot be moved to another place.
 */
#ifndef FC_GALLERY_SEAL_H
#define FC_GALLERY_SEAL_H
#include "facecheck.h"

/* The keys of one gallery. */
typedef struct fc_seal fc_seal;
enum { FC_SEAL_SALT = 16, FC_SEAL_TAG = 16, FC_SEAL_EXTRA = 40, FC_PRINT = 16, FC_MARK = 32 };

/* What is stored openly with sealed data, to find the keys again by the secret. */
typedef struct fc_seal_head {
    uint8_t algorithm; /* FC_SEAL_KEY or FC_SEAL_ARGON2ID */
    uint8_t passes;    /* of Argon2id; 0 for a key */
    uint16_t mib;      /* its memory; 0 for a key */
    uint8_t salt[FC_SEAL_SALT];
    uint8_t tag[FC_SEAL_TAG]; /* tells one key from another, and nothing about it */
} fc_seal_head;
enum { FC_SEAL_KEY = 1, FC_SEAL_ARGON2ID = 2, FC_SEAL_HEAD = 36 /* bytes when stored, little-endian */ };
/* What is read of a file is bounded, so that a made-up one costs no more time and memory than this. */
enum { FC_SEAL_MAX_PASSES = 16, FC_SEAL_MAX_MIB = 1024 };

void fc_seal_head_store(const fc_seal_head *h, uint8_t out[FC_SEAL_HEAD]);
/* False where it is of no known form, or above the bounds. */
bool fc_seal_head_load(fc_seal_head *h, const uint8_t bytes[FC_SEAL_HEAD]);

/* New keys. A passphrase takes about a tenth of a second and 64 MiB. */
fc_status fc_seal_make(fc_seal **out, const fc_secret *secret, fc_seal_head *head, fc_error *err);
/* The same keys again; FC_EDATA where the secret is another. name is for messages. */
fc_status fc_seal_unlock(fc_seal **out, const fc_secret *secret, const fc_seal_head *head, const char *name,
                         fc_error *err);
/* How galleries of format 1, which state salt and tag only, were made with such a secret. */
void fc_seal_head_of_old(fc_seal_head *h, const fc_secret *secret);
void fc_seal_free(fc_seal *s);

/* out: [n + FC_SEAL_EXTRA]. about: what the data belong to; to open them, the same bytes are needed. */
void fc_seal_close(const fc_seal *s, uint8_t *out, const void *data, size_t n, const void *about,
                   size_t about_size);
/* out: [n - FC_SEAL_EXTRA]; false where it was changed, or belongs elsewhere. */
bool fc_seal_open(const fc_seal *s, void *out, const uint8_t *sealed, size_t n, const void *about,
                  size_t about_size);

/* A fingerprint of data. With a seal, nobody without the key can tell what it is of; s may be NULL. */
void fc_seal_print(const fc_seal *s, uint8_t print[FC_PRINT], const void *data, size_t n);
/* A number that nobody without the key can know. */
void fc_seal_mark(const fc_seal *s, uint8_t mark[FC_MARK], const void *data, size_t n);

#endif
