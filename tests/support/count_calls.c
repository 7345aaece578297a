/*
 * Runs a command and counts the system calls of all its threads and children, by ptrace(2).
 *
 *	count_calls FILE COMMAND [ARGUMENT...]
 *
 * FILE gets one JSON object: "calls" by name, "failed" of them, and "bytes", what those that move
 * bytes answered in sum. The exit code is the command's. Where tracing is refused, the line
 * "SKIP: reason" is printed and the exit code is 77.
 *
 * A task stops twice a call, at entry and exit; PTRACE_GET_SYSCALL_INFO (Linux 5.3) tells which, so
 * nothing here knows registers. At an exit it does not tell the call: that is kept by task.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_SKIP    77
#define EXIT_TROUBLE 99
#define CALL_MAX     1024 /* the highest number is in the 400s */
#define TASK_MAX     1024 /* that live at once */

struct count {
	uint64_t call_count, failed_count, moved_bytes;
};

struct task {
	pid_t id; /* 0: free */
	uint64_t call;
	bool is_started; /* the stop that begins a task's life was seen */
};

struct tracer {
	pid_t command;
	int exit_code;
	struct count counts[CALL_MAX];
	struct task tasks[TASK_MAX];
};

/* --- names --- */

struct call_name {
	int number;
	const char *name;
	bool moves_bytes;
};

#define CALL(name)                                                                                 \
	{                                                                                          \
		SYS_##name, #name, false                                                           \
	}
#define MOVER(name)                                                                                \
	{                                                                                          \
		SYS_##name, #name, true                                                            \
	}

/* Those that tests ask for by name; the rest is "call_N". Old ones are not on every processor. */
static const struct call_name names[] = {
	MOVER(read),
	MOVER(pread64),
	MOVER(readv),
	MOVER(preadv),
	MOVER(preadv2),
	MOVER(write),
	MOVER(pwrite64),
	MOVER(writev),
	MOVER(pwritev),
	MOVER(pwritev2),
	MOVER(copy_file_range),
	MOVER(sendfile),
	MOVER(splice),
	MOVER(getdents64),
#ifdef SYS_open
	CALL(open),
	CALL(creat),
	CALL(stat),
	CALL(lstat),
	CALL(mkdir),
	CALL(rename),
	CALL(unlink),
	CALL(link),
	CALL(access),
#endif
#ifdef SYS_newfstatat
	CALL(newfstatat),
#endif
#ifdef SYS_fstat
	CALL(fstat),
#endif
	CALL(openat),
	CALL(openat2),
	CALL(close),
	CALL(statx),
	CALL(mkdirat),
	CALL(renameat2),
	CALL(unlinkat),
	CALL(linkat),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(fsync),
	CALL(fdatasync),
	CALL(syncfs),
	CALL(sync_file_range),
	CALL(fallocate),
	CALL(ftruncate),
	CALL(fadvise64),
	CALL(lseek),
	CALL(ioctl),
	CALL(fcntl),
	CALL(io_uring_setup),
	CALL(io_uring_enter),
	CALL(io_uring_register),
	CALL(mmap),
	CALL(munmap),
	CALL(mprotect),
	CALL(mremap),
	CALL(madvise),
	CALL(brk),
	CALL(futex),
	CALL(sched_yield),
	CALL(nanosleep),
	CALL(clock_nanosleep),
	CALL(restart_syscall),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(set_robust_list),
	CALL(rseq),
	CALL(clone),
	CALL(clone3),
	CALL(execve),
	CALL(exit),
	CALL(exit_group),
};

static const struct call_name *name_of(uint64_t number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((uint64_t)names[i].number == number)
			return &names[i];
	return NULL;
}

/* --- tracing --- */

static void skip(const char *what)
{
	printf("SKIP: system calls cannot be counted here: %s: %s\n", what, strerror(errno));
	exit(EXIT_SKIP);
}

static void trouble(const char *what)
{
	perror(what);
	exit(EXIT_TROUBLE);
}

static struct task *task_of(struct tracer *tracer, pid_t id)
{
	struct task *unused = NULL;

	for (size_t i = 0; i < TASK_MAX; i++) {
		if (tracer->tasks[i].id == id)
			return &tracer->tasks[i];
		if (!unused && tracer->tasks[i].id == 0)
			unused = &tracer->tasks[i];
	}
	if (!unused) {
		errno = ENOMEM;
		trouble("count_calls: too many tasks");
	}
	*unused = (struct task){ .id = id, .call = CALL_MAX };
	return unused;
}

static void at_entry(struct tracer *tracer, struct task *task, uint64_t call)
{
	task->call = call < CALL_MAX ? call : CALL_MAX;
	if (task->call < CALL_MAX)
		tracer->counts[task->call].call_count++;
}

static void at_exit(struct tracer *tracer, struct task *task, bool is_error, int64_t result)
{
	const struct call_name *name = name_of(task->call);

	if (task->call == CALL_MAX)
		return;
	if (is_error)
		tracer->counts[task->call].failed_count++;
	else if (name && name->moves_bytes)
		tracer->counts[task->call].moved_bytes += (uint64_t)result;
	task->call = CALL_MAX;
}

static void at_call(struct tracer *tracer, struct task *task)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->id, sizeof(info), &info) < 0) {
		if (errno != ESRCH) /* killed in the meantime */
			skip("PTRACE_GET_SYSCALL_INFO");
		return;
	}
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		at_entry(tracer, task, info.entry.nr);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		at_exit(tracer, task, info.exit.is_error, info.exit.rval);
}

/** What a stop is about, counted; the signal to go on with. */
static int at_stop(struct tracer *tracer, pid_t id, int status)
{
	struct task *task = task_of(tracer, id);
	int signal = WSTOPSIG(status);
	bool is_first = !task->is_started;

	task->is_started = true;
	if (signal == (SIGTRAP | 0x80)) {
		at_call(tracer, task);
		return 0;
	}
	if (status >> 16) /* an event: a task began, or another program */
		return 0;
	return is_first && signal == SIGSTOP ? 0 : signal;
}

static void at_end(struct tracer *tracer, pid_t id, int status)
{
	task_of(tracer, id)->id = 0;
	if (id == tracer->command)
		tracer->exit_code =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void follow(struct tracer *tracer)
{
	int status;
	pid_t id;

	while ((id = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			at_end(tracer, id, status);
			continue;
		}
		/* That it is gone already is told by the next wait. */
		if (ptrace(PTRACE_SYSCALL, id, 0, (long)at_stop(tracer, id, status)) < 0 &&
		    errno != ESRCH)
			trouble("count_calls: PTRACE_SYSCALL");
	}
}

static void begin(struct tracer *tracer, char **command)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;

	tracer->command = fork();
	if (tracer->command < 0)
		trouble("count_calls: fork");
	if (tracer->command == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) {
			skip("PTRACE_TRACEME");
		}
		raise(SIGSTOP);
		execvp(command[0], command);
		trouble(command[0]);
	}
	if (waitpid(tracer->command, &status, __WALL) < 0)
		trouble("count_calls: waitpid");
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	task_of(tracer, tracer->command)->is_started = true;
	if (ptrace(PTRACE_SETOPTIONS, tracer->command, 0, options) < 0)
		skip("PTRACE_SETOPTIONS");
	if (ptrace(PTRACE_SYSCALL, tracer->command, 0, 0) < 0)
		trouble("count_calls: PTRACE_SYSCALL");
}

/* --- output --- */

static void print_counts(FILE *out, const struct tracer *tracer, const char *title, size_t member)
{
	const char *separator = "";

	fprintf(out, "\"%s\": {", title);
	for (size_t i = 0; i < CALL_MAX; i++) {
		const struct call_name *name = name_of(i);
		uint64_t value;

		memcpy(&value, (const char *)&tracer->counts[i] + member, sizeof(value));
		if (value == 0)
			continue;
		if (name)
			fprintf(out, "%s\"%s\": %ju", separator, name->name, (uintmax_t)value);
		else
			fprintf(out, "%s\"call_%zu\": %ju", separator, i, (uintmax_t)value);
		separator = ", ";
	}
	fprintf(out, "}");
}

static void print_all(const struct tracer *tracer, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		trouble(path);
	fprintf(out, "{");
	print_counts(out, tracer, "calls", offsetof(struct count, call_count));
	fprintf(out, ", ");
	print_counts(out, tracer, "failed", offsetof(struct count, failed_count));
	fprintf(out, ", ");
	print_counts(out, tracer, "bytes", offsetof(struct count, moved_bytes));
	fprintf(out, "}\n");
	if (fclose(out))
		trouble(path);
}

int main(int argc, char **argv)
{
	static struct tracer tracer;

	if (argc < 3) {
		fprintf(stderr, "usage: count_calls FILE COMMAND [ARGUMENT...]\n");
		return EXIT_TROUBLE;
	}
	begin(&tracer, argv + 2);
	follow(&tracer);
	print_all(&tracer, argv[1]);
	return tracer.exit_code;
}
