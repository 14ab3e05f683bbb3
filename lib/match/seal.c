#include "match/seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct fc_secret {
    size_t n;
    uint8_t bytes[FC_SECRET_MAX];
};

enum {
    KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
};

struct fc_seal {
    uint8_t salt[FC_SEAL_SALT];
    uint8_t data_key[KEY], print_key[KEY], tag_key[KEY];
};

_Static_assert(FC_SEAL_EXTRA == NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "nonce and tag");
_Static_assert(FC_SEAL_SALT == crypto_pwhash_SALTBYTES, "the salt is Argon2's");
_Static_assert(KEY == crypto_kdf_KEYBYTES && KEY == crypto_generichash_KEYBYTES, "one size of keys");

static void *locked_memory(size_t n)
{
    return sodium_init() < 0 ? NULL : sodium_malloc(n);
}

fc_status fc_secret_new(fc_secret **out, const void *bytes, size_t n, const char *name, fc_error *err)
{
    const uint8_t *p = bytes;

    *out = NULL;
    if (n > 0 && p[n - 1] == '\n')
        n--;
    if (n < 8 || n > FC_SECRET_MAX)
        return fc_fail(err, FC_EUSAGE,
                       "%s: a key of %zu bytes; want 64 hexadecimal digits, or a passphrase of 8 to %d bytes",
                       name, n, FC_SECRET_MAX);
    fc_secret *s = locked_memory(sizeof *s);
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->n = n;
    memcpy(s->bytes, p, n);
    *out = s;
    return FC_OK;
}

void fc_secret_free(fc_secret *s)
{
    sodium_free(s);
}

static fc_status master_key(uint8_t key[KEY], const fc_secret *secret, const uint8_t *salt, fc_error *err)
{
    uint8_t raw[KEY];
    size_t got;

    if (secret->n == 2 * KEY &&
        !sodium_hex2bin(raw, sizeof raw, (const char *)secret->bytes, secret->n, NULL, &got, NULL) &&
        got == KEY) {
        crypto_generichash(key, KEY, salt, FC_SEAL_SALT, raw, sizeof raw);
        sodium_memzero(raw, sizeof raw);
        return FC_OK;
    }
    sodium_memzero(raw, sizeof raw);
    if (crypto_pwhash(key, KEY, (const char *)secret->bytes, secret->n, salt,
                      crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
                      crypto_pwhash_ALG_ARGON2ID13))
        return fc_fail_nomem(err, crypto_pwhash_MEMLIMIT_INTERACTIVE);
    return FC_OK;
}

fc_status fc_seal_new(fc_seal **out, const fc_secret *secret, const uint8_t salt[FC_SEAL_SALT], fc_error *err)
{
    static const char context[crypto_kdf_CONTEXTBYTES] = {'f', 'c', ' ', 's', 'e', 'a', 'l', 's'};
    fc_seal *s = locked_memory(sizeof *s);
    uint8_t *master = locked_memory(KEY);
    fc_status st = FC_OK;

    *out = NULL;
    if (!s || !master)
        st = fc_fail_nomem(err, sizeof *s);
    if (!st)
        st = master_key(master, secret, salt, err);
    if (!st) {
        memcpy(s->salt, salt, FC_SEAL_SALT);
        crypto_kdf_derive_from_key(s->data_key, KEY, 1, context, master);
        crypto_kdf_derive_from_key(s->print_key, KEY, 2, context, master);
        crypto_kdf_derive_from_key(s->tag_key, KEY, 3, context, master);
        *out = s;
        s = NULL;
    }
    sodium_free(master);
    sodium_free(s);
    return st;
}

void fc_seal_free(fc_seal *s)
{
    sodium_free(s);
}

void fc_seal_tag(const fc_seal *s, uint8_t tag[FC_SEAL_TAG])
{
    crypto_generichash(tag, FC_SEAL_TAG, s->salt, FC_SEAL_SALT, s->tag_key, KEY);
}

/* What an embedding belongs to; the salt is the gallery's own. */
struct bound {
    uint8_t salt[FC_SEAL_SALT];
    int64_t subject, sample;
};

static struct bound bind_to(const fc_seal *s, int64_t subject, int64_t sample)
{
    struct bound b = {.subject = subject, .sample = sample};

    memcpy(b.salt, s->salt, sizeof b.salt);
    return b;
}

void fc_seal_close(const fc_seal *s, uint8_t *out, const void *data, size_t n, int64_t subject,
                   int64_t sample)
{
    const struct bound b = bind_to(s, subject, sample);

    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, data, n, (const uint8_t *)&b, sizeof b,
                                               NULL, out, s->data_key);
}

bool fc_seal_open(const fc_seal *s, void *out, const uint8_t *sealed, size_t n, int64_t subject,
                  int64_t sample)
{
    const struct bound b = bind_to(s, subject, sample);

    return n >= FC_SEAL_EXTRA &&
           !crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + NONCE, n - NONCE,
                                                       (const uint8_t *)&b, sizeof b, sealed, s->data_key);
}

void fc_seal_print(const fc_seal *s, uint8_t print[FC_PRINT], const void *data, size_t n)
{
    crypto_generichash(print, FC_PRINT, data, n, s ? s->print_key : NULL, s ? KEY : 0);
}
