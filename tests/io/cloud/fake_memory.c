#include "tests/io/cloud/fake_memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text/date.h"
#include "tests/servers/scripted/scripted_internal.h"

#define NS_PER_S UINT64_C(1000000000)

/* --- memory ---------------------------------------------------------------------------------- */

void fake_memory_release(struct fake_memory *memory)
{
	for (size_t i = 0; i < memory->kept_count; i++)
		free(memory->kept[i]);
	free(memory->kept);
	free(memory->objects);
	*memory = (struct fake_memory){ 0 };
}

void *fake_keep(struct fake_memory *memory, size_t bytes)
{
	void *block = scripted_memory(NULL, bytes + 1, 1);

	memory->kept = scripted_memory(memory->kept, memory->kept_count + 1, sizeof(void *));
	memory->kept[memory->kept_count++] = block;
	memset(block, 0, bytes + 1);
	return block;
}

char *fake_print(struct fake_memory *memory, const char *format, ...)
{
	va_list args, again;
	char *text;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	text = fake_keep(memory, (size_t)len);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(args);
	va_end(again);
	return text;
}

uint8_t *fake_copy(struct fake_memory *memory, const void *bytes, size_t len)
{
	uint8_t *out = fake_keep(memory, len);

	if (len)
		memcpy(out, bytes, len);
	return out;
}

char *fake_decode(struct fake_memory *memory, const char *text, size_t len)
{
	char *out = fake_keep(memory, len), hex[3] = "";
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len) {
			memcpy(hex, text + i + 1, 2);
			out[at++] = (char)strtoul(hex, NULL, 16);
			i += 2;
		} else {
			out[at++] = text[i];
		}
	}
	return out;
}

/* --- objects --------------------------------------------------------------------------------- */

/* Where it is, or where it belongs. */
static size_t place_of(const struct fake_memory *memory, const char *key)
{
	size_t low = 0, high = memory->object_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(memory->objects[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct fake_object *fake_at(const struct fake_memory *memory, size_t index)
{
	return index < memory->object_count ? &memory->objects[index] : NULL;
}

struct fake_object *fake_find(struct fake_memory *memory, const char *key)
{
	size_t at = place_of(memory, key);

	if (at == memory->object_count || strcmp(memory->objects[at].key, key) != 0)
		return NULL;
	return &memory->objects[at];
}

struct fake_object *fake_make(struct fake_memory *memory, const char *key, const uint8_t *data,
			      size_t len, const char *nonce)
{
	size_t at = place_of(memory, key);
	struct fake_object *object;
	struct timespec now;

	if (!fake_find(memory, key)) {
		memory->objects = scripted_memory(memory->objects, memory->object_count + 1,
						  sizeof(*memory->objects));
		memmove(memory->objects + at + 1, memory->objects + at,
			(memory->object_count - at) * sizeof(*memory->objects));
		memory->object_count++;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	object = &memory->objects[at];
	*object = (struct fake_object){
		.key = (char *)fake_copy(memory, key, strlen(key)),
		.data = data,
		.len = len,
		.generation = ++memory->last_generation,
		.modified_ns = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec,
	};
	snprintf(object->nonce, sizeof(object->nonce), "%s", nonce ? nonce : "");
	return object;
}

void fake_remove(struct fake_memory *memory, const char *key)
{
	size_t at = place_of(memory, key);

	if (!fake_find(memory, key))
		return;
	memory->object_count--;
	memmove(memory->objects + at, memory->objects + at + 1,
		(memory->object_count - at) * sizeof(*memory->objects));
}

/* --- requests -------------------------------------------------------------------------------- */

const char *fake_param(struct fake_memory *memory, const struct scripted_request *request,
		       const char *name)
{
	const char *at = strchr(request->target, '?');
	size_t name_len = strlen(name);

	while (at && *at) {
		size_t len = strcspn(++at, "&");

		if (len >= name_len && strncmp(at, name, name_len) == 0 &&
		    (len == name_len || at[name_len] == '='))
			return len == name_len
				       ? ""
				       : fake_decode(memory, at + name_len + 1, len - name_len - 1);
		at += len;
	}
	return NULL;
}

bool fake_range(const char *text, uint64_t size, uint64_t *first, uint64_t *len)
{
	const char *from = text + strlen("bytes=");
	char *end;
	uint64_t last;

	if (*from == '-') {
		*len = strtoull(from + 1, NULL, 10);
		*len = *len < size ? *len : size;
		*first = size - *len;
		return *len > 0;
	}
	*first = strtoull(from, &end, 10);
	last = end[1] ? strtoull(end + 1, NULL, 10) : UINT64_MAX;
	if (*first >= size)
		return false;
	*len = (last < size ? last + 1 : size) - *first;
	return true;
}

const char *fake_date(struct fake_memory *memory)
{
	char text[DATE_HTTP_BYTES];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return fake_print(memory, "Date: %s\r\n", date_http(text, (uint64_t)now.tv_sec * NS_PER_S));
}

void fake_reply_bytes(struct fake_memory *memory, const struct fake_object *object,
		      const char *range, const char *headers, struct scripted_reply *reply)
{
	uint64_t first = 0, len = object->len;

	reply->status = 200;
	reply->headers = headers;
	if (range) {
		reply->status = fake_range(range, object->len, &first, &len) ? 206 : 416;
		reply->headers = reply->status == 416
					 ? fake_print(memory, "%sContent-Range: bytes */%zu\r\n",
						      headers, object->len)
					 : fake_print(memory,
						      "%sContent-Range: bytes %" PRIu64 "-%" PRIu64
						      "/%zu\r\n",
						      headers, first, first + len - 1, object->len);
	}
	if (reply->status == 416)
		return;
	reply->body = object->data + first;
	reply->body_len = (size_t)len;
}
