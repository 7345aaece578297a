/* Timers fire in order, whatever was armed, moved and removed: against a plain table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/http/timers.h"

#define COUNT 64

struct model {
	struct timers timers;
	struct timer timer[COUNT];
	uint64_t due[COUNT]; /* 0: not armed */
	uint64_t last_ns;
	unsigned fired;
};

static void fire(struct timer *timer, void *context)
{
	struct model *model = context;
	size_t index = (size_t)(timer - model->timer);

	assert_int_equal(model->due[index], timer->due_ns);
	assert_true(timer->due_ns >= model->last_ns);
	model->last_ns = timer->due_ns;
	model->due[index] = 0;
	model->fired++;
}

static uint64_t earliest(const struct model *model)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < COUNT; i++)
		if (model->due[i] && model->due[i] < least)
			least = model->due[i];
	return least;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

static void timers_are_as_a_table_is(void **state)
{
	static struct model model;
	uint64_t seed = 1, now_ns = 1;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		model.timer[i].fire = fire;
	for (unsigned step = 0; step < 200000; step++) {
		size_t index = next_random(&seed) % COUNT;

		switch (next_random(&seed) % 8) {
		case 0:
			timers_remove(&model.timers, &model.timer[index]);
			model.due[index] = 0;
			break;
		case 1:
			model.last_ns = 0;
			timers_fire(&model.timers, now_ns, &model);
			assert_true(earliest(&model) > now_ns);
			now_ns += next_random(&seed) % 50;
			break;
		default:
			model.due[index] = now_ns + next_random(&seed) % 1000;
			timers_arm(&model.timers, &model.timer[index], model.due[index]);
		}
		assert_int_equal(timers_next_ns(&model.timers), earliest(&model));
	}
	assert_true(model.fired > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_are_as_a_table_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
