/* A server's time, from replies whose moments are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "io/cloud/clock.h"
#include "base/text/date.h"

#define S     1000000000ULL
#define MS    1000000ULL
#define BEGIN (1767225600 * S) /* 2026-01-01 */

struct world {
	struct effects effects;
	uint64_t wall_ns, boot_ns;
	struct cloud_clock clock;
};

static uint64_t wall_ns(void *state)
{
	struct world *world = state;

	return world->wall_ns;
}

static uint64_t boot_ns(void *state)
{
	struct world *world = state;

	return world->boot_ns;
}

static void begin(struct world *world)
{
	*world = (struct world){ .wall_ns = BEGIN, .boot_ns = 1000 * S };
	world->effects = (struct effects){ .state = world, .wall_ns = wall_ns, .boot_ns = boot_ns };
	cloud_clock_init(&world->clock, &world->effects);
}

static void pass(struct world *world, uint64_t ns)
{
	world->wall_ns += ns;
	world->boot_ns += ns;
}

/* A request of so many ns, answered in its middle by a server whose clock is `ahead_ns` ahead. */
static void ask(struct world *world, int64_t ahead_ns, uint64_t takes_ns)
{
	struct http_lines lines = { .len = 0 };
	struct http_reply reply = { .lines = &lines };
	uint64_t sent_ns = world->wall_ns;
	char date[DATE_HTTP_BYTES], line[64];

	pass(world, takes_ns / 2);
	snprintf(line, sizeof(line), "Date: %s\r\n",
		 date_http(date, world->wall_ns + (uint64_t)ahead_ns));
	assert_true(http_lines_add(&lines, view_text(line)));
	pass(world, takes_ns / 2);
	cloud_clock_learn(&world->clock, &reply, sent_ns);
}

static int64_t ahead(struct world *world)
{
	return (int64_t)(cloud_clock_ns(&world->clock) - world->wall_ns);
}

static void the_wall_clock_is_believed_while_it_fits(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	assert_int_equal(ahead(&world), 0);
	assert_true(cloud_clock_age_ns(&world.clock) == UINT64_MAX);
	for (unsigned i = 0; i < 100; i++) {
		ask(&world, 0, 30 * MS);
		assert_int_equal(ahead(&world), 0);
		pass(&world, 77 * MS);
	}
	assert_int_equal(cloud_clock_age_ns(&world.clock), 77 * MS);
	cloud_clock_release(&world.clock);
}

static void replies_narrow_what_is_known(void **state)
{
	struct world world;
	int64_t off_ns = -3600 * (int64_t)S + 123456789;

	(void)state;
	begin(&world);
	ask(&world, off_ns, 30 * MS);
	assert_in_range(ahead(&world) - off_ns + (int64_t)(2 * S), 0, 4 * S);
	for (unsigned i = 0; i < 200; i++) {
		ask(&world, off_ns, 10 * MS);
		pass(&world, 37 * MS);
	}
	/* The low end is tight; the high one has the second by which a server may be late. */
	assert_in_range(ahead(&world) - off_ns + (int64_t)S, 0, 2 * S);
	cloud_clock_release(&world.clock);
}

static void a_clock_that_is_set_is_followed(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	ask(&world, 0, 30 * MS);
	world.wall_ns += 7200 * S; /* ours was set forward */
	ask(&world, -7200 * (int64_t)S, 30 * MS);
	assert_in_range(ahead(&world) + (int64_t)(7203 * S), 0, 6 * S);
	world.wall_ns -= 7200 * S; /* and back */
	ask(&world, 0, 30 * MS);
	assert_int_equal(ahead(&world), 0);
	cloud_clock_release(&world.clock);
}

static void a_reply_without_a_time_teaches_nothing(void **state)
{
	static const char *const dates[] = { "Date: yesterday\r\n", "Date:\r\n", "X: y\r\n",
					     "Date: Mon, 01 Jan 2026 00:00:00 GMT\r\n" };
	struct world world;

	(void)state;
	begin(&world);
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct http_lines lines = { .len = 0 };
		struct http_reply reply = { .lines = &lines };

		assert_true(http_lines_add(&lines, view_text(dates[i])));
		cloud_clock_learn(&world.clock, &reply, world.wall_ns);
		assert_true(cloud_clock_age_ns(&world.clock) == UINT64_MAX);
	}
	cloud_clock_release(&world.clock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wall_clock_is_believed_while_it_fits),
		cmocka_unit_test(replies_narrow_what_is_known),
		cmocka_unit_test(a_clock_that_is_set_is_followed),
		cmocka_unit_test(a_reply_without_a_time_teaches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
