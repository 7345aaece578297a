#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/intake/long_intake.h"

#define FILE_MAX 30

enum step { STEP_NEXT, STEP_BEGIN, STEP_CHUNK, STEP_END, STEP_COUNT };

struct lab;

struct told { /* of one file */
	struct lab *lab;
	char name[8];
	unsigned begin_count, end_count, again_left;
	struct bytes data; /* its chunks, since it began last */
	enum muster_code code;
	struct fingerprint fingerprint;
};

struct lab {
	char folder[64];
	int dir_fd;
	struct long_intake *intake;
	struct told files[FILE_MAX];
	size_t next, count, most_at_once;
	bool is_stopping;
	size_t stop_at; /* chunks until it stops; 0: never */
	enum step fail_step;
	unsigned fail_at; /* which call of that step fails; 0: none */
	unsigned calls[STEP_COUNT];
	bool is_mixed; /* every third file is hashed by XXH128 */
	bool is_given; /* bytes come from the test, not from files */
	bool has_room_op;
	unsigned room_calls, room_waits, stood_still;
	size_t end_early; /* every so many chunks one says MUSTER_END; 0: none */
	int grow_fd;	  /* a file that grows with each chunk of any; -1 */
	atomic_ullong read_bytes, done_bytes;
};

static size_t size_of(size_t n)
{
	static const size_t sizes[] = { 0,
					1,
					63,
					64,
					65,
					LONG_INTAKE_CHUNK_BYTES - 1,
					LONG_INTAKE_CHUNK_BYTES,
					LONG_INTAKE_CHUNK_BYTES + 1,
					3 * LONG_INTAKE_CHUNK_BYTES,
					1500001 };

	return sizes[n % (sizeof(sizes) / sizeof(sizes[0]))];
}

static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	snprintf(lab->folder, sizeof(lab->folder), "/tmp/muster-long-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	lab->dir_fd = open(lab->folder, O_RDONLY | O_DIRECTORY);
	lab->count = FILE_MAX;
	lab->grow_fd = -1;
	for (size_t n = 0; n < FILE_MAX; n++) {
		uint8_t *bytes = malloc(size_of(n) + 1);
		int fd;

		lab->files[n].lab = lab;
		snprintf(lab->files[n].name, sizeof(lab->files[n].name), "%zu", n);
		for (size_t i = 0; i < size_of(n); i++)
			bytes[i] = (uint8_t)(n * 7 + i * 13 + (i >> 11));
		fd = openat(lab->dir_fd, lab->files[n].name, O_WRONLY | O_CREAT, 0600);
		assert_int_equal(write(fd, bytes, size_of(n)), size_of(n));
		close(fd);
		free(bytes);
	}
	*state = lab;
	return 0;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;
	char command[128];

	long_intake_close(lab->intake);
	for (size_t n = 0; n < FILE_MAX; n++)
		bytes_release(&lab->files[n].data);
	close(lab->dir_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", lab->folder);
	assert_int_equal(system(command), 0);
	free(lab);
	return 0;
}

static enum muster_code step(struct lab *lab, enum step which, struct muster_error *err)
{
	if (lab->fail_step == which && ++lab->calls[which] == lab->fail_at)
		return muster_fail(err, MUSTER_E_IO, "step %d failed", which);
	return MUSTER_OK;
}

static enum muster_code next(void *state, struct long_file *out, struct muster_error *err)
{
	struct lab *lab = state;
	enum muster_code code = lab->next == lab->count ? MUSTER_END : step(lab, STEP_NEXT, err);

	if (code)
		return code;
	*out = (struct long_file){ .dir_fd = lab->dir_fd,
				   .name = lab->files[lab->next].name,
				   .cookie = &lab->files[lab->next],
				   .algorithm = lab->is_mixed && lab->next % 3 == 1 ? DIGEST_XXH128
										    : DIGEST_TEXT };
	lab->next++;
	return MUSTER_OK;
}

static enum muster_code begin(void *state, void *cookie, const struct file_stat *found,
			      struct muster_error *err)
{
	struct lab *lab = state;
	struct told *file = cookie;

	assert_int_equal(found->size_bytes, size_of((size_t)(file - lab->files)));
	file->begin_count++;
	file->data.len = 0;
	if (long_intake_count(lab->intake) > lab->most_at_once)
		lab->most_at_once = long_intake_count(lab->intake);
	return step(lab, STEP_BEGIN, err);
}

static enum muster_code chunk(void *state, void *cookie, struct view data, struct muster_error *err)
{
	struct lab *lab = state;
	struct told *file = cookie;

	assert_true(data.len > 0);
	assert_int_equal(bytes_append_view(&file->data, data, NULL), MUSTER_OK);
	if (lab->stop_at && --lab->stop_at == 0)
		lab->is_stopping = true;
	if (lab->grow_fd >= 0)
		assert_int_equal(write(lab->grow_fd, "x", 1), 1);
	if (lab->end_early && (size_t)(file - lab->files) % lab->end_early == 3)
		return MUSTER_END;
	return step(lab, STEP_CHUNK, err);
}

/* Number 5 has room only for who waits, the others now and then, and of many sizes. */
static size_t room(void *state, void *cookie, bool may_wait)
{
	struct lab *lab = state;
	size_t n = (size_t)((struct told *)cookie - lab->files);

	lab->room_calls++;
	lab->room_waits += may_wait;
	if (!may_wait && (n == 5 || lab->room_calls % 3 == 0)) {
		lab->stood_still++;
		return 0;
	}
	return lab->room_calls % 4 == 0 ? SIZE_MAX : 1 + lab->room_calls * 4097 % 300000;
}

static enum muster_code end(void *state, void *cookie, const struct long_answer *answer,
			    bool *again, struct muster_error *err)
{
	struct told *file = cookie;

	file->end_count++;
	file->code = answer->code;
	if (!answer->code)
		file->fingerprint = *answer->fingerprint;
	else if (answer->code != MUSTER_END)
		assert_int_equal(answer->error->code, answer->code);
	*again = file->again_left > 0;
	file->again_left -= *again;
	return step(state, STEP_END, err);
}

/* As long_ops.open and .read of who has bytes elsewhere; number 2 is not to be had. */
static enum muster_code open_given(void *state, void *cookie, int *fd, struct file_stat *found,
				   struct muster_error *error)
{
	struct lab *lab = state;
	size_t n = (size_t)((struct told *)cookie - lab->files);

	*fd = -1;
	found->size_bytes = size_of(n);
	return n == 2 ? muster_fail(error, MUSTER_E_NAME, "no such bytes") : MUSTER_OK;
}

static enum muster_code read_given(void *state, void *cookie, uint64_t offset_bytes, uint8_t *out,
				   size_t len, size_t *got, struct muster_error *error)
{
	struct lab *lab = state;
	size_t n = (size_t)((struct told *)cookie - lab->files);

	(void)error;
	*got = size_of(n) - offset_bytes < len ? size_of(n) - (size_t)offset_bytes : len;
	for (size_t i = (size_t)offset_bytes; i < offset_bytes + *got; i++)
		*out++ = (uint8_t)(n * 7 + i * 13 + (i >> 11));
	return MUSTER_OK;
}

static bool is_stopping(void *run)
{
	return *(const bool *)run;
}

static enum muster_code run(struct lab *lab, struct muster_error *err)
{
	struct hash_options hashing = { .algorithm = DIGEST_MD5, .has_identity = true };
	struct long_ops ops = { .state = lab,
				.next = next,
				.begin = begin,
				.chunk = chunk,
				.end = end,
				.is_stopping = is_stopping,
				.run = &lab->is_stopping,
				.read_bytes = &lab->read_bytes,
				.done_bytes = &lab->done_bytes };

	if (lab->has_room_op)
		ops.room = room;
	if (lab->is_given) {
		ops.open = open_given;
		ops.read = read_given;
	}
	long_intake_close(lab->intake);
	assert_int_equal(long_intake_open(&lab->intake, &hashing, &ops, NULL), MUSTER_OK);
	return long_intake_run(lab->intake, err);
}

static void assert_is_whole(const struct told *file, size_t n)
{
	struct fingerprint expected = { 0 };
	struct view data = bytes_view(&file->data);

	assert_int_equal(file->code, MUSTER_OK);
	assert_int_equal(data.len, size_of(n));
	for (size_t i = 0; i < data.len; i += 97)
		assert_int_equal(data.ptr[i], (uint8_t)(n * 7 + i * 13 + (i >> 11)));
	md5_of(data, expected.digest);
	xxh128_of(data, expected.checksum);
	if (file->lab->is_mixed && n % 3 == 1)
		memcpy(expected.digest, expected.checksum, DIGEST_BYTES);
	sha256_of(data, expected.identity);
	assert_memory_equal(&file->fingerprint, &expected, sizeof(expected));
}

static void every_file_is_given_whole_with_its_digests(void **state)
{
	struct lab *lab = *state;
	uint64_t size_bytes = 0;

	assert_int_equal(run(lab, NULL), MUSTER_OK);
	for (size_t n = 0; n < FILE_MAX; n++) {
		size_bytes += size_of(n);
		assert_int_equal(lab->files[n].begin_count, 1);
		assert_int_equal(lab->files[n].end_count, 1);
		assert_is_whole(&lab->files[n], n);
	}
	assert_int_equal(lab->read_bytes, size_bytes);
	assert_int_equal(lab->done_bytes, size_bytes);
	assert_int_equal(lab->most_at_once, LONG_INTAKE_FILES);
	assert_int_equal(long_intake_count(lab->intake), 0);
}

static void who_has_no_room_stands_still_while_others_go_on(void **state)
{
	struct lab *lab = *state;

	for (unsigned given = 0; given < 2; given++) {
		lab->next = 0;
		lab->has_room_op = true;
		lab->is_given = given;
		assert_int_equal(run(lab, NULL), MUSTER_OK);
		for (size_t n = 0; n < FILE_MAX; n++)
			if (!given || n != 2)
				assert_is_whole(&lab->files[n], n);
		assert_true(lab->stood_still > lab->room_waits); /* most of them for nothing */
		assert_true(lab->room_waits > 0); /* but number 5 was waited for in the end */
	}
}

static void a_file_is_read_again_as_often_as_is_asked(void **state)
{
	struct lab *lab = *state;

	for (size_t n = 0; n < FILE_MAX; n++)
		lab->files[n].again_left = n % 4;
	assert_int_equal(unlinkat(lab->dir_fd, lab->files[3].name, 0), 0);
	assert_int_equal(run(lab, NULL), MUSTER_OK);
	for (size_t n = 0; n < FILE_MAX; n++) {
		assert_int_equal(lab->files[n].end_count, 1 + n % 4);
		if (n == 3)
			assert_int_equal(lab->files[n].code, MUSTER_E_VANISHED);
		else
			assert_is_whole(&lab->files[n], n);
	}
}

static void a_file_that_changes_is_told_and_disturbs_no_other(void **state)
{
	struct lab *lab = *state;
	size_t growing = 7; /* of the first eight: more than one chunk */

	lab->grow_fd = openat(lab->dir_fd, lab->files[growing].name, O_WRONLY | O_APPEND);
	assert_int_equal(run(lab, NULL), MUSTER_OK);
	close(lab->grow_fd);
	for (size_t n = 0; n < growing; n++)
		assert_is_whole(&lab->files[n], n);
	assert_int_equal(lab->files[growing].code, MUSTER_E_CHANGED);
	assert_int_equal(lab->files[growing].end_count, 1);
}

static void all_are_ended_when_the_run_stops(void **state)
{
	struct lab *lab = *state;

	for (size_t stop_at = 1; stop_at < 40; stop_at += 3) {
		lab->next = 0;
		lab->stop_at = stop_at;
		lab->is_stopping = false;
		for (size_t n = 0; n < FILE_MAX; n++)
			lab->files[n].end_count = lab->files[n].begin_count = 0;
		assert_int_equal(run(lab, NULL), MUSTER_OK);
		for (size_t n = 0; n < FILE_MAX; n++)
			assert_int_equal(lab->files[n].end_count, n < lab->next);
	}
}

static void a_failed_step_ends_the_run_and_every_file(void **state)
{
	struct lab *lab = *state;

	for (enum step which = STEP_NEXT; which < STEP_COUNT; which++) {
		for (unsigned at = 1; at <= 20; at += 3) {
			struct muster_error err = { 0 };

			lab->next = 0;
			lab->fail_step = which;
			lab->fail_at = at;
			memset(lab->calls, 0, sizeof(lab->calls));
			for (size_t n = 0; n < FILE_MAX; n++)
				lab->files[n].end_count = 0;
			assert_int_equal(run(lab, &err), MUSTER_E_IO);
			assert_non_null(strstr(err.message, "failed"));
			for (size_t n = 0; n < FILE_MAX; n++)
				assert_int_equal(lab->files[n].end_count, n < lab->next);
		}
	}
}

static void files_of_two_algorithms_go_on_together(void **state)
{
	struct lab *lab = *state;

	lab->is_mixed = true;
	assert_int_equal(run(lab, NULL), MUSTER_OK);
	for (size_t n = 0; n < FILE_MAX; n++)
		assert_is_whole(&lab->files[n], n);
	assert_int_equal(lab->most_at_once, LONG_INTAKE_FILES);
}

static void bytes_come_from_where_its_user_has_them(void **state)
{
	struct lab *lab = *state;

	lab->is_given = true;
	assert_int_equal(run(lab, NULL), MUSTER_OK);
	for (size_t n = 0; n < FILE_MAX; n++)
		if (n != 2)
			assert_is_whole(&lab->files[n], n);
	assert_int_equal(lab->files[2].code, MUSTER_E_NAME);
	assert_int_equal(lab->files[2].end_count, 1);
}

static void who_wants_no_more_of_a_file_says_so(void **state)
{
	struct lab *lab = *state;

	lab->end_early = 5;
	assert_int_equal(run(lab, NULL), MUSTER_OK);
	for (size_t n = 0; n < FILE_MAX; n++) {
		assert_int_equal(lab->files[n].end_count, 1);
		if (n % 5 == 3 && size_of(n))
			assert_int_equal(lab->files[n].code, MUSTER_END);
		else
			assert_is_whole(&lab->files[n], n);
	}
}

static void who_comes_has_a_share_and_nothing_waits_for_nobody(void **state)
{
	(void)state;
	assert_true(long_intake_may_take(7, 9, 1)); /* eight and eight */
	assert_false(long_intake_may_take(8, 8, 1));
	assert_true(long_intake_may_take(0, 1, 3));
	assert_false(long_intake_may_take(1, 1, 1));
	assert_true(long_intake_may_take(7, 1, 0));
	assert_false(long_intake_may_take(0, 0, 0));
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(every_file_is_given_whole_with_its_digests),
		LAB_TEST(who_has_no_room_stands_still_while_others_go_on),
		LAB_TEST(a_file_is_read_again_as_often_as_is_asked),
		LAB_TEST(a_file_that_changes_is_told_and_disturbs_no_other),
		LAB_TEST(all_are_ended_when_the_run_stops),
		LAB_TEST(a_failed_step_ends_the_run_and_every_file),
		LAB_TEST(files_of_two_algorithms_go_on_together),
		LAB_TEST(bytes_come_from_where_its_user_has_them),
		cmocka_unit_test(who_comes_has_a_share_and_nothing_waits_for_nobody),
		LAB_TEST(who_wants_no_more_of_a_file_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
