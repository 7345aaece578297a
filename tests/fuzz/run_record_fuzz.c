/* Records of runs: whatever parses is written again and parses again to the same bytes; keys that
 * parse are the keys that would be built. */
#include <stdio.h>
#include <stdlib.h>

#include "artifact/record/run_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_keys(const uint8_t *data, size_t size)
{
	char text[KEY_MAX_BYTES];
	uint8_t version_id[16];
	enum lineage_part part;
	struct run_id run;
	uint64_t number;
	struct key key;

	snprintf(text, sizeof(text), "%.*s", (int)size, (const char *)data);
	if (key_parse_run(text, &run)) {
		key_run(&key, &run);
		require(strcmp(key.text, text) == 0);
	}
	if (key_parse_use(text, version_id, &run)) {
		key_use(&key, version_id, &run);
		require(strcmp(key.text, text) == 0);
	}
	if (key_parse_lineage(text, &run, &part, &number, version_id)) {
		if (part == LINEAGE_NOTES)
			key_run_note(&key, &run, number);
		else
			key_run_version(&key, &run, part, version_id);
		require(strcmp(key.text, text) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_record record, again;
	struct bytes first = { 0 }, second = { 0 };

	check_keys(data, size);
	if (run_record_parse(&record, view_of(data, size), NULL))
		return 0;
	if (record.kind.id != RUN_UNKNOWN && !run_record_encode(&record, &first, NULL)) {
		require(run_record_parse(&again, bytes_view(&first), NULL) == MUSTER_OK);
		require(run_record_encode(&again, &second, NULL) == MUSTER_OK);
		require(view_equal(bytes_view(&first), bytes_view(&second)));
		run_record_release(&again);
	}
	run_record_release(&record);
	bytes_release(&first);
	bytes_release(&second);
	return 0;
}
