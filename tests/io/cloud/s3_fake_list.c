/* Pages of keys. */
#include <stdlib.h>
#include <string.h>

#include "base/text/text.h"
#include "tests/io/cloud/s3_fake_internal.h"

static char *item(const struct asked *asked, const struct s3_fake_object *object)
{
	char time[TEXT_TIME_BYTES];

	return fake_print(asked->fake,
			  "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag>"
			  "<Size>%zu</Size></Contents>",
			  fake_encoded(asked->fake, object->key),
			  text_time(time, object->modified_ns), object->etag, object->len);
}

void fake_list(const struct asked *asked)
{
	struct s3_fake *fake = asked->fake;
	const char *prefix = fake_parameter(asked, "prefix"),
		   *after = fake_parameter(asked, "start-after");
	const char *token = fake_parameter(asked, "continuation-token");
	const char *wanted = fake_parameter(asked, "max-keys");
	size_t max = wanted ? strtoull(wanted, NULL, 10) : 1000, count = 0, len = 0, cap = 4096;
	char *text = scripted_memory(NULL, cap, 1), *kept;
	const char *last =
		token ? fake_decoded(fake, strchr(token, '.') + 1, strlen(strchr(token, '.')) - 1)
		      : after;
	bool is_truncated = false;

	max = fake->page_max && fake->page_max < max ? fake->page_max : max;
	fake->page_count++;
	if (fake->empty_page_every && fake->page_count % fake->empty_page_every == 0)
		max = 0;
	for (size_t i = 0; i < fake->object_count; i++) {
		const struct s3_fake_object *object = &fake->objects[i];
		const char *one;

		if ((prefix && strncmp(object->key, prefix, strlen(prefix)) != 0) ||
		    (last && strcmp(object->key, last) <= 0))
			continue;
		if (count == max) {
			is_truncated = true;
			break;
		}
		one = item(asked, object);
		if (cap - len <= strlen(one)) {
			cap = 2 * cap + strlen(one);
			text = scripted_memory(text, cap, 1);
		}
		memcpy(text + len, one, strlen(one));
		len += strlen(one);
		count++;
		last = object->key;
	}
	text[len] = 0;
	kept = fake_print(
		fake,
		"<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>"
		"<IsTruncated>%s</IsTruncated>%s%s%s%s</ListBucketResult>",
		is_truncated ? "true" : "false", text,
		is_truncated ? "<NextContinuationToken>" : "",
		is_truncated ? fake_print(fake, "%u.%s", fake->page_count,
					  fake_encoded(fake, last ? last : ""))
			     : "",
		is_truncated ? "</NextContinuationToken>" : "");
	free(text);
	fake_answer(asked, 200, "Content-Type: application/xml\r\n");
	fake_text(asked, kept);
}
