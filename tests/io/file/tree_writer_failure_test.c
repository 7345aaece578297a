/* Calls, allocations and disks that fail. */
#include "tests/io/file/writer_lab.h"

static enum muster_code write_three(struct place *place, unsigned n, struct muster_error *err)
{
	struct tree_writer *writer;
	struct tree_file *file;
	enum muster_code code = tree_writer_new(&writer, place->root_fd, &place->sys.ops, err);
	char path[64];

	if (code)
		return code;
	snprintf(path, sizeof(path), "n%u/d/small", n);
	code = tree_writer_put_small(writer, view_text(path), view_text("small"), false, err);
	if (!code)
		code = tree_writer_put_small(writer, view_text(path), view_text("again"), true,
					     err);
	if (code)
		goto out;
	snprintf(path, sizeof(path), "n%u/e/large", n);
	code = tree_file_begin(writer, view_text(path), false, &file, err);
	if (code)
		goto out;
	code = tree_file_append(file, view_text("large"), err);
	if (code && n % 2)
		tree_file_abort(file);
	else if (code)
		assert_true(muster_failed(tree_file_finish(file, NULL)));
	else
		code = tree_file_finish(file, err);
	if (!code)
		code = tree_writer_sync(writer, err);
out:
	tree_writer_free(writer);
	return code;
}

/* No half file under a name that counts, and no temporary one. */
static void assert_whole(struct place *place, unsigned n)
{
	static const struct {
		const char *name, *first, *second;
	} cases[] = { { "root/n%u/d/small", "small", "again" },
		      { "root/n%u/e/large", "large", "" } };

	for (size_t i = 0; i < 2; i++) {
		char name[64], got[16] = "";
		int fd;

		if (i == 0)
			snprintf(name, sizeof(name), "root/n%u/d/small", n);
		else
			snprintf(name, sizeof(name), "root/n%u/e/large", n);
		fd = open(below(place, name), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		assert_true(read(fd, got, sizeof(got) - 1) > 0);
		close(fd);
		assert_true(strcmp(got, cases[i].first) == 0 || strcmp(got, cases[i].second) == 0);
	}
	count_files(below(place, "root"));
	assert_int_equal(tree_temporaries, 0);
}

static void it_survives_the_failure_of_any_call(void **state)
{
	static const int failures[] = { ENOSPC, EDQUOT, EROFS, EACCES, EIO };
	struct place *place = *state;
	unsigned failed_count = 0;

	for (unsigned n = 1;; n++) {
		int failure = failures[n % 5];
		size_t fds = scratch_open_descriptors();
		struct muster_error err = { 0 };
		enum muster_code code;
		bool hit;

		sys_fault_arm(&place->sys, n, failure);
		code = write_three(place, n, &err);
		hit = atomic_load(&place->sys.hit);
		sys_fault_arm(&place->sys, 0, 0);
		assert_int_equal(scratch_open_descriptors(), fds);
		assert_whole(place, n);
		if (!hit) {
			assert_int_equal(code, MUSTER_OK);
			break;
		}
		if (!code)
			continue; /* a way around was found */
		assert_int_equal(code, MUSTER_E_IO);
		assert_int_equal(err.sys_errno, failure);
		failed_count++;
	}
	assert_true(failed_count >= 12);
}

static enum muster_code live_once(struct place *place, unsigned n)
{
	return write_three(place, n, NULL);
}

static void it_survives_the_failure_of_any_allocation(void **state)
{
	struct place *place = *state;
	unsigned failed_count = 0;
	bool hit = true;

	for (unsigned n = 1; hit; n++) {
		size_t fds = scratch_open_descriptors();
		enum muster_code code;

		torture_allocation(n);
		code = live_once(place, n);
		hit = torture_hit();
		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		assert_int_equal(scratch_open_descriptors(), fds);
		assert_whole(place, n);
		failed_count += hit;
	}
	assert_true(failed_count >= 4);
}

static int close_says_quota(void *state, int fd)
{
	(void)state;
	close(fd);
	errno = EDQUOT;
	return -1;
}

static void a_failure_at_close_counts(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct tree_file *file;

	assert_put(place, "d/first", "");
	place->sys.ops.close = close_says_quota;
	assert_int_equal(put(place, "d/f", "x", false, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EDQUOT);
	assert_int_equal(tree_file_begin(place->writer, VIEW_LITERAL("d/g"), false, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_finish(file, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, EDQUOT);
	assert_int_equal(count_files(below(place, "root")), 1);
}

static void a_full_disk_leaves_no_half_file(void **state)
{
	struct place *place = *state;
	const char *mount_path = below(place, "full");
	struct muster_error err = { 0 };
	struct tree_writer *writer;
	struct tree_file *file;
	uint8_t *data;
	int root_fd;

	assert_int_equal(mkdir(mount_path, 0777), 0);
	if (mount("none", mount_path, "tmpfs", 0, "size=256k")) {
		print_message("skipped: a file system in memory cannot be mounted here\n");
		skip();
	}
	data = calloc(1, 1 << 20);
	assert_non_null(data);
	assert_int_equal(tree_root_open(&root_fd, mount_path, false, NULL), MUSTER_OK);
	assert_int_equal(tree_writer_new(&writer, root_fd, NULL, NULL), MUSTER_OK);
	assert_int_equal(tree_writer_put_small(writer, VIEW_LITERAL("d/f"), view_of(data, 1 << 20),
					       false, &err),
			 MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_non_null(strstr(err.message, "'d/f'"));
	assert_int_equal(tree_file_begin(writer, VIEW_LITERAL("d/g"), false, &file, NULL),
			 MUSTER_OK);
	assert_int_equal(tree_file_append(file, view_of(data, 1 << 20), &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ENOSPC);
	tree_file_abort(file);
	assert_int_equal(count_files(mount_path), 0);
	assert_int_equal(tree_writer_put_small(writer, VIEW_LITERAL("d/h"), view_of(data, 4096),
					       false, &err),
			 MUSTER_OK); /* the room is free again */
	tree_writer_free(writer);
	close(root_fd);
	free(data);
	assert_int_equal(umount2(mount_path, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(it_survives_the_failure_of_any_call),
		WITHOUT_UNNAMED(it_survives_the_failure_of_any_call),
		WITH_PLACE(it_survives_the_failure_of_any_allocation),
		WITH_AND_WITHOUT_NAMES(a_failure_at_close_counts),
		WITH_AND_WITHOUT_NAMES(a_full_disk_leaves_no_half_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
