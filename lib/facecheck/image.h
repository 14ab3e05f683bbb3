/* Pictures: bytes to upright 8-bit RGB, under a budget of memory. */
#ifndef FACECHECK_IMAGE_H
#define FACECHECK_IMAGE_H

#include "facecheck/base.h"

FC_BEGIN_DECLS

/* A budget of memory for pictures, which threads share. Before a picture is decoded, what its file, its decoder and
 * its pixels take is taken from the budget: decoding waits until so much is free, and a picture that needs more than
 * there is in all is refused with FC_ELIMIT. Its pixels stay in the account until fc_image_clear. Who decodes with a budget
 * must hold nothing of it, or two could wait for each other: what will be needed later is asked for at once. */
typedef struct fc_memory fc_memory;
/* bytes 0: half of what the machine, the control group or the limit of the address space grants the process. */
fc_status fc_memory_new(fc_memory **out, uint64_t bytes, fc_error *err);
/* After all pictures that were decoded with it are cleared. */
void fc_memory_free(fc_memory *m);

/* Processes that decode pictures nobody trusts, one for each thread that will decode at the same time: without files,
 * network and the memory of this process, whatever a picture makes of them. One that crashes, or takes too long, costs its
 * picture, FC_ECRASHED or FC_ETIMEOUT, and another takes its place. workers: at least 1. Each may have so many bytes of memory for
 * pictures, and 256 MiB beside them; 0: half of what the machine, the control group or the limit of the address space grants. What
 * is decoded is the same with and without it. A picture that takes over the process that decodes it can falsify those that the
 * same process decodes later, and nothing else. FC_EUNSUPPORTED where this build, or the kernel, cannot do it. */
typedef struct fc_sandbox fc_sandbox;
fc_status fc_sandbox_new(fc_sandbox **out, int workers, uint64_t memory, fc_error *err);
/* When nobody decodes with it any more. */
void fc_sandbox_free(fc_sandbox *s);
#define FC_SANDBOX_SECONDS 120.0 /* that decoding may take there, where the options do not say */

typedef struct fc_image {
    int w, h;           /* pixels held */
    size_t stride;      /* bytes from one row to the next; >= 3 w */
    uint8_t *rgb;       /* [h][w][3] with that stride; owned */
    int full_w, full_h; /* the upright picture as it is in the file; w, h unless decoded smaller */
    int frames; /* the file holds so many pictures (an animation, pages), of which this is the first; 0: one */
    struct fc_memory *memory; /* what holds these bytes of the budget until fc_image_clear; NULL: none */
    uint64_t held;
    bool damaged; /* with keep_damaged: parts of the file could not be read, and some pixels are made up */
    double ms;    /* that decoding took, without waiting for memory */
} fc_image;

typedef struct fc_image_options {
    uint64_t max_pixels;   /* refuse larger pictures before allocating; 0: FC_DEFAULT_MAX_PIXELS */
    uint64_t max_bytes;    /* refuse larger files; 0: FC_DEFAULT_MAX_BYTES */
    int max_side;          /* reduce until no side is longer; 0: full size */
    bool keep_orientation; /* do not apply the EXIF orientation */
    bool keep_damaged;     /* take what can be read of a damaged JPEG or PNG, and say so in the image */
    bool to_be_copied;     /* holds the memory of a copy, too, as fc_detect with turns makes one */
    double
        seconds; /* refuse a picture that takes longer to decode, FC_ETIMEOUT; 0: however long it takes. JPEG, PNG and BMP
                     * are given up between two rows, others once they are decoded */
    struct fc_memory *memory;   /* the budget that decoding takes its memory from; NULL: none */
    struct fc_sandbox *sandbox; /* whose processes decode; NULL: this one does */
} fc_image_options;

#define FC_DEFAULT_MAX_PIXELS 200000000u
#define FC_DEFAULT_MAX_BYTES  (512u << 20)

/* Decodes to upright 8-bit RGB. opt may be NULL. name is for messages. On failure *img is empty. */
fc_status fc_image_load(fc_image *img, const char *path, const fc_image_options *opt, fc_error *err);
fc_status fc_image_decode(fc_image *img, const void *bytes, size_t n, const char *name,
                          const fc_image_options *opt, fc_error *err);
/* Black w x h picture. */
fc_status fc_image_alloc(fc_image *img, int w, int h, fc_error *err);
/* Writes an 8-bit RGB PNG: to a temporary name beside path, then renamed. */
fc_status fc_image_save_png(const fc_image *img, const char *path, fc_error *err);
void fc_image_clear(fc_image *img);

FC_END_DECLS
#endif
