/* Events that tests of records share. */
#ifndef TESTS_ARTIFACT_RECORD_SAMPLE_H
#define TESTS_ARTIFACT_RECORD_SAMPLE_H

#include "artifact/record/event.h"

static inline void sample_fill(uint8_t *out, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(seed * 31 + i * 7 + 1);
}

/* An event of this kind with every member that is needed, and some more. */
static inline struct event sample_event(enum event_kind kind, uint64_t number)
{
	static struct view features[] = { { (const uint8_t *)"one", 3 },
					  { (const uint8_t *)"two", 3 } };
	static struct view names[] = { { (const uint8_t *)"prod", 4 },
				       { (const uint8_t *)"latest", 6 } };
	struct event event = {
		.number = number,
		.time_ms = 1767225600123u + number * 1000,
		.kind.id = kind,
		.format = 1,
		.algorithm = DIGEST_MD5,
		.read = { features, 1 },
		.write = { features, 2 },
		.entity = VIEW_LITERAL("me"),
		.project = VIEW_LITERAL("cats"),
		.name = VIEW_LITERAL("images"),
		.type = VIEW_LITERAL("dataset"),
		.version = number,
		.manifest = { .id.number = 9, .object_bytes = 4096, .footer_bytes = 1024 },
		.entry_count = 3,
		.size_bytes = 42,
		.description = VIEW_LITERAL("a \"first\" one\n"),
		.metadata = VIEW_LITERAL("{\"lr\": 0.1, \"tags\": [\"}\", {}]}"),
		.aliases = { names, 2 },
		.tags = { names, 1 },
		.ttl_days = 14,
		.default_ttl_days = 90,
		.run = VIEW_LITERAL("run-7"),
		.alias = VIEW_LITERAL("prod"),
		.tag = VIEW_LITERAL("good"),
		.expected = { EXPECT_VERSION, 4 },
		.delete_aliases = true,
		.after = 1,
		.source = { .entity = VIEW_LITERAL("you"),
			    .project = VIEW_LITERAL("dogs"),
			    .name = VIEW_LITERAL("pictures"),
			    .version = 5,
			    .event = 9,
			    .created_ms = 1767225600123u },
		.condemned = 1,
	};

	sample_fill(event.id, 16, number);
	if (number > 1)
		sample_fill(event.previous, 32, number);
	sample_fill(event.session, 16, 77);
	sample_fill(event.repository_id, 16, 5);
	sample_fill(event.collection_id, 16, 6);
	sample_fill(event.version_id, 16, 1000 + number);
	sample_fill(event.manifest.id.session, 16, 8);
	sample_fill(event.manifest.footer_sha256, 32, 9);
	sample_fill(event.digest, 16, 10);
	sample_fill(event.root, 32, 11);
	sample_fill(event.source.collection_id, 16, 12);
	sample_fill(event.claim, 32, 13);
	return event;
}

#endif
