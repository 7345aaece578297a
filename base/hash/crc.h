/**
 * crc - CRC-32C and CRC-64/NVME, the checksums with which object stores verify an upload.
 *
 * A value covers all bytes given since crc_begin(); values of adjacent pieces are put together by
 * crc_combine(), so that pieces can be computed apart.
 *
 * Threads: a struct crc belongs to one thread; nothing else is kept.
 * Source:  CRC-32C: RFC 3720, 12.1; CRC-64/NVME: NVM Command Set Specification 1.0, 5.2.1.3.4.
 *          Values are as the catalogues print them: "123456789" gives 0xe3069283 and
 *          0xae8b14860a799888.
 */
#ifndef BASE_HASH_CRC_H
#define BASE_HASH_CRC_H

#include "base/bytes.h"
#include "base/hash/hash_cpu.h"

enum crc_kind {
	CRC_32C,
	CRC_64NVME,
	CRC_KIND_COUNT,
};

/** Plain data; fields are private. */
struct crc {
	enum crc_kind kind;
	enum hash_cpu cpu;
	uint64_t remainder;
};

/** Start anew, with the form for an available `cpu`: SCALAR, SSE2 and NEON use tables, AVX2 and
 *  AVX512 carry-less multiplication where the machine has it. */
void crc_begin(struct crc *crc, enum crc_kind kind, enum hash_cpu cpu);
void crc_update(struct crc *crc, struct view data);
uint64_t crc_value(const struct crc *crc);

uint64_t crc_of(enum crc_kind kind, struct view data);
/** The value of two adjacent pieces from their own values and the length of the second. */
uint64_t crc_combine(enum crc_kind kind, uint64_t first, uint64_t second, uint64_t second_bytes);

#endif
