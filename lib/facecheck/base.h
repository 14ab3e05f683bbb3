/* facecheck's version, and how its functions say that they failed. */
#ifndef FACECHECK_BASE_H
#define FACECHECK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Around what libfacecheck.so exports. */
#ifdef __cplusplus
#define FC_BEGIN_DECLS                                                                                       \
    extern "C" {                                                                                             \
    _Pragma("GCC visibility push(default)")
#define FC_END_DECLS                                                                                         \
    _Pragma("GCC visibility pop")                                                                            \
    }
#else
#define FC_BEGIN_DECLS _Pragma("GCC visibility push(default)")
#define FC_END_DECLS   _Pragma("GCC visibility pop")
#endif

FC_BEGIN_DECLS

#define FC_VERSION "0.1.0"
#define FC_MAX_DIM 4096 /* largest embedding that any model may declare */

const char *fc_version(void);

typedef enum fc_status {
    FC_OK = 0,
    FC_END,    /* a clean end of input: not a fault */
    FC_EUSAGE, /* an argument out of range, whatever the files hold */
    FC_ENOMEM,
    FC_EIO,          /* the operating system refused */
    FC_EMISSING,     /* no such file */
    FC_EEMPTY,       /* a file of no bytes */
    FC_EFORMAT,      /* not of a known format */
    FC_ETRUNCATED,   /* ends too early */
    FC_ECORRUPT,     /* contradicts itself */
    FC_ELIMIT,       /* larger than a limit that the caller set */
    FC_EUNSUPPORTED, /* known, but not possible in this build or on this machine */
    FC_EMODEL,       /* a model file, or its description, does not fit */
    FC_EHASH,        /* a file's SHA-256 is not the recorded one */
    FC_ECONTRACT,    /* embeddings of different contracts */
    FC_ERECORD,      /* a broken record in a stream */
    FC_EENGINE,      /* an inference engine failed */
    FC_EFACES,       /* not as many faces as were asked for */
    FC_EEXISTS,      /* another file of that name is there, and is left alone */
    FC_EDATA, /* what is there does not allow what was asked for: too little, of another kind, sealed otherwise */
    FC_ETIMEOUT, /* took longer than the caller allowed */
    FC_ECRASHED  /* a process that did it for the caller ended, or went wrong */
} fc_status;

typedef struct fc_error {
    fc_status status;
    char message[500]; /* UTF-8 or the bytes of a path, no newline at the end */
} fc_error;

/* The status's stable short name, as records carry it: "truncated", "limit"... */
const char *fc_status_name(fc_status s);

/* Holds kernels, our own and oneDNN's, to what CPUs of an instruction set have: SSE41, AVX2, AVX2_VNNI,
 * AVX512_CORE, AVX512_CORE_VNNI, AVX512_CORE_BF16, AVX512_CORE_AMX, on arm64 NEON, NEON_DOT, or ALL for no bound; in
 * any case. To be called before anything else. The tools take the name from oneDNN's variable ONEDNN_MAX_CPU_ISA. */
fc_status fc_cpu_hold(const char *isa, fc_error *err);

/* ---- what functions take and give ---- */

#define FC_SHA256_HEX 65 /* bytes of a SHA-256 in hexadecimal, its NUL included */

typedef struct fc_bytes {
    uint8_t *data; /* owned */
    size_t n;
} fc_bytes;
void fc_bytes_clear(fc_bytes *b);

/* A list of texts. */
typedef struct fc_texts {
    const char **text; /* [n], owned; what they point to is not */
    size_t n, cap;
} fc_texts;

/* An interval of a figure. */
typedef struct fc_interval {
    double low, high;
} fc_interval;

#define FC_CONFIDENCE 0.95 /* of every interval that is reported */

/* Messages about what goes on although something is odd: who calls says where they go. */
typedef struct fc_teller {
    void (*tell)(void *ctx, const char *message); /* one line, without newline; on the thread that found it */
    void *ctx;
} fc_teller;

FC_END_DECLS
#endif
