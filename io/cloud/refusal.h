/**
 * refusal - a reply that is no success: the word to act upon, and words for a person.
 *
 * Threads: pure functions. Memory: fixed. A document that cannot be read is none: the status tells.
 * Secrets: a server's words are told; they name keys and identities, not credentials.
 */
#ifndef IO_CLOUD_REFUSAL_H
#define IO_CLOUD_REFUSAL_H

#include "io/cloud/protocol.h"

struct refusal {
	unsigned status;
	char word[64];	     /* "conditionNotMet", "BlobAlreadyExists"; empty: none was told */
	char message[200];   /* one line; may be empty */
	char request_id[80]; /* for who runs the server; may be empty */
};

/** Headers that say it, too, where a reply has no body (NULL: there are none such). */
struct refusal_headers {
	const char *word, *request_id;
};

void refusal_read(struct refusal *out, const struct http_reply *reply,
		  const struct refusal_headers *headers);
bool refusal_is(const struct refusal *refusal, const char *word);

/** Fill `err`: "the server answers 403 (AccountIsDisabled): … [request …]". For MUSTER_E_IO,
 *  `sys_errno` says which way; returns `code`. */
enum muster_code refusal_fail(const struct refusal *refusal, enum muster_code code, int sys_errno,
			      struct muster_error *err);

/** Put before the message of `err` what was asked for: "read 'gs://bucket/key'". Returns `code`;
 *  leaves `err` alone where that is no failure. */
enum muster_code refusal_name_call(enum muster_code code, const struct cloud_protocol *protocol,
				   const struct cloud_call *call, struct muster_error *err);

#endif
