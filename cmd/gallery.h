/* Galleries as the tools open them. */
#ifndef CMD_GALLERY_H
#define CMD_GALLERY_H
#include "facecheck.h"
#include "options.h"

struct gallery_args {
    const char *path;
    const char *key_file, *key_command;
    bool weak_key;
};
extern const option gallery_options[], key_options[];
/* Rows. env_: the environment variable that stands in for it, or NULL; of_: the command that it is for, or NULL. */
#define ROW_GALLERY(at_, env_, help_)                                                                        \
    {                                                                                                        \
        "gallery", 'g', OPTION_FILE, .arg = "GALLERY", .at = (at_), .env = (env_), .help = help_             \
    }
/* Of a tool that does something else without one: it takes none that is there for all tools. */
#define ROW_OWN_GALLERY(at_, help_)                                                                          \
    {                                                                                                        \
        "gallery", 'g', OPTION_FILE, .arg = "GALLERY", .at = (at_), .role = OPTION_APART, .help = help_      \
    }
#define ROW_SEAL(at_, of_)                                                                                   \
    {                                                                                                        \
        "seal", .at = (at_), .commands = (of_), .help = "make a gallery that keeps embeddings encrypted"     \
    }
#define ROW_PLAIN(at_, of_)                                                                                  \
    {                                                                                                        \
        "plain", .at = (at_), .commands = (of_), .role = OPTION_ALLOWS,                                      \
                 .help = "write the embeddings of a sealed gallery unencrypted, for "                        \
                         "whoever can read the output"                                                       \
    }
#define ROW_ID_FIELD(at_)                                                                                    \
    {                                                                                                        \
        "id-field", .kind = OPTION_TEXT, .arg = "FIELD", .at = (at_),                                        \
                    .help = "the field of records that names the person (id)"                                \
    }

/* The key, NULL where none is given. FC_EUSAGE where no gallery is named. */
fc_status gallery_secret(fc_secret **out, const struct gallery_args *a, fc_error *err);
/* seal: one that is made here is sealed. FC_EUSAGE where no gallery is named. */
fc_status gallery_open(fc_gallery **out, const struct gallery_args *a, fc_gallery_mode mode, bool seal,
                       fc_error *err);
/* For whoever writes embeddings to anywhere else than the gallery: those of a sealed one leave it only where the user
 * says so (--plain). what: "records", "the classifier"... */
fc_status gallery_may_leave(const fc_gallery *g, bool plain, const char *what, fc_error *err);

#endif
