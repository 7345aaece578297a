#include "base/budget.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct budget {
	uint64_t limit_bytes;
	pthread_mutex_t lock;
	struct { /* under lock */
		uint64_t used_bytes;
		size_t holder_count;
		struct budget_holder holders[BUDGET_HOLDER_MAX];
	} locked;
};

enum muster_code budget_new(struct budget **out, uint64_t limit_bytes, struct muster_error *err)
{
	struct budget *budget = calloc(1, sizeof(*budget));

	*out = budget;
	if (!budget)
		return muster_fail_memory(err, "the memory budget");
	budget->limit_bytes = limit_bytes;
	pthread_mutex_init(&budget->lock, NULL);
	return MUSTER_OK;
}

void budget_free(struct budget *budget)
{
	if (!budget)
		return;
	pthread_mutex_destroy(&budget->lock);
	free(budget);
}

uint64_t budget_limit(const struct budget *budget)
{
	return budget->limit_bytes;
}

/* NULL when the table is full: the bytes still count, without a name. */
static struct budget_holder *holder_locked(struct budget *budget, const char *name)
{
	for (size_t i = 0; i < budget->locked.holder_count; i++)
		if (strcmp(budget->locked.holders[i].name, name) == 0)
			return &budget->locked.holders[i];
	if (budget->locked.holder_count == BUDGET_HOLDER_MAX)
		return NULL;
	struct budget_holder *holder = &budget->locked.holders[budget->locked.holder_count++];

	holder->name = name;
	return holder;
}

enum muster_code budget_reserve(struct budget *budget, const char *name, uint64_t bytes)
{
	enum muster_code code = MUSTER_FULL;

	pthread_mutex_lock(&budget->lock);
	if (bytes <= budget->limit_bytes - budget->locked.used_bytes) {
		struct budget_holder *holder = holder_locked(budget, name);

		budget->locked.used_bytes += bytes;
		if (holder) {
			holder->bytes += bytes;
			if (holder->bytes > holder->peak_bytes)
				holder->peak_bytes = holder->bytes;
		}
		code = MUSTER_OK;
	}
	pthread_mutex_unlock(&budget->lock);
	return code;
}

void budget_return(struct budget *budget, const char *name, uint64_t bytes)
{
	pthread_mutex_lock(&budget->lock);
	struct budget_holder *holder = holder_locked(budget, name);

	budget->locked.used_bytes -= bytes;
	if (holder)
		holder->bytes -= bytes;
	pthread_mutex_unlock(&budget->lock);
}

size_t budget_holders(struct budget *budget, struct budget_holder *out, size_t max)
{
	size_t count;

	pthread_mutex_lock(&budget->lock);
	count = budget->locked.holder_count;
	memcpy(out, budget->locked.holders, (count < max ? count : max) * sizeof(*out));
	pthread_mutex_unlock(&budget->lock);
	return count;
}
