#include "planners/coalesce/coalesce.h"

/* The end of the read with `blob` in it; false if it does not fit in. */
static bool joined_end(const struct coalesce_rules *rules, const struct coalesce_read *read,
		       const struct coalesce_blob *blob, uint64_t *end)
{
	uint64_t read_end = read->offset_bytes + read->length_bytes, blob_end;

	if (blob->offset_bytes < read->offset_bytes ||
	    __builtin_add_overflow(blob->offset_bytes, blob->size_bytes, &blob_end))
		return false;
	if (blob->offset_bytes > read_end && blob->offset_bytes - read_end > rules->gap_max_bytes)
		return false;
	*end = blob_end > read_end ? blob_end : read_end;
	return *end - read->offset_bytes <= rules->read_max_bytes;
}

bool coalesce_next(const struct coalesce_rules *rules, const struct coalesce_blob *blobs,
		   size_t count, size_t first, struct coalesce_read *out)
{
	uint64_t end;

	if (first >= count)
		return false;
	*out = (struct coalesce_read){ .first = first,
				       .count = 1,
				       .offset_bytes = blobs[first].offset_bytes,
				       .length_bytes = blobs[first].size_bytes };
	while (first + out->count < count &&
	       joined_end(rules, out, &blobs[first + out->count], &end)) {
		out->length_bytes = end - out->offset_bytes;
		out->count++;
	}
	return true;
}
