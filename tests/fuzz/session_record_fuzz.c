/* Session records: whatever parses is written again and parses again to the same bytes; keys that
 * parse are the keys that would be built. */
#include <stdio.h>
#include <stdlib.h>

#include "artifact/record/session_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_keys(const uint8_t *data, size_t size)
{
	char text[KEY_MAX_BYTES], component[KEY_COMPONENT_MAX_BYTES + 1];
	struct bytes plain = { 0 };
	struct object_id object;
	enum object_kind kind;
	uint8_t session[16];
	uint64_t number;
	struct key key;

	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)data);
	if (key_parse_any_object(text, &kind, &object)) {
		key_object(&key, kind, &object);
		require(strcmp(key.text, text) == 0);
	}
	if (key_parse_session(text, session, &number)) {
		key_session(&key, session, number);
		require(strcmp(key.text, text) == 0);
	}
	if (key_parse_event(text, KEY_GC_LOG, &number)) {
		key_event(&key, KEY_GC_LOG, number);
		require(strcmp(key.text, text) == 0);
	}
	key_parse_names_log(text, &key);
	if (key_component_text(view_of(data, size), &plain)) {
		key_component(component, bytes_view(&plain));
		require(view_equal(view_text(component), view_of(data, size)));
	}
	bytes_release(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_record record, again;
	struct bytes first = { 0 }, second = { 0 };

	check_keys(data, size);
	if (session_record_parse(&record, view_of(data, size), NULL))
		return 0;
	if (record.kind.id != SESSION_UNKNOWN && !session_record_encode(&record, &first, NULL)) {
		require(session_record_parse(&again, bytes_view(&first), NULL) == MUSTER_OK);
		require(session_record_encode(&again, &second, NULL) == MUSTER_OK);
		require(view_equal(bytes_view(&first), bytes_view(&second)));
		session_record_release(&again);
	}
	session_record_release(&record);
	bytes_release(&first);
	bytes_release(&second);
	return 0;
}
