#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/run_record.h"
#include "tests/artifact/record/sample.h"
#include "tests/support/torture.h"

static struct run_record sample(enum run_kind kind, bool is_full)
{
	struct run_record record = {
		.run = VIEW_LITERAL("8fk2l0aa"),
		.time_ms = 1767225600123u,
		.kind.id = kind,
		.entity = VIEW_LITERAL("ana"),
		.project = VIEW_LITERAL("cats & dogs"),
		.config = VIEW_LITERAL("{\"lr\":0.1}"),
		.number = 3,
		.version = 7,
		.event = 9,
	};

	if (is_full) {
		record.name = VIEW_LITERAL("second try");
		record.job_type = VIEW_LITERAL("train");
		record.group = VIEW_LITERAL("sweep 4");
		record.who = VIEW_LITERAL("ana@host 4711");
		record.state = RUN_FAILED;
	}
	sample_fill(record.version_id, 16, 1);
	sample_fill(record.collection_id, 16, 2);
	return record;
}

static void every_kind_survives_a_round_trip(void **state)
{
	(void)state;
	for (unsigned kind = RUN_START; kind < RUN_KINDS; kind++) {
		for (unsigned full = 0; full < 2; full++) {
			struct run_record record = sample(kind, full), back;
			struct bytes first = { 0 }, second = { 0 };
			struct muster_error err = { 0 };

			assert_int_equal(run_record_encode(&record, &first, &err), MUSTER_OK);
			if (run_record_parse(&back, bytes_view(&first), &err))
				fail_msg("%s", err.message);
			assert_int_equal(back.kind.id, kind);
			assert_int_equal(back.time_ms, record.time_ms);
			assert_int_equal(run_record_encode(&back, &second, &err), MUSTER_OK);
			assert_true(view_equal(bytes_view(&first), bytes_view(&second)));
			run_record_release(&back);
			bytes_release(&first);
			bytes_release(&second);
		}
	}
}

#define COMMON(run)                                                                                \
	"{\"muster\":\"run 1\",\"run\":\"" run "\",\"time\":\"2026-01-01T00:00:00.123Z\","         \
	"\"kind\":"
#define ID "\"000102030405060708090a0b0c0d0e0f\""

static void bad_records_name_the_reason(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "{\"muster\":\"session 1\"}", "no run" },
		{ COMMON("a") "\"start\",\"entity\":\"x\"}", "'project' is missing" },
		{ COMMON("") "\"start\",\"entity\":\"x\",\"project\":\"y\"}", "no id of a run" },
		{ COMMON(".a") "\"start\",\"entity\":\"x\",\"project\":\"y\"}", "no id of a run" },
		{ COMMON("a/b") "\"start\",\"entity\":\"x\",\"project\":\"y\"}", "no id of a run" },
		{ COMMON("a") "\"config\",\"n\":1,\"config\":[]}", "object" },
		{ COMMON("a") "\"config\",\"n\":0,\"config\":{}}", "'n' is 0" },
		{ COMMON("a") "\"finish\",\"n\":1}", "'state' is missing" },
		{ COMMON("a") "\"finish\",\"n\":1,\"state\":\"dead\"}", "state" },
		{ COMMON("a") "\"use\",\"version_id\":" ID ",\"collection\":" ID ",\"version\":0}",
		  "'event' is missing" },
		{ COMMON("a") "\"use\",\"version_id\":" ID ",\"collection\":" ID
			      ",\"version\":0,\"event\":0}",
		  "'event' is 0" },
		{ COMMON("a") "\"log\",\"version_id\":" ID ",\"collection\":\"00\"}", "32 hex" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run_record record;
		struct muster_error err = { 0 };

		assert_int_equal(run_record_parse(&record, view_text(cases[i].text), &err),
				 MUSTER_E_FORMAT);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

static void unknown_kinds_and_members_parse(void **state)
{
	struct run_record record;

	(void)state;
	assert_int_equal(
		run_record_parse(&record, view_text(COMMON("a") "\"pause\",\"x\":1}"), NULL),
		MUSTER_OK);
	assert_int_equal(record.kind.id, RUN_UNKNOWN);
	run_record_release(&record);
	assert_int_equal(run_record_parse(&record,
					  view_text(COMMON("a") "\"finish\",\"n\":1,\"state\":"
								"\"failed\",\"exit\":137}"),
					  NULL),
			 MUSTER_OK);
	assert_int_equal(record.state, RUN_FAILED);
	run_record_release(&record);
}

static void ids_of_runs_are_plain(void **state)
{
	static const char *const good[] = { "a", "8fk2l0aa", "job-17.step_2", "A" };
	static const char *const bad[] = { "", ".a", "..", "a b", "a/b", "a%b", "\xc3\xa4", "a:b" };
	char longest[RUN_ID_MAX_BYTES + 2];
	struct run_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(run_id_parse(view_text(good[i]), &id));
		assert_string_equal(id.text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(run_id_parse(view_text(bad[i]), &id));
	memset(longest, 'x', sizeof(longest));
	longest[RUN_ID_MAX_BYTES + 1] = '\0';
	assert_false(run_id_parse(view_text(longest), &id));
	assert_true(run_id_parse(view_text(longest + 1), &id));
}

static void keys_are_read_back(void **state)
{
	struct run_id run = { "job-17" }, back;
	uint8_t version[16], found[16];
	enum lineage_part part;
	uint64_t number;
	struct key key;

	(void)state;
	sample_fill(version, 16, 1);
	key_run(&key, &run);
	assert_string_equal(key.text, "runs/job-17.json");
	assert_true(key_parse_run(key.text, &back));
	assert_string_equal(back.text, run.text);
	key_use(&key, version, &run);
	assert_true(key_parse_use(key.text, found, &back));
	assert_memory_equal(found, version, 16);
	key_run_note(&key, &run, 12);
	assert_string_equal(key.text, "lineage/job-17/notes/0000000012.json");
	assert_true(key_parse_lineage(key.text, &back, &part, &number, found));
	assert_int_equal(part, LINEAGE_NOTES);
	assert_int_equal(number, 12);
	for (unsigned i = LINEAGE_USED; i <= LINEAGE_LOGGED; i++) {
		key_run_version(&key, &run, i, version);
		memset(found, 0, sizeof(found));
		assert_true(key_parse_lineage(key.text, &back, &part, &number, found));
		assert_int_equal(part, i);
		assert_memory_equal(found, version, 16);
	}
}

static void other_keys_are_none_of_a_run(void **state)
{
	static const char *const keys[] = {
		"runs/.json",
		"runs/a",
		"runs/a.jso",
		"runs/a/b.json",
		"runs/.a.json",
		"uses/00/a.json",
		"uses/000102030405060708090a0b0c0d0e0f/",
		"uses/000102030405060708090a0b0c0d0e0f/.json",
		"uses/000102030405060708090A0b0c0d0e0f/a.json",
		"lineage/a/notes/1.json",
		"lineage/a/notes/0000000000.json",
		"lineage/a/used/000102030405060708090a0b0c0d0e0f",
		"lineage/a/used/000102030405060708090a0b0c0d0e0f.jsonx",
		"lineage/a/other/000102030405060708090a0b0c0d0e0f.json",
		"lineage//used/000102030405060708090a0b0c0d0e0f.json",
		"lineage/a",
	};
	uint8_t version[16];
	enum lineage_part part;
	struct run_id run;
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (key_parse_run(keys[i], &run) || key_parse_use(keys[i], version, &run) ||
		    key_parse_lineage(keys[i], &run, &part, &number, version))
			fail_msg("'%s' was taken", keys[i]);
}

static void every_failed_allocation_is_reported(void **state)
{
	struct run_record record = sample(RUN_START, true), back;
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct bytes text = { 0 };
		enum muster_code code;

		torture_allocation(n);
		code = run_record_encode(&record, &text, NULL);
		if (!code) {
			code = run_record_parse(&back, bytes_view(&text), NULL);
			if (!code)
				run_record_release(&back);
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
		cmocka_unit_test(unknown_kinds_and_members_parse),
		cmocka_unit_test(ids_of_runs_are_plain),
		cmocka_unit_test(keys_are_read_back),
		cmocka_unit_test(other_keys_are_none_of_a_run),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
