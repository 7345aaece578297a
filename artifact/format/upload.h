/**
 * upload - the journal of an upload: what of one large file has been sent to its pack.
 *
 * Local to one machine, never in a repository. Layout (docs/formats/upload.md): header, then
 * records: u32 length, u64 XXH3-64, the record. The first one says which upload it is, the others
 * name a part each; of one number the last counts. A file may end anywhere (a killed writer): whole
 * records count, the rest is ignored.
 */
#ifndef ARTIFACT_FORMAT_UPLOAD_H
#define ARTIFACT_FORMAT_UPLOAD_H

#include "artifact/format/object.h"

#define UPLOAD_VERSION	      1 /* for object_header_check(…, "upload", …) */
#define UPLOAD_NAME_MAX_BYTES 8192
#define UPLOAD_PART_NAME_MAX  63
#define UPLOAD_PARTS_MAX      65536

enum upload_kind { UPLOAD_BEGIN = 1, UPLOAD_PART = 2 };

struct upload_record {
	enum upload_kind kind;

	/* UPLOAD_BEGIN */
	uint8_t repository_id[16];
	struct object_id pack;
	uint64_t size_bytes; /* of the file; UPLOAD_PART: of the part */
	uint64_t inode;	     /* of this journal: a copy of it is somebody else's */
	struct view upload;  /* as the store calls it; perhaps a secret */

	/* UPLOAD_PART */
	uint32_t number; /* 1 to UPLOAD_PARTS_MAX */
	uint8_t sha256[32];
	struct view name; /* as the store calls these bytes */
};

/** Append the header and the first record. Views are borrowed during the call. Errors:
 *  MUSTER_E_FORMAT for what a reader would refuse, MUSTER_E_MEMORY. */
enum muster_code upload_begin_append(struct bytes *out, const struct upload_record *record,
				     struct muster_error *err);
enum muster_code upload_part_append(struct bytes *out, const struct upload_record *record,
				    struct muster_error *err);

/** Reads what was appended. Borrows `file` for the reader's and the records' life. Errors:
 *  MUSTER_E_FORMAT, MUSTER_E_UNSUPPORTED where it is no journal. */
struct upload_reader {
	struct view rest;
	bool is_first;
};
enum muster_code upload_reader_open(struct upload_reader *reader, struct view file,
				    struct muster_error *err);
/** MUSTER_END behind the last whole record. MUSTER_E_FORMAT for what no writer leaves, and again.
 */
enum muster_code upload_reader_next(struct upload_reader *reader, struct upload_record *out,
				    struct muster_error *err);

#endif
