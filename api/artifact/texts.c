#include "api/artifact/artifact_internal.h"

#include <stdlib.h>

void text_list_release(struct text_list *list)
{
	free(list->items);
	*list = (struct text_list){ 0 };
}

bool text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

/* Pointers first, then the texts that they point to. */
enum muster_code text_list_set(struct text_list *list, const char *const *texts, size_t count,
			       struct muster_error *err)
{
	struct text_list copy = { 0 };
	size_t bytes = (count + 1) * sizeof(*copy.items);
	char *at;

	for (size_t i = 0; i < count; i++)
		bytes += strlen(texts[i]) + 1;
	copy.items = malloc(bytes);
	if (!copy.items)
		return muster_fail_memory(err, "a list of texts");
	at = (char *)(copy.items + count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(texts[i]) + 1;

		if (text_list_has(&copy, texts[i]))
			continue;
		copy.items[copy.count++] = memcpy(at, texts[i], len);
		at += len;
	}
	text_list_release(list);
	*list = copy;
	return MUSTER_OK;
}

enum muster_code text_set(char **slot, struct view text, struct muster_error *err)
{
	char *copy = malloc(text.len + 1);

	if (!copy)
		return muster_fail_memory(err, "a text");
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	free(*slot);
	*slot = copy;
	return MUSTER_OK;
}
