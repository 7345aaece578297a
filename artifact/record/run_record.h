/**
 * run_record - what is stored of runs and lineage (docs/formats/runs.md). Pure.
 *
 * A run begins with a start; notes change its config or finish it; a use says that it used a
 * version, a log that it was about to make one.
 */
#ifndef ARTIFACT_RECORD_RUN_RECORD_H
#define ARTIFACT_RECORD_RUN_RECORD_H

#include "artifact/metadata.h"
#include "artifact/record/record.h"

#define RUN_RECORD_MAX_BYTES (2u << 20)
#define RUN_TEXT_MAX_BYTES   1024 /* of names, job types, groups */

enum run_kind {
	RUN_UNKNOWN,
	RUN_START,
	RUN_CONFIG, /* top-level keys set anew; null removes one */
	RUN_FINISH,
	RUN_USE,
	RUN_LOG,
	RUN_KINDS
};

enum run_state { RUN_FINISHED, RUN_FAILED };

struct run_record {
	struct view run; /* its id */
	uint64_t time_ms;
	struct record_kind kind;

	/* start */
	struct view entity, project, name, job_type, group, who;
	struct view config; /* a JSON object; config, too */

	uint64_t number; /* config, finish: of the note, from 1 on */
	unsigned state;	 /* finish: enum run_state */

	/* use, log */
	uint8_t version_id[16], collection_id[16];
	uint64_t version, event; /* use: its number, and that of its save event */

	struct bytes text; /* what the views of a parsed record point into */
};

void run_record_release(struct run_record *record); /* parsed ones only */
/** Append the exact bytes: one line. Borrows the views during the call. */
enum muster_code run_record_encode(const struct run_record *record, struct bytes *out,
				   struct muster_error *err);
/** An unknown kind parses, with `kind.id` RUN_UNKNOWN. Errors: as record.h; MUSTER_E_FORMAT for a
 *  run that no key can name. */
enum muster_code run_record_parse(struct run_record *out, struct view text,
				  struct muster_error *err);

#endif
