#include "face_options.h"

#include <stddef.h>
#include <string.h>

#include "detect/detector_names.h"

const char *const detector_names[] = FC_NAMES_TABLE(FC_DETECTORS);

#define DAMAGED(FIRST, X, LAST) FIRST(FC_DAMAGED_REFUSE, "refuse") LAST(FC_DAMAGED_KEEP, "keep")
static const char *const damaged_choices[] = FC_NAMES_TABLE(DAMAGED);

#define FACES(FIRST, X, LAST)                                                                                \
    FIRST(FC_FACES_ALL, "all")                                                                               \
    X(FC_FACES_LARGEST, "largest")                                                                           \
    X(FC_FACES_BEST, "best")                                                                                 \
    X(FC_FACES_CENTER, "center")                                                                             \
    LAST(FC_FACES_ONE, "one")
static const char *const face_choices[] = FC_NAMES_TABLE(FACES);

#define AT(field) offsetof(fc_face_options, field)
const option detect_options[] = {
    {"detector", .kind = OPTION_CHOICE, .arg = "NAME", .at = AT(detector), .choices = detector_names,
     .help = "what finds the faces: " FC_DETECTOR_MTCNN
             ", or " FC_NAMES_OR(FC_DETECTORS_OF_FILES) ", which need a model file of "
                                                        "your own (" FC_DETECTOR_MTCNN ")"},
    {"detector-model", .kind = OPTION_FILE, .arg = "FILE", .at = AT(detector_model),
     .help = "the ONNX file of a detector that needs one"},
    {"min-face", .kind = OPTION_REAL, .arg = "PIXELS", .at = AT(detect.min_face), .min = 12, .max = 10000,
     .help = "side of the smallest face to find (20)"},
    ROW_MAX_SIDE(AT(max_side), "; results are in full-size pixels all the same"),
    {"thresholds", .kind = OPTION_REALS3, .arg = "P,R,O", .at = AT(detect.thresholds), .min = 0.01,
     .max = 0.9999,
     .help = "least scores in the three stages of mtcnn; for the others the last counts (0.6,0.7,0.7)"},
    {"factor", .kind = OPTION_REAL, .arg = "X", .at = AT(detect.factor), .min = 0.1, .max = 0.95,
     .help = "step from one size of mtcnn's picture pyramid to the next (0.709)"},
    {"faces", .kind = OPTION_CHOICE, .arg = "WHICH", .at = AT(faces), .choices = face_choices,
     .help = "faces that count: all, the largest, the best by score, the one nearest to the center, or one, "
             "which makes any other number of faces an error (all)"},
    {"max-faces", .kind = OPTION_INT, .arg = "N", .at = AT(detect.max_faces), .min = 1, .max = FC_MAX_FACES,
     .help = "of a picture with more faces, keep the N best by score, and say so (1000)"},
    {"aligned", .at = AT(aligned),
     .help = "take each picture as one face, cut out and aligned before: none is looked for"},
    {"turns", .at = AT(detect.turns),
     .help = "where no face is found, or only weak ones, look at the picture turned by 90, 180 and 270 "
             "degrees, too"},
    ROW_MAX_BYTES(AT(max_bytes)),
    ROW_MAX_PIXELS(AT(max_pixels), "200000000"),
    {"max-memory", .kind = OPTION_COUNT, .arg = "MIB", .at = AT(max_memory), .min = 1, .max = 1 << 30,
     .role = OPTION_ASIDE,
     .help =
         "what pictures may take together while they are decoded; one waits until it fits (half of what the "
         "machine, or the control group, has)"},
    ROW_TIMEOUT(AT(seconds)),
    ROW_SANDBOX(AT(sandbox)),
    {"damaged", .kind = OPTION_CHOICE, .arg = "WHAT", .at = AT(damaged), .choices = damaged_choices,
     .help = "what becomes of a damaged JPEG or PNG: refuse it, or keep what can be read of it and mark its "
             "record "
             "(refuse)"},
    {0},
};

void detect_options_copy(option to[DETECT_OPTIONS], const char *faces)
{
    _Static_assert(sizeof detect_options == DETECT_OPTIONS * sizeof *detect_options,
                   "that many, and the end");
    memcpy(to, detect_options, sizeof detect_options);
    options_explain(to, "faces", faces);
}
