#include "tests/support/torture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

static atomic_ullong total;
static atomic_ullong fail_at; /* 0: never */
static atomic_bool hit;

static bool must_fail(void)
{
	unsigned long long now = atomic_fetch_add(&total, 1) + 1;

	if (now != atomic_load(&fail_at))
		return false;
	atomic_store(&hit, true);
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return must_fail() ? NULL : __real_realloc(ptr, size);
}

bool torture_allocation(uint64_t n)
{
	atomic_store(&hit, false);
	atomic_store(&fail_at, atomic_load(&total) + n);
	return true;
}

bool torture_hit(void)
{
	return atomic_load(&hit);
}

void torture_off(void)
{
	atomic_store(&fail_at, 0);
}

uint64_t torture_allocations(void)
{
	return atomic_load(&total);
}
