/**
 * remote - a store in a cloud, opened by its URL: HTTP engine, pacer, keys and protocol joined.
 *
 * Where a request goes and who signs it follows from URL, environment and the files of each cloud's
 * own tools (io/cloud/aws_keys.h, google_keys.h, azure_keys.h).
 *
 * Threads: open and close on one; the store as io/store/store.h says.
 * Memory:  `buffer_max_bytes` for parts and what is read ahead; some 50 KiB a connection.
 */
#ifndef ENGINE_REMOTE_REMOTE_H
#define ENGINE_REMOTE_REMOTE_H

#include "engine/pacer/host_pacer.h"
#include "io/cloud/url.h"
#include "io/http/http.h"
#include "io/store/store.h"

/** Zero is a good default. Texts are borrowed for remote_open() only. */
struct remote_options {
	struct host_pacer_options limits; /* connections, requests and bytes a second */
	uint64_t buffer_max_bytes;	  /* 0: io/cloud/store.h's */
	const char *profile;		  /* of AWS; NULL or "": the environment's, or default */
	const char *region;
	const char *endpoint_url; /* of another server than the cloud's own */
	bool is_anonymous;	  /* nothing is signed: public buckets */
};

struct remote;

/** No request for objects is made, but keys are fetched. Errors: what keys and protocols answer;
 *  MUSTER_E_USAGE. */
enum muster_code remote_open(struct remote **out, const struct cloud_url *url,
			     const struct remote_options *options, struct muster_error *err);
void remote_close(struct remote *remote); /* takes NULL */

/** Lent for the remote's life. */
struct store *remote_store(struct remote *remote);

/** Keep copies of index files and of events (io/store/kept.h) in that directory, which is of this
 *  repository alone. Where that cannot be there are none, which costs requests only. Once, before
 *  other threads use the store. */
void remote_keep_copies(struct remote *remote, const char *dir);
/** False: from now on no copy is read, so that what is stored can be checked. Any thread. */
void remote_use_copies(struct remote *remote, bool use);

/** What was asked of the host until now. */
struct remote_report {
	struct host_pacer_report pacing;
	struct http_counts http;
};
void remote_report(struct remote *remote, struct remote_report *out);

#endif
