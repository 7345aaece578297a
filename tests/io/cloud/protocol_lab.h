/**
 * protocol_lab - a protocol without a network: what it says of a call, as text, and what it makes
 * of a reply.
 *
 * Threads: one. Failures end the test.
 */
#ifndef TESTS_IO_CLOUD_PROTOCOL_LAB_H
#define TESTS_IO_CLOUD_PROTOCOL_LAB_H

#include "io/cloud/protocol.h"

/** "2026-01-01T00:00:00Z", every random byte 0xab, nothing in the environment. */
const struct effects *protocol_lab_effects(void);

/** "PUT https://host/path?query\nName: value\n...\n\nbody", until the next call. `call->out.body`
 * is made anew. */
const char *protocol_lab_say(struct cloud_protocol *protocol, struct cloud_call *call);

struct lab_reply {
	unsigned status, attempt; /* attempt 0: 1 */
	const char *headers;	  /* "Name: value\n..."; NULL: none */
	const char *body;	  /* NULL: none */
};
struct lab_judgement {
	enum muster_code code;
	enum pacer_outcome outcome;
	struct muster_error error;
};
struct lab_judgement protocol_lab_judge(struct cloud_protocol *protocol, struct cloud_call *call,
					const struct lab_reply *reply);

/** One row of a table: what a reply to a verb means. */
struct judge_case {
	enum cloud_verb verb;
	struct lab_reply reply;
	enum muster_code code;
	enum pacer_outcome outcome;
	const char *message; /* a part of it; NULL: any */
};
/** `calls` by verb. */
void protocol_lab_check(struct cloud_protocol *protocol, const struct cloud_call *const *calls,
			const struct judge_case *cases, size_t case_count);

/** Every allocation of saying all calls fails in turn. */
void protocol_lab_torture(struct cloud_protocol *protocol, const struct cloud_call *const *calls,
			  size_t call_count);

void protocol_lab_release(struct cloud_call *call);

#endif
