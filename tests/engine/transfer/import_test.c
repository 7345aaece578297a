#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text/encode.h"
#include "engine/look/look.h"
#include "engine/transfer/transfer.h"
#include "tests/engine/look/fixture.h"
#include "tests/support/torture.h"

/* --- manifests ------------------------------------------------------------------------------ */

#define BEGIN                                                                                      \
	"{\"version\":1,\"storagePolicy\":\"wandb-storage-policy-v1\","                            \
	"\"storagePolicyConfig\":{\"storageLayout\":\"V2\"},\"contents\":{"
#define END "}}"

static void manifest_path(const struct fixture *fixture, char out[96])
{
	snprintf(out, 96, "%s.json", fixture->tree);
}

static void write_manifest(const struct fixture *fixture, const char *text)
{
	char path[96];
	int fd;

	manifest_path(fixture, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int close_all(void **state)
{
	char path[96];

	manifest_path(*state, path);
	unlink(path);
	return fixture_close(state);
}

/* "path":{"digest":"…","size":…} of a text. */
static void append_entry(struct bytes *out, const char *path, const char *content, bool xxh128)
{
	uint8_t digest[16];
	char text[32] = { 0 };

	if (xxh128)
		xxh128_of(view_text(content), digest);
	else
		md5_of(view_text(content), digest);
	base64_encode(text, digest, 16);
	assert_false(bytes_printf(out, NULL, "%s\"%s\":{\"digest\":\"%s\",\"size\":%zu%s}",
				  out->ptr[out->len - 1] == '{' ? "" : ",", path, text,
				  strlen(content),
				  xxh128 ? ",\"extra\":{\"alg\":\"XXH128\"}" : ""));
}

struct failures {
	char text[4096];
	size_t len;
};

static void note_failure(void *state, const char *path, uint64_t path_bytes,
			 const struct muster_error *error)
{
	struct failures *failures = state;

	failures->len += (size_t)snprintf(failures->text + failures->len,
					  sizeof(failures->text) - failures->len, "%.*s: %s\n",
					  (int)path_bytes, path, error->message);
}

static struct failures failures;

static enum muster_code import_manifest(struct fixture *fixture, const char *name, bool with_tree,
					bool commit_partial, struct muster_put_report *report,
					struct muster_error *err)
{
	char path[96];
	struct muster_import_options options = {
		.job = { .worker_count = 3,
			 .memory_bytes = FIXTURE_MEMORY_BYTES,
			 .on_failure = note_failure,
			 .on_failure_state = &failures },
		.manifest_path = path,
		.from = with_tree ? fixture->tree : NULL,
		.entity = "me",
		.project = "tests",
		.name = name,
		.commit_partial = commit_partial,
	};

	failures.len = 0;
	failures.text[0] = '\0';
	manifest_path(fixture, path);
	return import_run(fixture->repository, &options, report, err);
}

static struct muster_put_report must_import(struct fixture *fixture, const char *name,
					    bool with_tree)
{
	struct muster_put_report report;
	struct muster_error err = { 0 };

	if (import_manifest(fixture, name, with_tree, false, &report, &err))
		fail_msg("%s\n%s", err.message, failures.text);
	assert_true(report.is_committed);
	return report;
}

/* --- what comes back ------------------------------------------------------------------------ */

static enum muster_code append_bytes(void *state, const void *bytes, uint64_t count,
				     struct muster_error *err)
{
	return bytes_append(state, bytes, count, err);
}

static struct artifact_address address_of(const char *name)
{
	struct artifact_address address = fixture_address("");

	address.name = view_text(name);
	return address;
}

static void must_export(struct fixture *fixture, const char *name, bool python, struct bytes *out)
{
	struct artifact_address address = address_of(name);
	struct muster_export_options options = { .python_form = python,
						 .sink = append_bytes,
						 .sink_state = out };
	struct muster_error err = { 0 };

	out->len = 0;
	if (export_run(fixture->repository, &address, &options, &err) ||
	    bytes_append_byte(out, '\0', &err))
		fail_msg("%s", err.message);
}

static void check_content(struct fixture *fixture, const char *name, const char *path,
			  const char *expected)
{
	struct artifact_address address = address_of(name);
	struct bytes bytes = { 0 };
	struct muster_error err = { 0 };

	if (look_cat(fixture->repository, NULL, &address, path, append_bytes, &bytes, &err))
		fail_msg("%s", err.message);
	assert_true(view_equal(bytes_view(&bytes), view_text(expected)));
	bytes_release(&bytes);
}

/* --- tests ---------------------------------------------------------------------------------- */

/* The worked example of the format, its bytes made up. */
static void the_example_of_wandb_comes_back_as_it_was(void **state)
{
	static const char manifest[] =
		BEGIN "\"data/a.bin\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":5,"
		      "\"birthArtifactID\":\"QXJ0aWZhY3Q6NTI1MDk4\",\"skip_cache\":false},"
		      "\"data/empty\":{\"digest\":\"1B2M2Y8AsgTpgAmY7PhCfg==\",\"size\":0,"
		      "\"birthArtifactID\":\"QXJ0aWZhY3Q6NTI1MDk4\",\"skip_cache\":false},"
		      "\"ref/obj.pb\":{\"digest\":\"781e5e245d69b566979b86e28d23f2c7\","
		      "\"ref\":\"s3://bkt/obj.pb\",\"size\":10,\"skip_cache\":false,"
		      "\"extra\":{\"etag\":\"781e5e245d69b566979b86e28d23f2c7\"}}" END;
	struct fixture *fixture = *state;
	struct muster_put_report report;
	struct bytes text = { 0 };

	fixture_write_text(fixture, "data/a.bin", "hello");
	write_manifest(fixture, manifest); /* data/empty is not there: its bytes are known */
	report = must_import(fixture, "data", true);
	assert_true(report.is_new);
	assert_string_equal(report.digest, "13b93e169846a15c9b1d17ddc5d8ad54");
	assert_int_equal(report.entry_count, 3);
	assert_int_equal(report.size_bytes, 15);
	assert_int_equal(report.packed_blobs, 2);
	assert_int_equal(report.read_files, 1);
	must_export(fixture, "data", false, &text);
	assert_string_equal((const char *)text.ptr, manifest);
	check_content(fixture, "data", "data/a.bin", "hello");
	check_content(fixture, "data", "data/empty", "");
	bytes_release(&text);
}

static void what_was_put_comes_back_through_either_form(void **state)
{
	struct fixture *fixture = *state;
	struct bytes first = { 0 }, second = { 0 };
	struct muster_put_report report;
	char path[64], text[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "d%d/file-%d", i % 7, i);
		snprintf(text, sizeof(text), "content %d", i / 2);
		fixture_write_text(fixture, path, text);
	}
	fixture_put(fixture);
	for (int python = 0; python < 2; python++) {
		const char *name = python ? "from-python" : "from-go";

		must_export(fixture, "data", python, &first);
		write_manifest(fixture, (const char *)first.ptr);
		report = must_import(fixture, name, false);
		assert_true(report.is_new);
		assert_int_equal(report.shared_blobs, 1000);
		assert_int_equal(report.packed_blobs, 0);
		assert_int_equal(report.read_files, 0);
		must_export(fixture, name, python, &second);
		assert_string_equal((const char *)first.ptr, (const char *)second.ptr);
		check_content(fixture, name, "d3/file-3", "content 1");
		report = must_import(fixture, name, true); /* once more, now with files */
		assert_false(report.is_new);
		assert_int_equal(report.read_files, 1000);
		assert_int_equal(report.packed_blobs, 0);
	}
	bytes_release(&first);
	bytes_release(&second);
}

static void entries_may_come_in_any_order(void **state)
{
	struct fixture *fixture = *state;
	struct bytes manifest = { 0 }, text = { 0 };
	char path[64], *at;

	assert_false(bytes_append_text(&manifest, BEGIN, NULL));
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "f%04d", i * 7919 % 2000);
		fixture_write_text(fixture, path, path);
		append_entry(&manifest, path, path, false);
	}
	assert_false(bytes_append_text(&manifest, END, NULL));
	assert_false(bytes_append_byte(&manifest, '\0', NULL));
	write_manifest(fixture, (const char *)manifest.ptr);
	must_import(fixture, "data", true);
	must_export(fixture, "data", false, &text);
	at = (char *)text.ptr;
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "\"f%04d\":", i);
		at = strstr(at, path);
		assert_non_null(at);
	}
	bytes_release(&manifest);
	bytes_release(&text);
}

static void both_algorithms_may_meet(void **state)
{
	struct fixture *fixture = *state;
	struct bytes manifest = { 0 };
	struct muster_put_report report;

	fixture_write_text(fixture, "md5.txt", "hello");
	fixture_write_text(fixture, "xxh.txt", "hello");
	assert_false(bytes_append_text(&manifest, BEGIN, NULL));
	append_entry(&manifest, "md5.txt", "hello", false);
	append_entry(&manifest, "xxh.txt", "hello", true);
	assert_false(bytes_append_text(&manifest, END, NULL));
	assert_false(bytes_append_byte(&manifest, '\0', NULL));
	write_manifest(fixture, (const char *)manifest.ptr);
	report = must_import(fixture, "data", true);
	assert_string_equal(report.digest, "68d532b5d8435c17549c4a49bff00caa");
	check_content(fixture, "data", "md5.txt", "hello");
	check_content(fixture, "data", "xxh.txt", "hello");
	report = must_import(fixture, "again", false); /* each is found by its own algorithm */
	assert_string_equal(report.digest, "68d532b5d8435c17549c4a49bff00caa");
	assert_int_equal(report.shared_blobs, 2);
	check_content(fixture, "again", "xxh.txt", "hello");
	bytes_release(&manifest);
}

static void large_files_are_packed_once(void **state)
{
	struct fixture *fixture = *state;
	size_t len = (4u << 20) + 12345;
	char *content = malloc(len + 1);
	struct bytes manifest = { 0 };
	struct muster_put_report report;

	memset(content, 'x', len);
	content[len] = '\0';
	fixture_write_text(fixture, "a", content);
	fixture_write_text(fixture, "b", content);
	assert_false(bytes_append_text(&manifest, BEGIN, NULL));
	append_entry(&manifest, "a", content, false);
	append_entry(&manifest, "b", content, false);
	assert_false(bytes_append_text(&manifest, END, NULL));
	assert_false(bytes_append_byte(&manifest, '\0', NULL));
	write_manifest(fixture, (const char *)manifest.ptr);
	report = must_import(fixture, "data", true);
	assert_int_equal(report.packed_blobs, 1);
	assert_int_equal(report.shared_blobs, 1);
	check_content(fixture, "data", "b", content);
	report = must_import(fixture, "again", true);
	assert_int_equal(report.packed_blobs, 0);
	assert_int_equal(report.shared_blobs, 2);

	content[len - 1] = 'y'; /* of this size, but another */
	fixture_write_text(fixture, "b", content);
	struct muster_error err = { 0 };

	assert_int_equal(import_manifest(fixture, "data", true, false, &report, &err),
			 MUSTER_E_ITEMS);
	assert_non_null(strstr(failures.text, "b: the file has the digest"));
	fixture_write_text(fixture, "b", "short");
	assert_int_equal(import_manifest(fixture, "data", true, false, &report, &err),
			 MUSTER_E_ITEMS);
	assert_non_null(strstr(failures.text, "b: the file has 5 bytes"));
	bytes_release(&manifest);
	free(content);
}

static void an_entry_without_bytes_has_failed(void **state)
{
	struct fixture *fixture = *state;
	struct muster_put_report report;
	struct muster_error err = { 0 };
	const char *expected[] = { "absent: there is no file, and bytes",
				   "no-size: there is no file, and without a size",
				   "other: the file has the digest 'DMF1ucDxtqgxw5niaXcmYQ=='",
				   "longer: the file does not have 5 bytes",
				   "text: its digest 'abc' is not one of bytes" };

	fixture_write_text(fixture, "good", "hello");
	fixture_write_text(fixture, "other", "a");
	fixture_write_text(fixture, "longer", "hello!");
	write_manifest(fixture,
		       BEGIN "\"absent\":{\"digest\":\"XrY7u+Ae7tCTyyK7j1rNww==\",\"size\":5},"
			     "\"good\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\"},"
			     "\"longer\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":5},"
			     "\"no-size\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\"},"
			     "\"other\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":1},"
			     "\"text\":{\"digest\":\"abc\",\"size\":1}" END);
	assert_int_equal(import_manifest(fixture, "data", true, false, &report, &err),
			 MUSTER_E_ITEMS);
	assert_int_equal(report.failed_items, 5);
	assert_false(report.is_committed);
	for (size_t i = 0; i < 5; i++)
		if (!strstr(failures.text, expected[i]))
			fail_msg("'%s' is not in\n%s", expected[i], failures.text);

	assert_int_equal(import_manifest(fixture, "data", true, true, &report, &err),
			 MUSTER_E_ITEMS);
	assert_true(report.is_committed);
	assert_int_equal(report.entry_count, 1);
	check_content(fixture, "data", "good", "hello");
}

static void without_files_all_bytes_must_be_stored(void **state)
{
	struct fixture *fixture = *state;
	struct muster_put_report report;
	struct muster_error err = { 0 };

	write_manifest(fixture,
		       BEGIN "\"a\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":5}" END);
	assert_int_equal(import_manifest(fixture, "data", false, false, &report, &err),
			 MUSTER_E_ITEMS);
	assert_non_null(strstr(failures.text, "not stored here"));
	fixture_write_text(fixture, "elsewhere", "hello");
	fixture_put(fixture);
	must_import(fixture, "copy", false);
	check_content(fixture, "copy", "a", "hello");
	/* the digest is right, the size is not */
	write_manifest(fixture,
		       BEGIN "\"a\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":6}" END);
	assert_int_equal(import_manifest(fixture, "copy", false, false, &report, &err),
			 MUSTER_E_ITEMS);
}

static void a_bad_manifest_makes_nothing(void **state)
{
	static const struct {
		const char *text;
		enum muster_code code;
		const char *reason;
	} cases[] = {
		{ "", MUSTER_E_FORMAT, "" },
		{ BEGIN, MUSTER_E_FORMAT, "" },
		{ "{\"version\":2,\"contents\":{}}", MUSTER_E_UNSUPPORTED, "version" },
		{ BEGIN "\"../a\":{\"digest\":\"x\",\"ref\":\"s3://b/a\"}" END, MUSTER_E_FORMAT,
		  "../a" },
		{ BEGIN "\"a\":{\"digest\":\"x\",\"ref\":\"s3://b/a\"},"
			"\"b\":{\"digest\":\"x\",\"ref\":\"s3://b/a\"},"
			"\"a\":{\"digest\":\"y\",\"ref\":\"s3://b/a\"}" END,
		  MUSTER_E_FORMAT, "names 'a' twice" },
	};
	struct fixture *fixture = *state;
	struct muster_put_report report;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		write_manifest(fixture, cases[i].text);
		assert_int_equal(import_manifest(fixture, "data", false, false, &report, &err),
				 cases[i].code);
		assert_non_null(strstr(err.message, cases[i].reason));
		assert_false(report.is_committed);
	}
}

static void what_is_not_there_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct muster_import_options options = {
		.job = { .worker_count = 1, .memory_bytes = FIXTURE_MEMORY_BYTES },
		.manifest_path = "/nonexistent/m.json",
		.entity = "me",
		.project = "tests",
		.name = "data",
	};
	struct artifact_address address = fixture_address("");
	struct muster_put_report report;
	struct muster_error err = { 0 };
	char path[96];

	assert_int_equal(import_run(fixture->repository, &options, &report, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "/nonexistent/m.json"));
	write_manifest(fixture, BEGIN END);
	manifest_path(fixture, path);
	options.manifest_path = path;
	options.from = "/nonexistent/d";
	assert_int_equal(import_run(fixture->repository, &options, &report, &err), MUSTER_E_NAME);
	assert_non_null(strstr(err.message, "/nonexistent/d"));
	/* and no artifact was made */
	assert_int_equal(
		look_cat(fixture->repository, NULL, &address, "a", append_bytes, NULL, NULL),
		MUSTER_E_NAME);
}

static void the_order_to_stop_is_obeyed(void **state)
{
	struct fixture *fixture = *state;
	struct muster_progress progress = { .cancel = true };
	char path[96];
	struct muster_import_options options = {
		.job = { .worker_count = 2,
			 .memory_bytes = FIXTURE_MEMORY_BYTES,
			 .progress = &progress },
		.manifest_path = path,
		.entity = "me",
		.project = "tests",
		.name = "data",
	};
	struct muster_put_report report;
	struct muster_error err = { 0 };

	manifest_path(fixture, path);
	write_manifest(fixture, BEGIN "\"a\":{\"digest\":\"x\",\"ref\":\"s3://b/a\"}" END);
	assert_int_equal(import_run(fixture->repository, &options, &report, &err),
			 MUSTER_E_CANCELLED);
	assert_false(report.is_committed);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct fixture *fixture = *state;
	bool is_done = false;
	char path[96];
	struct muster_import_options options = {
		.job = { .worker_count = 1, .memory_bytes = FIXTURE_MEMORY_BYTES },
		.manifest_path = path,
		.from = fixture->tree,
		.entity = "me",
		.project = "tests",
		.name = "data",
	};

	fixture_write_text(fixture, "a", "hello");
	manifest_path(fixture, path);
	write_manifest(fixture, BEGIN "\"a\":{\"digest\":\"XUFAKrxLKna5cZ2REBfFkg==\",\"size\":5},"
				      "\"r\":{\"digest\":\"x\",\"ref\":\"s3://b/a\"}" END);
	for (uint64_t n = 1; !is_done; n += n < 300 ? 1 : 17) {
		struct muster_put_report report;
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = import_run(fixture->repository, &options, &report, &err);
		is_done = !torture_hit();
		torture_off();
		if (is_done)
			assert_int_equal(code, MUSTER_OK);
		else if (code)
			assert_int_equal(code, MUSTER_E_MEMORY);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_example_of_wandb_comes_back_as_it_was),
		TEST(what_was_put_comes_back_through_either_form),
		cmocka_unit_test_setup_teardown(what_was_put_comes_back_through_either_form,
						fixture_open_xxh128, close_all),
		TEST(entries_may_come_in_any_order),
		TEST(both_algorithms_may_meet),
		TEST(large_files_are_packed_once),
		TEST(an_entry_without_bytes_has_failed),
		TEST(without_files_all_bytes_must_be_stored),
		TEST(a_bad_manifest_makes_nothing),
		TEST(what_is_not_there_is_named),
		TEST(the_order_to_stop_is_obeyed),
		TEST(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
