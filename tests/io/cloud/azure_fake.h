/**
 * azure_fake - Azure Blob Storage in memory, behind the scripted server: what its rules do not
 * answer, it does.
 *
 * It does what the service does in what a store uses: conditions, ranges, lists in pages, blocks
 * that belong to a key, Content-MD5 and clocks checked. Signatures are not: Azurite does that.
 *
 * Threads: the server's lock. Members may be changed while no request is on its way.
 */
#ifndef TESTS_IO_CLOUD_AZURE_FAKE_H
#define TESTS_IO_CLOUD_AZURE_FAKE_H

#include "tests/io/cloud/fake_memory.h"

#define AZURE_FAKE_ACCOUNT   "fakeaccount"
#define AZURE_FAKE_CONTAINER "fake-container"

struct azure_fake_block { /* uncommitted */
	char *key, *id;
	const uint8_t *data; /* NULL: committed or discarded */
	size_t len;
};

struct azure_fake {
	/* How it is set. */
	unsigned page_max;  /* keys a page; 0: 5000 */
	int64_t clock_s;    /* how far its clock is ahead */
	bool ignores_start; /* startFrom, as emulators do */

	/* What it has. */
	struct fake_memory memory;
	struct azure_fake_block *blocks;
	size_t block_count;
	unsigned checked_sums; /* Content-MD5 that were right */
};

/** For scripted_options.serve, with the fake as its state; keeps_bodies must be set. */
void azure_fake_serve(void *state, const struct scripted_request *request,
		      struct scripted_reply *reply);
/** After its server was closed. */
void azure_fake_release(struct azure_fake *fake);

#endif
