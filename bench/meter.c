/*
 * meter - runs a command and writes what it took into a file, as one line of JSON.
 *
 *	meter FILE COMMAND [ARGUMENT...]
 *
 * The kernel's ru_maxrss of a process is never less than what its parent held when it forked, so
 * a script cannot measure a small program; this parent is smaller than any of them. Of a command
 * with children peak memory is that of the largest process, processor time that of all. Gives the
 * command's exit code, or 128 and the number of the signal that ended it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NOT_STARTED 127

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/** The child: never returns. */
static _Noreturn void start(char **command)
{
	execvp(command[0], command);
	fprintf(stderr, "meter: %s: %s\n", command[0], strerror(errno));
	_exit(EXIT_NOT_STARTED);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double begin_s, seconds;
	int status, code;
	FILE *file;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: meter FILE COMMAND [ARGUMENT...]\n");
		return 2;
	}
	signal(SIGINT, SIG_IGN); /* the command decides; it got the signal too */
	begin_s = now_s();
	pid = fork();
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives the measurement */
		start(argv + 2);
	}
	while (pid > 0 && wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	if (pid < 0) {
		fprintf(stderr, "meter: fork: %s\n", strerror(errno));
		return EXIT_NOT_STARTED;
	}
	seconds = now_s() - begin_s;
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	file = fopen(argv[1], "w");
	if (file)
		fprintf(file,
			"{\"code\": %d, \"seconds\": %.6f, \"user_seconds\": %.6f, "
			"\"system_seconds\": %.6f, \"peak_bytes\": %lld}\n",
			code, seconds, seconds_of(usage.ru_utime), seconds_of(usage.ru_stime),
			(long long)usage.ru_maxrss * 1024);
	if (!file || fclose(file)) {
		fprintf(stderr, "meter: %s: %s\n", argv[1], strerror(errno));
		return EXIT_NOT_STARTED;
	}
	return code;
}
