/* The configuration, facecheck-config(5): files that say what options are where they are not given. */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H
#include "settings.h"

/*
 * Sets what the files say: the one that FACECHECK_CONFIG names, which must be there, and none where it is empty; else
 * etc/facecheck/config.yaml of the prefix that the program is installed in, then facecheck/config.yaml in $XDG_CONFIG_HOME
 * (~/.config). Keys are names of options; under a tool's name they are for it alone, and go before those beside it. FC_EDATA:
 * a key or value that is wrong, with file, line and column; and as fc_yaml_load.
 */
fc_status config_read(const settings *s, fc_error *err);

#endif
