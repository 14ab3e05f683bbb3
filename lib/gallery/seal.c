#include "gallery/seal.h"

#include <ctype.h>
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
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    FEWEST_CHARACTERS = 5 /* different ones in a passphrase that is not weak */
};

struct fc_seal {
    uint8_t data_key[KEY], print_key[KEY], tag_key[KEY], mark_key[KEY];
};

_Static_assert(FC_SEAL_EXTRA == NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "nonce and tag");
_Static_assert(FC_SEAL_SALT == crypto_pwhash_SALTBYTES, "the salt is Argon2's");
_Static_assert(KEY == crypto_kdf_KEYBYTES && KEY == crypto_generichash_KEYBYTES, "one size of keys");
_Static_assert(FC_SEAL_HEAD == 4 + FC_SEAL_SALT + FC_SEAL_TAG, "what a head takes");

static void *locked_memory(size_t n)
{
    return sodium_init() < 0 ? NULL : sodium_malloc(n);
}

/* ---- secrets ---- */

/* How many of the bytes are hexadecimal digits, blanks and what stands between bytes, and neither. */
static void count_digits(const uint8_t *p, size_t n, size_t *digits, size_t *between, size_t *other)
{
    *digits = *between = *other = 0;
    for (size_t i = 0; i < n; i++) {
        if (isxdigit(p[i]))
            ++*digits;
        else if (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n' || p[i] == ':' || p[i] == '-')
            ++*between;
        else
            ++*other;
    }
}

static size_t different_bytes(const uint8_t *p, size_t n)
{
    bool seen[256] = {false};
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        count += !seen[p[i]];
        seen[p[i]] = true;
    }
    return count;
}

/* Nobody's passphrase has that many hexadecimal digits and so few other characters: it was to be a key. */
static fc_status check_secret(const uint8_t *p, size_t n, bool weak, const char *name, fc_error *err)
{
    size_t digits, between, other;

    count_digits(p, n, &digits, &between, &other);
    if (digits == 2 * KEY && n == digits)
        return FC_OK;
    if (digits >= 48 && digits <= 96 && other <= 4)
        return fc_fail(
            err, FC_EDATA,
            "%s: a malformed key: %zu hexadecimal digits and %zu other characters; want 64 and none", name,
            digits, between + other);
    if (n < FC_PASSPHRASE_WEAKEST || n > FC_SECRET_MAX)
        return fc_fail(
            err, FC_EDATA,
            "%s: a key of %zu bytes; want 64 hexadecimal digits, or a passphrase of %d to %d bytes", name, n,
            FC_PASSPHRASE_MIN, FC_SECRET_MAX);
    if (!weak && (n < FC_PASSPHRASE_MIN || different_bytes(p, n) < FEWEST_CHARACTERS))
        return fc_fail(
            err, FC_EDATA,
            "%s: a weak passphrase (%zu bytes, %zu different ones); want 64 hexadecimal digits, or "
            "a passphrase of at least %d bytes",
            name, n, different_bytes(p, n), FC_PASSPHRASE_MIN);
    return FC_OK;
}

fc_status fc_secret_new(fc_secret **out, const void *bytes, size_t n, bool weak, const char *name,
                        fc_error *err)
{
    const uint8_t *p = bytes;
    fc_status st;

    *out = NULL;
    if (n > 0 && p[n - 1] == '\n')
        n--;
    if (n > 0 && p[n - 1] == '\r')
        n--;
    st = check_secret(p, n, weak, name, err);
    if (st)
        return st;
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

/* False where it is a passphrase. */
static bool secret_key(const fc_secret *secret, uint8_t key[KEY])
{
    size_t got = 0;

    return secret->n == 2 * KEY &&
           !sodium_hex2bin(key, KEY, (const char *)secret->bytes, secret->n, NULL, &got, NULL) && got == KEY;
}

static uint8_t algorithm_of(const fc_secret *secret)
{
    uint8_t key[KEY];
    const bool is_key = secret_key(secret, key);

    sodium_memzero(key, sizeof key);
    return is_key ? FC_SEAL_KEY : FC_SEAL_ARGON2ID;
}

/* ---- heads ---- */

void fc_seal_head_store(const fc_seal_head *h, uint8_t out[FC_SEAL_HEAD])
{
    out[0] = h->algorithm;
    out[1] = h->passes;
    out[2] = (uint8_t)(h->mib & 255);
    out[3] = (uint8_t)(h->mib >> 8);
    memcpy(out + 4, h->salt, FC_SEAL_SALT);
    memcpy(out + 4 + FC_SEAL_SALT, h->tag, FC_SEAL_TAG);
}

bool fc_seal_head_load(fc_seal_head *h, const uint8_t bytes[FC_SEAL_HEAD])
{
    *h = (fc_seal_head){
        .algorithm = bytes[0], .passes = bytes[1], .mib = (uint16_t)(bytes[2] | bytes[3] << 8)};
    memcpy(h->salt, bytes + 4, FC_SEAL_SALT);
    memcpy(h->tag, bytes + 4 + FC_SEAL_SALT, FC_SEAL_TAG);
    if (h->algorithm == FC_SEAL_KEY)
        return h->passes == 0 && h->mib == 0;
    return h->algorithm == FC_SEAL_ARGON2ID && h->passes >= 1 && h->passes <= FC_SEAL_MAX_PASSES &&
           h->mib >= 1 && h->mib <= FC_SEAL_MAX_MIB;
}

void fc_seal_head_of_old(fc_seal_head *h, const fc_secret *secret)
{
    h->algorithm = algorithm_of(secret);
    h->passes = h->algorithm == FC_SEAL_KEY ? 0 : crypto_pwhash_OPSLIMIT_INTERACTIVE;
    h->mib = h->algorithm == FC_SEAL_KEY ? 0 : crypto_pwhash_MEMLIMIT_INTERACTIVE >> 20;
}

/* ---- keys ---- */

static fc_status master_key(uint8_t key[KEY], const fc_secret *secret, const fc_seal_head *h, fc_error *err)
{
    uint8_t raw[KEY];

    if (h->algorithm == FC_SEAL_KEY) {
        if (secret_key(secret, raw))
            crypto_generichash(key, KEY, h->salt, FC_SEAL_SALT, raw, sizeof raw);
        else
            randombytes_buf(key, KEY); /* none that is anybody's */
        sodium_memzero(raw, sizeof raw);
        return FC_OK;
    }
    if (crypto_pwhash(key, KEY, (const char *)secret->bytes, secret->n, h->salt, h->passes,
                      (size_t)h->mib << 20, crypto_pwhash_ALG_ARGON2ID13))
        return fc_fail_nomem(err, (size_t)h->mib << 20);
    return FC_OK;
}

static fc_status derive(fc_seal **out, const fc_secret *secret, const fc_seal_head *h, fc_error *err)
{
    static const char context[crypto_kdf_CONTEXTBYTES] = {'f', 'c', ' ', 's', 'e', 'a', 'l', 's'};
    fc_seal *s = locked_memory(sizeof *s);
    uint8_t *master = locked_memory(KEY);
    fc_status st = FC_OK;

    *out = NULL;
    if (!s || !master)
        st = fc_fail_nomem(err, sizeof *s);
    if (!st)
        st = master_key(master, secret, h, err);
    if (!st) {
        crypto_kdf_derive_from_key(s->data_key, KEY, 1, context, master);
        crypto_kdf_derive_from_key(s->print_key, KEY, 2, context, master);
        crypto_kdf_derive_from_key(s->tag_key, KEY, 3, context, master);
        crypto_kdf_derive_from_key(s->mark_key, KEY, 4, context, master);
        *out = s;
        s = NULL;
    }
    sodium_free(master);
    sodium_free(s);
    return st;
}

static void make_tag(const fc_seal *s, const fc_seal_head *h, uint8_t tag[FC_SEAL_TAG])
{
    crypto_generichash(tag, FC_SEAL_TAG, h->salt, FC_SEAL_SALT, s->tag_key, KEY);
}

fc_status fc_seal_make(fc_seal **out, const fc_secret *secret, fc_seal_head *head, fc_error *err)
{
    fc_status st;

    *head = (fc_seal_head){0};
    fc_seal_head_of_old(head, secret); /* what Argon2id costs has not changed since */
    randombytes_buf(head->salt, sizeof head->salt);
    st = derive(out, secret, head, err);
    if (!st)
        make_tag(*out, head, head->tag);
    return st;
}

fc_status fc_seal_unlock(fc_seal **out, const fc_secret *secret, const fc_seal_head *head, const char *name,
                         fc_error *err)
{
    uint8_t tag[FC_SEAL_TAG];
    fc_status st = FC_OK;

    *out = NULL;
    if (head->algorithm != algorithm_of(secret))
        return fc_fail(err, FC_EDATA, "%s: sealed with another key (%s; this is %s)", name,
                       head->algorithm == FC_SEAL_KEY ? "64 hexadecimal digits" : "a passphrase",
                       head->algorithm == FC_SEAL_KEY ? "a passphrase" : "64 hexadecimal digits");
    st = derive(out, secret, head, err);
    if (st)
        return st;
    make_tag(*out, head, tag);
    if (!sodium_memcmp(tag, head->tag, sizeof tag))
        return FC_OK;
    fc_seal_free(*out);
    *out = NULL;
    return fc_fail(err, FC_EDATA, "%s: sealed with another key", name);
}

void fc_seal_free(fc_seal *s)
{
    sodium_free(s);
}

/* ---- data ---- */

void fc_seal_close(const fc_seal *s, uint8_t *out, const void *data, size_t n, const void *about,
                   size_t about_size)
{
    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, data, n, about, about_size, NULL, out,
                                               s->data_key);
}

bool fc_seal_open(const fc_seal *s, void *out, const uint8_t *sealed, size_t n, const void *about,
                  size_t about_size)
{
    return n >= FC_SEAL_EXTRA &&
           !crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + NONCE, n - NONCE, about,
                                                       about_size, sealed, s->data_key);
}

void fc_seal_print(const fc_seal *s, uint8_t print[FC_PRINT], const void *data, size_t n)
{
    crypto_generichash(print, FC_PRINT, data, n, s ? s->print_key : NULL, s ? KEY : 0);
}

void fc_seal_mark(const fc_seal *s, uint8_t mark[FC_MARK], const void *data, size_t n)
{
    crypto_generichash(mark, FC_MARK, data, n, s->mark_key, KEY);
}
