/* The first byte says which kind of document, the second how it is cut. However it is cut, it says
 * the same, and what it answers is one of a few codes. Only where expat finds a document wrong may
 * differ: it looks at a tag again when more has come. */
#include <stdlib.h>

#include "tests/io/cloud/page_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was said before a failure. */
static struct view said(const struct bytes *trace)
{
	static const char mark[] = "failed format: the document is no XML";
	const uint8_t *at = trace->len ? memmem(trace->ptr, trace->len, mark, strlen(mark)) : NULL;

	return at ? view_of(trace->ptr, (size_t)(at - trace->ptr)) : bytes_view(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes whole = { 0 }, cut = { 0 };
	struct view document;
	enum muster_code code;

	if (size < 2)
		return 0;
	document = view_of(data + 2, size - 2);
	code = page_trace(&whole, data[0] % PAGE_KINDS, document, 0, 0);
	if (code != MUSTER_OK && code != MUSTER_END && code != MUSTER_E_FORMAT &&
	    code != MUSTER_E_LIMIT && code != MUSTER_E_IO)
		abort();
	if (page_trace(&cut, data[0] % PAGE_KINDS, document, 0, data[1] % 64 + 1u) != code ||
	    !view_equal(said(&whole), said(&cut)))
		abort();
	bytes_release(&whole);
	bytes_release(&cut);
	return 0;
}
