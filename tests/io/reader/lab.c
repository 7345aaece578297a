#include "tests/io/reader/lab.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/io/store/scratch.h"

static int fault_setup(void *state, struct io_uring *uring, unsigned depth)
{
	struct ring_fault *fault = state;

	fault->setup_count++;
	return fault->setup_errno ? -fault->setup_errno : ring_system()->setup(NULL, uring, depth);
}

static int fault_enter(void *state, struct io_uring *uring, unsigned wait_count)
{
	struct ring_fault *fault = state;
	unsigned now = ++fault->enter_count;

	if (fault->fail_at && now >= fault->fail_at && now < fault->fail_at + fault->fail_times)
		return -fault->fail_errno;
	return ring_system()->enter(NULL, uring, wait_count);
}

static uint64_t clock_boot_ns(void *state)
{
	struct lab *lab = state;

	return lab->now_ns += lab->step_ns;
}

int lab_begin(void **state)
{
	const struct lab_kind *kind = *state;
	struct lab *lab = calloc(1, sizeof(*lab));

	if (!lab || scratch_make(lab->path, sizeof(lab->path)))
		return -1;
	lab->dir_fd = open(lab->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sys_fault_init(&lab->sys);
	lab->ring.ops = (struct ring_ops){ &lab->ring, fault_setup, fault_enter };
	lab->clock = (struct effects){ .state = lab, .boot_ns = clock_boot_ns };
	lab->step_ns = kind->step_ns;
	lab->options = (struct reader_options){ .kind = kind->kind,
						.wants_stat = true,
						.sys = &lab->sys.ops,
						.effects = &lab->clock,
						.ring_ops = &lab->ring.ops };
	lab->fds = scratch_open_descriptors();
	*state = lab;
	return lab->dir_fd < 0 ? -1 : 0;
}

int lab_end(void **state)
{
	struct lab *lab = *state;
	size_t fds = scratch_open_descriptors();
	int result = fds == lab->fds ? 0 : -1;

	if (result)
		print_error("%zu descriptors were open, now %zu are\n", lab->fds, fds);
	close(lab->dir_fd);
	scratch_remove(lab->path);
	free(lab);
	return result;
}

void lab_write(const struct lab *lab, const char *name, const void *data, size_t len)
{
	int fd = openat(lab->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static uint8_t filled_byte(size_t at, uint32_t seed)
{
	return (uint8_t)((at + seed) * 2654435761u >> 13);
}

void lab_fill(uint8_t *out, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		out[i] = filled_byte(i, seed);
}

void lab_write_filled(const struct lab *lab, const char *name, size_t size, uint32_t seed)
{
	uint8_t *data = malloc(size + 1);

	assert_non_null(data);
	lab_fill(data, size, seed);
	lab_write(lab, name, data, size);
	free(data);
}

bool lab_is_filled(const uint8_t *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != filled_byte(i, seed))
			return false;
	return true;
}

struct reader *lab_open(struct lab *lab, unsigned depth)
{
	struct muster_error err = { 0 };
	struct reader *reader;

	lab->options.depth = depth;
	assert_int_equal(reader_open(&reader, &lab->options, &err), MUSTER_OK);
	return reader;
}

struct reader_request lab_request(const struct lab *lab, const char *name, uint64_t size_bytes,
				  uint8_t *buffer)
{
	return (struct reader_request){ .dir_fd = lab->dir_fd,
					.name = name,
					.size_bytes = size_bytes,
					.buffer = buffer,
					.cap_bytes = (size_t)size_bytes + 1 };
}

enum muster_code lab_read(struct lab *lab, const char *name, uint64_t size_bytes, uint8_t *buffer,
			  struct reader_answer *answer, struct muster_error *error)
{
	struct reader *reader = lab_open(lab, 8);
	struct reader_request request = lab_request(lab, name, size_bytes, buffer);

	request.cookie = buffer;
	assert_int_equal(reader_submit(reader, &request), MUSTER_OK);
	assert_int_equal(reader_next(reader, answer, error), MUSTER_OK);
	assert_ptr_equal(answer->cookie, buffer);
	assert_int_equal(reader_next(reader, answer, NULL), MUSTER_END);
	reader_close(reader);
	return answer->code;
}
