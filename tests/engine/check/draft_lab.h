/**
 * draft_lab - drafts in the lab: open, sealed, finished, saved, dropped, or with records of any
 * text.
 */
#ifndef TESTS_ENGINE_CHECK_DRAFT_LAB_H
#define TESTS_ENGINE_CHECK_DRAFT_LAB_H

#include "engine/draft/stored.h"
#include "tests/engine/check/lab.h"

#define LAB_DRAFT_MANY 3000 /* entries: their leaves are an object of their own */

/** Its keys, and those of the parts that lab_draft_fill() adds. */
struct lab_draft {
	uint8_t id[16];
	struct key plan, seal, final;
	struct key parts[2];
};

/** A draft of "data", on top of its latest version, if there is one. */
void lab_draft_new(struct lab *lab, struct lab_draft *out);
/** The same, with two parts: "000001" adds two files, removes an entry of "d000" and the directory
 *  "d001", which "data" has; "000002" adds LAB_DRAFT_MANY references. */
void lab_draft_fill(struct lab *lab, struct lab_draft *out);
/** One more part, of one file with this text. */
void lab_draft_add(struct lab *lab, const struct lab_draft *draft, const char *path,
		   const char *text);

void lab_draft_save(struct lab *lab, const struct lab_draft *draft);
void lab_draft_drop(struct lab *lab, const struct lab_draft *draft);
/** As who died after the seal, or after the final record, which names the first `count` parts. */
void lab_draft_seal(struct lab *lab, const struct lab_draft *draft);
void lab_draft_finish(struct lab *lab, const struct lab_draft *draft, size_t count);

/** A version, a draft of each standing, and one whose manifest is gone: one finding. */
void lab_make_drafts(struct lab *lab);

#endif
