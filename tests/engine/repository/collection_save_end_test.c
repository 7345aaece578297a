/* What a save writes before it, and how its session ends. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/engine/repository/place.h"

/* Is the session's second record an end, with the event of this save (NULL: with none)? */
static void assert_ended(const struct place *place, const struct collection *collection,
			 const struct session *session, const struct save_result *save)
{
	struct session_record record = { 0 };
	struct bytes bytes = { 0 };
	struct key key;

	key_session(&key, session_id(session), 2);
	assert_int_equal(store_get(place->store, key.text, &bytes, 4096, NULL), MUSTER_OK);
	assert_int_equal(session_record_parse(&record, bytes_view(&bytes), NULL), MUSTER_OK);
	assert_int_equal(record.kind.id, SESSION_END);
	assert_int_equal(record.event, save ? save->event : 0);
	if (save) {
		assert_true(view_equal(record.log, view_text(collection_log_name(collection))));
		assert_memory_equal(record.sha256, save->event_sha256, 32);
	}
	session_record_release(&record);
	bytes_release(&bytes);
}

static void a_save_ends_its_session(void **state)
{
	struct session *session = NULL;
	struct collection *c;
	struct test_version v;
	struct save_result result;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	for (uint8_t i = 0; i < 2; i++) { /* a new version, then the same again */
		assert_int_equal(session_begin(&session, place.repository, "put", NULL, NULL),
				 MUSTER_OK);
		test_version_init(&v, 1, 1, (uint8_t)(1 + i));
		v.request.session = session;
		assert_int_equal(collection_save(c, &v.request, &result, NULL), MUSTER_OK);
		assert_ended(&place, c, session, i ? NULL : &result);
		session_close(session);
	}
	collection_close(c);
	place_release(&place);
}

struct writing {
	struct session *session;
	unsigned count;
	enum muster_code code;
};

static enum muster_code write_manifest(void *state, struct save_request *request,
				       struct muster_error *err)
{
	struct writing *writing = state;

	writing->count++;
	request->session = writing->session;
	request->manifest.object_bytes = 4711;
	return writing->code ? muster_fail(err, writing->code, "it cannot be written") : MUSTER_OK;
}

/* And the session of a save that wrote nothing ends with no event, though an alias made one. */
static void a_manifest_is_written_only_for_a_new_version(void **state)
{
	static const char *const aliases[] = { "good" };
	static const struct {
		uint8_t content, id;
		unsigned writes;
		enum save_reason reason;
		bool has_alias;
	} cases[] = {
		{ 1, 1, 1, SAVE_FIRST, false },	   { 1, 2, 0, SAVE_UNCHANGED, false },
		{ 1, 3, 0, SAVE_UNCHANGED, true }, { 2, 4, 1, SAVE_CONTENT, false },
		{ 1, 1, 0, SAVE_REPEATED, false },
	};
	struct collection *c;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writing writing = { 0 };
		struct save_result result;
		struct test_version v;

		assert_int_equal(
			session_begin(&writing.session, place.repository, "put", NULL, NULL),
			MUSTER_OK);
		test_version_init(&v, cases[i].content, cases[i].content, cases[i].id);
		v.request.session = cases[i].writes ? NULL : writing.session;
		v.request.write = write_manifest;
		v.request.write_state = &writing;
		v.request.aliases = aliases;
		v.request.alias_count = cases[i].has_alias;
		assert_int_equal(collection_save(c, &v.request, &result, NULL), MUSTER_OK);
		assert_int_equal(writing.count, cases[i].writes);
		assert_int_equal(result.reason_code, cases[i].reason);
		if (writing.count)
			assert_int_equal(collection_latest(c)->manifest.object_bytes, 4711);
		assert_ended(&place, c, writing.session, writing.count ? &result : NULL);
		session_close(writing.session);
	}
	collection_close(c);
	place_release(&place);
}

static void a_manifest_that_cannot_be_written_makes_no_version(void **state)
{
	struct writing writing = { .code = MUSTER_E_IO };
	struct muster_error err = { 0 };
	struct save_result result;
	struct collection *c;
	struct test_version v;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_version_init(&v, 1, 1, 1);
	v.request.write = write_manifest;
	v.request.write_state = &writing;
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_E_IO);
	assert_string_equal(err.message, "save 'images': it cannot be written");
	assert_int_equal(writing.count, 1);
	assert_null(collection_latest(c));
	collection_close(c);
	place_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_save_ends_its_session),
		cmocka_unit_test(a_manifest_is_written_only_for_a_new_version),
		cmocka_unit_test(a_manifest_that_cannot_be_written_makes_no_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
