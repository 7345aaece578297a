/**
 * gcs_fake - Google Cloud Storage's JSON API in memory, behind the scripted server: what its rules
 * do not answer, it does.
 *
 * It does what the service does in what a store uses: conditions, ranges, lists in pages, uploads
 * in sessions that know how far they came, CRC-32C checked. No credentials are looked at.
 *
 * Threads: the server's lock. Members may be changed while no request is on its way.
 */
#ifndef TESTS_IO_CLOUD_GCS_FAKE_H
#define TESTS_IO_CLOUD_GCS_FAKE_H

#include "tests/io/cloud/fake_memory.h"

#define GCS_FAKE_BUCKET "fake-bucket"

struct gcs_fake_session {
	unsigned id;
	char *key;
	char nonce[64];
	uint8_t *data;
	size_t len, cap;
	bool is_over, is_cancelled;
};

struct gcs_fake {
	/* How it is set. */
	unsigned page_max;  /* keys a page; 0: 1000 */
	unsigned cut_every; /* every so manieth part is kept only up to its half; 0: none */
	bool damages_parts; /* the last byte of each is another one, and sums are not looked at */
	bool looks_first;   /* an upload of what is there is refused when it begins */
	bool forgets_sessions; /* once they are over, as fake-gcs-server does */
	bool appends_twice; /* bytes that are sent again, and looks at no sum: as that one, too */

	/* What it has. */
	struct fake_memory memory;
	struct gcs_fake_session *sessions;
	size_t session_count;
	unsigned part_count;
	unsigned checked_sums; /* X-Goog-Hash that were right */
};

/** For scripted_options.serve, with the fake as its state; keeps_bodies must be set. */
void gcs_fake_serve(void *state, const struct scripted_request *request,
		    struct scripted_reply *reply);
/** After its server was closed. */
void gcs_fake_release(struct gcs_fake *fake);

#endif
