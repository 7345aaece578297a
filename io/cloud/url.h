/**
 * url - where in a cloud a store lies, as people write it.
 *
 *	s3://bucket/prefix
 *	gs://bucket/prefix
 *	az://account/container/prefix
 *	https://account.blob.core.windows.net/container/prefix      percent-encoded
 *
 * A prefix is bytes: apart from the last form it is taken as it stands, '?', '%' and all, and
 * nothing is normalised. A trailing slash stays.
 *
 * Threads: pure functions. Errors: MUSTER_E_USAGE naming the URL without what might be secret in
 *it, and the rule that it breaks; MUSTER_E_UNSUPPORTED for S3's directory buckets, which have no
 *order; MUSTER_E_MEMORY.
 */
#ifndef IO_CLOUD_URL_H
#define IO_CLOUD_URL_H

#include "base/bytes.h"

#define CLOUD_URL_PREFIX_MAX_BYTES 1000 /* of the 1024 of a key */

enum cloud_kind { CLOUD_S3, CLOUD_GCS, CLOUD_AZURE };

/** A zeroed struct is none. */
struct cloud_url {
	enum cloud_kind kind;
	struct bytes account;  /* Azure */
	struct bytes endpoint; /* "https://account.blob.core.windows.net"; empty: to be computed */
	struct bytes bucket;   /* or container */
	struct bytes prefix;   /* may be empty; no slash before it */
};

/** MUSTER_ABSENT: it is no URL of a cloud. */
enum muster_code cloud_url_parse(struct cloud_url *out, struct view text, struct muster_error *err);
void cloud_url_release(struct cloud_url *url);

#endif
