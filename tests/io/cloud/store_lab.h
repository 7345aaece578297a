/**
 * store_lab - a store of S3 over the fake, or over a real server that the environment names.
 */
#ifndef TESTS_IO_CLOUD_STORE_LAB_H
#define TESTS_IO_CLOUD_STORE_LAB_H

#include "io/cloud/s3.h"
#include "io/cloud/store.h"
#include "io/http/pacer_simple.h"
#include "tests/io/cloud/s3_fake.h"

#define STORE_LAB_TRIES 6

/** Zero is a fake without faults. Set what is to be other, then store_lab_open(). */
struct store_lab {
	const struct scripted_rule *rules;
	size_t rule_count;
	struct s3_fake fake;
	struct store_cloud_options options; /* protocol, http and pacer are the lab's */
	struct s3_options s3;
	unsigned thread_count; /* of the engine */
	const char *token;     /* of the session */
	bool has_no_tail;      /* as a protocol whose open reads the beginning */
	bool parts_in_order;   /* as one whose last part makes the object; the fake's does not */

	struct cloud_protocol_ops ops;
	struct scripted *server; /* NULL: a real one */
	struct http *http;
	struct keys *keys;
	struct pacer_simple pacer;
	struct store *store;
};

void store_lab_open(struct store_lab *lab);
#define STORE_LAB_OPEN(lab, list)                                                                  \
	do {                                                                                       \
		(lab)->rules = (list);                                                             \
		(lab)->rule_count = sizeof(list) / sizeof((list)[0]);                              \
		store_lab_open(lab);                                                               \
	} while (0)
/** Over AWS_ENDPOINT_URL_S3 and MUSTER_TEST_BUCKET; all that is in the bucket below the prefix is
 *  removed. False: they are not set. */
bool store_lab_open_real(struct store_lab *lab);
void store_lab_close(struct store_lab *lab);

/** Requests so far. */
size_t store_lab_requests(const struct store_lab *lab);
/** The credentials are renewed: the next ones have this session token. */
void store_lab_renew(struct store_lab *lab, const char *token);

/** Bytes that tell where they belong. */
void store_lab_fill(uint8_t *out, uint64_t offset_bytes, size_t len);
/** Write an object of `len` such bytes; the code of finish. */
enum muster_code store_lab_write(struct store_lab *lab, const char *key, size_t len,
				 struct muster_error *err);
/** Read it in steps, and compare. */
void store_lab_check(struct store_lab *lab, const char *key, size_t len, size_t step);

/** Creates an object, or fails the test. */
void lab_create(struct store_lab *lab, const char *key, struct view data);
/** A header of the `index`th request that the server got; "" if it had none. Lent until the next
 *  call. */
const char *lab_sent(const struct store_lab *lab, size_t index, const char *name);

#endif
