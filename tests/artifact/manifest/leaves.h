/* The leaves of a version: for tests of what shares them. */
#ifndef TESTS_ARTIFACT_MANIFEST_LEAVES_H
#define TESTS_ARTIFACT_MANIFEST_LEAVES_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/digest.h"
#include "tests/artifact/manifest/fixture.h"
#include "tests/support/torture.h"

/** Content SHA-256s of all leaves of a version, in order. */
struct leaf_list {
	uint8_t (*sha256)[32];
	uint64_t *size_bytes;
	size_t count;
};

static inline struct leaf_list leaves_of(struct fixture_store *store,
					 const struct fixture_version *version)
{
	struct leaf_list list = { 0 };
	const struct leaf_record *record;
	struct cursor *cursor;

	list.sha256 = calloc(version->footer.leaf_count + 1, sizeof(*list.sha256));
	assert_non_null(list.sha256);
	assert_int_equal(cursor_new(&cursor, &version->footer, false, NULL), MUSTER_OK);
	while (fixture_cursor_leaf(store, cursor, &record, NULL) == MUSTER_OK) {
		memcpy(list.sha256[list.count++], record->content_sha256, 32);
		cursor_skip_leaf(cursor);
	}
	cursor_free(cursor);
	assert_int_equal(list.count, version->footer.leaf_count);
	return list;
}

/** How many leaves of `b` are not in `a`. Both are mostly equal, in the same order. */
static inline size_t leaves_new(const struct leaf_list *a, const struct leaf_list *b)
{
	size_t count = 0;

	for (size_t i = 0; i < b->count; i++) {
		bool is_known = false;

		for (size_t j = 0; j < a->count && !is_known; j++)
			is_known = memcmp(a->sha256[j], b->sha256[i], 32) == 0;
		count += !is_known;
	}
	return count;
}

static inline void footers_agree(struct fixture_store *store, const struct fixture_version *a,
				 const struct fixture_version *b)
{
	struct leaf_list x = leaves_of(store, a), y = leaves_of(store, b);

	assert_int_equal(x.count, y.count);
	assert_memory_equal(x.sha256, y.sha256, x.count * 32);
	assert_memory_equal(a->footer.content_root, b->footer.content_root, 32);
	assert_memory_equal(a->footer.artifact_digest, b->footer.artifact_digest, 16);
	assert_int_equal(a->footer.entry_count, b->footer.entry_count);
	assert_int_equal(a->footer.reference_count, b->footer.reference_count);
	assert_int_equal(a->footer.size_bytes, b->footer.size_bytes);
	for (size_t i = 0; i < a->footer.fence_count; i++) {
		const struct manifest_fence *f = &a->footer.fences[i], *g = &b->footer.fences[i];

		assert_memory_equal(&f->digest_state, &g->digest_state, sizeof(f->digest_state));
		assert_int_equal(f->entry_count, g->entry_count);
		assert_int_equal(f->reference_count, g->reference_count);
		assert_true(view_equal(f->first_path, g->first_path));
	}
	free(x.sha256);
	free(y.sha256);
}

#endif
