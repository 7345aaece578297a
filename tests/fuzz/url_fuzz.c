/* A repository's URL: any text is answered; what was encoded is decoded. */
#include <assert.h>
#include <stdlib.h>

#include "api/api_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void any_text_is_answered(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct muster_error err = { 0 };
	struct bytes out = { 0 };
	enum muster_code code;

	assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	code = api_url_path(text, &out, &err);
	assert(code == MUSTER_OK || code == MUSTER_E_USAGE);
	assert(code == err.code);
	if (!code) {
		assert(out.len > 1 && out.len <= strlen(text) + 1);
		assert(strlen((const char *)out.ptr) == out.len - 1);
	}
	bytes_release(&out);
	free(text);
}

static void what_was_encoded_is_decoded(const uint8_t *data, size_t size)
{
	struct bytes url = { 0 }, out = { 0 };
	bool has_nul = memchr(data, 0, size) != NULL;
	enum muster_code code;

	assert(!bytes_append_text(&url, "file:///", NULL));
	for (size_t i = 0; i < size; i++)
		assert(!bytes_printf(&url, NULL, i % 2 ? "%%%02x" : "%%%02X", data[i]));
	assert(!bytes_append_byte(&url, '\0', NULL));
	code = api_url_path((const char *)url.ptr, &out, NULL);
	assert(code == (has_nul ? MUSTER_E_USAGE : MUSTER_OK));
	if (!code)
		assert(out.len == size + 2 && memcmp(out.ptr + 1, data, size) == 0);
	bytes_release(&url);
	bytes_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	any_text_is_answered(data, size);
	if (size)
		what_was_encoded_is_decoded(data, size);
	return 0;
}
