/**
 * stored - what the tests of stored formats share: seeded numbers, golden files, broken copies.
 *
 * A test program run with --update writes the golden files instead of comparing them.
 */
#ifndef TESTS_ARTIFACT_FORMAT_STORED_H
#define TESTS_ARTIFACT_FORMAT_STORED_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t stored_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline void stored_fill(uint64_t *state, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(stored_random(state) >> 56);
}

static bool stored_update;

static inline void stored_arguments(int argc, char **argv)
{
	stored_update = argc > 1 && strcmp(argv[1], "--update") == 0;
}

/** An exact copy on the heap, so that the sanitizer sees a step beyond it. free() it. */
static inline struct view stored_copy(const uint8_t *ptr, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, ptr, len);
	return view_of(copy, len);
}

static inline void stored_free(struct view copy)
{
	free((void *)(uintptr_t)copy.ptr);
}

static inline struct view stored_read(const char *path)
{
	uint8_t buf[1 << 16];
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		fail_msg("%s cannot be opened; --update writes it", path);
	len = fread(buf, 1, sizeof(buf), file);
	assert_true(len < sizeof(buf));
	fclose(file);
	return stored_copy(buf, len);
}

static inline void stored_write(const char *path, struct view data)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data.ptr, 1, data.len, file), data.len);
	assert_int_equal(fclose(file), 0);
}

/** `actual` is what the golden file `name` of STORED_GOLDEN_DIR/<kind>/ holds. */
static inline void stored_is_golden(const char *name, struct view actual)
{
	char path[1024];
	struct view golden;

	snprintf(path, sizeof(path), "%s/%s", STORED_GOLDEN_DIR, name);
	if (stored_update)
		stored_write(path, actual);
	golden = stored_read(path);
	assert_int_equal(golden.len, actual.len);
	assert_memory_equal(golden.ptr, actual.ptr, actual.len);
	stored_free(golden);
}

/** The golden file `name`; free() it with stored_free(). */
static inline struct view stored_golden(const char *name)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", STORED_GOLDEN_DIR, name);
	return stored_read(path);
}

#endif
