/* Metadata: the canonical form is its own canonical form; a refused document says why. */
#include <stdlib.h>

#include "artifact/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes once = { 0 }, twice = { 0 };
	struct muster_error err = { 0 };
	enum muster_code code = metadata_canonical(view_of(data, size), &once, &err);

	if (code) {
		require(code == MUSTER_E_USAGE || code == MUSTER_E_LIMIT);
		require(err.code == code && err.message[0] && once.len == 0);
	} else {
		require(once.len >= 2 && once.len <= METADATA_MAX_BYTES);
		require(!metadata_canonical(bytes_view(&once), &twice, NULL));
		require(view_equal(bytes_view(&once), bytes_view(&twice)));
	}
	bytes_release(&once);
	bytes_release(&twice);
	return 0;
}
