/**
 * azure - Azure Blob Storage as a protocol (io/cloud/protocol.h).
 *
 *	READ		GET    /C/KEY, x-ms-range
 *	HEAD		HEAD   /C/KEY
 *	CREATE		PUT    /C/KEY, If-None-Match: *
 *	LIST		GET    /C?restype=container&comp=list
 *	REMOVE		DELETE /C/KEY, with its snapshots
 *	BEGIN		HEAD   /C/KEY: there is nothing to begin but a name for the upload
 *	PART		PUT    /C/KEY?comp=block&blockid=...
 *	COMPLETE	PUT    /C/KEY?comp=blocklist, If-None-Match: *
 *	ABORT		HEAD   /C/KEY: blocks that nobody commits expire by themselves
 *
 * LIST:    `after` is asked for by startFrom, which is inclusive, and which emulators and old
 *          services ignore: keys up to and with `after` may be listed.
 * Blocks:  belong to a key, not to an upload: two that race for it would take each other's. So
 *          their ids hold the upload's name, which BEGIN makes up (without one, the nonce).
 * Clock:   a service refuses a date that is 15 minutes off, without saying that it is that.
 * Source:  learn.microsoft.com/rest/api/storageservices, version 2023-11-03.
 */
#ifndef IO_CLOUD_AZURE_H
#define IO_CLOUD_AZURE_H

#include "base/effects.h"
#include "io/cloud/keys.h"
#include "io/cloud/protocol.h"

/** Zero is a good default for all but the container, and account or endpoint. */
struct azure_protocol_options {
	struct view container;
	struct view account;  /* empty: that of the keys */
	struct view endpoint; /* empty: https://ACCOUNT.blob.core.windows.net; an emulator's ends in
				 "/ACCOUNT" */
	struct keys *keys;    /* borrowed until it is freed; NULL: anonymous */
	bool has_crc64;	      /* it checks a CRC-64: the service does, emulators do not */
	const struct effects *effects; /* NULL: the system's */
};

/** Gives a protocol; ops->free ends it. Errors: MUSTER_E_USAGE for an endpoint that is none, no
 *  container or no account; what keys_get() answers where an account is looked for;
 * MUSTER_E_MEMORY.
 */
enum muster_code azure_open(struct cloud_protocol **out,
			    const struct azure_protocol_options *options, struct muster_error *err);

#endif
