#include "artifact/record/record.h"

#include <stdlib.h>

static void release_texts(struct texts *texts)
{
	free(texts->items);
	*texts = (struct texts){ 0 };
}

static void release_records(const struct field *field, struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		record_release(field->record, (uint8_t *)records->items + i * field->item_bytes);
	free(records->items);
	*records = (struct records){ 0 };
}

void record_release(const struct record_schema *schema, void *record)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		void *at = (uint8_t *)record + field->offset;

		if (field->type == FIELD_TEXTS)
			release_texts(at);
		else if (field->type == FIELD_RECORD)
			record_release(field->record, at);
		else if (field->type == FIELD_RECORDS)
			release_records(field, at);
	}
}

enum muster_code record_check_size(const struct record_schema *schema, size_t len,
				   struct muster_error *err)
{
	if (len <= schema->max_bytes)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_LIMIT, "a record '%s' of %zu bytes is over %zu",
			   schema->what, len, schema->max_bytes);
}
