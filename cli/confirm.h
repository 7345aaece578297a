/* Asking before what cannot be undone. */
#ifndef CLI_CONFIRM_H
#define CLI_CONFIRM_H

#include "cli/cli.h"

/** Is there somebody at a terminal who can be asked? */
bool confirm_can_ask(void);
/** Write the question to the screen, and wait for a line. Errors: MUSTER_E_REFUSED for anything
 *  but yes. */
enum muster_code confirm_ask(struct cli *cli, struct view question, struct muster_error *err);

#endif
