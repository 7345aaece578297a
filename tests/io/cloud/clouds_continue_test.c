/* Uploads to Google and Azure that are continued: clouds_continue_test fake|real gcs|azure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/io/cloud/clouds_lab.h"
#include "tests/io/cloud/continue_suite.h"

static bool is_real;
static enum clouds_kind cloud;

static struct store *open_lab(void *state)
{
	struct clouds_lab *lab = state;

	lab->kind = cloud;
	lab->options.part_bytes = CLOUDS_LAB_PART_BYTES;
	lab->options.parts_in_flight = 1;
	if (!is_real)
		clouds_lab_open(lab);
	else if (!clouds_lab_open_real(lab))
		exit(1);
	return lab->store;
}

static void close_lab(void *state)
{
	clouds_lab_close(state);
}

static uint64_t sent_bytes(void *state)
{
	struct clouds_lab *lab = state;
	uint64_t sum = 0;

	for (size_t i = 0; i < scripted_request_count(lab->server); i++) {
		const struct scripted_request *request = scripted_request_at(lab->server, i);

		if (strstr(request->target, "comp=block&") ||
		    (strstr(request->target, "upload_id=") && strcmp(request->method, "PUT") == 0))
			sum += request->body_len;
	}
	return sum;
}

int main(int argc, char **argv)
{
	static struct clouds_lab lab;
	struct continue_kind kind = { .open = open_lab,
				      .close = close_lab,
				      .state = &lab,
				      .part_bytes = CLOUDS_LAB_PART_BYTES };

	if (argc != 3)
		return 2;
	is_real = strcmp(argv[1], "real") == 0;
	cloud = strcmp(argv[2], "azure") == 0 ? CLOUDS_AZURE : CLOUDS_GCS;
	kind.name = argv[2];
	kind.is_in_order = cloud == CLOUDS_GCS;
	/* fake-gcs-server completes a session that is asked how far it came */
	kind.forgets_parts = is_real && kind.is_in_order;
	kind.sent_bytes = is_real ? NULL : sent_bytes;
	return continue_suite_run(&kind);
}
