/**
 * table - a hash table of fixed size: the blobs that this run packed and no index names yet.
 *
 * Memory:  all taken in table_open(). Threads: one at a time (blob_set holds its lock).
 */
#ifndef ENGINE_BLOB_TABLE_H
#define ENGINE_BLOB_TABLE_H

#include "artifact/format/pack.h"

/** What a blob is found with; `pack` and `ordinal` are the answer. */
struct table_record {
	uint8_t digest[DIGEST_BYTES];
	uint8_t checksum[CHECKSUM_BYTES];
	uint64_t size_bytes;
	uint32_t pack; /* number of the run's pack */
	uint32_t ordinal;
};

struct table {
	struct table_record *records;
	uint8_t (*identities)[IDENTITY_BYTES]; /* NULL unless the repository has identities */
	uint32_t *slots;		       /* record + 1, 0 free; a power of two of them */
	uint32_t record_count, record_max, slot_mask;
};

/** As many records as fit into `bytes`, at most `record_max`. */
enum muster_code table_open(struct table *table, size_t bytes, uint32_t record_max,
			    bool has_identity, struct muster_error *err);
void table_release(struct table *table);
static inline bool table_is_full(const struct table *table)
{
	return table->record_count == table->record_max;
}

/** The record of this key or NULL. `*collides` is set when one has the same digest and size but
 *  another checksum: two contents with one digest. */
const struct table_record *table_find(const struct table *table, const struct blob_key *key,
				      bool *collides);
/** The table must not be full and not have the key. */
void table_add(struct table *table, const struct blob_key *key, uint32_t pack, uint32_t ordinal);
/** Keep only records that `keep` wants, in their order. */
void table_filter(struct table *table, bool (*keep)(void *state, const struct table_record *),
		  void *state);
/** Record numbers in the order of blob_key_compare(); `order` has room for record_count. */
void table_order(const struct table *table, enum digest_algorithm algorithm, uint32_t *order);
/** The key of a record. */
struct blob_key table_key(const struct table *table, enum digest_algorithm algorithm,
			  uint32_t record);

#endif
