/* Listings. */
#include "tests/io/store/conformance_internal.h"

#include <stdio.h>
#include <string.h>

enum muster_code conformance_collect(void *state, const char *key, uint64_t size_bytes,
				     uint64_t modified_ns, struct muster_error *err)
{
	struct listed *listed = state;
	enum muster_code code = bytes_append_text(&listed->text, key, err);

	if (!code)
		code = bytes_append_byte(&listed->text, '\n', err);
	listed->size_sum += size_bytes;
	listed->newest_ns = modified_ns > listed->newest_ns ? modified_ns : listed->newest_ns;
	if (!code && ++listed->count == listed->stop_after)
		return MUSTER_END;
	return code;
}

void assert_listed(struct store *store, const char *prefix, const char *after, const char *expected)
{
	struct muster_error err = { 0 };
	struct listed listed = { 0 };

	assert_int_equal(store_list(store, prefix, after, conformance_collect, &listed, &err),
			 MUSTER_OK);
	assert_int_equal(bytes_append_byte(&listed.text, '\0', &err), MUSTER_OK);
	assert_string_equal((const char *)listed.text.ptr, expected);
	bytes_release(&listed.text);
}

void keys_are_listed_in_byte_order(void **state)
{
	/* '-' and '.' come before '/', '0' behind it: the folder is compared as "a/". */
	static const char *const keys[] = { "a0",  "a/b", "a-", "a.b/c", "a/a/z",
					    "a/a", "zz",  "Z",	"a/a.b", "\xc3\xa9/x" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!fixture->kind->key_may_be_prefix && strcmp(keys[i], "a/a") == 0)
			continue;
		conformance_put(fixture->store, keys[i], keys[i]);
	}
	if (fixture->kind->key_may_be_prefix)
		assert_listed(fixture->store, "", NULL,
			      "Z\na-\na.b/c\na/a\na/a.b\na/a/z\na/b\na0\nzz\n\xc3\xa9/x\n");
	else
		assert_listed(fixture->store, "", NULL,
			      "Z\na-\na.b/c\na/a.b\na/a/z\na/b\na0\nzz\n\xc3\xa9/x\n");
}

void a_listing_keeps_to_prefix_and_start(void **state)
{
	static const struct {
		const char *prefix, *after, *expected;
	} cases[] = {
		{ "", NULL, "a/1\na/2\na/b/3\nab\nb/1\n" },
		{ "a", NULL, "a/1\na/2\na/b/3\nab\n" },
		{ "a/", NULL, "a/1\na/2\na/b/3\n" },
		{ "a/b", NULL, "a/b/3\n" },
		{ "a/b/3", NULL, "a/b/3\n" },
		{ "a/b/3/", NULL, "" },
		{ "a/b/33", NULL, "" },
		{ "ab/", NULL, "" },
		{ "c", NULL, "" },
		{ "c/d/e", NULL, "" },
		{ "", "a/2", "a/b/3\nab\nb/1\n" },
		{ "", "a/b/2", "a/b/3\nab\nb/1\n" },
		{ "", "a/b/3", "ab\nb/1\n" },
		{ "", "a/~", "ab\nb/1\n" },
		{ "", "a", "a/1\na/2\na/b/3\nab\nb/1\n" },
		{ "", "", "a/1\na/2\na/b/3\nab\nb/1\n" },
		{ "a/", "a/1", "a/2\na/b/3\n" },
		{ "a/", "a/b", "a/b/3\n" },
		{ "a/", "A", "a/1\na/2\na/b/3\n" },
		{ "a/", "b", "" },
		{ "b", "a/b/3", "b/1\n" },
		{ "b/", "b/1", "" },
	};
	static const char *const keys[] = { "b/1", "ab", "a/2", "a/1", "a/b/3" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		conformance_put(fixture->store, keys[i], "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_listed(fixture->store, cases[i].prefix, cases[i].after, cases[i].expected);
}

void a_listing_tells_sizes_and_ends_when_told(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };
	struct listed listed = { 0 };
	uint64_t before_ns, after_ns;

	assert_int_equal(store_now(fixture->store, &before_ns, &err), MUSTER_OK);
	conformance_put(fixture->store, "a", "12");
	conformance_put(fixture->store, "b/c", "345");
	conformance_put(fixture->store, "d", "6");
	assert_int_equal(store_now(fixture->store, &after_ns, &err), MUSTER_OK);
	assert_int_equal(store_list(fixture->store, "", NULL, conformance_collect, &listed, &err),
			 MUSTER_OK);
	assert_int_equal(listed.count, 3);
	assert_int_equal(listed.size_sum, 6);
	assert_true(listed.newest_ns + fixture->kind->time_step_ns >= before_ns);
	assert_true(listed.newest_ns <= after_ns);
	bytes_release(&listed.text);
	listed = (struct listed){ .stop_after = 2 };
	assert_int_equal(store_list(fixture->store, "", NULL, conformance_collect, &listed, &err),
			 MUSTER_END);
	assert_int_equal(listed.count, 2);
	bytes_release(&listed.text);
}

enum muster_code conformance_refuse(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	(void)state, (void)size_bytes, (void)modified_ns;
	return muster_fail(err, MUSTER_E_LIMIT, "refused at %s", key);
}

void a_failure_of_the_reader_ends_a_listing(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };

	conformance_put(fixture->store, "x/1", "");
	conformance_put(fixture->store, "x/2", "");
	assert_int_equal(store_list(fixture->store, "x", NULL, conformance_refuse, NULL, &err),
			 MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "refused at x/1"));
}

struct removing {
	struct store *store;
	size_t count;
};

static enum muster_code remove_listed(void *state, const char *key, uint64_t size_bytes,
				      uint64_t modified_ns, struct muster_error *err)
{
	struct removing *removing = state;

	(void)size_bytes, (void)modified_ns;
	removing->count++;
	return store_remove(removing->store, key, err);
}

void a_listing_may_remove_what_it_meets(void **state)
{
	struct fixture *fixture = *state;
	struct removing removing = { fixture->store, 0 };
	char key[32];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "d%d/k%d", i % 7, i);
		conformance_put(fixture->store, key, key);
	}
	assert_int_equal(store_list(fixture->store, "", NULL, remove_listed, &removing, NULL),
			 MUSTER_OK);
	assert_int_equal(removing.count, 100);
	assert_listed(fixture->store, "", NULL, "");
}
