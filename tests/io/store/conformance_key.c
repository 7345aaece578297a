/* Keys: what may be one, and is kept as it is. */
#include "tests/io/store/conformance_internal.h"

#include <stdio.h>
#include <string.h>

void unusual_keys_are_kept_as_they_are(void **state)
{
	static const char *const keys[] = {
		"with space/a b",
		"per%cent/%2F%00",
		"\xc3\xbc\xe2\x82\xac/\xf0\x9f\x90\x8b",
		"quote'\"\\/x",
		"-rf",
		"a+b=c&d?e#f",
		"new\nline/\x01z",
		".hidden/.x",
		"tm/.tmX",
		"tmp/object",
		"trailing. ",
		"...",
	};
	struct fixture *fixture = *state;
	struct listed listed = { 0 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		conformance_put(fixture->store, keys[i], keys[i]);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_holds(fixture->store, keys[i], keys[i]);
	assert_int_equal(store_list(fixture->store, "", NULL, conformance_collect, &listed, NULL),
			 MUSTER_OK);
	assert_int_equal(listed.count, sizeof(keys) / sizeof(keys[0]));
	bytes_release(&listed.text);
	assert_listed(fixture->store, "per%cent/", NULL, "per%cent/%2F%00\n");
}

/* Components of 200 bytes: a file system has a maximum for one name, too. */
static void make_long_key(char *key, char last)
{
	memset(key, 'k', STORE_KEY_MAX_BYTES);
	for (size_t at = 200; at < STORE_KEY_MAX_BYTES; at += 201)
		key[at] = '/';
	key[STORE_KEY_MAX_BYTES - 1] = last;
	key[STORE_KEY_MAX_BYTES] = '\0';
}

void keys_of_the_greatest_length_work(void **state)
{
	struct fixture *fixture = *state;
	char a[STORE_KEY_MAX_BYTES + 1], b[STORE_KEY_MAX_BYTES + 1];
	struct store_writer *writer;
	struct listed listed = { 0 };

	make_long_key(a, 'a');
	make_long_key(b, 'b');
	conformance_put(fixture->store, b, "long");
	assert_int_equal(store_write_begin(fixture->store, a, &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_holds(fixture->store, b, "long");
	assert_int_equal(store_list(fixture->store, "", NULL, conformance_collect, &listed, NULL),
			 MUSTER_OK);
	assert_int_equal(listed.count, 2);
	bytes_release(&listed.text);
	listed = (struct listed){ 0 };
	assert_int_equal(store_list(fixture->store, b, NULL, conformance_collect, &listed, NULL),
			 MUSTER_OK);
	assert_int_equal(listed.count, 1);
	bytes_release(&listed.text);
	listed = (struct listed){ 0 };
	assert_int_equal(store_list(fixture->store, "", a, conformance_collect, &listed, NULL),
			 MUSTER_OK);
	assert_int_equal(listed.count, 1);
	bytes_release(&listed.text);
	assert_int_equal(store_remove(fixture->store, a, NULL), MUSTER_OK);
	assert_absent(fixture->store, a);
}

void what_cannot_be_a_key_is_refused(void **state)
{
	static const char *const keys[] = {
		"",	  "/",	 "/a",	"a/",	"a//b",	  ".",	      "..",
		"a/../b", "a/.", "./a", ".tmp", ".tmp-1", "a/.tmp/b", "../../etc/x",
	};
	struct fixture *fixture = *state;
	char key[STORE_KEY_MAX_BYTES + 2];
	struct store_object *object;
	struct store_writer *writer;

	for (size_t i = 0; i <= sizeof(keys) / sizeof(keys[0]); i++) {
		struct muster_error err = { 0 };

		memset(key, 'k', sizeof(key));
		key[sizeof(key) - 1] = '\0';
		if (i < sizeof(keys) / sizeof(keys[0]))
			snprintf(key, sizeof(key), "%s", keys[i]);
		assert_int_equal(store_create(fixture->store, key, (struct view){ 0 }, &err),
				 MUSTER_E_USAGE);
		assert_int_equal(err.code, MUSTER_E_USAGE);
		assert_int_equal(store_open(fixture->store, key, &object, NULL), MUSTER_E_USAGE);
		assert_int_equal(store_remove(fixture->store, key, NULL), MUSTER_E_USAGE);
		assert_int_equal(store_write_begin(fixture->store, key, &writer, NULL),
				 MUSTER_E_USAGE);
	}
	assert_int_equal(store_list(fixture->store, key, NULL, conformance_refuse, NULL, NULL),
			 MUSTER_E_USAGE);
}
