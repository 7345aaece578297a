/* A put that takes over what its base begins with makes just the version that it would make without
 * a base. */
#include "tests/engine/put/place.h"

#include <stdatomic.h>
#include <string.h>

#define FILES 3000 /* some fifteen leaves */

/* Into a collection of its own, so that there is no base and nothing to share. */
static struct muster_put_report put_anew(struct place *place)
{
	static unsigned number;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	char name[32];

	snprintf(name, sizeof(name), "fresh%u", number++);
	options.name = name;
	return put(place, &options, MUSTER_OK);
}

static void compare(struct place *place, const char *edit, uint64_t kept_files)
{
	struct muster_put_report report = put_tree(place), fresh = put_anew(place);

	if (strcmp(report.root, fresh.root) != 0 || strcmp(report.digest, fresh.digest) != 0 ||
	    report.entry_count != fresh.entry_count || report.size_bytes != fresh.size_bytes)
		fail_msg("after '%s': %llu entries, root %s, not %llu, %s", edit,
			 (unsigned long long)report.entry_count, report.root,
			 (unsigned long long)fresh.entry_count, fresh.root);
	if (report.kept_files != kept_files)
		fail_msg("after '%s': %llu files kept", edit,
			 (unsigned long long)report.kept_files);
}

/* In the tree, one after the other. Each leaves so many files as they were. */
static const struct {
	const char *edit;
	uint64_t kept_files;
} edits[] = {
	{ "true", FILES },
	{ "echo changed > a/0001", FILES - 1 },
	{ "echo changed > c/1000", FILES - 1 },
	{ "echo longer than all others are > b/0500", FILES - 1 },
	{ "echo new > 0", FILES },	      /* before all */
	{ "echo new > z", FILES + 1 },	      /* behind all */
	{ "rm 0", FILES + 1 },		      /* the first */
	{ "rm z", FILES },		      /* the last */
	{ "rm c/0[5-9]* c/1*", FILES - 501 }, /* the end */
	{ "rm b/0[3-6]*", FILES - 901 },      /* more in the midst than the plan steps over */
	{ "rm b/0001; echo new > b/0002a", FILES - 902 },
	{ "rm -r a; echo new > a", FILES - 1902 + 1 },
	{ "rm a", FILES - 1902 + 1 },
	{ "truncate -s 5M b/0002a", FILES - 1902 }, /* large: merged at the end */
	{ "true", FILES - 1902 + 1 },
	{ "rm -r b c; echo only > d", 0 },
};

static void a_version_is_the_same_with_a_base_and_without(void **state)
{
	struct place *place = *state;

	run_shell("cd '%s' && for d in a b c; do mkdir $d; for i in $(seq -w 1000); do "
		  "echo $d $i > $d/$i; done; done",
		  place->tree);
	let_time_pass(place);
	put_tree(place);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		run_shell("cd '%s' && %s", place->tree, edits[i].edit);
		let_time_pass(place);
		compare(place, edits[i].edit, edits[i].kept_files);
	}
}

static atomic_bool is_committed;

/* While the walk looks at its first path, another writer commits a version of something else. */
static bool commit_another(const void *state, const char *path, uint64_t path_bytes,
			   bool is_directory)
{
	const struct place *place = state;
	char file[80];
	struct muster_source source = { .path = file };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;

	snprintf(file, sizeof(file), "%s/1", place->tree);
	(void)path;
	(void)path_bytes;
	(void)is_directory;
	if (!atomic_exchange(&is_committed, true) &&
	    (put_run(place->repository, place->cache, &options, &report, NULL) || !report.is_new))
		atomic_store(&is_committed, false);
	return true;
}

static void what_is_as_in_the_base_is_written_when_the_base_is_not_the_head_any_more(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report first, again;

	run_shell("cd '%s' && for i in $(seq 500); do echo $i > $i; done", place->tree);
	let_time_pass(place);
	first = put_tree(place);
	options.wanted = commit_another;
	options.wanted_state = place;
	again = put(place, &options, MUSTER_OK);
	assert_true(atomic_load(&is_committed));
	assert_int_equal(again.read_files, 0);
	assert_true(again.is_new);
	assert_int_equal(again.version_number, first.version_number + 2);
	assert_string_equal(again.root, first.root);
	compare_with_tree(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PUT_TEST(what_is_as_in_the_base_is_written_when_the_base_is_not_the_head_any_more),
		PUT_TEST(a_version_is_the_same_with_a_base_and_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
