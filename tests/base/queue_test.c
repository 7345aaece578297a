#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/budget.h"
#include "base/queue.h"

#define ITEMS_PER_PRODUCER 20000

struct traffic {
	struct queue *queue;
	atomic_ullong put_sum, taken_sum;
};

static void *produce(void *arg)
{
	struct traffic *traffic = arg;

	for (uintptr_t i = 1; i <= ITEMS_PER_PRODUCER; i++) {
		assert_true(queue_put(traffic->queue, (void *)i));
		atomic_fetch_add(&traffic->put_sum, i);
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct traffic *traffic = arg;
	void *item;

	while (queue_take(traffic->queue, &item))
		atomic_fetch_add(&traffic->taken_sum, (uintptr_t)item);
	return NULL;
}

static void every_item_arrives_once_through_a_tiny_queue(void **state)
{
	struct traffic traffic = { 0 };
	pthread_t producers[3], consumers[3];

	(void)state;
	assert_int_equal(queue_new(&traffic.queue, 2, NULL), MUSTER_OK);
	for (int i = 0; i < 3; i++) {
		pthread_create(&producers[i], NULL, produce, &traffic);
		pthread_create(&consumers[i], NULL, consume, &traffic);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(producers[i], NULL);
	queue_close(traffic.queue);
	for (int i = 0; i < 3; i++)
		pthread_join(consumers[i], NULL);
	assert_int_equal(traffic.put_sum, traffic.taken_sum);
	queue_free(traffic.queue);
}

static void a_closed_queue_drains_and_takes_nothing_more(void **state)
{
	struct queue *queue;
	void *item = NULL;

	(void)state;
	assert_int_equal(queue_new(&queue, 2, NULL), MUSTER_OK);
	assert_false(queue_try_take(queue, &item));
	assert_true(queue_try_put(queue, &queue));
	assert_true(queue_try_put(queue, &item));
	assert_false(queue_try_put(queue, &item)); /* full */
	queue_close(queue);
	assert_false(queue_put(queue, &item));
	assert_true(queue_take(queue, &item));
	assert_ptr_equal(item, &queue);
	assert_true(queue_try_take(queue, &item));
	assert_false(queue_take(queue, &item));
	queue_free(queue);
}

static void a_budget_never_gives_more_than_its_limit(void **state)
{
	struct budget_holder holders[4];
	struct budget *budget;

	(void)state;
	assert_int_equal(budget_new(&budget, 100, NULL), MUSTER_OK);
	assert_int_equal(budget_reserve(budget, "ring", 60), MUSTER_OK);
	assert_int_equal(budget_reserve(budget, "table", 41), MUSTER_FULL);
	assert_int_equal(budget_reserve(budget, "table", 40), MUSTER_OK);
	assert_int_equal(budget_reserve(budget, "table", UINT64_MAX), MUSTER_FULL);
	budget_return(budget, "ring", 60);
	assert_int_equal(budget_reserve(budget, "ring", 10), MUSTER_OK);
	assert_int_equal(budget_holders(budget, holders, 4), 2);
	assert_string_equal(holders[0].name, "ring");
	assert_int_equal(holders[0].bytes, 10);
	assert_int_equal(holders[0].peak_bytes, 60);
	budget_free(budget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_arrives_once_through_a_tiny_queue),
		cmocka_unit_test(a_closed_queue_drains_and_takes_nothing_more),
		cmocka_unit_test(a_budget_never_gives_more_than_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
