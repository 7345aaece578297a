/**
 * s3 - the protocol of Amazon S3 and of servers that speak it, for io/cloud/store.
 *
 * Region:    one that is wrong is put right by what a server answers, for all requests after it.
 * Bodies:    Content-MD5, at AWS CRC-64/NVME; signed with their SHA-256 where they are small or go
 *            over plain HTTP.
 * Condition: If-None-Match: * at creation, and when an upload is completed. A server that does not
 *            know the second is told so no more; one that ignores either cannot be noticed here.
 * Threads, errors: as protocol.h.
 */
#ifndef IO_CLOUD_S3_H
#define IO_CLOUD_S3_H

#include "io/cloud/endpoint.h"
#include "io/cloud/keys.h"
#include "io/cloud/protocol.h"

/** Which bodies of data the signature covers. */
enum s3_signed_bodies {
	S3_SIGNED_AUTO,	 /* small ones; over plain HTTP all */
	S3_SIGNED_ALL,	 /* for servers that insist */
	S3_SIGNED_SMALL, /* plain HTTP, too: for networks that are trusted */
};

/** Views are copied. */
struct s3_options {
	struct s3_endpoint_options endpoint; /* bucket; region: "us-east-1" where it is empty */
	struct keys *keys; /* lent, outlives the protocol; NULL: requests are not signed */
	enum s3_signed_bodies signed_bodies;
	const struct effects *effects; /* NULL: the system's */
};

/** Errors: MUSTER_E_USAGE, MUSTER_E_MEMORY. */
enum muster_code s3_protocol_open(struct cloud_protocol **out, const struct s3_options *options,
				  struct muster_error *err);

#endif
