/**
 * sigv4_internal - the canonical form of a request, apart from keys and signatures.
 */
#ifndef IO_CLOUD_SIGV4_INTERNAL_H
#define IO_CLOUD_SIGV4_INTERNAL_H

#include "io/cloud/sigv4.h"

/** Buffers that a signer keeps from one request to the next. They may hold a session token. */
struct sigv4_form {
	struct bytes request; /* the canonical request */
	struct bytes names;   /* "host;x-amz-date" */
	struct bytes pairs;   /* of the query, encoded, unsorted */
};
void sigv4_form_release(struct sigv4_form *form);

/** What is signed, all headers included. */
struct sigv4_parts {
	enum sigv4_dialect dialect;
	struct cloud_request request;
	struct view payload_hash;
};

/** Fill `form`. */
enum muster_code sigv4_form_fill(struct sigv4_form *form, const struct sigv4_parts *parts,
				 struct muster_error *err);
/** Append the canonical query: each parameter encoded, sorted by name, then by value. `scratch` is
 *  overwritten. */
enum muster_code sigv4_append_query(struct bytes *out, struct view query, struct bytes *scratch,
				    struct muster_error *err);

/** Derived keys, kept per secret, date, region and service; the oldest makes room. */
struct sigv4_keys;
enum muster_code sigv4_keys_new(struct sigv4_keys **out, struct muster_error *err);
void sigv4_keys_free(struct sigv4_keys *keys);
/** Lends the key until the next call. `scope` was checked; `date` is a basic date. */
enum muster_code sigv4_keys_find(struct sigv4_keys *keys, struct mac *mac,
				 const struct sigv4_scope *scope, const char *date,
				 struct revealed *key, struct muster_error *err);

#endif
