#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "artifact/record/draft_record.h"
#include "tests/artifact/record/sample.h"
#include "tests/support/torture.h"

static struct draft_range ranges[] = {
	{ VIEW_LITERAL("0"), VIEW_LITERAL(""), VIEW_LITERAL("m/\xc3\xa9") },
	{ VIEW_LITERAL("1"), VIEW_LITERAL("m/\xc3\xa9"), VIEW_LITERAL("") },
};
static struct draft_named_part parts[] = {
	{ VIEW_LITERAL("000001"), { 1, 2, 3 } },
	{ VIEW_LITERAL("node-7"), { 4, 5, 6 } },
};
static struct view texts[] = { VIEW_LITERAL("best"), VIEW_LITERAL("a b") };

static struct manifest_pointer pointer_of(uint32_t number)
{
	struct manifest_pointer pointer = { .id.number = number,
					    .object_bytes = 5000,
					    .footer_bytes = 200 };

	sample_fill(pointer.id.session, 16, (unsigned)number);
	sample_fill(pointer.footer_sha256, 32, (unsigned)number);
	return pointer;
}

static struct draft_record sample(enum draft_kind kind, bool is_full)
{
	struct draft_record record = { .time_ms = 1767225600123u, .kind.id = kind };

	sample_fill(record.draft, 16, 1);
	sample_fill(record.session, 16, 2);
	record.entity = VIEW_LITERAL("me");
	record.project = VIEW_LITERAL("tests");
	record.name = VIEW_LITERAL("photos");
	record.shard = VIEW_LITERAL("000001");
	record.outcome = is_full ? DRAFT_SAVED : DRAFT_DROPPED;
	if (!is_full)
		return record;
	record.type = VIEW_LITERAL("dataset");
	record.base.is_named = true;
	sample_fill(record.base.id, 16, 3);
	record.base_number = 7;
	record.description = VIEW_LITERAL("all of\nMay");
	record.metadata = VIEW_LITERAL("{\"a\":1}");
	record.aliases = record.tags = (struct texts){ texts, 2 };
	record.ttl_days = 30;
	record.distributed_id = VIEW_LITERAL("night 1");
	record.ranges = (struct records){ ranges, 2 };
	record.added = pointer_of(1);
	record.removed = pointer_of(2);
	record.added_count = 10;
	record.added_bytes = 1000;
	record.removed_count = 2;
	record.parts = (struct records){ parts, 2 };
	sample_fill(record.version_id, 16, 4);
	return record;
}

static void every_kind_survives_a_round_trip(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct draft_record record = sample(DRAFT_PLAN + i % 4, i >= 4), back;
		struct bytes first = { 0 }, second = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(draft_record_encode(&record, &first, &err), MUSTER_OK);
		if (draft_record_parse(&back, bytes_view(&first), &err))
			fail_msg("%s", err.message);
		assert_int_equal(back.kind.id, record.kind.id);
		assert_memory_equal(back.draft, record.draft, 16);
		assert_int_equal(draft_record_encode(&back, &second, &err), MUSTER_OK);
		assert_true(view_equal(bytes_view(&first), bytes_view(&second)));
		draft_record_release(&back);
		bytes_release(&first);
		bytes_release(&second);
	}
}

static void what_a_part_lacks_is_left_out(void **state)
{
	struct draft_record record = sample(DRAFT_PART, true), back;
	struct bytes text = { 0 };

	(void)state;
	record.removed = (struct manifest_pointer){ 0 };
	assert_int_equal(draft_record_encode(&record, &text, NULL), MUSTER_OK);
	assert_null(memmem(text.ptr, text.len, "\"removed\"", 9));
	assert_int_equal(draft_record_parse(&back, bytes_view(&text), NULL), MUSTER_OK);
	assert_int_equal(back.removed.object_bytes, 0);
	assert_int_equal(back.added.object_bytes, 5000);
	draft_record_release(&back);
	bytes_release(&text);
}

static void bad_records_name_the_reason(void **state)
{
#define COMMON                                                                                     \
	"{\"muster\":\"draft 1\",\"draft\":\"000102030405060708090a0b0c0d0e0f\","                  \
	"\"time\":\"2026-01-01T00:00:00.123Z\",\"kind\":"
#define PLAN                                                                                       \
	COMMON "\"plan\",\"session\":\"000102030405060708090a0b0c0d0e0f\",\"entity\":\"e\","       \
	       "\"project\":\"p\",\"name\":\"n\",\"base\":\"nothing\",\"shards\":"
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ "{\"muster\":\"event 1\"}", "no draft" },
		{ COMMON "\"plan\",\"entity\":\"e\"}", "is missing" },
		{ COMMON "\"part\"}", "'shard' is missing" },
		{ COMMON "\"part\",\"shard\":\"\"}", "'shard' is empty" },
		{ COMMON "\"part\",\"shard\":\"1\",\"added\":{}}", "is missing" },
		{ COMMON "\"final\",\"outcome\":\"perhaps\"}", "outcome" },
		{ PLAN "[{\"shard\":\"0\"},{\"shard\":\"1\"}]}", "ascend" },
		{ PLAN "[{\"shard\":\"0\",\"end\":\"b\"},{\"shard\":\"1\",\"begin\":\"a\"}]}",
		  "ascend" },
		{ PLAN "[{\"shard\":\"0\",\"begin\":\"b\",\"end\":\"b\"}]}", "ascend" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct draft_record record;
		struct muster_error err = { 0 };

		assert_int_equal(draft_record_parse(&record, view_text(cases[i].text), &err),
				 MUSTER_E_FORMAT);
		if (!strstr(err.message, cases[i].reason))
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

static void unknown_kinds_parse(void **state)
{
	struct draft_record record;

	(void)state;
	assert_int_equal(draft_record_parse(&record, view_text(COMMON "\"pause\",\"x\":1}"), NULL),
			 MUSTER_OK);
	assert_int_equal(record.kind.id, DRAFT_UNKNOWN);
	draft_record_release(&record);
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	for (unsigned kind = DRAFT_PLAN; kind < DRAFT_KINDS; kind++) {
		struct draft_record record = sample(kind, true), back;
		bool is_done = false;

		for (uint64_t n = 1; !is_done; n++) {
			struct bytes text = { 0 };
			enum muster_code code;

			torture_allocation(n);
			code = draft_record_encode(&record, &text, NULL);
			if (!code) {
				code = draft_record_parse(&back, bytes_view(&text), NULL);
				if (!code)
					draft_record_release(&back);
			}
			is_done = !torture_hit();
			torture_off();
			assert_int_equal(code, is_done ? MUSTER_OK : MUSTER_E_MEMORY);
			bytes_release(&text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_survives_a_round_trip),
		cmocka_unit_test(what_a_part_lacks_is_left_out),
		cmocka_unit_test(bad_records_name_the_reason),
		cmocka_unit_test(unknown_kinds_parse),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
