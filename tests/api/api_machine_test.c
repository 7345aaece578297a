#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api_internal.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/muster-machine-XXXXXX");
	assert_non_null(mkdtemp(root));
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void write_text(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *at = path + strlen(root) + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		assert_true(!mkdir(path, 0777) || errno == EEXIST);
		*at = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static uint64_t limit_of(void)
{
	char meminfo[80], cgroups[80], mount[80];
	struct machine_files files = { meminfo, cgroups, mount };

	snprintf(meminfo, sizeof(meminfo), "%s/meminfo", root);
	snprintf(cgroups, sizeof(cgroups), "%s/cgroup", root);
	snprintf(mount, sizeof(mount), "%s/mount", root);
	return machine_memory_bytes(&files);
}

struct file {
	const char *name, *text;
};

static void the_smallest_limit_counts(void **state)
{
	static const struct {
		struct file files[5];
		uint64_t expected;
	} cases[] = {
		{ { { "meminfo", "MemFree: 1 kB\nMemTotal:       1000 kB\n" } }, 1024000 },
		{ { { "meminfo", "MemTotal: 1000 kB\n" },
		    { "cgroup", "0::/a/b\n" },
		    { "mount/a/b/memory.max", "max\n" },
		    { "mount/a/memory.max", "500000\n" } },
		  500000 },
		{ { { "meminfo", "MemTotal: 1000 kB\n" },
		    { "cgroup", "0::/\n" },
		    { "mount/memory.max", "300000\n" } },
		  300000 },
		{ { { "meminfo", "MemTotal: 1000 kB\n" },
		    { "cgroup", "0::/not/mounted/here\n" },
		    { "mount/memory.max", "300000\n" } },
		  300000 },
		{ { { "meminfo", "MemTotal: 1000 kB\n" },
		    { "cgroup", "12:pids:/x\n5:cpu,memory:/x\n" },
		    { "mount/memory/memory.limit_in_bytes", "9223372036854771712\n" },
		    { "mount/memory/x/memory.limit_in_bytes", "200000\n" } },
		  200000 },
		{ { { "meminfo", "MemTotal: 1000 kB\n" }, { "cgroup", "nonsense\n:\n0::\n" } },
		  1024000 },
		{ { { "cgroup", "0::/a\n" }, { "mount/a/memory.max", "70000\n" } }, 70000 },
		{ { { NULL, NULL } }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t f = 0; f < 5 && cases[i].files[f].name; f++)
			write_text(cases[i].files[f].name, cases[i].files[f].text);
		assert_int_equal(limit_of(), cases[i].expected);
		remove_root(NULL);
		assert_int_equal(mkdir(root, 0777), 0);
	}
}

static void this_machine_has_something(void **state)
{
	(void)state;
	assert_true(machine_processors() >= 1);
	assert_true(machine_memory_bytes(&machine_system_files) > 0);
}

static void a_job_has_defaults(void **state)
{
	struct muster_job from = { 0 }, job;
	uint64_t wish;

	(void)state;
	assert_int_equal(api_job(&from, &job, NULL), MUSTER_OK);
	assert_int_equal(job.worker_count, machine_processors());
	wish = (128ull << 20) + job.worker_count * (64ull << 20);
	assert_true(job.memory_bytes <= wish);
	assert_true(job.memory_bytes >= API_MEMORY_MIN_BYTES);
	from.worker_count = 3;
	from.memory_bytes = 100 << 20;
	assert_int_equal(api_job(&from, &job, NULL), MUSTER_OK);
	assert_int_equal(job.worker_count, 3);
	assert_int_equal(job.memory_bytes, 100 << 20);
}

static void limits_that_no_job_can_keep_are_refused(void **state)
{
	struct muster_job few = { .memory_bytes = 1 << 20 }, many = { .worker_count = 100000 }, job;
	struct muster_error err = { 0 };

	(void)state;
	assert_int_equal(api_job(&few, &job, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "64 MiB"));
	assert_int_equal(api_job(&many, &job, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "100000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_smallest_limit_counts, make_root, remove_root),
		cmocka_unit_test(this_machine_has_something),
		cmocka_unit_test(a_job_has_defaults),
		cmocka_unit_test(limits_that_no_job_can_keep_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
