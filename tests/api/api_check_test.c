#include <string.h>
#include <unistd.h>

#include "tests/api/fixture.h"

static void make_packs(struct place *place)
{
	static const char *const texts[] = { "one", "two", "three" };

	for (size_t i = 0; i < 3; i++) {
		place_write(place, "tree/a", texts[i]);
		place_put(place, "data");
	}
}

static struct muster_check_report check(struct place *place,
					const struct muster_check_options *options)
{
	struct muster_check_report report;
	struct muster_error err = { 0 };

	if (muster_check(place->repository, options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.finding_count, 0);
	return report;
}

static void a_check_goes_on_where_the_one_before_ended(void **state)
{
	struct muster_check_options options = { .budget_bytes = 1 };

	make_packs(*state);
	for (uint64_t left = 3; left-- > 0;)
		assert_int_equal(check(*state, &options).unread_packs, left);
	options.budget_bytes = 0;
	assert_int_equal(check(*state, &options).read_packs, 3);
}

static void it_may_be_told_where_to_keep_that(void **state)
{
	char path[256];
	struct muster_check_options options = { .budget_bytes = 1, .state_path = path };

	make_packs(*state);
	place_path(*state, "state", path);
	assert_int_equal(check(*state, &options).unread_packs, 2);
	assert_int_equal(access(path, F_OK), 0);
	options.state_path = NULL; /* another one */
	assert_int_equal(check(*state, &options).unread_packs, 2);
}

static void no_age_is_beyond_a_hundred_years(void **state)
{
	struct place *place = *state;
	struct muster_check_options options = { .max_age_days = 36501 };
	struct muster_error err = { 0 };

	assert_int_equal(muster_check(place->repository, &options, NULL, &err), MUSTER_E_USAGE);
	assert_non_null(strstr(err.message, "36501 days are more than 36500"));
	options.max_age_days = 36500;
	assert_int_equal(muster_check(place->repository, &options, NULL, &err), MUSTER_OK);
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, place_open, place_close)
	const struct CMUnitTest tests[] = {
		PLACED(a_check_goes_on_where_the_one_before_ended),
		PLACED(it_may_be_told_where_to_keep_that),
		PLACED(no_age_is_beyond_a_hundred_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
