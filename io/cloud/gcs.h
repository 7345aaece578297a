/**
 * gcs - Google Cloud Storage's JSON API as a protocol (io/cloud/protocol.h).
 *
 *	READ, TAIL	GET    /storage/v1/b/B/o/KEY?alt=media
 *	HEAD		GET    /storage/v1/b/B/o/KEY?fields=...
 *	CREATE		POST   /upload/storage/v1/b/B/o?uploadType=multipart&ifGenerationMatch=0
 *	LIST		GET    /storage/v1/b/B/o?prefix=...&startOffset=...
 *	REMOVE		DELETE /storage/v1/b/B/o/KEY
 *	BEGIN		POST   /upload/storage/v1/b/B/o?uploadType=resumable&ifGenerationMatch=0
 *	PART		PUT    the session that BEGIN gave
 *	ABORT		DELETE the session
 *
 * ETag:    what protocol.h calls so is the generation, in decimal.
 * LIST:    `after` is asked for by startOffset, which is inclusive: `after` itself may be listed.
 * Parts:   in order, multiples of 256 KiB but for the last, which makes the object: COMPLETE is
 *          never asked for. A part is sent again as a whole: what the server has of it already, it
 *          passes over. BEGIN may answer MUSTER_EXISTS, too.
 * Source:  cloud.google.com/storage/docs/json_api; .../performing-resumable-uploads.
 */
#ifndef IO_CLOUD_GCS_H
#define IO_CLOUD_GCS_H

#include "base/effects.h"
#include "io/cloud/keys.h"
#include "io/cloud/protocol.h"

/** Zero is a good default for all but the bucket. */
struct gcs_options {
	struct view bucket;
	struct view endpoint; /* empty: https://storage.googleapis.com */
	bool is_emulator;     /* the endpoint's scheme may be missing; no credentials are sent */
	struct keys *keys;    /* borrowed until it is freed; NULL: anonymous */
	struct view user_project; /* who pays; empty: the bucket's project */
	bool lists_details; /* generations, ETags and checksums too: pages are twice as large */
	/* Uploads are never continued: fake-gcs-server completes a session that is asked how far it
	 * came. */
	bool forgets_parts;
	const struct effects *effects; /* NULL: the system's */
};

/** Gives a protocol; ops->free ends it. Errors: MUSTER_E_USAGE for an endpoint that is none, or no
 *  bucket; MUSTER_E_MEMORY. */
enum muster_code gcs_open(struct cloud_protocol **out, const struct gcs_options *options,
			  struct muster_error *err);

#endif
