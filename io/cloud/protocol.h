/**
 * protocol - what differs between clouds: how a request is said and signed, what its reply means.
 *
 * io/cloud/store joins a protocol to an HTTP engine and makes a store of it (io/store/store.h):
 * retries, readahead, parts in flight, settling of lost replies are the same for all clouds and
 * stand there. A protocol is one file for each cloud: s3.c, gcs.c, azure.c.
 *
 * Threads: every function is called from several threads at once, prepare, body and judge from
 *          network threads: none may block.
 * Errors:  name verb, bucket and key, never a secret.
 */
#ifndef IO_CLOUD_PROTOCOL_H
#define IO_CLOUD_PROTOCOL_H

#include "io/cloud/clock.h"
#include "io/cloud/uploads.h"
#include "io/http/http.h"

enum cloud_verb {
	CLOUD_READ,	/* bytes of an object: [offset_bytes, offset_bytes + len) */
	CLOUD_TAIL,	/* its last `len` bytes, or all; only where ops->has_tail */
	CLOUD_HEAD,	/* what is known of it */
	CLOUD_CREATE,	/* a whole object, if absent */
	CLOUD_LIST,	/* a page of keys */
	CLOUD_REMOVE,	/* absent is success */
	CLOUD_BEGIN,	/* an upload in parts */
	CLOUD_PART,	/* one of its parts */
	CLOUD_COMPLETE, /* they become an object, if absent where the server can tell */
	CLOUD_ABORT,	/* forget them */
	CLOUD_PARTS,	/* which of them the cloud has; a page */
};
#define CLOUD_VERBS (CLOUD_PARTS + 1)

/** Names one create or complete, so that a lost reply can be settled: hex, in the object's
 *  metadata. */
#define CLOUD_NONCE_TEXT 33

/* What is left to a server to verify. All of the same bytes. */
struct cloud_sums {
	uint8_t md5[16];
	uint32_t crc32c;
	uint64_t crc64nvme;
	uint8_t sha256[32]; /* for a journal; a signature may cover it, too */
	bool has_md5, has_crc32c, has_crc64nvme, has_sha256;
};

/** A part that is up: what completing it needs. */
struct cloud_part {
	uint32_t number; /* from 1 */
	uint64_t size_bytes;
	char etag[64]; /* what PART gave: the name of these very bytes; empty where there is none */
	struct cloud_sums sums;
	uint8_t sha256[32]; /* where a journal wants it */
};

/** One request in words that all clouds know. All is borrowed while it is in flight. */
struct cloud_call {
	enum cloud_verb verb;
	struct view key; /* with the store's prefix; bytes, nothing is normalised */

	/* READ, TAIL */
	uint64_t offset_bytes, len;
	struct view etag; /* only of this object, else MUSTER_E_CHANGED; empty: whatever it is */

	/* CREATE, BEGIN, PART, COMPLETE */
	struct view body;	       /* of CREATE, PART */
	const struct cloud_sums *sums; /* of `body`; NULL: none */
	char nonce[CLOUD_NONCE_TEXT];  /* the same for all that make one object */

	/* PART, COMPLETE, ABORT, PARTS */
	struct view upload; /* what BEGIN gave */
	uint32_t number;
	uint64_t offset_in_object; /* PART: where it begins */
	bool is_last; /* PART: only where ops->parts_in_order; it makes the object, and no
			 COMPLETE follows */
	const struct cloud_part *parts;
	size_t part_count;

	/* LIST */
	struct view prefix;
	struct view after; /* keys after this one; empty: from the first. Only on the first page */
	struct view token; /* of the page before; empty: the first page. Of PARTS, too */
	uint32_t page_max; /* 0: as many as the cloud gives */

	/* What became of it. */
	struct {
		struct bytes body;    /* made by make_body: lent to the HTTP request */
		char body_sha256[65]; /* by make_body, in hex, where a signature covers it */
		/* READ, TAIL, HEAD: of the whole object; PARTS, in order: what is there of it */
		uint64_t size_bytes;
		char etag[64];		      /* READ, TAIL, HEAD, PART */
		char nonce[CLOUD_NONCE_TEXT]; /* HEAD: what its creator left; empty: none */
		struct bytes upload;	      /* BEGIN */
		uint64_t modified_ns;	      /* HEAD */
		struct cloud_sums sums;	      /* of the object as the cloud has it, where it says */
	} out;
};

/** Frees what the protocol and the store put into `call->out`. Takes a zeroed one. */
void cloud_call_release(struct cloud_call *call);

struct cloud_protocol;

struct cloud_protocol_ops {
	const char *kind;	   /* "s3", "gcs", "azure" */
	enum listing_kind listing; /* of its pages */
	bool has_tail;		   /* CLOUD_TAIL */
	bool parts_in_order;	   /* the next part begins when the one before has ended */
	bool renames_parts; /* a part is called by the upload that sent it; who continues one sends
			       under a new name, which BEGIN gives */
	enum uploads_kind parts;      /* of the pages of PARTS, unless parts_in_order */
	uint64_t part_min_bytes;      /* all but the last */
	uint64_t part_multiple_bytes; /* all but the last are a multiple */
	uint32_t part_max;	      /* how many */

	enum http_method (*method)(const struct cloud_protocol *protocol,
				   const struct cloud_call *call);
	/* What the request carries, once for all attempts: call->body, or what is made here
	 * (call->out.body). Called before the exchange starts, on the caller's thread. NULL: the
	 * body. */
	enum muster_code (*make_body)(struct cloud_protocol *protocol, struct cloud_call *call,
				      struct view *body, struct muster_error *err);
	/* URL and headers, signed for this moment. */
	enum muster_code (*prepare)(struct cloud_protocol *protocol, const struct cloud_call *call,
				    struct http_head *head, struct muster_error *err);
	/* What the reply means, as http_ops.judge: MUSTER_OK and call->out, MUSTER_ABSENT (READ,
	 * TAIL, HEAD; PART, COMPLETE, ABORT, PARTS: no such upload), MUSTER_EXISTS (CREATE,
	 * COMPLETE, a last PART), MUSTER_E_CHANGED (READ, TAIL by etag); a 416 of TAIL, or of READ
	 * at 0, is an empty object and MUSTER_OK. `clock` has learned from the reply. The outcome
	 * for the pacer where it may be tried again: also for errors inside a 200, for a clock that
	 * was off, for keys that have expired (which are fetched anew), for a region that is
	 * another.
	 */
	enum muster_code (*judge)(struct cloud_protocol *protocol, struct cloud_call *call,
				  const struct http_reply *reply, enum pacer_outcome *outcome,
				  struct muster_error *err);
	/* Which part an item of PARTS is, and what PART gave for it; false: none of ours. The name
	 * is lent by the item. NULL where parts_in_order. */
	bool (*name_part)(const struct upload_item *item, uint32_t *number, struct view *name);
	/* Which sums a body of this verb should have (bits of 1 << enum checksum_algorithm). */
	unsigned (*wanted_sums)(struct cloud_protocol *protocol, enum cloud_verb verb);
	void (*free)(struct cloud_protocol *protocol);
};

/** What all kinds begin with. */
struct cloud_protocol {
	const struct cloud_protocol_ops *ops;
	const char *place;	  /* for messages: "s3://bucket" */
	struct cloud_clock clock; /* made and released by the kind; signatures go by it */
};

#endif
