/**
 * session_record - what sessions/<id>/<n>.json holds (docs/formats/sessions.md). Pure.
 *
 * Number 1 begins a session, beats say that it is alive, an end says which event it led to.
 */
#ifndef ARTIFACT_RECORD_SESSION_RECORD_H
#define ARTIFACT_RECORD_SESSION_RECORD_H

#include "artifact/record/record.h"

#define SESSION_RECORD_MAX_BYTES 65536
#define SESSION_TEXT_MAX_BYTES	 4096

enum session_kind { SESSION_UNKNOWN, SESSION_BEGIN, SESSION_BEAT, SESSION_END, SESSION_KINDS };

struct session_record {
	uint64_t number;
	uint8_t session[16];
	uint64_t time_ms;
	struct record_kind kind;

	/* begin */
	struct view who, what;
	struct base_version base;
	uint8_t continues[16]; /* the session whose finished packs this one takes over; zero: none
				*/

	uint64_t expiry_ms; /* begin, beat; 0: it lives by its beats alone */

	/* end; all empty: nothing was committed */
	struct view log;
	uint64_t event;
	uint8_t sha256[32];

	struct bytes text; /* what the views of a parsed record point into */
};

void session_record_release(struct session_record *record); /* parsed ones only */
/** Append the exact bytes: one line. Borrows the views during the call. */
enum muster_code session_record_encode(const struct session_record *record, struct bytes *out,
				       struct muster_error *err);
/** An unknown kind parses, with `kind.id` SESSION_UNKNOWN. Errors: as record.h. */
enum muster_code session_record_parse(struct session_record *out, struct view text,
				      struct muster_error *err);

#endif
