/* Whatever the bytes are: what a parser accepts is written back as it was read, a safe name is safe
 * and leads back, and the ways of looking at UTF-8 agree. */
#include <stdlib.h>

#include "base/text/encode.h"
#include "base/text/text.h"
#include "base/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_base64(struct view text)
{
	size_t len = base64_decoded_len(text);
	uint8_t *bytes;
	char *again;

	if (len == SIZE_MAX)
		return;
	bytes = malloc(len + 1);
	again = malloc(text.len + 1);
	require(bytes && again);
	if (base64_decode(bytes, len, text)) {
		require(BASE64_TEXT_LEN(len) == text.len);
		base64_encode(again, bytes, len);
		require(view_equal(view_of(again, text.len), text));
	}
	free(again);
	free(bytes);
}

static void check_hex(struct view text)
{
	size_t len = text.len / 2;
	uint8_t *bytes = malloc(len + 1);
	char *again = malloc(text.len + 1);

	require(bytes && again);
	if (hex_decode(bytes, len, text)) {
		hex_encode(again, bytes, len);
		require(view_equal(view_of(again, text.len), text));
	}
	free(again);
	free(bytes);
}

static void check_utf8(struct view text)
{
	bool is_valid = true;

	for (struct view rest = text; rest.len && is_valid;) {
		uint8_t again[UTF8_MAX_BYTES];
		uint32_t point;
		size_t len = utf8_decode(rest, &point);

		is_valid = len > 0;
		if (!is_valid)
			break;
		require(utf8_encode(again, point) == len && memcmp(again, rest.ptr, len) == 0);
		rest = view_of(rest.ptr + len, rest.len - len);
	}
	require(is_valid == utf8_valid(text));
}

static void check_safe(struct view name)
{
	struct bytes safe = { 0 }, back = { 0 };

	require(text_append_safe(&safe, name, NULL) == MUSTER_OK);
	require(utf8_valid(bytes_view(&safe)));
	for (size_t i = 0; i < safe.len; i++)
		require(safe.ptr[i] >= 0x20 && safe.ptr[i] != 0x7f);
	require(text_append_unsafe(&back, bytes_view(&safe), NULL) == MUSTER_OK);
	require(view_equal(bytes_view(&back), name));
	back.len = 0;
	(void)text_append_unsafe(&back, name, NULL);
	bytes_release(&safe);
	bytes_release(&back);
}

static void check_numbers(struct view text)
{
	char buf[TEXT_TIME_BYTES], size_buf[TEXT_SIZE_BYTES], duration_buf[TEXT_DURATION_BYTES];
	char count_buf[TEXT_COUNT_BYTES];
	uint64_t value, again;

	if (text_parse_time(text, &value)) {
		text_time(buf, value);
		require(text_parse_time(view_text(buf), &again));
		require(again == value / 1000000 * 1000000);
	}
	if (text_parse_u64(text, &value))
		require(text_parse_size(text, &again, NULL) == MUSTER_OK && again == value);
	if (text_parse_size(text, &value, NULL) == MUSTER_OK) {
		require(strlen(text_size(size_buf, value)) < TEXT_SIZE_BYTES - 1);
		require(strlen(text_duration(duration_buf, value)) < TEXT_DURATION_BYTES - 1);
		require(strlen(text_count(count_buf, value)) < TEXT_COUNT_BYTES);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_of(data, size);

	check_base64(text);
	check_hex(text);
	check_utf8(text);
	check_safe(text);
	check_numbers(text);
	return 0;
}
