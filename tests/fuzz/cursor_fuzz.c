/*
 * The state machines of cursor and diff: bytes make two versions and a sequence of calls; a plain
 * list says what each call must answer. Feeding damaged bytes must be refused and change nothing.
 *
 * Input: number of entries (1, modulo 41), then a byte for each: which path of the 128 that there
 * are, and in the top bit whether version b has other content there; then calls until the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/artifact/manifest/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* So heavy that every entry is a leaf, or two or three are. */
#define EXTRA_BYTES 6000
#define MAX_ENTRIES 40

/** Entry `number` of 128; large, so that few entries make many leaves. */
static void entry_make(struct entry_list *list, uint8_t number, uint64_t variant)
{
	static uint8_t extra[EXTRA_BYTES];
	struct entry entry;
	char path[32];

	memset(extra, 'x', sizeof(extra));
	snprintf(path, sizeof(path), "dir-%u/file-%03u", number / 16, number);
	entry = fixture_file(view_text(path), number + variant * 1000);
	entry.extra = view_of(extra, number % 4 ? sizeof(extra) : 1);
	entry_list_add(list, &entry);
}

static struct view path_of(uint8_t byte, char path[40])
{
	snprintf(path, 40, "dir-%u/file-%03u%s", byte % 128 / 16, byte % 128,
		 byte & 128 ? "+" : "");
	return view_text(path);
}

static size_t lower_bound(const struct entry_list *list, struct view path)
{
	size_t at = 0;

	while (at < list->count && view_compare(list->entries[at].path, path) < 0)
		at++;
	return at;
}

/** Feed what is wanted; before that the same with a bit wrong, which must be refused. */
static void feed(struct fixture_store *store, struct cursor *cursor, uint8_t damage)
{
	struct view right = fixture_fetch(store, cursor_wanted(cursor));
	uint8_t *wrong = malloc(right.len);

	must(wrong != NULL);
	memcpy(wrong, right.ptr, right.len);
	wrong[damage * right.len / 256] ^= (uint8_t)(1u << damage % 8);
	must(cursor_feed(cursor, view_of(wrong, right.len), NULL) == MUSTER_E_DIGEST);
	must(cursor_feed(cursor, view_of(wrong, right.len - 1), NULL) == MUSTER_E_FORMAT);
	free(wrong);
	must(cursor_feed(cursor, right, NULL) == MUSTER_OK);
}

static void next_try(struct fixture_store *store, struct cursor *cursor,
		     const struct entry_list *list, size_t *at, uint8_t damage)
{
	struct entry entry;
	enum muster_code code;

	while ((code = cursor_next(cursor, &entry, NULL)) == MUSTER_FULL)
		feed(store, cursor, damage);
	if (*at == list->count) {
		must(code == MUSTER_END);
		return;
	}
	must(code == MUSTER_OK && fixture_entry_same(&list->entries[*at], &entry, true));
	++*at;
}

/** Look at the leaf that begins here, if one does; skip it if asked to. */
static void leaf_try(struct fixture_store *store, struct cursor *cursor,
		     const struct entry_list *list, size_t *at, uint8_t byte)
{
	const struct leaf_record *record;
	enum muster_code code;

	while ((code = cursor_leaf(cursor, &record, NULL)) == MUSTER_FULL)
		feed(store, cursor, byte);
	if (code == MUSTER_END) {
		must(*at == list->count && !record);
		return;
	}
	must(code == MUSTER_OK);
	if (!record) /* inside a leaf, or behind the last entry of one by a seek */
		return;
	must(*at < list->count && view_equal(record->first_path, list->entries[*at].path));
	if (byte & 1)
		return;
	cursor_skip_leaf(cursor);
	*at += record->entry_count;
}

static void cursor_try(struct fixture_store *store, const struct fixture_version *version,
		       const struct entry_list *list, struct view calls)
{
	struct cursor *cursor;
	size_t at = 0;
	char path[40];

	must(cursor_new(&cursor, &version->footer, true, NULL) == MUSTER_OK);
	for (size_t i = 0; i + 1 < calls.len; i += 2) {
		uint8_t byte = calls.ptr[i + 1];

		switch (calls.ptr[i] % 4) {
		case 0:
			cursor_seek(cursor, path_of(byte, path));
			at = lower_bound(list, view_text(path));
			break;
		case 1:
			leaf_try(store, cursor, list, &at, byte);
			break;
		default:
			for (unsigned n = 0; n < calls.ptr[i] / 16u + 1; n++)
				next_try(store, cursor, list, &at, byte);
		}
	}
	cursor_free(cursor);
}

/** Both from the same path on, against a merge of the lists. */
static void diff_try(struct fixture_store *store, const struct fixture_version *versions,
		     const struct entry_list *lists, uint8_t from)
{
	struct cursor *cursors[2];
	size_t at[2] = { 0, 0 };
	struct diff *diff;
	struct change change;
	char path[40];

	for (int i = 0; i < 2; i++) {
		must(cursor_new(&cursors[i], &versions[i].footer, true, NULL) == MUSTER_OK);
		if (!from)
			continue;
		cursor_seek(cursors[i], path_of(from, path));
		at[i] = lower_bound(&lists[i], view_text(path));
	}
	must(diff_new(&diff, cursors[0], cursors[1], NULL) == MUSTER_OK);
	while (at[0] < lists[0].count || at[1] < lists[1].count) {
		const struct entry *a = &lists[0].entries[at[0]], *b = &lists[1].entries[at[1]];
		int order = at[0] == lists[0].count   ? 1
			    : at[1] == lists[1].count ? -1
						      : view_compare(a->path, b->path);

		at[0] += order <= 0;
		at[1] += order >= 0;
		if (order == 0 && entry_content_equal(a, b))
			continue;
		must(fixture_diff_next(store, diff, &change, NULL) == MUSTER_OK);
		must(order > 0 || fixture_entry_same(a, &change.a, true));
		must(order < 0 || fixture_entry_same(b, &change.b, true));
	}
	must(fixture_diff_next(store, diff, &change, NULL) == MUSTER_END);
	diff_free(diff);
	cursor_free(cursors[0]);
	cursor_free(cursors[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry_list lists[2] = { 0 };
	struct fixture_store store = { 0 };
	struct fixture_version versions[2];
	size_t count;

	if (size < 2)
		return 0;
	count = data[0] % (MAX_ENTRIES + 1);
	if (count > size - 1)
		count = size - 1;
	for (size_t i = 1; i <= count; i++) {
		entry_make(&lists[i % 3 == 1], data[i] & 127, 0);
		if (i % 3) /* most are in both */
			entry_make(&lists[i % 3 != 1], data[i] & 127, data[i] >> 7);
	}
	for (uint32_t i = 0; i < 2; i++) {
		entry_list_sort(&lists[i]);
		fixture_build(&store, &versions[i], i + 1, &lists[i], i ? &versions[0] : NULL);
	}
	cursor_try(&store, &versions[0], &lists[0], view_of(data + 1 + count, size - 1 - count));
	diff_try(&store, versions, lists, 0);
	diff_try(&store, versions, lists, data[1]);
	for (int i = 0; i < 2; i++) {
		entry_list_release(&lists[i]);
		fixture_version_release(&versions[i]);
	}
	fixture_store_release(&store);
	return 0;
}
