/* Artifacts that are being made: what is added and removed, and how they are saved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/fixture.h"
#include "tests/support/torture.h"

#define HELLO_DIGEST	   "XUFAKrxLKna5cZ2REBfFkg=="	      /* MD5 of "hello" */
#define HELLO_FILE1_DIGEST "a00c2239f036fb656c1dcbf9a32d89b4" /* W&B's, of file1.txt = "hello" */

static struct muster_artifact *new_artifact(struct place *place, const char *name)
{
	struct muster_artifact_options options = { .name = name, .type = "dataset" };
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };

	if (muster_artifact_new(&artifact, place->repository, &options, &err))
		fail_msg("%s", err.message);
	return artifact;
}

static void add(struct muster_artifact *artifact, const char *local_path, const char *name)
{
	struct muster_add_options options = { .name = name };
	struct muster_error err = { 0 };

	if (muster_artifact_add_file(artifact, local_path, &options, NULL, &err))
		fail_msg("%s", err.message);
}

static void save(struct muster_artifact *artifact)
{
	struct muster_error err = { 0 };

	if (muster_artifact_save(artifact, NULL, NULL, &err))
		fail_msg("%s", err.message);
}

/* Paths of all entries, each with a blank behind. */
static void expect_entries(struct muster_artifact *artifact, const char *expected)
{
	struct muster_manifest *manifest;
	const struct muster_entry *entry;
	char text[1024] = "";
	size_t len = 0;

	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	while (!muster_manifest_next(manifest, &entry, NULL))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
					muster_entry_path(entry));
	muster_manifest_close(manifest);
	assert_string_equal(text, expected);
}

static void expect_digest(struct muster_artifact *artifact, const char *path, const char *expected)
{
	struct muster_manifest *manifest;
	const struct muster_entry *entry;

	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_seek(manifest, path, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), path);
	assert_string_equal(muster_entry_digest(entry), expected);
	muster_manifest_close(manifest);
}

/* Files are named from the place's root. */
static void enter(struct place *place)
{
	assert_int_equal(chdir(place->root), 0);
	place_write(place, "hello.txt", "hello");
	place_write(place, "dir/a", "1");
	place_write(place, "dir/sub/b", "22");
}

/* --- the constructor -------------------------------------------------------------------------- */

static void new_tells_what_it_was_given(void **state)
{
	static const struct muster_artifact_options options = {
		.name = "cats",
		.type = "model",
		.description = "# Cats",
		.metadata = "{ \"rows\": 7 }",
		.digest_algorithm = "md5",
	};
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *text;
	uint64_t size;

	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	assert_true(muster_artifact_is_draft(artifact));
	assert_int_equal(muster_artifact_state(artifact), MUSTER_ARTIFACT_PENDING);
	assert_int_equal(muster_artifact_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "cats");
	assert_int_equal(muster_artifact_source_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "cats");
	assert_int_equal(muster_artifact_type(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "model");
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "# Cats");
	assert_int_equal(muster_artifact_metadata(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"rows\":7}");
	assert_int_equal(muster_artifact_digest_algorithm(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "md5");
	assert_int_equal(muster_artifact_id(artifact, &text, NULL), MUSTER_ABSENT);
	assert_int_equal(muster_artifact_digest(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "64e7c61456b10382e2f3b571ac24b659"); /* W&B's of nothing */
	assert_int_equal(muster_artifact_size(artifact, &size, NULL), MUSTER_OK);
	assert_int_equal(size, 0);
	muster_artifact_close(artifact);
}

static void new_refuses_what_breaks_a_rule(void **state)
{
	static const struct {
		struct muster_artifact_options options;
		enum muster_code code;
	} cases[] = {
		{ { .name = NULL }, MUSTER_E_USAGE },
		{ { .name = "a/b/c/d" }, MUSTER_E_USAGE },
		{ { .name = "with blank" }, MUSTER_E_USAGE },
		{ { .name = "a:v0" }, MUSTER_E_USAGE },
		{ { .name = "a", .type = "job" }, MUSTER_E_USAGE },
		{ { .name = "a", .description = "\xff" }, MUSTER_E_USAGE },
		{ { .name = "a", .metadata = "[]" }, MUSTER_E_USAGE },
		{ { .name = "a", .digest_algorithm = "sha1" }, MUSTER_E_USAGE },
		{ { .name = "a", .digest_algorithm = "xxh128" }, MUSTER_E_UNSUPPORTED },
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_artifact *artifact = (struct muster_artifact *)place;

		assert_int_equal(
			muster_artifact_new(&artifact, place->repository, &cases[i].options, NULL),
			cases[i].code);
		assert_null(artifact);
	}
}

/* --- states ----------------------------------------------------------------------------------- */

static void members_that_need_a_logged_artifact_say_so(void **state)
{
	struct place *place = *state;
	struct muster_artifact *draft = new_artifact(place, "data"), *other;
	const char *const *texts;
	const char *text;
	struct muster_files *files;
	struct muster_entry *entry;
	struct muster_error err;
	uint64_t number;
	size_t count;
	int64_t days;

#define REFUSED(call)                                                                              \
	do {                                                                                       \
		err = (struct muster_error){ 0 };                                                  \
		assert_int_equal(call, MUSTER_E_NOT_LOGGED);                                       \
		assert_non_null(strstr(err.message, "save it first"));                             \
	} while (0)
	REFUSED(muster_artifact_entity(draft, &text, &err));
	REFUSED(muster_artifact_project(draft, &text, &err));
	REFUSED(muster_artifact_version(draft, &text, &err));
	REFUSED(muster_artifact_qualified_name(draft, &text, &err));
	REFUSED(muster_artifact_collection(draft, &text, &err));
	REFUSED(muster_artifact_source_entity(draft, &text, &err));
	REFUSED(muster_artifact_source_project(draft, &text, &err));
	REFUSED(muster_artifact_source_version(draft, &text, &err));
	REFUSED(muster_artifact_source_qualified_name(draft, &text, &err));
	REFUSED(muster_artifact_source_collection(draft, &text, &err));
	REFUSED(muster_artifact_aliases(draft, &texts, &count, &err));
	REFUSED(muster_artifact_set_aliases(draft, NULL, 0, &err));
	REFUSED(muster_artifact_tags(draft, &texts, &count, &err));
	REFUSED(muster_artifact_set_tags(draft, NULL, 0, &err));
	REFUSED(muster_artifact_url(draft, &text, &err));
	REFUSED(muster_artifact_commit_hash(draft, &text, &err));
	REFUSED(muster_artifact_file_count(draft, &number, &err));
	REFUSED(muster_artifact_created_at(draft, &number, &err));
	REFUSED(muster_artifact_updated_at(draft, &number, &err));
	REFUSED(muster_artifact_history_step(draft, &number, &err));
	REFUSED(muster_artifact_ttl(draft, &days, NULL, &err));
	REFUSED(muster_artifact_json_encode(draft, &text, &err));
	REFUSED(muster_artifact_new_draft(draft, NULL, &other, &err));
	REFUSED(muster_artifact_get_entry(draft, "a", &entry, &err));
	REFUSED(muster_artifact_get_path(draft, "a", &entry, &err));
	REFUSED(muster_artifact_files(draft, NULL, &files, &err));
	REFUSED(muster_artifact_download(draft, NULL, NULL, NULL, &err));
	REFUSED(muster_artifact_checkout(draft, NULL, NULL, NULL, &err));
	REFUSED(muster_artifact_verify(draft, NULL, NULL, &err));
	REFUSED(muster_artifact_file(draft, NULL, &text, &err));
	REFUSED(muster_artifact_delete(draft, false, &err));
	REFUSED(muster_artifact_wait(draft, 1, &err));
#undef REFUSED
	muster_artifact_close(draft);
}

/* All that would change the content. */
static void expect_finalized(struct muster_artifact *artifact)
{
	struct muster_new_file *file;
	struct muster_error err = { 0 };

	assert_int_equal(muster_artifact_add_file(artifact, "hello.txt", NULL, NULL, &err),
			 MUSTER_E_FINALIZED);
	assert_non_null(strstr(err.message, "muster_artifact_new_draft"));
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL),
			 MUSTER_E_FINALIZED);
	assert_int_equal(muster_artifact_add_reference(artifact, "file:///x", NULL, NULL, NULL),
			 MUSTER_E_FINALIZED);
	assert_int_equal(muster_artifact_new_file(artifact, "x", NULL, &file, NULL),
			 MUSTER_E_FINALIZED);
	assert_null(file);
	assert_int_equal(muster_artifact_remove(artifact, "a", NULL), MUSTER_E_FINALIZED);
}

static void a_finalized_artifact_refuses_changes(void **state)
{
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");

	enter(place);
	add(artifact, "hello.txt", NULL);
	assert_int_equal(muster_artifact_finalize(artifact, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_finalize(artifact, NULL), MUSTER_OK);
	assert_true(muster_artifact_is_draft(artifact));
	expect_finalized(artifact);
	save(artifact);
	assert_false(muster_artifact_is_draft(artifact));
	expect_finalized(artifact);
	assert_int_equal(muster_artifact_finalize(artifact, NULL), MUSTER_OK);
	muster_artifact_close(artifact);
	assert_int_equal(muster_artifact_open(&artifact, place->repository, "data", NULL, NULL), 0);
	expect_finalized(artifact);
	muster_artifact_close(artifact);
}

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

/* --- save ------------------------------------------------------------------------------------- */

static void save_makes_the_version_that_was_told(void **state)
{
	static const char *const aliases[] = { "best" }, *const tags[] = { "good" };
	static const struct muster_artifact_save_options options = {
		.aliases = aliases, .alias_count = 1, .tags = tags, .tag_count = 1
	};
	struct muster_artifact_save_report report;
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const char *const *texts;
	const char *text, *before;
	char digest[40];
	uint64_t number;
	size_t count;
	int64_t days;

	enter(place);
	add(artifact, "hello.txt", "file1.txt");
	assert_int_equal(muster_artifact_set_description(artifact, "said", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_metadata(artifact, "{\"a\":1}", NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_set_ttl(artifact, 9, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_size(artifact, &number, NULL), MUSTER_OK);
	assert_int_equal(number, 5);
	assert_int_equal(muster_artifact_digest(artifact, &before, NULL), MUSTER_OK);
	assert_string_equal(before, HELLO_FILE1_DIGEST);
	snprintf(digest, sizeof(digest), "%s", before);
	assert_int_equal(muster_artifact_save(artifact, &options, &report, NULL), MUSTER_OK);
	assert_true(report.is_new);
	assert_int_equal(report.version_number, 0);
	assert_int_equal(muster_artifact_state(artifact), MUSTER_ARTIFACT_COMMITTED);
	assert_int_equal(muster_artifact_qualified_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "me/tests/data:v0");
	assert_int_equal(muster_artifact_digest(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, digest);
	assert_int_equal(muster_artifact_description(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "said");
	assert_int_equal(muster_artifact_metadata(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"a\":1}");
	assert_int_equal(muster_artifact_ttl(artifact, &days, NULL, NULL), MUSTER_OK);
	assert_int_equal(days, 9);
	assert_int_equal(muster_artifact_aliases(artifact, &texts, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 2);
	assert_string_equal(texts[1], "best");
	assert_int_equal(muster_artifact_tags(artifact, &texts, &count, NULL), MUSTER_OK);
	assert_int_equal(count, 1);
	assert_string_equal(texts[0], "good");
	assert_int_equal(muster_artifact_wait(artifact, 1, NULL), MUSTER_OK);
	/* a logged one has setters */
	assert_int_equal(muster_artifact_save(artifact, &options, NULL, NULL), MUSTER_E_USAGE);
	muster_artifact_close(artifact);
}

static void save_of_the_same_content_makes_no_version(void **state)
{
	struct muster_artifact_save_report report;
	struct place *place = *state;
	struct muster_artifact *artifact;
	const char *text;

	enter(place);
	for (int i = 0; i < 2; i++) {
		artifact = new_artifact(place, "data");
		add(artifact, "hello.txt", NULL);
		assert_int_equal(muster_artifact_save(artifact, NULL, &report, NULL), MUSTER_OK);
		assert_int_equal(report.is_new, i == 0);
		assert_int_equal(report.version_number, 0);
		assert_int_equal(muster_artifact_name(artifact, &text, NULL), MUSTER_OK);
		assert_string_equal(text, "data:v0");
		muster_artifact_close(artifact);
	}
	assert_non_null(strstr(report.reason, "v0"));
}

static void save_goes_to_the_project_that_is_named(void **state)
{
	static const struct muster_artifact_save_options options = { .project = "elsewhere" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	const char *text;

	assert_int_equal(muster_artifact_save(artifact, &options, NULL, NULL), MUSTER_OK);
	assert_int_equal(muster_artifact_qualified_name(artifact, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "me/elsewhere/data:v0");
	muster_artifact_close(artifact);
	artifact = new_artifact(place, "mine/data");
	assert_int_equal(muster_artifact_save(artifact, &options, NULL, NULL), MUSTER_E_USAGE);
	muster_artifact_close(artifact);
}

static void save_refuses_another_type_and_bad_words(void **state)
{
	static const char *const bad[] = { "v1" };
	static const struct muster_artifact_save_options words = { .aliases = bad,
								   .alias_count = 1 };
	static const struct muster_artifact_options model = { .name = "data", .type = "model" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_error err = { 0 };

	assert_int_equal(muster_artifact_save(artifact, &words, NULL, NULL), MUSTER_E_USAGE);
	save(artifact);
	muster_artifact_close(artifact);
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &model, NULL), 0);
	assert_int_equal(muster_artifact_save(artifact, NULL, NULL, &err), MUSTER_E_REFUSED);
	assert_non_null(strstr(err.message, "dataset"));
	assert_true(muster_artifact_is_draft(artifact));
	muster_artifact_close(artifact);
}

static void what_was_saved_can_be_downloaded(void **state)
{
	struct muster_artifact_download_options options = { .root = "out" };
	struct place *place = *state;
	struct muster_artifact *artifact = new_artifact(place, "data");
	struct muster_artifact_verify_options verify = { .root = "out" };

	enter(place);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	add(artifact, "hello.txt", NULL);
	assert_int_equal(muster_artifact_remove(artifact, "a", NULL), MUSTER_OK);
	save(artifact);
	assert_int_equal(muster_artifact_download(artifact, &options, NULL, NULL, NULL), 0);
	assert_int_equal(muster_artifact_verify(artifact, &verify, NULL, NULL), MUSTER_OK);
	expect_entries(artifact, "hello.txt sub/b ");
	muster_artifact_close(artifact);
}

/* --- new_draft, incremental ------------------------------------------------------------------- */

static struct muster_artifact *saved_dir(struct place *place)
{
	static const struct muster_artifact_options options = {
		.name = "data", .type = "model", .description = "said", .metadata = "{\"a\":1}"
	};
	struct muster_artifact *artifact;

	enter(place);
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	assert_int_equal(muster_artifact_add_dir(artifact, "dir", NULL, NULL, NULL), MUSTER_OK);
	save(artifact);
	return artifact;
}

static struct muster_artifact *draft_of(struct muster_artifact *artifact)
{
	struct muster_artifact *draft;
	struct muster_error err = { 0 };

	if (muster_artifact_new_draft(artifact, NULL, &draft, &err))
		fail_msg("%s", err.message);
	return draft;
}

static void new_draft_has_the_content_and_changes_it(void **state)
{
	static const struct muster_add_options overwrite = { .name = "a", .overwrite = true };
	struct place *place = *state;
	struct muster_artifact *first = saved_dir(place), *draft = draft_of(first);
	const char *text;

	muster_artifact_close(first);
	assert_true(muster_artifact_is_draft(draft));
	assert_int_equal(muster_artifact_name(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "data");
	assert_int_equal(muster_artifact_type(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "model");
	assert_int_equal(muster_artifact_description(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "said");
	assert_int_equal(muster_artifact_metadata(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "{\"a\":1}");
	expect_entries(draft, "a sub/b ");
	assert_int_equal(muster_artifact_remove(draft, "sub", NULL), MUSTER_OK);
	expect_entries(draft, "a ");
	assert_int_equal(muster_artifact_add_file(draft, "hello.txt", NULL, NULL, NULL), 0);
	assert_int_equal(muster_artifact_add_file(draft, "hello.txt", &overwrite, NULL, NULL), 0);
	expect_entries(draft, "a hello.txt ");
	expect_digest(draft, "a", HELLO_DIGEST);
	save(draft);
	assert_int_equal(muster_artifact_name(draft, &text, NULL), MUSTER_OK);
	assert_string_equal(text, "data:v1");
	expect_entries(draft, "a hello.txt ");
	muster_artifact_close(draft);
}

static void two_drafts_of_one_base_make_two_versions(void **state)
{
	struct place *place = *state;
	struct muster_artifact *base = saved_dir(place), *drafts[2];
	struct muster_artifact_save_report report;

	for (int i = 0; i < 2; i++) {
		drafts[i] = draft_of(base);
		add(drafts[i], "hello.txt", i ? "second" : "first");
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(muster_artifact_save(drafts[i], NULL, &report, NULL), MUSTER_OK);
		assert_true(report.is_new);
		assert_int_equal(report.version_number, 1 + i);
		assert_int_equal(report.is_base_latest, i == 0);
	}
	expect_entries(drafts[0], "a first sub/b ");
	expect_entries(drafts[1], "a second sub/b ");
	muster_artifact_close(drafts[0]);
	muster_artifact_close(drafts[1]);
	muster_artifact_close(base);
}

static void an_incremental_artifact_is_laid_over_the_latest(void **state)
{
	static const struct muster_artifact_options options = { .name = "data",
								.incremental = true };
	struct place *place = *state;
	struct muster_artifact *artifact;

	muster_artifact_close(saved_dir(place));
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	add(artifact, "hello.txt", "a"); /* what is there is replaced, what is not named stays */
	expect_entries(artifact, "a ");
	save(artifact);
	expect_entries(artifact, "a sub/b ");
	expect_digest(artifact, "a", HELLO_DIGEST);
	muster_artifact_close(artifact);
}

static void an_incremental_artifact_may_be_the_first(void **state)
{
	static const struct muster_artifact_options options = { .name = "data",
								.incremental = true };
	struct place *place = *state;
	struct muster_artifact *artifact;

	enter(place);
	assert_int_equal(muster_artifact_new(&artifact, place->repository, &options, NULL), 0);
	add(artifact, "hello.txt", NULL);
	save(artifact);
	expect_entries(artifact, "hello.txt ");
	muster_artifact_close(artifact);
}

/* --- allocations ------------------------------------------------------------------------------ */

static enum muster_code make_one(struct place *place, struct muster_error *err)
{
	static const struct muster_artifact_options options = { .name = "data" };
	struct muster_artifact *artifact, *draft = NULL;
	const char *digest;
	enum muster_code code = muster_artifact_new(&artifact, place->repository, &options, err);

	if (!code)
		code = muster_artifact_add_file(artifact, "hello.txt", NULL, NULL, err);
	if (!code)
		code = muster_artifact_save(artifact, NULL, NULL, err);
	if (!code)
		code = muster_artifact_new_draft(artifact, NULL, &draft, err);
	if (!code)
		code = muster_artifact_remove(draft, "hello.txt", err);
	if (!code)
		code = muster_artifact_digest(draft, &digest, err);
	muster_artifact_close(draft);
	muster_artifact_close(artifact);
	return code;
}

static void no_allocation_that_fails_is_lost(void **state)
{
	struct place *place = *state;
	bool is_done = false;

	enter(place);
	for (uint64_t n = 1; !is_done; n++) {
		struct muster_error err = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = make_one(place, &err);
		is_done = !torture_hit();
		torture_off();
		if (code && code != MUSTER_E_MEMORY)
			fail_msg("%d: %s", (int)code, err.message);
		if (is_done)
			assert_int_equal(code, MUSTER_OK);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_tells_what_it_was_given),
		TEST(new_refuses_what_breaks_a_rule),
		TEST(members_that_need_a_logged_artifact_say_so),
		TEST(a_finalized_artifact_refuses_changes),
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
		TEST(save_makes_the_version_that_was_told),
		TEST(save_of_the_same_content_makes_no_version),
		TEST(save_goes_to_the_project_that_is_named),
		TEST(save_refuses_another_type_and_bad_words),
		TEST(what_was_saved_can_be_downloaded),
		TEST(new_draft_has_the_content_and_changes_it),
		TEST(two_drafts_of_one_base_make_two_versions),
		TEST(an_incremental_artifact_is_laid_over_the_latest),
		TEST(an_incremental_artifact_may_be_the_first),
		TEST(no_allocation_that_fails_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
