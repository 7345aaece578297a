/**
 * index - an object that says where blobs lie: sorted pages, fences, a filter, a footer.
 *
 * Layout (docs/formats/index.md): header; pages of INDEX_PAGE_BYTES, each with a checksum, records
 * of one length in the order of blob_key_compare(), so that a page is searched by halves; the last
 * page ends with its last record. Then the filter (blocked: one 64-byte block a key, 12 bits a
 * blob); the list of packs (id, bytes, blob count, sum of checksums); sizes of large blobs,
 * ascending; fences (first 16 digest bytes of each page); a fixed trailer with the repository id.
 * A look-up costs one 64-byte read of the filter and, where that says maybe, one page, or a window
 * of it if the page was proved before.
 * Neither filter nor fences look past digest and size: they serve a reader who knows only those.
 */
#ifndef ARTIFACT_FORMAT_INDEX_H
#define ARTIFACT_FORMAT_INDEX_H

#include "artifact/format/pack.h"

#define INDEX_VERSION		 1 /* for object_header_check(…, "index", …) */
#define INDEX_PAGE_BYTES	 65536
#define INDEX_FILTER_BLOCK_BYTES 64
#define INDEX_MAX_BLOBS		 (16u << 20)
#define INDEX_MAX_PACKS		 (4u << 20)
#define INDEX_TRAILER_BYTES	 160

struct index_pack {
	struct object_id id;
	uint64_t pack_bytes;
	uint32_t blob_count;
	bool is_single;
	uint8_t checksum_sum[16];
};

/** One blob and where it lies. */
struct index_record {
	struct blob_key key;
	uint32_t pack; /* position in the index's list of packs */
	uint32_t ordinal;
};

/**
 * Writes an index: packs and sorted records in, pages and the rest out, appended to `out` (the
 * caller may move bytes away between calls, offsets are counted here).
 */
struct index_builder;
/** `record_count`: exactly how many will be added, at least 1. Memory: 1.5 bytes a record, a page,
 *  16 bytes a page, 8 bytes a large blob. Errors: MUSTER_E_USAGE (none), MUSTER_E_LIMIT (over
 *  INDEX_MAX_BLOBS), MUSTER_E_MEMORY. */
enum muster_code index_builder_new(struct index_builder **out, const uint8_t repository_id[16],
				   const struct object_id *id, uint64_t record_count,
				   struct muster_error *err);
void index_builder_free(struct index_builder *builder);
/** In the order of blob_key_compare(); equal keys may follow each other (copies). A failed call has
 *  added nothing. Errors: MUSTER_E_FORMAT (order), MUSTER_E_USAGE (more records than announced, a
 *  pack, ordinal or algorithm that no record has), MUSTER_E_MEMORY. */
enum muster_code index_builder_add(struct index_builder *builder, const struct index_record *record,
				   struct bytes *out, struct muster_error *err);
/** Last page and all that follows. Errors: MUSTER_E_USAGE (fewer records than announced, a record
 * of a pack that is not listed, a pack without blobs), MUSTER_E_LIMIT, MUSTER_E_MEMORY. */
enum muster_code index_builder_finish(struct index_builder *builder, const struct index_pack *packs,
				      size_t pack_count, struct bytes *out,
				      struct muster_error *err);

struct index_trailer {
	uint8_t repository_id[16];
	struct object_id id;
	uint64_t record_count;
	uint32_t page_count, pack_count, large_size_count, filter_block_count;
	uint64_t filter_offset_bytes, packs_offset_bytes, large_sizes_offset_bytes,
		fences_offset_bytes;
	uint64_t index_bytes;
	uint8_t filter_checksum[16]; /* XXH3-128 of the filter, for who reads all of it */
	uint8_t tail_checksum[16];   /* XXH3-128 of packs, large sizes and fences */
};

/** `index_bytes`: the length of the whole object, which the trailer must fit.
 *  Errors: MUSTER_E_FORMAT, MUSTER_E_UNSUPPORTED (another version), MUSTER_E_LIMIT. */
enum muster_code index_trailer_parse(struct index_trailer *out, struct view trailer,
				     uint64_t index_bytes, struct muster_error *err);

/** Where things lie in the object. The last page is shorter than the others. */
uint64_t index_page_offset(uint32_t page_number);
uint32_t index_page_bytes(const struct index_trailer *trailer, uint32_t page_number);
uint64_t index_filter_bytes(const struct index_trailer *trailer);
uint64_t index_tail_bytes(const struct index_trailer *trailer); /* from packs_offset_bytes on */

/** Where in the object the filter block lies that may know a key (the whole filter begins at
 *  filter_offset_bytes), and whether it does. Only digest and size of the key are looked at. */
uint64_t index_filter_offset(const struct index_trailer *trailer, const struct blob_key *key);
bool index_filter_maybe(struct view block, const struct blob_key *key);
/** The whole filter against its checksum: MUSTER_E_FORMAT. A single block has none: what a damaged
 *  one costs is a blob stored twice, or one more question to the pages. */
enum muster_code index_filter_check(const struct index_trailer *trailer, struct view filter,
				    struct muster_error *err);

/** The part from packs to fences, checked against tail_checksum. */
struct index_tail {
	struct index_pack *packs;	 /* pack_count */
	uint64_t *large_sizes;		 /* large_size_count, ascending, distinct */
	uint8_t (*fences)[DIGEST_BYTES]; /* page_count */
};
void index_tail_release(struct index_tail *tail);
enum muster_code index_tail_parse(struct index_tail *out, const struct index_trailer *trailer,
				  struct view tail, struct muster_error *err);
/** The first page that may hold `digest`; equal digests may go on in following pages. */
uint32_t index_page_of(const struct index_trailer *trailer, const struct index_tail *tail,
		       const uint8_t digest[DIGEST_BYTES]);

/** A page that was checked: checksum, place, order and every record's fields; or a window of one.
 *  Plain data on the stack; borrows the page's bytes. */
struct index_page {
	struct view records;
	uint32_t record_bytes, record_count;
	uint32_t next;	    /* what index_page_next() gives */
	bool is_cut_before; /* a window: the page has records in front of it */
	bool is_cut_behind; /* ... and behind it */
};
/** `page`: index_page_bytes() from index_page_offset(). Errors: MUSTER_E_FORMAT. */
enum muster_code index_page_open(struct index_page *out, const struct index_trailer *trailer,
				 uint32_t page_number, struct view page, struct muster_error *err);
/** MUSTER_END behind the last, MUSTER_FULL where a window ends before the page. Never fails:
 * opening has seen every record. */
enum muster_code index_page_next(struct index_page *page, struct index_record *out,
				 struct muster_error *err);
/**
 * The first record with this key; index_page_next() goes on behind it (copies, if equal).
 * MUSTER_ABSENT: the index has none. MUSTER_END: the page has none, the next one (if any) may.
 * MUSTER_FULL: the window does not tell, the whole page must be asked.
 */
enum muster_code index_page_find(struct index_page *page, const struct blob_key *key,
				 struct index_record *out);
/** The same by digest and size alone, to settle stale placements of a reader without checksums. */
enum muster_code index_page_find_digest(struct index_page *page, const uint8_t digest[DIGEST_BYTES],
					uint64_t size_bytes, struct index_record *out);

/* Digests are uniform, so a digest's place in its page is known within a few records from the
 * fences alone: whoever proved a page before reads only a window of it. */

#define INDEX_WINDOW_BYTES 6144 /* 128 of 1,364 records: 3.4 standard deviations to each side */

/** A part of a page: whole records. */
struct index_window {
	uint64_t offset_bytes; /* in the object */
	uint32_t length_bytes; /* at most INDEX_WINDOW_BYTES */
	uint32_t record_bytes;
	bool is_cut_before, is_cut_behind;
};

/** Has this page, which was opened, the records that its place among others of one length lets
 *  expect? Only then index_window_of() may be asked for it. (Where records widen, some have not.)
 */
bool index_page_is_regular(const struct index_trailer *trailer, uint32_t page_number,
			   const struct index_page *page);
/** Where in a regular page records of `digest` must be expected. */
struct index_window index_window_of(const struct index_trailer *trailer,
				    const struct index_tail *tail, uint32_t page_number,
				    const uint8_t digest[DIGEST_BYTES]);
/** Nothing is checked: only of a page that was proved, and only what is then held against the key
 *  that was looked for, and the pack's number against pack_count. */
void index_window_open(struct index_page *out, const struct index_window *window,
		       const uint8_t *bytes);

#endif
