/**
 * s3_fake - S3 in memory, behind the scripted server: what its rules do not answer, it does.
 *
 * It does what AWS and radosgw do in what a store uses: conditions, ranges, lists in pages, uploads
 * in parts, Content-MD5, CRC-64/NVME and payload hashes checked, clocks and regions compared.
 * Signatures are not checked: real servers do that.
 *
 * Threads: any; how it is set may be changed while no request is on its way.
 */
#ifndef TESTS_IO_CLOUD_S3_FAKE_H
#define TESTS_IO_CLOUD_S3_FAKE_H

#include <pthread.h>

#include "tests/servers/scripted/scripted.h"

#define S3_FAKE_BUCKET "fake-bucket"

struct s3_fake_object {
	char *key; /* NUL-terminated */
	unsigned char *data;
	size_t len;
	char etag[48], nonce[64];
	uint64_t modified_ns;
};

struct s3_fake_upload {
	char *key;
	char nonce[64];
	unsigned id, part_count;
	struct s3_fake_object *parts; /* by number - 1; data NULL: not there */
};

struct s3_fake {
	/* How it is set. */
	unsigned page_max;	   /* keys a page; 0: 1000 */
	unsigned empty_page_every; /* every so manieth page has no keys, but goes on; 0: none */
	int64_t clock_s;	   /* how far its clock is ahead */
	const char *region;	   /* NULL: any */
	const char *token;	   /* the session token it takes; NULL: any, or none */
	bool refuses_complete_if;  /* 501 for If-None-Match there */
	bool takes_anonymous;

	/* What it has, under the lock. */
	pthread_mutex_t lock;		/* zero is one that is open */
	struct s3_fake_object *objects; /* by key */
	size_t object_count;
	struct s3_fake_upload *uploads;
	size_t upload_count;
	unsigned last_upload, page_count;
	void **kept; /* what replies may still point to */
	size_t kept_count;
};

/** For scripted_options.serve, with the fake as its state; keeps_bodies must be set. */
void s3_fake_serve(void *state, const struct scripted_request *request,
		   struct scripted_reply *reply);
/** How many there are. */
size_t s3_fake_objects(struct s3_fake *fake);
size_t s3_fake_uploads(struct s3_fake *fake);
/** After its server was closed. */
void s3_fake_release(struct s3_fake *fake);

#endif
