/**
 * leaf_internal - what the writer and the reader of leaves share: the order of columns and the
 * bits of a kind. The bytes are told in docs/formats/leaf.md.
 */
#ifndef ARTIFACT_FORMAT_LEAF_INTERNAL_H
#define ARTIFACT_FORMAT_LEAF_INTERNAL_H

#include "artifact/format/columns.h"
#include "artifact/format/leaf.h"

#define LEAF_VERSION 1

/** The content part: [LEAF_VERSION, entry count, columns in this order]. */
enum leaf_column {
	LEAF_SHARED,	 /* varint: leading bytes of the path before */
	LEAF_LENGTHS,	 /* varint: bytes of the suffix */
	LEAF_SUFFIXES,	 /* the suffixes */
	LEAF_KINDS,	 /* one byte an entry, see below */
	LEAF_DIGESTS,	 /* 16 bytes of each entry that is not DIGEST_TEXT */
	LEAF_TEXTS,	 /* varint and bytes of each DIGEST_TEXT */
	LEAF_SIZES,	 /* varint of each that has a size */
	LEAF_CHECKSUMS,	 /* 16 bytes of each that has a checksum */
	LEAF_IDENTITIES, /* 32 bytes of each that has an identity */
	LEAF_REFS,	 /* varint and bytes of each that has a reference */
	LEAF_EXTRAS,	 /* … extra */
	LEAF_BIRTHS,	 /* … birth artifact id */
	LEAF_COLUMNS,
};

#define LEAF_ELEMENTS (2 + LEAF_COLUMNS)

/** The placement part: [LEAF_VERSION, columns in this order]; empty if no entry is placed. */
enum placement_column {
	PLACEMENT_PACKS,    /* session (16), number (4, little endian), varint bytes of each pack */
	PLACEMENT_PLACED,   /* a bit an entry, lowest first */
	PLACEMENT_INDEXES,  /* varint of each placed entry: position in the packs */
	PLACEMENT_ORDINALS, /* zigzag varint: ordinal minus one past the pack's ordinal before */
	PLACEMENT_COLUMNS,
};

#define PLACEMENT_ELEMENTS (1 + PLACEMENT_COLUMNS)

/** Most bytes that array head, version, count and column heads take in either part. */
#define LEAF_HEADS_MAX_BYTES (LEAF_ELEMENTS * COLUMN_HEAD_MAX_BYTES + 1)

/* A kind: the algorithm in the two low bits, then what the entry has. */
#define KIND_ALGORITHM 0x03
#define KIND_SIZE      0x04
#define KIND_CHECKSUM  0x08
#define KIND_IDENTITY  0x10
#define KIND_REF       0x20
#define KIND_EXTRA     0x40
#define KIND_BIRTH     0x80

#endif
