/* Each kind of object, damaged in each way: the finding names that object, and no sound one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/engine/check/lab.h"
#include "tests/support/torture.h"

static struct lab lab;
static struct lab_findings findings;

static int fill(void **state)
{
	(void)state;
	lab_make(&lab, NULL);
	lab_fill(&lab);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	lab_release(&lab);
	return 0;
}

/* --- one damage, undone afterwards ------------------------------------------------------------ */

enum damage {
	FLIP,	  /* a bit of byte `at` (negative: from the end) */
	TRUNCATE, /* `at` bytes less */
	EXTEND,	  /* `at` bytes more */
	EMPTY,
	DELETE,
	SWAP, /* contents with the `at`-th of the same kind */
};

struct saved {
	char key[512], other[512];
	struct bytes bytes, other_bytes;
};

static void damage(struct saved *saved, const char *prefix, int n, enum damage what, long at)
{
	struct bytes changed = { 0 };

	*saved = (struct saved){ 0 };
	lab_key(&lab, prefix, n, saved->key);
	saved->bytes = lab_get(&lab, saved->key);
	bytes_append_view(&changed, bytes_view(&saved->bytes), NULL);
	switch (what) {
	case FLIP:
		at = at < 0 ? (long)changed.len + at : at;
		assert_true(at >= 0 && (size_t)at < changed.len);
		changed.ptr[at] ^= 1;
		break;
	case TRUNCATE:
		assert_true((size_t)at < changed.len);
		changed.len -= (size_t)at;
		break;
	case EXTEND:
		for (long i = 0; i < at; i++)
			bytes_append_byte(&changed, 0, NULL);
		break;
	case EMPTY:
		changed.len = 0;
		break;
	case DELETE:
		assert_int_equal(store_remove(lab.store, saved->key, NULL), MUSTER_OK);
		bytes_release(&changed);
		return;
	case SWAP:
		lab_key(&lab, prefix, (int)at, saved->other);
		saved->other_bytes = lab_get(&lab, saved->other);
		lab_set(&lab, saved->other, bytes_view(&saved->bytes));
		changed.len = 0;
		bytes_append_view(&changed, bytes_view(&saved->other_bytes), NULL);
		break;
	}
	lab_set(&lab, saved->key, bytes_view(&changed));
	bytes_release(&changed);
}

static void undo(struct saved *saved)
{
	lab_set(&lab, saved->key, bytes_view(&saved->bytes));
	if (*saved->other)
		lab_set(&lab, saved->other, bytes_view(&saved->other_bytes));
	bytes_release(&saved->bytes);
	bytes_release(&saved->other_bytes);
}

static bool is_damaged(const struct saved *saved, const char *object)
{
	return strcmp(object, saved->key) == 0 || strcmp(object, saved->other) == 0;
}

/* Findings, all of them about what was damaged. */
static void expect_named(const struct saved *saved, const char *name)
{
	bool is_right = findings.count > 0;

	for (size_t i = 0; i < findings.count && i < LAB_FINDINGS; i++)
		is_right &= is_damaged(saved, findings.list[i].object);
	if (is_right && *saved->other)
		is_right = lab_findings_has(&findings, saved->key, NULL) &&
			   lab_findings_has(&findings, saved->other, NULL);
	if (is_right)
		return;
	lab_findings_print(&findings);
	fail_msg("%s: '%s' was damaged", name, saved->key);
}

static const struct {
	const char *name, *prefix;
	int n;
	enum damage what;
	long at;
	const char *text; /* in the message about the object */
} cases[] = {
	{ "pack: a blob's byte", "packs/", 0, FLIP, 20, "checksum" },
	{ "pack: its header", "packs/", 0, FLIP, 3, "header" },
	{ "pack: its directory", "packs/", 0, FLIP, -100, "directory" },
	{ "pack: its trailer", "packs/", 0, FLIP, -50, "" },
	{ "pack: end of its trailer", "packs/", 0, FLIP, -1, "" },
	{ "pack: cut by a byte", "packs/", 0, TRUNCATE, 1, "" },
	{ "pack: longer by a byte", "packs/", 0, EXTEND, 1, "" },
	{ "pack: empty", "packs/", 0, EMPTY, 0, "" },
	{ "pack: gone", "packs/", 0, DELETE, 0, "missing" },
	{ "pack: swapped", "packs/", 0, SWAP, 1, "id" },
	{ "index: a page", "index/", 0, FLIP, 16 + 48 + 5, "page 0" },
	{ "index: its header", "index/", 0, FLIP, 2, "" },
	{ "index: end of its tail", "index/", 0, FLIP, -161, "" },
	{ "index: its trailer", "index/", 0, FLIP, -60, "" },
	{ "index: cut", "index/", 0, TRUNCATE, 40, "" },
	{ "index: longer", "index/", 0, EXTEND, 4096, "" },
	{ "index: empty", "index/", 0, EMPTY, 0, "" },
	{ "index: swapped", "index/", 0, SWAP, 1, "id" },
	{ "leaves: header", "leaves/", 0, FLIP, 1, "" },
	{ "leaves: first leaf", "leaves/", 0, FLIP, 40, "the leaf at 16" },
	{ "leaves: last byte", "leaves/", 0, FLIP, -1, "the leaf at" },
	{ "leaves: cut", "leaves/", 0, TRUNCATE, 1, "it ends at" },
	{ "leaves: empty", "leaves/", 0, EMPTY, 0, "" },
	{ "leaves: gone", "leaves/", 0, DELETE, 0, "missing" },
	{ "manifest: header", "manifests/", 0, FLIP, 0, "" },
	{ "manifest: first leaf", "manifests/", 0, FLIP, 20, "the leaf at 16" },
	{ "manifest: end of its footer", "manifests/", 0, FLIP, -65, "footer" },
	{ "manifest: its trailer", "manifests/", 0, FLIP, -60, "" },
	{ "manifest: end of its trailer", "manifests/", 0, FLIP, -3, "" },
	{ "manifest: cut", "manifests/", 0, TRUNCATE, 10, "bytes instead of" },
	{ "manifest: longer", "manifests/", 0, EXTEND, 10, "bytes instead of" },
	{ "manifest: gone", "manifests/", 0, DELETE, 0, "missing" },
	{ "manifest: swapped", "manifests/", 0, SWAP, 1, "" },
	{ "checkpoint: first byte", "collections/", 0, FLIP, 0, "" },
	{ "checkpoint: middle", "collections/", 0, FLIP, 700, "" },
	{ "checkpoint: cut", "collections/", 0, TRUNCATE, 30, "" },
	{ "event of a name", "names/me/lab/data/", 0, FLIP, 0, "" },
	{ "event of a name: gone", "names/me/lab/data/", 0, DELETE, 0, "missing" },
};

/* `collections/` above means the checkpoint: the only one there is. */
static const char *prefix_of(const char *prefix, char out[512])
{
	struct lab_keys keys;

	if (strcmp(prefix, "collections/") != 0)
		return prefix;
	keys = lab_list(&lab, prefix);
	*out = '\0';
	for (size_t i = 0; i < keys.count; i++)
		if (strstr(keys.keys[i], "/checkpoint/"))
			memcpy(out, keys.keys[i], 512);
	lab_keys_release(&keys);
	return out;
}

static void damage_names_its_object(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char prefix[512];
		struct saved saved;

		damage(&saved, prefix_of(cases[i].prefix, prefix), cases[i].n, cases[i].what,
		       cases[i].at);
		lab_check(&lab, true, &findings);
		expect_named(&saved, cases[i].name);
		if (!lab_findings_has(&findings, saved.key, cases[i].text)) {
			lab_findings_print(&findings);
			fail_msg("%s: nothing says '%s'", cases[i].name, cases[i].text);
		}
		undo(&saved);
	}
	lab_check(&lab, false, &findings);
	assert_int_equal(findings.count, 0);
}

static void any_byte_of_a_binary_object_counts(void **state)
{
	static const char *const prefixes[] = { "packs/", "index/", "leaves/", "manifests/" };

	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct lab_keys keys = lab_list(&lab, prefixes[i]);

		for (size_t k = 0; k < keys.count; k++) {
			struct bytes bytes = lab_get(&lab, keys.keys[k]);
			size_t step = TORTURE_STEP * (bytes.len / 7 + 1);

			for (size_t at = k; at < bytes.len; at += step) {
				char name[640];
				struct saved saved;

				snprintf(name, sizeof(name), "%s: byte %zu of %zu", keys.keys[k],
					 at, bytes.len);
				damage(&saved, prefixes[i], (int)k, FLIP, (long)at);
				lab_check(&lab, at % 2, &findings);
				expect_named(&saved, name);
				undo(&saved);
			}
			bytes_release(&bytes);
		}
		lab_keys_release(&keys);
	}
}

static void a_digest_that_lies_is_found_unless_quick(void **state)
{
	char key[512];
	struct bytes bytes;
	uint8_t *byte;

	(void)state;
	/* The digest in a pack's directory, its checksum mended: only the bytes can tell. The
	 * versions and the index say otherwise, too. */
	lab_key(&lab, "packs/", 0, key);
	bytes = lab_get(&lab, key);
	byte = bytes.ptr + get_u64(bytes.ptr + bytes.len - 96 + 48) + 1;
	*byte ^= 1;
	xxh128_of(view_of(byte - 1, get_u32(bytes.ptr + bytes.len - 96 + 44)),
		  bytes.ptr + bytes.len - 96 + 56);
	xxh128_of(view_of(bytes.ptr + bytes.len - 96, 72), bytes.ptr + bytes.len - 24);
	lab_set(&lab, key, bytes_view(&bytes));
	lab_check(&lab, true, &findings);
	assert_false(lab_findings_has(&findings, key, "another digest"));
	assert_true(lab_findings_has(&findings, key, "no other copy"));
	lab_check(&lab, false, &findings);
	assert_true(lab_findings_has(&findings, key, "another digest"));
	*byte ^= 1;
	xxh128_of(view_of(byte - 1, get_u32(bytes.ptr + bytes.len - 96 + 44)),
		  bytes.ptr + bytes.len - 96 + 56);
	xxh128_of(view_of(bytes.ptr + bytes.len - 96, 72), bytes.ptr + bytes.len - 24);
	lab_set(&lab, key, bytes_view(&bytes));
	bytes_release(&bytes);
	lab_check(&lab, false, &findings);
	assert_int_equal(findings.count, 0);
}

static void a_deleted_index_leaves_packs_that_no_index_names(void **state)
{
	struct saved saved;
	char pack[512];

	(void)state;
	damage(&saved, "index/", 0, DELETE, 0);
	lab_check(&lab, true, &findings);
	assert_true(findings.count > 0);
	for (size_t i = 0; i < findings.count; i++) {
		assert_memory_equal(findings.list[i].object, "packs/", 6);
		assert_non_null(strstr(findings.list[i].error.message, "no index names it"));
	}
	snprintf(pack, sizeof(pack), "packs/%.32s", saved.key + strlen("index/"));
	assert_memory_equal(findings.list[0].object, pack, strlen(pack));
	undo(&saved);
}

static void many_broken_blobs_are_named_up_to_a_number(void **state)
{
	struct bytes bytes = { 0 }, changed = { 0 };
	char key[512];

	(void)state;
	for (int i = 0; bytes.len < 20000; i++) { /* one of many blobs, whichever it is */
		bytes_release(&bytes);
		lab_key(&lab, "packs/", i, key);
		bytes = lab_get(&lab, key);
		if (bytes.len > 4u << 20)
			bytes.len = 0;
	}
	bytes_append_view(&changed, bytes_view(&bytes), NULL);
	memset(changed.ptr + 16, 0, 2000);
	lab_set(&lab, key, bytes_view(&changed));
	lab_check(&lab, false, &findings);
	assert_int_equal(findings.count, 17);
	assert_true(lab_findings_has(&findings, key, "more of its blobs are broken"));
	lab_set(&lab, key, bytes_view(&bytes));
	bytes_release(&bytes);
	bytes_release(&changed);
}

static void settings_that_change_while_it_is_open_are_found(void **state)
{
	struct muster_check_options options = { .quick = true };
	struct muster_check_report report;
	struct saved saved;

	(void)state;
	lab_open(&lab);
	damage(&saved, "repository/", 0, FLIP, 0);
	assert_int_equal(check_run(lab.repository, &options, &report, NULL), MUSTER_OK);
	assert_int_equal(report.finding_count, 1);
	undo(&saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_names_its_object),
		cmocka_unit_test(any_byte_of_a_binary_object_counts),
		cmocka_unit_test(a_digest_that_lies_is_found_unless_quick),
		cmocka_unit_test(a_deleted_index_leaves_packs_that_no_index_names),
		cmocka_unit_test(many_broken_blobs_are_named_up_to_a_number),
		cmocka_unit_test(settings_that_change_while_it_is_open_are_found),
	};

	return cmocka_run_group_tests(tests, fill, empty);
}
