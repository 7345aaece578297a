#include "engine/get/batch.h"

#include <stdlib.h>
#include <string.h>

#include "artifact/format/pack.h"

void get_batch_reset(struct get_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		free(batch->items[i].error);
	batch->count = batch->text_bytes = 0;
}

bool get_batch_has_room(const struct get_batch *batch)
{
	return batch->count < GET_BATCH_MAX && sizeof(batch->text) - batch->text_bytes >=
						       ENTRY_PATH_MAX_BYTES + ENTRY_TEXT_MAX_BYTES;
}

static struct view keep_text(struct get_batch *batch, struct view text)
{
	uint8_t *copy = batch->text + batch->text_bytes;

	if (text.len)
		memcpy(copy, text.ptr, text.len);
	batch->text_bytes += text.len;
	return view_of(copy, text.len);
}

struct get_item *get_batch_add(struct get_batch *batch, const struct entry *entry)
{
	struct get_item *item = &batch->items[batch->count++];

	*item = (struct get_item){ .entry = *entry };
	item->entry.path = keep_text(batch, entry->path);
	item->entry.ref = keep_text(batch, entry->ref);
	item->entry.digest_text = item->entry.extra = item->entry.birth_artifact_id =
		(struct view){ 0 };
	return item;
}

void get_item_fail(struct get_item *item, const struct muster_error *error)
{
	item->fate = GET_FAILED;
	if (!item->error)
		item->error = malloc(sizeof(*item->error));
	if (item->error)
		*item->error = *error;
}

struct get_item *get_item_copy(const struct get_item *item)
{
	size_t path_len = item->entry.path.len, ref_len = item->entry.ref.len;
	struct get_item *copy = malloc(sizeof(*copy) + path_len + ref_len);
	uint8_t *text = (uint8_t *)(copy + 1);

	if (!copy)
		return NULL;
	*copy = *item;
	copy->error = NULL;
	copy->next = NULL;
	memcpy(text, item->entry.path.ptr, path_len);
	if (ref_len)
		memcpy(text + path_len, item->entry.ref.ptr, ref_len);
	copy->entry.path = view_of(text, path_len);
	copy->entry.ref = view_of(text + path_len, ref_len);
	return copy;
}

void get_item_free(struct get_item *item)
{
	if (!item)
		return;
	free(item->error);
	free(item);
}

bool get_item_key(const struct get_item *item, struct blob_key *out)
{
	const struct entry *entry = &item->entry;

	if (!entry->has_size || !entry->has_checksum || entry->algorithm == DIGEST_TEXT)
		return false;
	*out = (struct blob_key){ .algorithm = (uint8_t)entry->algorithm,
				  .size_bytes = entry->size_bytes,
				  .has_identity = entry->has_identity };
	memcpy(out->digest, entry->fingerprint.digest, DIGEST_BYTES);
	memcpy(out->checksum, entry->fingerprint.checksum, CHECKSUM_BYTES);
	if (entry->has_identity)
		memcpy(out->identity, entry->fingerprint.identity, IDENTITY_BYTES);
	return true;
}
