/* A child process whose output is a secret. */
#include "io/cloud/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** A child; `out` is the reading end of its standard output. */
struct child {
	const char *name;
	pid_t pid;
	int out, pid_fd;
	uint64_t until_ms;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int set_actions(posix_spawn_file_actions_t *actions, int out)
{
	int rc = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);

	if (!rc)
		rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						      0);
	if (!rc)
		rc = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY,
						      0);
	return rc;
}

/* Threads that fetch have signals masked; a program expects them as they are by default. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, usual;
	int rc;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	rc = posix_spawnattr_setsigmask(attributes, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attributes, &usual);
	if (!rc)
		rc = posix_spawnattr_setflags(attributes,
					      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int spawn(pid_t *pid, char *const argv[], int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (!rc) {
		rc = set_actions(&actions, out);
		if (!rc)
			rc = set_attributes(&attributes);
		if (!rc)
			rc = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static enum muster_code child_start(struct child *child, char *const argv[], unsigned timeout_ms,
				    struct muster_error *err)
{
	int ends[2], rc;

	*child = (struct child){ .name = argv[0],
				 .until_ms =
					 now_ms() + (timeout_ms ? timeout_ms : ERRAND_PROCESS_MS) };
	if (pipe2(ends, O_CLOEXEC))
		return muster_fail_errno(err, "make a pipe");
	rc = spawn(&child->pid, argv, ends[1]);
	close(ends[1]);
	if (rc) {
		close(ends[0]);
		errno = rc;
		return rc == ENOENT ? MUSTER_ABSENT : muster_fail_errno(err, "run '%s'", argv[0]);
	}
	child->out = ends[0];
	child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0); /* -1: an old kernel */
	return MUSTER_OK;
}

/* Wait until `fd` can be read; -1: only for time and cancellation. */
static enum muster_code await(struct errand *errand, const struct child *child, int fd,
			      struct muster_error *err)
{
	struct pollfd polls[] = { { .fd = fd, .events = POLLIN },
				  { .fd = errand->cancel_fd, .events = POLLIN } };
	uint64_t now;

	for (;;) {
		now = now_ms();
		if (now >= child->until_ms)
			return muster_fail(err, MUSTER_E_IO, "'%s' took too long", child->name);
		if (poll(polls, 2, (int)(child->until_ms - now)) < 0 && errno != EINTR)
			return muster_fail_errno(err, "wait for '%s'", child->name);
		if (polls[1].revents)
			return muster_fail(err, MUSTER_E_CANCELLED, "'%s' was cancelled",
					   child->name);
		if (polls[0].revents)
			return MUSTER_OK;
	}
}

static enum muster_code read_output(struct errand *errand, const struct child *child,
				    uint8_t *buffer, size_t *len, struct muster_error *err)
{
	for (;;) {
		enum muster_code code = await(errand, child, child->out, err);
		ssize_t got;

		if (code)
			return code;
		if (*len == SECRET_MAX_BYTES)
			return muster_fail(err, MUSTER_E_LIMIT, "'%s' tells more than %u bytes",
					   child->name, SECRET_MAX_BYTES);
		got = read(child->out, buffer + *len, SECRET_MAX_BYTES - *len);
		if (got < 0 && errno != EINTR)
			return muster_fail_errno(err, "read from '%s'", child->name);
		if (!got)
			return MUSTER_OK;
		if (got > 0)
			*len += (size_t)got;
	}
}

/* It is gone afterwards, whatever happens. */
static enum muster_code child_end(struct child *child, enum muster_code code,
				  struct muster_error *err)
{
	int status = 0;
	pid_t pid;

	if (code)
		kill(child->pid, SIGKILL);
	do
		pid = waitpid(child->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	close(child->out);
	if (child->pid_fd >= 0)
		close(child->pid_fd);
	if (code)
		return code;
	if (pid < 0)
		return muster_fail_errno(err, "wait for '%s'", child->name);
	if (WIFSIGNALED(status))
		return muster_fail(err, MUSTER_E_IO, "'%s' was ended by signal %d", child->name,
				   WTERMSIG(status));
	if (WEXITSTATUS(status))
		return muster_fail(err, MUSTER_E_IO, "'%s' ended with status %d", child->name,
				   WEXITSTATUS(status));
	return MUSTER_OK;
}

enum muster_code errand_run(struct errand *errand, char *const argv[], unsigned timeout_ms,
			    struct secret *out, struct muster_error *err)
{
	uint8_t *buffer = malloc(SECRET_MAX_BYTES);
	struct child child;
	size_t len = 0;
	enum muster_code code;

	if (!buffer)
		return muster_fail_memory(err, "a program's output");
	code = child_start(&child, argv, timeout_ms, err);
	if (!code) {
		code = read_output(errand, &child, buffer, &len, err);
		/* its output may end before it does */
		if (!code && child.pid_fd >= 0)
			code = await(errand, &child, child.pid_fd, err);
		code = child_end(&child, code, err);
	}
	if (!code)
		code = secret_set(out, view_of(buffer, len), err);
	secret_wipe(buffer, SECRET_MAX_BYTES);
	free(buffer);
	return code;
}
