/* Path rules: what normalizing gives passes the check, and is its own normal form. */
#include <stdlib.h>

#include "artifact/path.h"
#include "base/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void normal_form_is_stable(struct view spelling)
{
	struct bytes once = { 0 }, twice = { 0 };
	struct muster_error err = { 0 };

	if (entry_path_normalize(spelling, &once, &err)) {
		require(err.code == MUSTER_E_USAGE && err.message[0]);
		require(utf8_valid(view_text(err.message))); /* whatever the path is */
	} else {
		require(!entry_path_check(bytes_view(&once), NULL));
		require(!entry_path_normalize(bytes_view(&once), &twice, NULL));
		require(view_equal(bytes_view(&once), bytes_view(&twice)));
		require(path_is_under(bytes_view(&once), bytes_view(&twice)));
	}
	bytes_release(&once);
	bytes_release(&twice);
}

/* What may be a path stays beneath a directory however it is read. */
static void good_path_is_harmless(struct view path)
{
	struct bytes normal = { 0 };

	require(path.len > 0 && path.len <= ENTRY_PATH_MAX_BYTES && path.ptr[0] != '/' &&
		path.ptr[0] != '\\' && path.ptr[path.len - 1] != '/');
	require(!memmem(path.ptr, path.len, "/../", 4) && !memmem(path.ptr, path.len, "//", 2));
	require(!memchr(path.ptr, '\0', path.len) && utf8_valid(path));
	require(!entry_path_normalize(path, &normal, NULL));
	require(view_equal(bytes_view(&normal), path));
	bytes_release(&normal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view path = view_of(data, size);

	normal_form_is_stable(path);
	if (!entry_path_check(path, NULL))
		good_path_is_harmless(path);
	return 0;
}
