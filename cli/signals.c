#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#define INTERRUPTED 130

static struct muster_progress *_Atomic watched;

static void on_signal(int number)
{
	struct muster_progress *job = atomic_load(&watched);

	(void)number;
	if (job && !atomic_exchange(&job->cancel, true))
		return;
	_exit(INTERRUPTED);
}

void signals_init(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_DFL); /* whoever started us may have ignored it */
}

void signals_watch(struct muster_progress *job)
{
	atomic_store(&watched, job);
}
