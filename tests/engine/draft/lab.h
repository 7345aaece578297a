/**
 * lab - trees, and parts over a repository in memory, for tests of drafts.
 */
#ifndef TESTS_ENGINE_DRAFT_LAB_H
#define TESTS_ENGINE_DRAFT_LAB_H

#include "engine/draft/draft.h"
#include "tests/engine/put/place.h"

static inline void write_file(struct place *place, const char *path, const char *text)
{
	char name[512];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", place->tree, path);
	for (char *at = name + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(name, 0777);
		*at = '/';
	}
	file = fopen(name, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* What the collection's version is, as the beneath of a part. */
static inline struct part_stack stack_of(const struct version *version,
					 struct manifest_pointer *manifest)
{
	struct part_stack stack = { 0 };

	if (!version)
		return stack;
	*manifest = version->manifest;
	stack.version = manifest;
	memcpy(stack.version_id, version->id, sizeof(stack.version_id));
	return stack;
}

static inline struct part *open_part(struct place *place, const struct part_stack *beneath)
{
	struct part_options options = { .job = { .worker_count = 2, .memory_bytes = 64 << 20 },
					.what = "test",
					.life_ms = 14ull * 24 * 3600 * 1000,
					.beneath = *beneath };
	struct muster_error err = { 0 };
	struct part *part;

	if (part_open(&part, place->repository, &options, &err))
		fail_msg("%s", err.message);
	return part;
}

static inline void add_file(struct place *place, struct part *part, const char *path)
{
	struct muster_error err = { 0 };
	char name[512];

	snprintf(name, sizeof(name), "%s/%s", place->tree, path);
	if (part_add_file(part, name, view_text(path), true, NULL, &err))
		fail_msg("%s", err.message);
}

static inline void remove_path(struct part *part, const char *path, enum muster_code expected)
{
	struct muster_error err = { 0 };
	enum muster_code code = part_remove(part, view_text(path), &err);

	if (code != expected)
		fail_msg("remove '%s': code %d (%s), not %d", path, code, err.message, expected);
}

static inline struct part_content finish_part(struct part *part)
{
	struct part_content content;
	struct muster_error err = { 0 };

	if (part_finish(part, &content, &err))
		fail_msg("%s", err.message);
	part_close(part);
	return content;
}

static inline struct draft_result commit_stack(struct place *place, struct collection *collection,
					       const struct part_stack *stack, uint64_t base,
					       enum draft_parts parts_are,
					       enum muster_code expected, struct muster_error *err)
{
	struct draft_commit commit = { .job = { .memory_bytes = 64 << 20 },
				       .content = *stack,
				       .parts_are = parts_are,
				       .base_number = base };
	struct draft_result result;
	struct muster_error own = { 0 };
	enum muster_code code;

	err = err ? err : &own;
	code = draft_commit(place->repository, collection, &commit, &result, err);
	if (code != expected)
		fail_msg("code %d (%s), not %d", code, err->message, expected);
	return result;
}

/* What a single put of the tree gives in a repository of its own. */
static inline struct muster_put_report put_alone(struct place *place)
{
	struct repository_options options = { .algorithm = DIGEST_MD5 };
	struct place alone = *place;
	struct muster_put_report report;

	assert_int_equal(store_memory_new(&alone.store, NULL), MUSTER_OK);
	test_repository_make(alone.store, &options);
	assert_int_equal(repository_open(&alone.repository, alone.store, effects_system(), NULL),
			 MUSTER_OK);
	repository_assume_proved(alone.repository);
	report = put_tree(&alone);
	repository_close(alone.repository);
	store_free(alone.store);
	return report;
}

#endif
