/* URIs of sources: what is read of a reference to a version is what would be written; escapes come
 * back. */
#include <stdlib.h>

#include "engine/put/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

/* Every path without a NUL survives. */
static void check_escapes(const uint8_t *data, size_t size)
{
	struct bytes escaped = { 0 }, back = { 0 };

	if (memchr(data, 0, size))
		return;
	require(bytes_reserve(&escaped, URI_GROWTH * size + 1, NULL) == MUSTER_OK);
	escaped.len = uri_escape((char *)escaped.ptr, view_of(data, size));
	require(!memchr(escaped.ptr, '?', escaped.len) && !memchr(escaped.ptr, '#', escaped.len));
	require(uri_unescape(bytes_view(&escaped), &back, NULL) == MUSTER_OK);
	require(view_equal(bytes_view(&back), view_of(data, size)));
	bytes_release(&escaped);
	bytes_release(&back);
}

static void check_version(const char *text)
{
	struct uri_version named;
	struct bytes path = { 0 };

	if (uri_kind(text) == URI_MUSTER && !uri_version(text, &named, &path, NULL)) {
		require(named.address.name.len > 0 && named.address.alias.len > 0);
		require(!memchr(named.address.alias.ptr, '/', named.address.alias.len));
		require(!path.len || path.ptr[path.len - 1] != '/');
		require(!path.len || !memchr(path.ptr, 0, path.len));
	}
	bytes_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t version_id[16];
	struct bytes path = { 0 };
	struct view rest;
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_escapes(data, size);
	check_version(text);
	if (uri_kind(text) == URI_FILE)
		(void)uri_file_path(text, &path, NULL);
	if (uri_of_version(view_of(data, size), version_id, &rest))
		require(rest.len + 42 == size);
	bytes_release(&path);
	free(text);
	return 0;
}
