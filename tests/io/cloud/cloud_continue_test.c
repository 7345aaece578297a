/* Uploads to S3 that are continued: over the fake or, where the environment names it, a server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/io/cloud/continue_suite.h"
#include "tests/io/cloud/store_lab.h"

/* A server refuses smaller ones. */
#define REAL_PART_BYTES (5u << 20)
#define FAKE_PART_BYTES 100000

static struct store *open_fake(void *state)
{
	struct store_lab *lab = state;

	lab->options.part_bytes = FAKE_PART_BYTES;
	lab->options.parts_in_flight = 1;
	lab->fake.page_max = 2; /* parts a page */
	store_lab_open(lab);
	return lab->store;
}

static struct store *open_real(void *state)
{
	struct store_lab *lab = state;

	lab->options.part_bytes = REAL_PART_BYTES;
	lab->options.parts_in_flight = 1;
	if (!store_lab_open_real(lab))
		exit(1);
	return lab->store;
}

static void close_lab(void *state)
{
	store_lab_close(state);
}

static uint64_t sent_bytes(void *state)
{
	struct store_lab *lab = state;
	uint64_t sum = 0;

	for (size_t i = 0; i < scripted_request_count(lab->server); i++) {
		const struct scripted_request *request = scripted_request_at(lab->server, i);

		if (strstr(request->target, "partNumber="))
			sum += request->body_len;
	}
	return sum;
}

int main(void)
{
	static struct store_lab lab;
	const char *server = getenv("MUSTER_TEST_SERVER");
	struct continue_kind kind = { .name = server ? server : "fake",
				      .open = server ? open_real : open_fake,
				      .close = close_lab,
				      .state = &lab,
				      .part_bytes = server ? REAL_PART_BYTES : FAKE_PART_BYTES,
				      .sent_bytes = server ? NULL : sent_bytes };

	return continue_suite_run(&kind);
}
