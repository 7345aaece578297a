#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/session_record.h"
#include "tests/artifact/record/sample.h"
#include "tests/support/torture.h"

static struct session_record sample(enum session_kind kind, bool has_event)
{
	struct session_record record = {
		.number = kind,
		.time_ms = 1767225600123u,
		.kind.id = kind,
		.who = VIEW_LITERAL("me@host 12"),
		.what = VIEW_LITERAL("put images"),
		.expiry_ms = 1768225600000u,
	};

	sample_fill(record.session, 16, 1);
	sample_fill(record.continues, 16, 2);
	if (has_event) {
		record.log = VIEW_LITERAL("collections/00112233445566778899aabbccddeeff/log");
		record.event = 7;
		sample_fill(record.sha256, 32, 3);
	}
	return record;
}

static void every_kind_survives_a_round_trip(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		unsigned kind = SESSION_BEGIN + i % 3;
		struct session_record record = sample(kind, i >= 4), back;
		struct bytes first = { 0 }, second = { 0 };
		struct muster_error err = { 0 };

		record.base.is_named = i >= 4;
		assert_int_equal(session_record_encode(&record, &first, &err), MUSTER_OK);
		if (session_record_parse(&back, bytes_view(&first), &err))
			fail_msg("%s", err.message);
		assert_int_equal(back.kind.id, kind);
		assert_int_equal(back.time_ms, record.time_ms);
		assert_int_equal(session_record_encode(&back, &second, &err), MUSTER_OK);
		assert_true(view_equal(bytes_view(&first), bytes_view(&second)));
		session_record_release(&back);
		bytes_release(&first);
		bytes_release(&second);
	}
}

static void bad_records_name_the_reason(void **state)
{
#define COMMON                                                                                     \
	"{\"muster\":\"session 1\",\"n\":1,\"session\":\"000102030405060708090a0b0c0d0e0f\","      \
	"\"time\":\"2026-01-01T00:00:00.123Z\",\"kind\":"
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "{\"muster\":\"event 1\"}", "no session" },
		{ COMMON "\"begin\",\"who\":\"x\",\"base\":\"nothing\"}", "'what' is missing" },
		{ COMMON "\"begin\",\"who\":\"x\",\"what\":\"y\",\"base\":\"some\"}", "32 hex" },
		{ COMMON "\"end\",\"event\":1}", "in part" },
		{ COMMON "\"end\",\"log\":\"gc/log\",\"event\":1}", "in part" },
		{ COMMON "\"beat\",\"expiry\":1}", "a time" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_record record;
		struct muster_error err = { 0 };

		assert_int_equal(session_record_parse(&record, view_text(cases[i].text), &err),
				 MUSTER_E_FORMAT);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

static void unknown_kinds_parse(void **state)
{
	struct session_record record;

	(void)state;
	assert_int_equal(
		session_record_parse(&record, view_text(COMMON "\"pause\",\"x\":1}"), NULL),
		MUSTER_OK);
	assert_int_equal(record.kind.id, SESSION_UNKNOWN);
	assert_true(view_equal(record.kind.text, VIEW_LITERAL("pause")));
	session_record_release(&record);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct session_record record = sample(SESSION_END, true), back;
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct bytes text = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = session_record_encode(&record, &text, NULL);
		if (!code) {
			code = session_record_parse(&back, bytes_view(&text), NULL);
			if (!code)
				session_record_release(&back);
		}
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
		bytes_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_survives_a_round_trip),
		cmocka_unit_test(bad_records_name_the_reason),
		cmocka_unit_test(unknown_kinds_parse),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
