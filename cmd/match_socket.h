/* fc-match by way of an fc-serve that runs already. */
#ifndef CMD_MATCH_SOCKET_H
#define CMD_MATCH_SOCKET_H
#include <stdbool.h>

/* What a server says of itself that does what the tools do without options. */
#define MATCH_SETUP_HEADER  "Facecheck-Setup"
#define MATCH_SETUP_DEFAULT "default " FC_VERSION

struct match_args;
/* operands: the reference, then the probes: regular files. true: the server on the local socket answered, the lines are on stdout,
 * and *code is the exit status. false: nothing was printed, and all is to be done here: no server, one with other settings, or an
 * answer that the lines alone are not. Only for runs whose options are those below "Decision" in fc-match. */
bool match_by_socket(const char *path, const struct match_args *a, char **operands, int n, int *code);

#endif
