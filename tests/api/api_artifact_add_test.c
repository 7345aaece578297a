/* What is added to artifacts that are being made, and removed from them. */
#include "tests/api/making.h"

/* --- add_file --------------------------------------------------------------------------------- */

static void add_file_gives_its_entry(void **state)
{
	static const struct muster_add_options options = { .name = "x/./y", .skip_cache = true };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_entry *entry;
	const char *id;
	uint64_t size;

	enter(place);
	assert_int_equal(muster_artifact_add_file(artifact, "./hello.txt", NULL, &entry, NULL), 0);
	assert_string_equal(muster_entry_path(entry), "hello.txt");
	assert_string_equal(muster_entry_digest(entry), HELLO_DIGEST);
	assert_true(muster_entry_size(entry, &size));
	assert_int_equal(size, 5);
	assert_string_equal(muster_entry_local_path(entry), "./hello.txt");
	assert_false(muster_entry_skip_cache(entry));
	assert_ptr_equal(muster_entry_parent_artifact(entry), artifact);
	assert_int_equal(muster_entry_birth_artifact_id(entry, &id, NULL), MUSTER_ABSENT);
	assert_int_equal(muster_entry_download(entry, NULL, false, NULL, NULL),
			 MUSTER_E_NOT_LOGGED);
	muster_entry_free(entry);
	assert_int_equal(muster_artifact_add_file(artifact, "hello.txt", &options, &entry, NULL),
			 MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "x/y");
	assert_true(muster_entry_skip_cache(entry));
	muster_entry_free(entry);
	expect_entries(artifact, "hello.txt x/y ");
	muster_artifact_close(artifact);
}

static void add_file_is_tmp_names_by_digest(void **state)
{
	/* hex of the MD5 of "hello": 5d41402abc4b2a76b9719d911017c592 */
	static const struct muster_add_options options = { .name = "media/img.mask.png",
							   .is_tmp = true };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	assert_int_equal(muster_artifact_add_file(artifact, "hello.txt", &options, NULL, NULL), 0);
	expect_entries(artifact, "media/5d41402abc4b2a76b971.mask.png ");
	muster_artifact_close(artifact);
}

static void add_file_overwrites_only_when_told(void **state)
{
	static const struct muster_add_options keep = { .name = "a" },
					       overwrite = { .name = "a", .overwrite = true };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_error err = { 0 };

	enter(place);
	add(artifact, "dir/a", "a");
	add(artifact, "dir/a", "a"); /* the same digest */
	assert_int_equal(muster_artifact_add_file(artifact, "hello.txt", &keep, NULL, &err),
			 MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "Cannot add the same path twice"));
	assert_int_equal(muster_artifact_add_file(artifact, "hello.txt", &overwrite, NULL, NULL),
			 MUSTER_OK);
	expect_entries(artifact, "a ");
	expect_digest(artifact, "a", HELLO_DIGEST);
	muster_artifact_close(artifact);
}

static void policies_store_the_same(void **state)
{
	static const enum muster_policy policies[] = { MUSTER_POLICY_MUTABLE,
						       MUSTER_POLICY_IMMUTABLE };
	struct place *place = *state;

	enter(place);
	for (size_t i = 0; i < 2; i++) {
		struct muster_add_options options = { .policy = policies[i] };
		struct muster_artifact *artifact = new_artifact(place, "data");

		assert_int_equal(
			muster_artifact_add_file(artifact, "hello.txt", &options, NULL, NULL),
			MUSTER_OK);
		assert_int_equal(muster_artifact_add_dir(artifact, "dir", &options, NULL, NULL),
				 MUSTER_OK);
		expect_entries(artifact, "a hello.txt sub/b ");
		expect_digest(artifact, "hello.txt", HELLO_DIGEST);
		muster_artifact_close(artifact);
	}
}

static void what_cannot_be_added_says_why(void **state)
{
	static const struct {
		const char *local_path;
		struct muster_add_options options;
		bool is_dir;
		enum muster_code code;
		const char *says;
	} cases[] = {
		{ "nosuch", { 0 }, false, MUSTER_E_IO, "nosuch" },
		{ "dir", { 0 }, false, MUSTER_E_USAGE, "no regular file" },
		{ "hello.txt", { .name = "../x" }, false, MUSTER_E_USAGE, "../x" },
		{ "hello.txt", { .name = "/x" }, false, MUSTER_E_USAGE, "/x" },
		{ "hello.txt",
		  { .policy = (enum muster_policy)7 },
		  false,
		  MUSTER_E_USAGE,
		  "mutable or immutable" },
		{ "nosuch", { 0 }, true, MUSTER_E_IO, "nosuch" },
		{ "hello.txt", { 0 }, true, MUSTER_E_USAGE, "no directory" },
		{ "dir", { .name = ".." }, true, MUSTER_E_USAGE, ".." },
		{ "dir",
		  { .policy = (enum muster_policy)7 },
		  true,
		  MUSTER_E_USAGE,
		  "mutable or immutable" },
	};
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		enum muster_code code =
			cases[i].is_dir ? muster_artifact_add_dir(artifact, cases[i].local_path,
								  &cases[i].options, NULL, &err)
					: muster_artifact_add_file(artifact, cases[i].local_path,
								   &cases[i].options, NULL, &err);

		assert_int_equal(code, cases[i].code);
		if (!strstr(err.message, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
	}
	expect_entries(artifact, "");
	muster_artifact_close(artifact);
}

/* --- add_dir ---------------------------------------------------------------------------------- */

static void add_dir_puts_contents_at_the_root_or_below_a_name(void **state)
{
	static const struct muster_add_options below = { .name = "below/here/" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_put_report report;

	enter(place);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, &report, NULL), MUSTER_OK);
	expect_entries(artifact, "a sub/b ");
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", &below, NULL, NULL), MUSTER_OK);
	expect_entries(artifact, "a below/here/a below/here/sub/b sub/b ");
	muster_artifact_close(artifact);
}

static void add_dir_merges_only_when_told(void **state)
{
	static const struct muster_add_options merge = { .merge = true };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	place_write(place, "dir/a", "hello");
	place_write(place, "dir/c", "new");
	place_remove(place, "dir/sub/b");
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL),
			 MUSTER_E_USAGE);
	expect_entries(artifact, "a sub/b ");
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", &merge, NULL, NULL), MUSTER_OK);
	expect_entries(artifact, "a c sub/b "); /* a merge removes nothing */
	expect_digest(artifact, "a", HELLO_DIGEST);
	muster_artifact_close(artifact);
}

static bool wants_no_sub(const void *state, const char *path, uint64_t path_bytes,
			 bool is_directory)
{
	(void)state, (void)is_directory;
	return path_bytes < 3 || memcmp(path, "sub", 3) != 0;
}

static void add_dir_takes_what_is_wanted(void **state)
{
	static const struct muster_add_options options = { .wanted = wants_no_sub };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", &options, NULL, NULL), 0);
	expect_entries(artifact, "a ");
	muster_artifact_close(artifact);
}

static void add_dir_refuses_the_repository(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	assert_int_equal(muster_artifact_add_dir(artifact, place->root, NULL, NULL, NULL),
			 MUSTER_E_REFUSED);
	muster_artifact_close(artifact);
}

static void get_added_local_path_name_knows_files_and_directories(void **state)
{
	static const struct muster_add_options below = { .name = "below" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const char *text;

	enter(place);
	add(artifact, "hello.txt", "greeting");
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", &below, NULL, NULL), MUSTER_OK);
	assert_int_equal(
		muster_artifact_get_added_local_path_name(artifact, "hello.txt", &text, NULL),
		MUSTER_OK);
	assert_string_equal(text, "greeting");
	assert_int_equal(
		muster_artifact_get_added_local_path_name(artifact, "dir/sub/b", &text, NULL),
		MUSTER_OK);
	assert_string_equal(text, "below/sub/b");
	assert_int_equal(
		muster_artifact_get_added_local_path_name(artifact, "./hello.txt", &text, NULL),
		MUSTER_ABSENT);
	assert_int_equal(
		muster_artifact_get_added_local_path_name(artifact, "dir/nosuch", &text, NULL),
		MUSTER_ABSENT);
	assert_int_equal(muster_artifact_remove(artifact, "greeting", NULL), MUSTER_OK);
	assert_int_equal(
		muster_artifact_get_added_local_path_name(artifact, "hello.txt", &text, NULL),
		MUSTER_ABSENT);
	muster_artifact_close(artifact);
}

/* --- add_reference ---------------------------------------------------------------------------- */

static void add_reference_takes_files_and_directories(void **state)
{
	static const struct muster_reference_options below = { .name = "refs" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const struct muster_entry *entry;
	struct muster_manifest *manifest;
	uint64_t count, size;
	char uri[256];

	enter(place);
	snprintf(uri, sizeof(uri), "file://%s/hello.txt", place->root);
	assert_int_equal(muster_artifact_add_reference(artifact, uri, NULL, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "hello.txt");
	assert_string_equal(muster_entry_ref(entry), uri);
	assert_string_equal(muster_entry_digest(entry), HELLO_DIGEST);
	assert_true(muster_entry_size(entry, &size));
	assert_int_equal(size, 5);
	muster_manifest_close(manifest);
	snprintf(uri, sizeof(uri), "file://%s/dir", place->root);
	assert_int_equal(muster_artifact_add_reference(artifact, uri, &below, &count, NULL), 0);
	assert_int_equal(count, 2);
	expect_entries(artifact, "hello.txt refs/a refs/sub/b ");
	muster_artifact_close(artifact);
}

static void add_reference_without_checksum_digests_the_uri(void **state)
{
	static const struct muster_reference_options options = { .skip_checksum = true };
	static const struct muster_reference_options below = { .skip_checksum = true,
							       .name = "refs" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const struct muster_entry *entry;
	struct muster_manifest *manifest;
	uint64_t count, size;
	char uri[256], child[512];

	enter(place);
	place_write(place, "dir/50% #1", "x");
	snprintf(uri, sizeof(uri), "file://%s/hello.txt", place->root);
	assert_int_equal(muster_artifact_add_reference(artifact, uri, &options, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	assert_string_not_equal(muster_entry_digest(entry), HELLO_DIGEST);
	assert_int_equal(strlen(muster_entry_digest(entry)), 24);
	assert_true(muster_entry_size(entry, &size));
	assert_int_equal(size, 5);
	muster_manifest_close(manifest);
	/* a directory is walked all the same */
	snprintf(uri, sizeof(uri), "file://%s/dir/", place->root);
	assert_int_equal(muster_artifact_add_reference(artifact, uri, &below, &count, NULL), 0);
	assert_int_equal(count, 3);
	expect_entries(artifact, "hello.txt refs/50% #1 refs/a refs/sub/b ");
	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_seek(manifest, "refs/50", NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	snprintf(child, sizeof(child), "%s50%%25 %%231", uri);
	assert_string_equal(muster_entry_ref(entry), child);
	muster_manifest_close(manifest);
	muster_artifact_close(artifact);
}

static void add_reference_max_objects_is_an_error_and_nothing_is_added(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	char uri[256];

	enter(place);
	snprintf(uri, sizeof(uri), "file://%s/dir", place->root);
	for (int skip = 0; skip < 2; skip++) {
		struct muster_reference_options options = { .max_objects = 1,
							    .skip_checksum = skip };
		struct muster_error err = { 0 };

		assert_int_equal(muster_artifact_add_reference(artifact, uri, &options, NULL, &err),
				 MUSTER_E_LIMIT);
		assert_non_null(strstr(err.message, "max_objects"));
		expect_entries(artifact, "");
	}
	for (int skip = 0; skip < 2; skip++) {
		struct muster_reference_options options = { .max_objects = 2,
							    .skip_checksum = skip,
							    .name = skip ? "skip" : "sum" };

		assert_int_equal(muster_artifact_add_reference(artifact, uri, &options, NULL, NULL),
				 MUSTER_OK);
	}
	expect_entries(artifact, "skip/a skip/sub/b sum/a sum/sub/b ");
	muster_artifact_close(artifact);
}

static void add_reference_notes_other_schemes(void **state)
{
	static const struct muster_reference_options named = { .name = "far/away" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	uint64_t count;

	assert_int_equal(
		muster_artifact_add_reference(artifact, "ipfs://x?y#z", &named, &count, NULL),
		MUSTER_OK);
	assert_int_equal(count, 1);
	expect_entries(artifact, "far/away ");
	expect_digest(artifact, "far/away", "ipfs://x?y#z");
	muster_artifact_close(artifact);
}

static void add_reference_says_what_it_does_not_take(void **state)
{
	static const struct {
		const char *uri;
		enum muster_code code;
		const char *says;
	} cases[] = {
		{ "hello.txt", MUSTER_E_USAGE, "file:///" },
		{ "ipfs://x", MUSTER_E_USAGE, "name" },
		{ "s3://bucket/x", MUSTER_E_UNSUPPORTED, "s3, gs, http" },
		{ "gs://bucket/x", MUSTER_E_UNSUPPORTED, "s3, gs, http" },
		{ "https://host/x", MUSTER_E_UNSUPPORTED, "s3, gs, http" },
		{ "https://a.blob.core.windows.net/c/b", MUSTER_E_UNSUPPORTED, "s3, gs, http" },
		{ "file://otherhost/x", MUSTER_E_USAGE, "otherhost" },
	};
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };

		assert_int_equal(
			muster_artifact_add_reference(artifact, cases[i].uri, NULL, NULL, &err),
			cases[i].code);
		if (!strstr(err.message, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
	}
	expect_entries(artifact, "");
	muster_artifact_close(artifact);
}

/* --- new_file --------------------------------------------------------------------------------- */

static struct muster_new_file *open_file(struct muster_artifact *artifact, const char *mode,
					 const char *text)
{
	struct muster_new_file_options options = { .mode = mode };
	struct muster_new_file *file;
	struct muster_error err = { 0 };

	if (muster_artifact_new_file(artifact, "notes.txt", &options, &file, &err))
		fail_msg("%s", err.message);
	assert_true(fputs(text, muster_new_file_stream(file)) >= 0);
	return file;
}

static void new_file_is_added_when_it_is_written(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_new_file *file = open_file(artifact, NULL, "hello");
	struct muster_entry *entry;

	expect_entries(artifact, "");
	assert_int_equal(muster_new_file_add(file, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), "notes.txt");
	assert_string_equal(muster_entry_digest(entry), HELLO_DIGEST);
	assert_true(muster_entry_skip_cache(entry));
	muster_entry_free(entry);
	expect_entries(artifact, "notes.txt ");
	muster_new_file_discard(open_file(artifact, "w", "not added"));
	muster_new_file_discard(NULL);
	expect_digest(artifact, "notes.txt", HELLO_DIGEST);
	muster_artifact_close(artifact);
}

static void new_file_mode_says_whether_it_replaces(void **state)
{
	static const char *const modes[] = { "r", "a", "", "xz", "rw" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_new_file *file;
	struct muster_error err = { 0 };

	assert_int_equal(muster_new_file_add(open_file(artifact, "xt", "first"), NULL, NULL), 0);
	assert_int_equal(muster_artifact_new_file(artifact, "notes.txt", NULL, &file, &err),
			 MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "there already"));
	assert_int_equal(muster_new_file_add(open_file(artifact, "w+b", "hello"), NULL, NULL), 0);
	expect_digest(artifact, "notes.txt", HELLO_DIGEST);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct muster_new_file_options options = { .mode = modes[i] };

		assert_int_equal(muster_artifact_new_file(artifact, "y", &options, &file, NULL),
				 MUSTER_E_USAGE);
		assert_null(file);
	}
	muster_artifact_close(artifact);
}

/* Characters of two to four bytes, so that some lie across the ends of what is read at once. */
static enum muster_code add_text(struct muster_artifact *artifact, const char *name,
				 const char *encoding, const char *end)
{
	struct muster_new_file_options options = { .encoding = encoding };
	struct muster_new_file *file;
	enum muster_code code = muster_artifact_new_file(artifact, name, &options, &file, NULL);

	if (code)
		return code;
	for (int i = 0; i < 40000; i++)
		fputs("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", muster_new_file_stream(file));
	fputs(end, muster_new_file_stream(file));
	return muster_new_file_add(file, NULL, NULL);
}

static void new_file_encoding_is_utf8_or_none(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	assert_int_equal(add_text(artifact, "a", "utf-8", ""), MUSTER_OK);
	assert_int_equal(add_text(artifact, "b", "UTF-8", "\xff"), MUSTER_E_USAGE);
	assert_int_equal(add_text(artifact, "b", "utf-8", "\xe2\x82"), MUSTER_E_USAGE);
	assert_int_equal(add_text(artifact, "c", NULL, "\xff"), MUSTER_OK);
	assert_int_equal(add_text(artifact, "d", "latin-1", ""), MUSTER_E_UNSUPPORTED);
	expect_entries(artifact, "a c ");
	muster_artifact_close(artifact);
}

/* --- remove ----------------------------------------------------------------------------------- */

static void remove_takes_entries_and_directories(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	add(artifact, "hello.txt", "sub/c");
	assert_int_equal(muster_artifact_remove(artifact, "a", NULL), MUSTER_OK);
	expect_entries(artifact, "sub/b sub/c ");
	assert_int_equal(muster_artifact_remove(artifact, "a", NULL), MUSTER_E_NAME);
	assert_int_equal(muster_artifact_remove(artifact, "su", NULL), MUSTER_E_NAME);
	assert_int_equal(muster_artifact_remove(artifact, "sub/", NULL), MUSTER_OK);
	expect_entries(artifact, "");
	add(artifact, "hello.txt", "a");
	expect_entries(artifact, "a ");
	muster_artifact_close(artifact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(add_file_gives_its_entry),
		TEST(add_file_is_tmp_names_by_digest),
		TEST(add_file_overwrites_only_when_told),
		TEST(policies_store_the_same),
		TEST(what_cannot_be_added_says_why),
		TEST(add_dir_puts_contents_at_the_root_or_below_a_name),
		TEST(add_dir_merges_only_when_told),
		TEST(add_dir_takes_what_is_wanted),
		TEST(add_dir_refuses_the_repository),
		TEST(get_added_local_path_name_knows_files_and_directories),
		TEST(add_reference_takes_files_and_directories),
		TEST(add_reference_without_checksum_digests_the_uri),
		TEST(add_reference_max_objects_is_an_error_and_nothing_is_added),
		TEST(add_reference_notes_other_schemes),
		TEST(add_reference_says_what_it_does_not_take),
		TEST(new_file_is_added_when_it_is_written),
		TEST(new_file_mode_says_whether_it_replaces),
		TEST(new_file_encoding_is_utf8_or_none),
		TEST(remove_takes_entries_and_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
