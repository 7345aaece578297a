#include "tests/io/store/conformance.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#define RACE_THREADS 16
#define RACE_KEYS    64
#define LARGE_BYTES  (40u << 20)

struct fixture {
	struct conformance_kind *kind;
	struct store *store;
};

/* Results of a listing, one key a line. */
struct listed {
	struct bytes text;
	uint64_t size_sum, newest_ns;
	size_t count, stop_after; /* 0: never */
};

static enum muster_code collect(void *state, const char *key, uint64_t size_bytes,
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

static void assert_listed(struct store *store, const char *prefix, const char *after,
			  const char *expected)
{
	struct muster_error err = { 0 };
	struct listed listed = { 0 };

	assert_int_equal(store_list(store, prefix, after, collect, &listed, &err), MUSTER_OK);
	assert_int_equal(bytes_append_byte(&listed.text, '\0', &err), MUSTER_OK);
	assert_string_equal((const char *)listed.text.ptr, expected);
	bytes_release(&listed.text);
}

static void put(struct store *store, const char *key, const char *text)
{
	struct muster_error err = { 0 };
	enum muster_code code = store_create(store, key, view_text(text), &err);

	if (code)
		print_error("create %.80s: %s\n", key, err.message);
	assert_int_equal(code, MUSTER_OK);
}

static void assert_holds(struct store *store, const char *key, const char *text)
{
	struct muster_error err = { 0 };
	struct bytes got = { 0 };

	assert_int_equal(store_get(store, key, &got, 1 << 20, &err), MUSTER_OK);
	assert_int_equal(got.len, strlen(text));
	assert_true(view_equal(bytes_view(&got), view_text(text)));
	bytes_release(&got);
}

static void assert_absent(struct store *store, const char *key)
{
	struct muster_error err = { 0 };
	struct store_object *object = (void *)1;

	assert_int_equal(store_open(store, key, &object, &err), MUSTER_ABSENT);
	assert_null(object);
	assert_int_equal(err.code, MUSTER_OK); /* an answer, not a failure */
}

static void what_is_created_can_be_read(void **state)
{
	struct fixture *fixture = *state;

	put(fixture->store, "packs/1.pack", "one");
	put(fixture->store, "top", "two");
	assert_holds(fixture->store, "packs/1.pack", "one");
	assert_holds(fixture->store, "top", "two");
}

static void what_is_not_there_is_absent(void **state)
{
	struct fixture *fixture = *state;

	assert_absent(fixture->store, "x");
	assert_absent(fixture->store, "x/y/z");
	put(fixture->store, "dir/key", "");
	assert_absent(fixture->store, "dir");
	assert_absent(fixture->store, "dir/ke");
	assert_absent(fixture->store, "dir/keys");
	if (!fixture->kind->key_may_be_prefix)
		assert_absent(fixture->store, "dir/key/more");
}

static void the_first_creator_wins_and_stays(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };

	put(fixture->store, "log/1.json", "first");
	assert_int_equal(store_create(fixture->store, "log/1.json", VIEW_LITERAL("second"), &err),
			 MUSTER_EXISTS);
	assert_int_equal(err.code, MUSTER_OK);
	assert_holds(fixture->store, "log/1.json", "first");
	assert_listed(fixture->store, "", NULL, "log/1.json\n");
}

static void an_empty_object_is_an_object(void **state)
{
	struct fixture *fixture = *state;
	struct store_writer *writer;
	struct store_object *object;
	uint8_t byte = 7;

	assert_int_equal(store_create(fixture->store, "a", (struct view){ 0 }, NULL), MUSTER_OK);
	assert_int_equal(store_write_begin(fixture->store, "b", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_holds(fixture->store, "a", "");
	assert_holds(fixture->store, "b", "");
	assert_int_equal(store_open(fixture->store, "b", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, 0);
	assert_int_equal(store_read(object, 0, &byte, 0, NULL), MUSTER_OK);
	assert_int_equal(store_read(object, 0, &byte, 1, NULL), MUSTER_E_FORMAT);
	assert_int_equal(byte, 7);
	store_close(object);
	assert_listed(fixture->store, "", NULL, "a\nb\n");
}

static void ranges_are_read_exactly_or_refused(void **state)
{
	static const struct {
		uint64_t offset_bytes;
		size_t len;
		enum muster_code code;
		const char *expected;
	} cases[] = {
		{ 0, 10, MUSTER_OK, "0123456789" },
		{ 0, 0, MUSTER_OK, "" },
		{ 3, 4, MUSTER_OK, "3456" },
		{ 9, 1, MUSTER_OK, "9" },
		{ 10, 0, MUSTER_OK, "" },
		{ 10, 1, MUSTER_E_FORMAT, "" },
		{ 9, 2, MUSTER_E_FORMAT, "" },
		{ 11, 0, MUSTER_E_FORMAT, "" },
		{ UINT64_MAX, 2, MUSTER_E_FORMAT, "" },
		{ UINT64_MAX - 1, 1, MUSTER_E_FORMAT, "" },
	};
	struct fixture *fixture = *state;
	struct store_object *object;

	put(fixture->store, "k", "0123456789");
	assert_int_equal(store_open(fixture->store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct muster_error err = { 0 };
		char out[16] = "";

		assert_int_equal(store_read(object, cases[i].offset_bytes, out, cases[i].len, &err),
				 cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_string_equal(out, cases[i].expected);
	}
	store_close(object);
}

static void a_whole_object_has_a_maximum(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };
	struct bytes got = { 0 };

	put(fixture->store, "k", "0123456789");
	assert_int_equal(store_get(fixture->store, "k", &got, 9, &err), MUSTER_E_LIMIT);
	assert_non_null(strstr(err.message, "'k'"));
	assert_int_equal(got.len, 0);
	assert_int_equal(store_get(fixture->store, "k", &got, 10, &err), MUSTER_OK);
	assert_int_equal(store_get(fixture->store, "k", &got, 10, &err), MUSTER_OK);
	assert_int_equal(got.len, 20); /* appended */
	assert_int_equal(store_get(fixture->store, "l", &got, 10, &err), MUSTER_ABSENT);
	bytes_release(&got);
}

static void keys_are_listed_in_byte_order(void **state)
{
	/* '-' and '.' come before '/', '0' behind it: the folder is compared as "a/". */
	static const char *const keys[] = { "a0",  "a/b", "a-", "a.b/c", "a/a/z",
					    "a/a", "zz",  "Z",	"a/a.b", "\xc3\xa9/x" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!fixture->kind->key_may_be_prefix && strcmp(keys[i], "a/a") == 0)
			continue;
		put(fixture->store, keys[i], keys[i]);
	}
	if (fixture->kind->key_may_be_prefix)
		assert_listed(fixture->store, "", NULL,
			      "Z\na-\na.b/c\na/a\na/a.b\na/a/z\na/b\na0\nzz\n\xc3\xa9/x\n");
	else
		assert_listed(fixture->store, "", NULL,
			      "Z\na-\na.b/c\na/a.b\na/a/z\na/b\na0\nzz\n\xc3\xa9/x\n");
}

static void a_listing_keeps_to_prefix_and_start(void **state)
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
		put(fixture->store, keys[i], "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_listed(fixture->store, cases[i].prefix, cases[i].after, cases[i].expected);
}

static void a_listing_tells_sizes_and_ends_when_told(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };
	struct listed listed = { 0 };
	uint64_t before_ns, after_ns;

	assert_int_equal(store_now(fixture->store, &before_ns, &err), MUSTER_OK);
	put(fixture->store, "a", "12");
	put(fixture->store, "b/c", "345");
	put(fixture->store, "d", "6");
	assert_int_equal(store_now(fixture->store, &after_ns, &err), MUSTER_OK);
	assert_int_equal(store_list(fixture->store, "", NULL, collect, &listed, &err), MUSTER_OK);
	assert_int_equal(listed.count, 3);
	assert_int_equal(listed.size_sum, 6);
	assert_true(listed.newest_ns >= before_ns && listed.newest_ns <= after_ns);
	bytes_release(&listed.text);
	listed = (struct listed){ .stop_after = 2 };
	assert_int_equal(store_list(fixture->store, "", NULL, collect, &listed, &err), MUSTER_END);
	assert_int_equal(listed.count, 2);
	bytes_release(&listed.text);
}

static enum muster_code refuse(void *state, const char *key, uint64_t size_bytes,
			       uint64_t modified_ns, struct muster_error *err)
{
	(void)state, (void)size_bytes, (void)modified_ns;
	return muster_fail(err, MUSTER_E_LIMIT, "refused at %s", key);
}

static void a_failure_of_the_reader_ends_a_listing(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };

	put(fixture->store, "x/1", "");
	put(fixture->store, "x/2", "");
	assert_int_equal(store_list(fixture->store, "x", NULL, refuse, NULL, &err), MUSTER_E_LIMIT);
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

static void a_listing_may_remove_what_it_meets(void **state)
{
	struct fixture *fixture = *state;
	struct removing removing = { fixture->store, 0 };
	char key[32];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "d%d/k%d", i % 7, i);
		put(fixture->store, key, key);
	}
	assert_int_equal(store_list(fixture->store, "", NULL, remove_listed, &removing, NULL),
			 MUSTER_OK);
	assert_int_equal(removing.count, 100);
	assert_listed(fixture->store, "", NULL, "");
}

static void removing_what_is_absent_is_success(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(store_remove(fixture->store, "x", NULL), MUSTER_OK);
	assert_int_equal(store_remove(fixture->store, "x/y", NULL), MUSTER_OK);
	put(fixture->store, "x/y", "1");
	assert_int_equal(store_remove(fixture->store, "x", NULL), MUSTER_OK);
	assert_holds(fixture->store, "x/y", "1");
	assert_int_equal(store_remove(fixture->store, "x/y", NULL), MUSTER_OK);
	assert_absent(fixture->store, "x/y");
	assert_int_equal(store_remove(fixture->store, "x/y", NULL), MUSTER_OK);
}

static void an_open_object_outlives_its_removal(void **state)
{
	struct fixture *fixture = *state;
	struct store_object *object;
	char out[8] = "";

	put(fixture->store, "k", "content");
	assert_int_equal(store_open(fixture->store, "k", &object, NULL), MUSTER_OK);
	assert_int_equal(store_remove(fixture->store, "k", NULL), MUSTER_OK);
	assert_absent(fixture->store, "k");
	assert_int_equal(store_read(object, 0, out, 7, NULL), MUSTER_OK);
	assert_string_equal(out, "content");
	store_close(object);
}

static void a_writer_shows_its_object_at_finish_only(void **state)
{
	struct fixture *fixture = *state;
	struct store_writer *writer;

	assert_int_equal(store_write_begin(fixture->store, "p/1", &writer, NULL), MUSTER_OK);
	assert_absent(fixture->store, "p/1");
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("ab"), NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, (struct view){ 0 }, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("cd"), NULL), MUSTER_OK);
	assert_absent(fixture->store, "p/1");
	assert_listed(fixture->store, "", NULL, "");
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_int_equal(store_sync(fixture->store, NULL), MUSTER_OK);
	assert_holds(fixture->store, "p/1", "abcd");
	assert_listed(fixture->store, "", NULL, "p/1\n");
}

static void an_aborted_writer_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct store_writer *writer;

	store_write_abort(NULL);
	assert_int_equal(store_write_begin(fixture->store, "p/1", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("ab"), NULL), MUSTER_OK);
	store_write_abort(writer);
	assert_absent(fixture->store, "p/1");
	assert_listed(fixture->store, "", NULL, "");
	put(fixture->store, "p/1", "other"); /* the key is free */
}

static void a_writer_that_comes_second_finds_the_key_taken(void **state)
{
	struct fixture *fixture = *state;
	struct muster_error err = { 0 };
	struct store_writer *writer;

	assert_int_equal(store_write_begin(fixture->store, "p", &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_append(writer, VIEW_LITERAL("writer"), NULL), MUSTER_OK);
	put(fixture->store, "p", "creator");
	assert_int_equal(store_write_finish(writer, &err), MUSTER_EXISTS);
	assert_int_equal(err.code, MUSTER_OK);
	assert_holds(fixture->store, "p", "creator");
	assert_listed(fixture->store, "", NULL, "p\n");
}

static void unusual_keys_are_kept_as_they_are(void **state)
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
		put(fixture->store, keys[i], keys[i]);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_holds(fixture->store, keys[i], keys[i]);
	assert_int_equal(store_list(fixture->store, "", NULL, collect, &listed, NULL), MUSTER_OK);
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

static void keys_of_the_greatest_length_work(void **state)
{
	struct fixture *fixture = *state;
	char a[STORE_KEY_MAX_BYTES + 1], b[STORE_KEY_MAX_BYTES + 1];
	struct store_writer *writer;
	struct listed listed = { 0 };

	make_long_key(a, 'a');
	make_long_key(b, 'b');
	put(fixture->store, b, "long");
	assert_int_equal(store_write_begin(fixture->store, a, &writer, NULL), MUSTER_OK);
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	assert_holds(fixture->store, b, "long");
	assert_int_equal(store_list(fixture->store, "", NULL, collect, &listed, NULL), MUSTER_OK);
	assert_int_equal(listed.count, 2);
	bytes_release(&listed.text);
	listed = (struct listed){ 0 };
	assert_int_equal(store_list(fixture->store, b, NULL, collect, &listed, NULL), MUSTER_OK);
	assert_int_equal(listed.count, 1);
	bytes_release(&listed.text);
	listed = (struct listed){ 0 };
	assert_int_equal(store_list(fixture->store, "", a, collect, &listed, NULL), MUSTER_OK);
	assert_int_equal(listed.count, 1);
	bytes_release(&listed.text);
	assert_int_equal(store_remove(fixture->store, a, NULL), MUSTER_OK);
	assert_absent(fixture->store, a);
}

static void what_cannot_be_a_key_is_refused(void **state)
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
	assert_int_equal(store_list(fixture->store, key, NULL, refuse, NULL, NULL), MUSTER_E_USAGE);
}

struct racer {
	struct store *store;
	pthread_barrier_t *start;
	unsigned id;
	bool won[RACE_KEYS];
	bool failed;
};

static void race_key(char *key, size_t cap, unsigned k)
{
	snprintf(key, cap, "race/%u/%u.json", k % 4, k);
}

/* Every other racer streams; both ways must agree on who was first. */
static enum muster_code race_once(const struct racer *racer, const char *key, struct view data)
{
	struct store_writer *writer;
	enum muster_code code;

	if (racer->id % 4)
		return store_create(racer->store, key, data, NULL);
	code = store_write_begin(racer->store, key, &writer, NULL);
	if (code)
		return code;
	code = store_write_append(writer, data, NULL);
	if (code) {
		store_write_abort(writer);
		return code;
	}
	return store_write_finish(writer, NULL);
}

static void *race(void *arg)
{
	struct racer *racer = arg;

	pthread_barrier_wait(racer->start);
	for (unsigned i = 0; i < RACE_KEYS; i++) {
		unsigned k = i ^ (racer->id & 1); /* not all at the same key at once */
		enum muster_code code;
		char key[64], text[32];

		race_key(key, sizeof(key), k);
		snprintf(text, sizeof(text), "racer %u", racer->id);
		code = race_once(racer, key, view_text(text));
		racer->won[k] = code == MUSTER_OK;
		racer->failed |= muster_failed(code);
	}
	return NULL;
}

static void of_many_creators_exactly_one_wins(void **state)
{
	struct fixture *fixture = *state;
	static struct racer racers[RACE_THREADS];
	pthread_t threads[RACE_THREADS];
	pthread_barrier_t start;

	memset(racers, 0, sizeof(racers));
	assert_int_equal(pthread_barrier_init(&start, NULL, RACE_THREADS), 0);
	for (unsigned i = 0; i < RACE_THREADS; i++) {
		racers[i] = (struct racer){ .store = fixture->store, .start = &start, .id = i };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < RACE_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	for (unsigned k = 0; k < RACE_KEYS; k++) {
		unsigned winner = 0, winner_count = 0;
		char key[64], text[32];

		for (unsigned i = 0; i < RACE_THREADS; i++) {
			assert_false(racers[i].failed);
			if (racers[i].won[k]) {
				winner = i;
				winner_count++;
			}
		}
		assert_int_equal(winner_count, 1);
		race_key(key, sizeof(key), k);
		snprintf(text, sizeof(text), "racer %u", winner);
		assert_holds(fixture->store, key, text);
	}
}

/* Bytes that tell where they belong. */
static void fill_pattern(uint8_t *out, uint64_t offset_bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = offset_bytes + i;

		out[i] = (uint8_t)((at >> 3) * 0x9e3779b97f4a7c15u >> 56 ^ at);
	}
}

static void write_large(struct store *store, const char *key)
{
	static const size_t pieces[] = { 1, 4095, 31, 70001, 32768, 65536, 8 << 20, 3, 1000003, 0 };
	uint8_t *piece = malloc(8 << 20);
	struct store_writer *writer;
	uint64_t at = 0;

	assert_non_null(piece);
	assert_int_equal(store_write_begin(store, key, &writer, NULL), MUSTER_OK);
	for (size_t i = 0; at < LARGE_BYTES; i++) {
		size_t len = pieces[i % (sizeof(pieces) / sizeof(pieces[0]))];

		len = len < LARGE_BYTES - at ? len : (size_t)(LARGE_BYTES - at);
		fill_pattern(piece, at, len);
		assert_int_equal(store_write_append(writer, view_of(piece, len), NULL), MUSTER_OK);
		memset(piece, 0, len); /* the view was borrowed for the call only */
		at += len;
	}
	assert_int_equal(store_write_finish(writer, NULL), MUSTER_OK);
	free(piece);
}

static void a_large_object_in_odd_pieces_is_whole(void **state)
{
	static const size_t step = 1 << 20;
	struct fixture *fixture = *state;
	uint8_t *got = malloc(step), *expected = malloc(step);
	struct store_object *object;

	assert_non_null(got);
	assert_non_null(expected);
	write_large(fixture->store, "packs/large");
	assert_int_equal(store_open(fixture->store, "packs/large", &object, NULL), MUSTER_OK);
	assert_int_equal(object->size_bytes, LARGE_BYTES);
	for (uint64_t at = 0; at < LARGE_BYTES; at += step) {
		assert_int_equal(store_read(object, at, got, step, NULL), MUSTER_OK);
		fill_pattern(expected, at, step);
		assert_memory_equal(got, expected, step);
	}
	assert_int_equal(store_read(object, LARGE_BYTES - 5, got, 5, NULL), MUSTER_OK);
	assert_int_equal(store_read(object, LARGE_BYTES - 5, got, 6, NULL), MUSTER_E_FORMAT);
	store_close(object);
	free(got);
	free(expected);
}

static void the_store_has_a_time_that_does_not_go_back(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first_ns, second_ns;

	assert_int_equal(store_now(fixture->store, &first_ns, NULL), MUSTER_OK);
	assert_int_equal(store_now(fixture->store, &second_ns, NULL), MUSTER_OK);
	assert_true(first_ns > 1600000000ull * 1000000000);
	assert_true(second_ns >= first_ns);
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->kind = *state;
	fixture->store = fixture->kind->make(fixture->kind->state);
	*state = fixture;
	return fixture->store ? 0 : -1;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	struct conformance_kind *kind = fixture->kind;

	store_free(fixture->store);
	free(fixture);
	if (kind->cleanup)
		kind->cleanup(kind->state);
	return 0;
}

#define CONFORMANCE(test)                                                                          \
	{                                                                                          \
#test, test, begin, end, kind                                                      \
	}

int conformance_run(struct conformance_kind *kind)
{
	const struct CMUnitTest tests[] = {
		CONFORMANCE(what_is_created_can_be_read),
		CONFORMANCE(what_is_not_there_is_absent),
		CONFORMANCE(the_first_creator_wins_and_stays),
		CONFORMANCE(an_empty_object_is_an_object),
		CONFORMANCE(ranges_are_read_exactly_or_refused),
		CONFORMANCE(a_whole_object_has_a_maximum),
		CONFORMANCE(keys_are_listed_in_byte_order),
		CONFORMANCE(a_listing_keeps_to_prefix_and_start),
		CONFORMANCE(a_listing_tells_sizes_and_ends_when_told),
		CONFORMANCE(a_failure_of_the_reader_ends_a_listing),
		CONFORMANCE(a_listing_may_remove_what_it_meets),
		CONFORMANCE(removing_what_is_absent_is_success),
		CONFORMANCE(an_open_object_outlives_its_removal),
		CONFORMANCE(a_writer_shows_its_object_at_finish_only),
		CONFORMANCE(an_aborted_writer_leaves_nothing),
		CONFORMANCE(a_writer_that_comes_second_finds_the_key_taken),
		CONFORMANCE(unusual_keys_are_kept_as_they_are),
		CONFORMANCE(keys_of_the_greatest_length_work),
		CONFORMANCE(what_cannot_be_a_key_is_refused),
		CONFORMANCE(of_many_creators_exactly_one_wins),
		CONFORMANCE(a_large_object_in_odd_pieces_is_whole),
		CONFORMANCE(the_store_has_a_time_that_does_not_go_back),
	};

	return _cmocka_run_group_tests(kind->name, tests, sizeof(tests) / sizeof(tests[0]), NULL,
				       NULL);
}
