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

#include "base/hash/hash.h"
#include "base/text/encode.h"
#include "engine/etag/etag_file.h"

#define MIB (1u << 20)

struct scratch {
	char path[64];
	uint8_t *bytes;
	size_t len;
};

static struct scratch scratch_file(size_t len)
{
	struct scratch scratch = { .path = "/tmp/muster-etag-XXXXXX", .len = len };
	int fd = mkstemp(scratch.path);

	scratch.bytes = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
		scratch.bytes[i] = (uint8_t)(i * 31 + (i >> 13));
	assert_int_equal(write(fd, scratch.bytes, len), len);
	close(fd);
	return scratch;
}

static void scratch_release(struct scratch *scratch)
{
	unlink(scratch->path);
	free(scratch->bytes);
}

/* The rule, in the plainest way. */
static void expected_etag(const struct scratch *file, size_t part, char out[64])
{
	struct bytes digests = { 0 };
	uint8_t digest[DIGEST_BYTES];
	size_t count = 0;

	for (size_t at = 0; at < file->len || !count; at += part, count++) {
		md5_of(view_of(file->bytes + at, file->len - at < part ? file->len - at : part),
		       digest);
		bytes_append(&digests, digest, sizeof(digest), NULL);
	}
	md5_of(bytes_view(&digests), digest);
	hex_encode(out, digest, sizeof(digest));
	snprintf(out + 32, 32, "-%zu", count);
	bytes_release(&digests);
}

static void parts_of_any_size_give_the_published_rule(void **state)
{
	static const size_t lens[] = { 0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB, 37 * MIB + 12345 };
	static const size_t parts[] = { 4096, MIB, 5 * MIB, 100 * MIB };

	(void)state;
	for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
		struct scratch file = scratch_file(lens[l]);

		for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
			/* The second time the buffer holds not even one of the large parts. */
			for (uint64_t memory = 256 * MIB; memory >= 2 * MIB; memory /= 128) {
				struct muster_etag_options options = { .job.memory_bytes = memory,
								       .path = file.path,
								       .part_bytes = parts[p],
								       .is_multipart = true };
				struct muster_etag_report report;
				char expected[64];

				expected_etag(&file, parts[p], expected);
				assert_int_equal(etag_file(&options, &report, NULL), MUSTER_OK);
				assert_string_equal(report.etag, expected);
				assert_int_equal(report.size_bytes, lens[l]);
			}
		}
		scratch_release(&file);
	}
}

static void less_than_one_part_is_a_plain_md5_unless_told_otherwise(void **state)
{
	struct scratch file = scratch_file(3 * MIB);
	struct muster_etag_options options = { .job.memory_bytes = 2 * MIB,
					       .path = file.path,
					       .part_bytes = 8 * MIB };
	struct muster_etag_report report;
	uint8_t digest[DIGEST_BYTES];
	char expected[64] = "";

	(void)state;
	md5_of(view_of(file.bytes, file.len), digest);
	hex_encode(expected, digest, sizeof(digest));
	assert_int_equal(etag_file(&options, &report, NULL), MUSTER_OK);
	assert_string_equal(report.etag, expected);
	assert_int_equal(report.part_count, 0);
	options.part_bytes = 3 * MIB; /* exactly one */
	assert_int_equal(etag_file(&options, &report, NULL), MUSTER_OK);
	assert_string_equal(report.etag + 32, "-1");
	scratch_release(&file);
}

static void bad_input_is_told(void **state)
{
	struct scratch file = scratch_file(10001);
	struct muster_etag_report report;
	struct muster_error err = { 0 };
	struct muster_etag_options options = { .job.memory_bytes = 64 * MIB, .path = file.path };

	(void)state;
	assert_int_equal(etag_file(&options, &report, &err), MUSTER_E_USAGE);
	options.part_bytes = 1;
	assert_int_equal(etag_file(&options, &report, &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "10001 parts"));
	options.path = "/nonexistent/muster";
	assert_int_equal(etag_file(&options, &report, &err), MUSTER_E_NAME);
	options.path = "/tmp";
	assert_int_equal(etag_file(&options, &report, &err), MUSTER_E_IO);
	scratch_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_any_size_give_the_published_rule),
		cmocka_unit_test(less_than_one_part_is_a_plain_md5_unless_told_otherwise),
		cmocka_unit_test(bad_input_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
