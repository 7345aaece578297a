/* A part while it is made: what was added is found, replaced and removed, over a version and parts. */
#include "tests/engine/draft/lab.h"

#define LARGE_BYTES (5u << 20)

static void assert_size(struct part *part, const char *path, uint64_t size_bytes)
{
	struct entry entry;
	enum muster_code code = part_find(part, view_text(path), &entry, NULL);

	if (code)
		fail_msg("'%s' is not there", path);
	assert_true(view_equal(entry.path, view_text(path)));
	assert_int_equal(entry.size_bytes, size_bytes);
}

static void assert_absent(struct part *part, const char *path)
{
	struct entry entry;

	assert_int_equal(part_find(part, view_text(path), &entry, NULL), MUSTER_ABSENT);
}

static enum muster_code try_add(struct place *place, struct part *part, const char *file,
				const char *path, bool overwrite, struct muster_error *err)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/%s", place->tree, file);
	return part_add_file(part, name, view_text(path), overwrite, NULL, err);
}

/* A version of a, d/b and d/c, and an open part over it. */
struct over {
	struct manifest_pointer manifest;
	struct part_stack stack;
	struct part *part;
};

static void open_over(struct place *place, struct over *over)
{
	struct collection *collection;

	write_file(place, "a", "1");
	write_file(place, "d/b", "22");
	write_file(place, "d/c", "333");
	put_tree(place);
	collection = open_collection(place);
	over->stack = stack_of(collection_latest(collection), &over->manifest);
	over->part = open_part(place, &over->stack);
	collection_close(collection);
}

static void what_was_added_is_found_at_once_and_in_order(void **state)
{
	static const struct part_stack nothing;
	struct place *place = *state;
	struct part *part = open_part(place, &nothing);
	struct entry entry;
	struct muster_error err = { 0 };
	char name[512];

	write_file(place, "x", "hello");
	snprintf(name, sizeof(name), "%s/x", place->tree);
	assert_true(part_is_empty(part));
	if (part_add_file(part, name, VIEW_LITERAL("p/x"), false, &entry, &err))
		fail_msg("%s", err.message);
	assert_false(part_is_empty(part));
	assert_int_equal(entry.algorithm, DIGEST_MD5);
	assert_int_equal(entry.fingerprint.digest[0], 0x5d); /* of "hello" */
	assert_size(part, "p/x", 5);
	assert_absent(part, "p");
	assert_absent(part, "p/y");
	part_close(part);
}

static void the_same_path_with_another_digest_is_refused_unless_overwritten(void **state)
{
	struct place *place = *state;
	struct muster_error err = { 0 };
	struct over over;

	open_over(place, &over);
	write_file(place, "new", "4444");
	assert_int_equal(try_add(place, over.part, "new", "a", false, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "Cannot add the same path twice: 'a'"));
	assert_size(over.part, "a", 1); /* nothing was added */
	assert_int_equal(try_add(place, over.part, "a", "a", false, &err), MUSTER_OK); /* equal */
	assert_int_equal(try_add(place, over.part, "new", "a", true, &err), MUSTER_OK);
	assert_size(over.part, "a", 4);
	assert_int_equal(try_add(place, over.part, "a", "a", false, &err), MUSTER_E_USAGE);
	remove_path(over.part, "a", MUSTER_OK);
	assert_int_equal(try_add(place, over.part, "a", "a", false, &err), MUSTER_OK);
	assert_size(over.part, "a", 1);
	part_close(over.part);
}

static void sources_meet_the_same_rule(void **state)
{
	struct place *place = *state;
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;
	struct muster_error err = { 0 };
	struct over over;

	open_over(place, &over);
	assert_int_equal(part_add_sources(over.part, &options, false, &report, &err), MUSTER_OK);
	part_close(over.part);
	write_file(place, "d/b", "changed");
	over.part = open_part(place, &over.stack);
	assert_int_equal(part_add_sources(over.part, &options, false, &report, &err),
			 MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "'d/b'"));
	assert_true(part_is_empty(over.part));
	assert_int_equal(part_add_sources(over.part, &options, true, &report, &err), MUSTER_OK);
	assert_size(over.part, "d/b", 7);
	part_close(over.part);
}

static void a_removed_path_is_gone_until_it_is_added_again(void **state)
{
	struct place *place = *state;
	struct over over;

	open_over(place, &over);
	remove_path(over.part, "a", MUSTER_OK);
	assert_absent(over.part, "a");
	remove_path(over.part, "a", MUSTER_E_NAME);
	remove_path(over.part, "d", MUSTER_OK);
	assert_absent(over.part, "d/b");
	remove_path(over.part, "d", MUSTER_E_NAME);
	remove_path(over.part, "d/c", MUSTER_E_NAME);
	add_file(place, over.part, "d/c");
	assert_size(over.part, "d/c", 3);
	assert_absent(over.part, "d/b");
	remove_path(over.part, "d", MUSTER_OK);
	assert_absent(over.part, "d/c");
	remove_path(over.part, "../x", MUSTER_E_USAGE);
	remove_path(over.part, "", MUSTER_E_USAGE);
	part_close(over.part);
}

/* A later part sees what the ones before it say. */
static void parts_are_seen_through_each_other(void **state)
{
	struct place *place = *state;
	struct part_content parts[2];
	struct over over;

	open_over(place, &over);
	remove_path(over.part, "d", MUSTER_OK);
	write_file(place, "d/e", "55555");
	add_file(place, over.part, "d/e");
	parts[0] = finish_part(over.part);
	over.stack.parts = parts;
	over.stack.part_count = 1;
	over.part = open_part(place, &over.stack);
	assert_absent(over.part, "d/b");
	assert_size(over.part, "d/e", 5);
	assert_size(over.part, "a", 1);
	remove_path(over.part, "d/e", MUSTER_OK);
	parts[1] = finish_part(over.part);
	over.stack.part_count = 2;
	over.part = open_part(place, &over.stack);
	assert_absent(over.part, "d/e");
	remove_path(over.part, "d", MUSTER_E_NAME);
	part_close(over.part);
}

struct seen {
	char text[4096];
	unsigned count;
};

static enum muster_code see(void *state, const struct entry *entry, struct muster_error *err)
{
	struct seen *seen = state;
	size_t len = strlen(seen->text);

	(void)err;
	seen->count++;
	snprintf(seen->text + len, sizeof(seen->text) - len, "%.*s ", VIEW_ARGS(entry->path));
	return MUSTER_OK;
}

static void all_that_was_added_is_walked_in_order(void **state)
{
	static const struct part_stack nothing;
	struct place *place = *state;
	struct part *part = open_part(place, &nothing);
	struct muster_source source = { .path = place->tree };
	struct muster_put_options options = put_options(&source);
	struct muster_put_report report;
	struct seen seen = { 0 };

	write_file(place, "b/1", "x");
	write_file(place, "b/2", "x");
	write_file(place, "c", "x");
	assert_int_equal(part_add_sources(part, &options, false, &report, NULL), MUSTER_OK);
	remove_path(part, "b", MUSTER_OK);
	write_file(place, "b/0", "y");
	add_file(place, part, "b/0");
	write_file(place, "a", "y");
	add_file(place, part, "a");
	assert_int_equal(part_each(part, see, &seen, NULL), MUSTER_OK);
	assert_string_equal(seen.text, "a b/0 c ");
	part_close(part);
}

static void references_and_large_files_are_entries_too(void **state)
{
	static const struct part_stack nothing;
	static char bytes[LARGE_BYTES];
	struct place *place = *state;
	const struct entry reference = { .path = VIEW_LITERAL("ref"),
					 .algorithm = DIGEST_TEXT,
					 .digest_text = VIEW_LITERAL("an-etag"),
					 .ref = VIEW_LITERAL("s3://bucket/key"),
					 .extra = VIEW_LITERAL("{\"versionID\":1}"),
					 .size_bytes = 77,
					 .has_size = true };
	struct part_content contents[2];
	struct part_stack stack = { .parts = contents };
	struct muster_put_report report;

	memset(bytes, 'x', sizeof(bytes) - 1);
	write_file(place, "large", bytes);
	for (; stack.part_count < 2; stack.part_count++) { /* the second finds it stored */
		struct part *part = open_part(place, &nothing);
		struct entry entry;

		add_file(place, part, "large");
		assert_size(part, "large", LARGE_BYTES - 1);
		assert_int_equal(part_add_entry(part, &reference, false, NULL), MUSTER_OK);
		assert_int_equal(part_find(part, VIEW_LITERAL("ref"), &entry, NULL), MUSTER_OK);
		assert_true(view_equal(entry.ref, reference.ref));
		assert_true(view_equal(entry.extra, reference.extra));
		remove_path(part, "ref", MUSTER_OK);
		contents[stack.part_count] = finish_part(part);
		assert_int_equal(contents[stack.part_count].added_count, 1);
	}
	{
		struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
						VIEW_LITERAL("data") };
		struct collection *collection;
		struct draft_result result;

		assert_int_equal(collection_open_or_intend(&collection, place->repository, &name,
							   "", NULL),
				 MUSTER_OK);
		result = commit_stack(place, collection, &stack, 0, DRAFT_EQUALS, MUSTER_OK, NULL);
		report = put_alone(place);
		assert_string_equal(result.digest, report.digest);
		assert_string_equal(result.root, report.root);
		assert_int_equal(compare_by(place, NULL), 1);
		collection_close(collection);
	}
}

static void what_is_no_file_is_told(void **state)
{
	static const struct part_stack nothing;
	struct place *place = *state;
	struct part *part = open_part(place, &nothing);
	struct muster_error err = { 0 };

	write_file(place, "d/x", "x");
	assert_int_equal(try_add(place, part, "d", "d", false, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "Path is not a file"));
	assert_int_equal(try_add(place, part, "nosuch", "d", false, &err), MUSTER_E_VANISHED);
	assert_int_equal(try_add(place, part, "d/x", "../x", false, &err), MUSTER_E_USAGE);
	assert_true(part_is_empty(part));
	part_close(part);
}

static void a_part_that_says_nothing_stores_nothing(void **state)
{
	static const struct part_stack nothing;
	struct place *place = *state;
	struct part *part = open_part(place, &nothing);
	struct part_content content;

	assert_int_equal(part_finish(part, &content, NULL), MUSTER_OK);
	assert_false(content.has_added || content.has_removed);
	assert_null(part_session(part));
	part_close(part);
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(what_was_added_is_found_at_once_and_in_order),
		IN_A_PLACE(the_same_path_with_another_digest_is_refused_unless_overwritten),
		IN_A_PLACE(sources_meet_the_same_rule),
		IN_A_PLACE(a_removed_path_is_gone_until_it_is_added_again),
		IN_A_PLACE(parts_are_seen_through_each_other),
		IN_A_PLACE(all_that_was_added_is_walked_in_order),
		IN_A_PLACE(references_and_large_files_are_entries_too),
		IN_A_PLACE(what_is_no_file_is_told),
		IN_A_PLACE(a_part_that_says_nothing_stores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
