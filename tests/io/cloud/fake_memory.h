/**
 * fake_memory - what the fakes of clouds have in common: objects by key, requests taken apart, and
 * memory that lives until the fake ends, so that a reply may point into it.
 *
 * Memory: of its own (tests/servers/scripted): torture of allocations does not reach it.
 */
#ifndef TESTS_IO_CLOUD_FAKE_MEMORY_H
#define TESTS_IO_CLOUD_FAKE_MEMORY_H

#include "base/bytes.h"
#include "tests/servers/scripted/scripted.h"

struct fake_object {
	char *key; /* bytes that are no NUL */
	const uint8_t *data;
	size_t len;
	char nonce[64];
	uint64_t generation, modified_ns;
};

struct fake_memory {
	struct fake_object *objects; /* by key */
	size_t object_count;
	uint64_t last_generation;
	void **kept;
	size_t kept_count;
};

void fake_memory_release(struct fake_memory *memory);
/** Zeroed, and a NUL behind it. */
void *fake_keep(struct fake_memory *memory, size_t bytes);
char *fake_print(struct fake_memory *memory, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
uint8_t *fake_copy(struct fake_memory *memory, const void *bytes, size_t len);
/** Percent-decoded. */
char *fake_decode(struct fake_memory *memory, const char *text, size_t len);

/** In the order of keys; NULL: there are not so many. As for fake_find(). */
const struct fake_object *fake_at(const struct fake_memory *memory, size_t index);
/** NULL: there is none. Valid until one is made or removed. */
struct fake_object *fake_find(struct fake_memory *memory, const char *key);
/** Make one, or replace it; `data` is kept by its caller. */
struct fake_object *fake_make(struct fake_memory *memory, const char *key, const uint8_t *data,
			      size_t len, const char *nonce);
void fake_remove(struct fake_memory *memory, const char *key);

/** A parameter of the query, decoded; NULL: there is none. */
const char *fake_param(struct fake_memory *memory, const struct scripted_request *request,
		       const char *name);
/** "bytes=5-14", "bytes=5-", "bytes=-9" of an object of `size` bytes. False: there are no such
 *  bytes. */
bool fake_range(const char *text, uint64_t size, uint64_t *first, uint64_t *len);
/** "Date: …\r\n", now. */
const char *fake_date(struct fake_memory *memory);

/** A success that has these bytes of an object, or 416; `headers` ends in "\r\n". */
void fake_reply_bytes(struct fake_memory *memory, const struct fake_object *object,
		      const char *range, const char *headers, struct scripted_reply *reply);

#endif
