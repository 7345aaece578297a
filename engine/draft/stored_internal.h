/* What the files of stored drafts share. */
#ifndef ENGINE_DRAFT_STORED_INTERNAL_H
#define ENGINE_DRAFT_STORED_INTERNAL_H

#include "engine/draft/stored.h"

struct draft {
	struct repository *repository;
	struct store *store;
	uint8_t id[16];
	struct draft_record plan;
	struct collection *collection; /* NULL until it is needed */
	struct {
		struct draft_part *items;
		struct part_content *contents; /* of the same */
		size_t count, cap;
	} parts;
	struct manifest_pointer base;
	bool is_base_deleted; /* it can be looked at and dropped, and that is all */
	struct part_stack content;
};

/** MUSTER_ABSENT where there is none. `sha256` may be NULL. */
enum muster_code draft_read(struct store *store, const uint8_t id[16], const char *key,
			    struct draft_record *out, uint8_t sha256[32], struct muster_error *err);
/** "plan", "seal", "final". */
enum muster_code draft_read_named(const struct draft *draft, const char *name,
				  struct draft_record *out, struct muster_error *err);
/** MUSTER_EXISTS: another one is there. One that is there and is this very one is MUSTER_OK. */
enum muster_code draft_write(struct repository *repository, const char *key,
			     const struct draft_record *record, struct muster_error *err);
/** Its time, draft and kind. */
struct draft_record draft_record_of(const struct draft *draft, enum draft_kind kind);

/** List and read all parts anew. */
enum muster_code draft_load_parts(struct draft *draft, struct muster_error *err);
enum muster_code draft_take_part(struct draft *draft, const char *key,
				 const struct draft_record *record, const uint8_t sha256[32],
				 struct muster_error *err);
/** The part of this name, as of the last reading; NULL: none. */
const struct draft_part *draft_part_named(const struct draft *draft, const char *shard);
/** Opened, or meant to be made if there is no version yet. */
enum muster_code draft_need_collection(struct draft *draft, struct muster_error *err);

/** Refuses a draft whose base was deleted: nothing can be made of it any more. */
enum muster_code draft_need_base(const struct draft *draft, struct muster_error *err);

/** Its sessions end with an event, or (NULL) with none. What fails here is no failure: gc keeps
 *  their objects the longer. */
void draft_end_sessions(struct draft *draft, const char *log, uint64_t number,
			const uint8_t sha256[32]);

#endif
