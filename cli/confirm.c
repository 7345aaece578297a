#include "cli/confirm.h"

#include <stdio.h>
#include <unistd.h>

bool confirm_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static bool answers_yes(void)
{
	char answer[16];

	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return strcmp(answer, "y\n") == 0 || strcmp(answer, "Y\n") == 0 ||
	       strcmp(answer, "yes\n") == 0;
}

enum muster_code confirm_ask(struct cli *cli, struct view question, struct muster_error *err)
{
	screen_write(&cli->screen, question);
	return answers_yes() ? MUSTER_OK
			     : muster_fail(err, MUSTER_E_REFUSED, "nothing was deleted");
}
