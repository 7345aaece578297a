#include "engine/draft/kept.h"

#include <string.h>

/* Lengths of the texts stand in the entry's views, whose pointers say nothing here. */
#define TEXTS 4

static void texts_of(struct entry *entry, struct view *out[TEXTS])
{
	out[0] = &entry->digest_text;
	out[1] = &entry->ref;
	out[2] = &entry->extra;
	out[3] = &entry->birth_artifact_id;
}

enum muster_code kept_encode(const struct kept *kept, struct bytes *out, struct muster_error *err)
{
	struct kept copy;
	struct view *texts[TEXTS];
	enum muster_code code;

	memset(&copy, 0, sizeof(copy)); /* padding, too: it may be written */
	copy.kind = kept->kind;
	copy.rank = kept->rank;
	copy.entry = kept->entry;
	copy.has_place = kept->has_place;
	copy.place = kept->place;
	out->len = 0;
	code = bytes_append(out, &copy, sizeof(copy), err);
	texts_of(&copy.entry, texts);
	for (size_t i = 0; i < TEXTS && !code; i++)
		code = bytes_append_view(out, *texts[i], err);
	return code;
}

void kept_decode(struct kept *out, struct view path, struct view value)
{
	const uint8_t *at = value.ptr + sizeof(*out);
	struct view *texts[TEXTS];

	memcpy(out, value.ptr, sizeof(*out));
	out->entry.path = path;
	texts_of(&out->entry, texts);
	for (size_t i = 0; i < TEXTS; i++) {
		texts[i]->ptr = at;
		at += texts[i]->len;
	}
}

bool kept_settle(struct kept *kept)
{
	if (!kept->has_place)
		return true;
	kept->entry.is_placed = blob_place_resolve(&kept->place, &kept->entry.placement);
	return kept->entry.is_placed;
}
