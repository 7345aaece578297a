/**
 * etag - the ETag that an object store gives a file which is uploaded in parts.
 */
#ifndef MUSTER_ETAG_H
#define MUSTER_ETAG_H

#include "muster/declare.h"
#include "muster/progress.h"

MUSTER_DECLARE_BEGIN

struct muster_etag_options {
	struct muster_job job;
	const char *path;
	uint64_t part_bytes; /* as the upload had it: 8 MiB for most clients */
	bool is_multipart;   /* it was uploaded in parts though it has less than one */
};

struct muster_etag_report {
	char etag[64];	     /* "<32 hex>-<parts>", or 32 hex: a plain MD5 */
	uint64_t part_count; /* 0: a plain MD5 */
	uint64_t size_bytes;
};

MUSTER_DECLARE_END

#endif
