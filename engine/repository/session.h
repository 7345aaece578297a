/**
 * session - uncommitted work as a root: what it has written lives while it does (FORMAT §5).
 *
 * A session begins before its first object, says every 10 minutes that it is alive, and ends with
 * the event that its work led to. A process that dies leaves a session without an end: its objects
 * live until its beats are older than gc's grace.
 *
 * Threads: session_next_object() from any thread; begin, end and close from one. A thread of the
 *          session's own beats; it is stopped by end and close.
 */
#ifndef ENGINE_REPOSITORY_SESSION_H
#define ENGINE_REPOSITORY_SESSION_H

#include "artifact/record/session_record.h"
#include "engine/repository/repository.h"

#define SESSION_BEAT_MS	      600000u
#define SESSION_BEAT_RETRY_MS 60000u /* after a beat that failed */

struct session;

struct session_options {
	struct base_version base; /* what it builds on: kept alive, too */
	const uint8_t
		*continues; /* 16 bytes: a session whose finished packs it takes over, or NULL */
	uint64_t life_ms;   /* 0: lives by its beats; else at least so long (drafts) */
	uint32_t beat_ms;   /* 0: SESSION_BEAT_MS */
};

/** Borrows `repository` for the session's life. `what` is for people ("put images"); `options` may
 * be NULL. Errors: MUSTER_E_UNSUPPORTED, MUSTER_E_REFUSED where the repository may not be written.
 */
enum muster_code session_begin(struct session **out, struct repository *repository,
			       const char *what, const struct session_options *options,
			       struct muster_error *err);

const uint8_t *session_id(const struct session *session); /* 16 bytes, lent for its life */
/** A new id: (session, 1), (session, 2), … `state` is the session; fits blob_next_id_fn. */
enum muster_code session_next_object(void *state, struct object_id *out, struct muster_error *err);

/** Beat now. Beats of the thread that fail are tried again; this tells why the last one did. */
enum muster_code session_beat(struct session *session, struct muster_error *err);
/** What became of the last beat: MUSTER_OK, or its failure. */
enum muster_code session_beat_failure(struct session *session, struct muster_error *err);

/** Has it said that it is over? One that died has not. Of one that is not there, it is true. */
enum muster_code session_has_ended(struct store *store, const uint8_t id[16], bool *has_ended,
				   struct muster_error *err);

/** What is stored of a session, by its last record. */
struct session_standing {
	bool is_there, has_ended, ended_with_event;
	uint64_t last_number, last_ms, expiry_ms; /* of its last record; 0: none */
};
enum muster_code session_look(struct store *store, const uint8_t id[16],
			      struct session_standing *out, struct muster_error *err);
/** A beat of a session that another process began: it lives at least `life_ms` from now on.
 *  MUSTER_END: it has ended. Errors: MUSTER_E_NAME where there is none. */
enum muster_code session_renew(struct repository *repository, const uint8_t id[16],
			       uint64_t life_ms, struct muster_error *err);
/** As session_end(), of a session that another process began. One that has ended stays so. */
enum muster_code session_end_other(struct repository *repository, const uint8_t id[16],
				   const char *log, uint64_t number, const uint8_t sha256[32],
				   struct muster_error *err);

/** The work is committed: by event `number` of `log`, whose bytes have this SHA-256. With NULL and
 * 0 nothing was committed, and gc may take the objects. Stops the beats; close comes after. */
enum muster_code session_end(struct session *session, const char *log, uint64_t number,
			     const uint8_t sha256[32], struct muster_error *err);
/** Stops the beats and frees. Without an end, the work may be resumed by another session. */
void session_close(struct session *session); /* takes NULL */

#endif
