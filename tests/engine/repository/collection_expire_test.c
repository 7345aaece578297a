#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "tests/engine/repository/place.h"
#include "tests/support/torture.h"

#define DAY_NS	 UINT64_C(86400000000000)
#define DAY_MS	 UINT64_C(86400000)
#define TOLD_MAX 256

/* --- how long versions live ------------------------------------------------------------------- */

static uint64_t days_of(struct collection *c, uint64_t number)
{
	const struct collection_state *state = collection_versions(c);

	return collection_state_ttl_days(state, collection_state_version(state, number));
}

static void a_version_has_its_own_ttl_or_inherits_or_has_none(void **state)
{
	struct collection *c, *other;
	struct muster_error err = { 0 };
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	assert_int_equal(collection_default_ttl(c, 30, &err), MUSTER_E_REFUSED);
	test_save(c, 1, 1, 1);
	test_save(c, 2, 2, 2);
	test_save(c, 3, 3, 3);
	assert_int_equal(collection_ttl(c, 1, 7, false, &err), MUSTER_OK);
	assert_int_equal(collection_ttl(c, 2, 0, true, &err), MUSTER_OK);
	assert_int_equal(days_of(c, 0), 0);
	assert_int_equal(collection_default_ttl(c, 30, &err), MUSTER_OK);
	other = test_open(&place, "images", NULL);
	assert_int_equal(days_of(other, 0), 30);
	assert_int_equal(days_of(other, 1), 7);
	assert_int_equal(days_of(other, 2), 0);
	/* what is so already makes no event */
	assert_int_equal(collection_default_ttl(c, 30, &err), MUSTER_OK);
	assert_int_equal(collection_ttl(c, 2, 0, true, &err), MUSTER_OK);
	assert_int_equal(collection_head(c), 7);
	/* the version whose event carried the default goes, the default stays */
	assert_int_equal(collection_ttl(c, 1, 0, false, &err), MUSTER_OK);
	assert_int_equal(collection_delete_version(c, 2, false, &err), MUSTER_OK);
	assert_int_equal(days_of(c, 1), 30);
	assert_int_equal(collection_ttl(c, 1, EVENT_TTL_MAX_DAYS + 1, false, &err), MUSTER_E_USAGE);
	assert_int_equal(collection_default_ttl(c, 0, &err), MUSTER_OK);
	assert_int_equal(days_of(c, 1), 0);
	collection_close(other);
	collection_close(c);
	place_release(&place);
}

static void it_counts_from_the_later_of_two_clocks(void **state)
{
	static const struct {
		uint64_t days, created_ms, committed_ms, expires_ms;
	} cases[] = {
		{ 0, 1000, 1000, 0 },
		{ 1, 1000, 500, 1000 + DAY_MS },
		{ 1, 1000, 2000, 2000 + DAY_MS },
		{ 36500, 1000, 0, 1000 + 36500 * DAY_MS },
		{ UINT64_MAX, 1000, 0, UINT64_MAX },
		{ UINT64_MAX / DAY_MS, UINT64_MAX, 0, UINT64_MAX },
	};
	struct collection_state all = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct version version = { .created_ms = cases[i].created_ms,
					   .ttl_days = cases[i].days };

		assert_int_equal(collection_state_expires_ms(&all, &version, cases[i].committed_ms),
				 cases[i].expires_ms);
	}
}

static void check_times(struct collection *c, const uint64_t at_ms[4])
{
	struct muster_error err = { 0 };
	uint64_t times_ms[4];

	for (uint64_t first = 0; first < 4; first++) {
		for (uint64_t count = 1; first + count <= 4; count++) {
			memset(times_ms, 255, sizeof(times_ms));
			if (collection_committed_ms(c, first, count, times_ms, &err))
				fail_msg("%s", err.message);
			assert_memory_equal(times_ms, at_ms + first, count * sizeof(*times_ms));
		}
	}
}

/* v0 … v3, six days each, v1 and v3 deleted; `tag_count` events behind each. */
static struct collection *make_times(struct place *place, int tag_count, uint64_t at_ms[4])
{
	static const struct store_fault_options counts = { .count_reads = true };
	struct collection *c;
	char tag[16];

	place_make(place, &counts);
	c = test_open(place, "images", "dataset");
	for (uint8_t i = 0; i < 4; i++) {
		place->world.wall_ns += 5 * DAY_NS;
		at_ms[i] = i % 2 ? 0 : place->world.wall_ns / 1000000;
		test_save(c, i + 1, i + 1, i + 1);
		place->world.wall_ns += DAY_NS;
		for (int j = 0; j < tag_count; j++) {
			snprintf(tag, sizeof(tag), "t%d", j);
			assert_int_equal(collection_tag_add(c, i, view_text(tag), NULL), MUSTER_OK);
		}
	}
	assert_int_equal(collection_delete_version(c, 1, false, NULL), MUSTER_OK);
	assert_int_equal(collection_delete_version(c, 3, false, NULL), MUSTER_OK);
	return c;
}

/* Who made the events, and who reads them from a checkpoint on, lists; who listed them just now
 * does not. */
static void the_store_tells_when_versions_were_committed(void **state)
{
	static const struct {
		int tag_count;
		bool is_known;
	} cases[] = { { 1, true }, { 40, false }, { 60, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		uint64_t at_ms[4], effects;
		struct collection *c = make_times(&place, cases[i].tag_count, at_ms);
		struct collection *other = test_open(&place, "images", NULL);

		check_times(c, at_ms);
		effects = store_fault_effects(place.store);
		check_times(other, at_ms);
		assert_int_equal(store_fault_effects(place.store) == effects, cases[i].is_known);
		collection_close(other);
		collection_close(c);
		place_release(&place);
	}
}

/* That must not be taken for a version that was never committed. */
static void a_commit_that_is_not_listed_is_damage(void **state)
{
	struct muster_error err = { 0 };
	struct place place;
	struct collection *c;
	uint64_t times_ms[2];
	struct key key;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	test_save(c, 2, 2, 2);
	key_event(&key, collection_log_name(c), 2);
	assert_int_equal(store_remove(place.store, key.text, NULL), MUSTER_OK);
	assert_int_equal(collection_committed_ms(c, 0, 1, times_ms, &err), MUSTER_E_FORMAT);
	assert_int_equal(collection_committed_ms(c, 0, 2, times_ms, &err), MUSTER_E_FORMAT);
	assert_non_null(strstr(err.message, "v0, is not listed"));
	assert_int_equal(collection_committed_ms(c, 1, 1, times_ms, &err), MUSTER_OK);
	collection_close(c);
	place_release(&place);
}

/* --- a program that does not know all of it -------------------------------------------------- */

/* What only this program tells apart must stop an older one from writing (decision 0018). */
static bool must_be_understood(struct place *place, struct collection *c)
{
	struct bytes text = { 0 };
	struct key key;
	bool answer;

	key_event(&key, collection_log_name(c), collection_head(c));
	assert_int_equal(store_get(place->store, key.text, &text, EVENT_MAX_BYTES, NULL),
			 MUSTER_OK);
	assert_int_equal(bytes_append_byte(&text, '\0', NULL), MUSTER_OK);
	answer = strstr((const char *)text.ptr, "\"must_understand\": true");
	bytes_release(&text);
	return answer;
}

static void only_what_older_programs_would_lose_stops_them(void **state)
{
	struct collection *c;
	struct muster_error err = { 0 };
	struct test_version v;
	struct save_result result;
	struct place place;

	(void)state;
	place_make(&place, NULL);
	c = test_open(&place, "images", "dataset");
	test_save(c, 1, 1, 1);
	assert_false(must_be_understood(&place, c));
	assert_int_equal(collection_ttl(c, 0, 7, false, &err), MUSTER_OK);
	assert_false(must_be_understood(&place, c));
	assert_int_equal(collection_ttl(c, 0, 0, true, &err), MUSTER_OK);
	assert_true(must_be_understood(&place, c));
	assert_int_equal(collection_ttl(c, 0, 0, false, &err), MUSTER_OK);
	assert_false(must_be_understood(&place, c));
	assert_int_equal(collection_default_ttl(c, 7, &err), MUSTER_OK);
	assert_true(must_be_understood(&place, c));
	test_version_init(&v, 2, 2, 2);
	v.request.ttl_disabled = true;
	assert_int_equal(collection_save(c, &v.request, &result, &err), MUSTER_OK);
	assert_true(must_be_understood(&place, c));
	assert_int_equal(days_of(c, 1), 0);
	assert_int_equal(days_of(c, 0), 7);
	collection_close(c);
	place_release(&place);
}

/* --- deleting by rules ------------------------------------------------------------------------ */

struct told {
	char text[TOLD_MAX]; /* "-0 -2 +1": deleted, deleted, stays */
	size_t left;	     /* how many are told before it is ended */
	/* what somebody else does when the first is told */
	struct place *place;
	void (*meanwhile)(struct collection *other);
};

static bool tell(void *state, const struct version *version,
		 const struct retention_version *decision)
{
	struct told *told = state;
	size_t len = strlen(told->text);

	assert_int_equal(version->number, decision->number);
	assert_int_equal(version->size_bytes, 1001 + version->number);
	assert_int_equal(version->created_ms, decision->created_ms);
	snprintf(told->text + len, TOLD_MAX - len, "%s%c%llu", len ? " " : "",
		 decision->kept_by ? '+' : '-', (unsigned long long)version->number);
	if (told->meanwhile) {
		struct collection *other = test_open(told->place, "images", NULL);

		told->meanwhile(other);
		told->meanwhile = NULL;
		collection_close(other);
	}
	return --told->left;
}

/* v0 … v5, a day each; v1 has an alias. */
static struct collection *make_six_in(struct place *place, const struct store_fault_options *fault)
{
	struct collection *c;

	place_make(place, fault);
	c = test_open(place, "images", "dataset");
	for (uint8_t i = 0; i < 6; i++) {
		test_save(c, i + 1, i + 1, i + 1);
		place->world.wall_ns += DAY_NS;
	}
	assert_int_equal(collection_alias_add(c, 1, VIEW_LITERAL("best"), NULL, NULL), MUSTER_OK);
	return c;
}

static struct collection *make_six(struct place *place)
{
	return make_six_in(place, NULL);
}

static void what_no_rule_keeps_is_deleted(void **state)
{
	static const struct {
		struct retention_rules rules;
		bool is_dry_run;
		size_t left;
		const char *told;
		uint64_t events;
	} cases[] = {
		{ { .last_count = 2 }, false, TOLD_MAX, "-0 -2 -3 +1 +4 +5", 3 },
		{ { .last_count = 2 }, true, TOLD_MAX, "-0 -2 -3 +1 +4 +5", 0 },
		{ { .daily_count = 3 }, false, TOLD_MAX, "-0 -2 +1 +3 +4 +5", 2 },
		{ { 0 }, false, TOLD_MAX, "-0 -2 -3 -4 +1 +5", 4 },
		{ { .last_count = 1, .drops_aliased = true },
		  false,
		  TOLD_MAX,
		  "-0 -1 -2 -3 -4 +5",
		  5 },
		{ { .last_count = 9 }, false, TOLD_MAX, "+0 +1 +2 +3 +4 +5", 0 },
		/* whoever is told ends it: what is deleted stays so, nothing else is */
		{ { .last_count = 2 }, false, 2, "-0 -2", 2 },
		{ { .last_count = 2 }, true, 2, "-0 -2", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told = { .left = cases[i].left };
		struct muster_error err = { 0 };
		struct place place;
		struct collection *c = make_six(&place);
		uint64_t head = collection_head(c), left = 0;

		if (collection_expire(c, &cases[i].rules, cases[i].is_dry_run, tell, &told, &err))
			fail_msg("%s", err.message);
		assert_string_equal(told.text, cases[i].told);
		assert_int_equal(collection_head(c), head + cases[i].events);
		for (uint64_t v = 0; v < 6; v++)
			left += collection_state_version(collection_versions(c), v) != NULL;
		assert_int_equal(left, 6 - cases[i].events);
		assert_int_equal(collection_latest(c)->number, 5);
		collection_close(c);
		place_release(&place);
	}
}

static void save_v3(struct collection *other)
{
	assert_int_equal(collection_alias_add(other, 3, VIEW_LITERAL("good"), NULL, NULL),
			 MUSTER_OK);
}

static void delete_newest(struct collection *other)
{
	assert_int_equal(collection_delete_version(other, 5, false, NULL), MUSTER_OK);
}

static void delete_another(struct collection *other)
{
	assert_int_equal(collection_delete_version(other, 2, false, NULL), MUSTER_OK);
}

static void end_it(struct collection *other)
{
	assert_int_equal(collection_delete(other, NULL), MUSTER_OK);
}

/* Rules hold at the head: what others do between two deletions counts. */
static void what_happens_meanwhile_is_part_of_the_decision(void **state)
{
	static const struct {
		void (*meanwhile)(struct collection *other);
		enum muster_code code;
		const char *told;
	} cases[] = {
		{ save_v3, MUSTER_OK, "-0 -2 +1 +3 +4 +5" },
		{ delete_newest, MUSTER_OK, "-0 -2 +1 +3 +4" },
		{ delete_another, MUSTER_OK, "-0 -3 +1 +4 +5" },
		{ end_it, MUSTER_E_CONFLICT, "-0" },
	};
	static const struct retention_rules rules = { .last_count = 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct place place;
		struct collection *c = make_six(&place);
		struct told told = { .left = TOLD_MAX,
				     .place = &place,
				     .meanwhile = cases[i].meanwhile };
		struct muster_error err = { 0 };

		assert_int_equal(collection_expire(c, &rules, false, tell, &told, &err),
				 cases[i].code);
		assert_string_equal(told.text, cases[i].told);
		collection_close(c);
		place_release(&place);
	}
}

static void nothing_is_deleted_where_an_event_is_not_understood(void **state)
{
	static const struct retention_rules rules = { .last_count = 1 };
	struct told told = { .left = TOLD_MAX };
	struct muster_error err = { 0 };
	struct place place;
	struct collection *c = make_six(&place);

	(void)state;
	test_add_unknown(place.store, collection_log_name(c), collection_head(c) + 1, true);
	assert_int_equal(collection_expire(c, &rules, false, tell, &told, &err),
			 MUSTER_E_UNSUPPORTED);
	assert_string_equal(told.text, "");
	collection_close(c);
	place_release(&place);
}

/* --- when something fails --------------------------------------------------------------------- */

/* What was told as deleted is gone; what the rules keep is there. */
static void check_told(struct place *place, const char *told, bool is_complete)
{
	struct collection *c = test_open(place, "images", NULL);
	const struct collection_state *state = collection_versions(c);
	char name[4];

	for (uint64_t i = 0; i < 6; i++) {
		bool is_kept = i == 1 || i >= 4, is_there = collection_state_version(state, i);

		snprintf(name, sizeof(name), "-%llu", (unsigned long long)i);
		assert_true(!is_kept || (is_there && !strstr(told, name)));
		assert_true(!strstr(told, name) || !is_there);
		assert_true(!is_complete || is_there == is_kept);
	}
	collection_close(c);
}

static const struct retention_rules keep_two = { .last_count = 2 };

/* Expire with a fault at one effect, and once more without. False: there is no such effect. */
static bool expire_through(const struct store_fault_options *fault, uint64_t at)
{
	struct told told = { .left = TOLD_MAX };
	struct muster_error err = { 0 };
	struct place place;
	struct collection *c = make_six_in(&place, fault);
	enum muster_code code;
	bool was_hit;

	store_fault_arm(place.store, at);
	code = collection_expire(c, &keep_two, false, tell, &told, &err);
	was_hit = store_fault_hit(place.store);
	store_fault_arm(place.store, 0);
	assert_true(code == MUSTER_OK || (was_hit && code == MUSTER_E_IO));
	collection_close(c);
	place_open(&place); /* as another process would find it */
	check_told(&place, told.text, !code);
	c = test_open(&place, "images", NULL);
	told = (struct told){ .left = TOLD_MAX };
	assert_int_equal(collection_expire(c, &keep_two, false, tell, &told, &err), MUSTER_OK);
	collection_close(c);
	check_told(&place, told.text, true);
	place_release(&place);
	return was_hit;
}

static void whatever_fails_nothing_goes_that_is_kept(void **state)
{
	static const uint64_t lengths[] = { 1, 2, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct store_fault_options fault = { .after = i % 2,
						     .length = lengths[i / 2],
						     .sys_errno = EIO,
						     .count_reads = true };
		uint64_t at = 1;

		while (expire_through(&fault, at))
			at++;
		assert_true(at > 6);
	}
}

static void every_failed_allocation_is_reported(void **state)
{
	bool is_done = false;

	(void)state;
	for (uint64_t n = 1; !is_done; n++) {
		struct told told = { .left = TOLD_MAX };
		struct muster_error err = { 0 };
		struct place place;
		struct collection *c = make_six(&place);
		enum muster_code code;

		torture_allocation(n);
		code = collection_expire(c, &keep_two, false, tell, &told, &err);
		is_done = !torture_hit();
		torture_off();
		assert_int_equal(code, is_done ? MUSTER_OK : code);
		assert_true(code == MUSTER_OK || code == MUSTER_E_MEMORY);
		collection_close(c);
		check_told(&place, told.text, !code);
		place_release(&place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_has_its_own_ttl_or_inherits_or_has_none),
		cmocka_unit_test(it_counts_from_the_later_of_two_clocks),
		cmocka_unit_test(the_store_tells_when_versions_were_committed),
		cmocka_unit_test(a_commit_that_is_not_listed_is_damage),
		cmocka_unit_test(only_what_older_programs_would_lose_stops_them),
		cmocka_unit_test(what_no_rule_keeps_is_deleted),
		cmocka_unit_test(what_happens_meanwhile_is_part_of_the_decision),
		cmocka_unit_test(nothing_is_deleted_where_an_event_is_not_understood),
		cmocka_unit_test(whatever_fails_nothing_goes_that_is_kept),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
