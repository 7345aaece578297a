/**
 * etag - the ETag that S3 gives an object which was uploaded in parts: the MD5 of the parts' MD5s
 * in hex, and "-" and their count. The parts are independent, so several run in lanes at once.
 *
 *	etag_begin(etag, part_bytes);
 *	for each buffer of whole parts: etag_update(etag, its view); etag_drain(etag);
 *	etag_end(etag, text);
 *
 * Threads:  one thread owns it.
 * Memory:   about 10 KiB, allocated in etag_new() and never grown; data stays where it is.
 * Pressure: an update with all lanes busy, or too far ahead of the oldest part, first steps.
 * Source:   what S3 does (and GCS's S3 interface, MinIO, Ceph); AWS does not specify it. One part
 *           has "-1" and not the plain MD5; a plain PUT has the plain MD5: md5_of(). Objects under
 *           SSE-KMS or SSE-C have other ETags, which nobody else can compute.
 */
#ifndef BASE_HASH_ETAG_H
#define BASE_HASH_ETAG_H

#include "base/bytes.h"
#include "base/hash/hash_cpu.h"

/** 32 hex digits, "-", a count, NUL. */
#define ETAG_TEXT_BYTES (32 + 1 + 20 + 1)

struct etag;

/** Errors: MUSTER_E_MEMORY; MUSTER_E_UNSUPPORTED where this machine cannot run `cpu`. */
enum muster_code etag_new(struct etag **out, enum hash_cpu cpu, struct muster_error *err);
void etag_free(struct etag *etag); /* takes NULL */

/** Start an object whose parts, but for the last, have `part_bytes` (> 0) bytes. */
void etag_begin(struct etag *etag, uint64_t part_bytes);
/**
 * The object's next bytes, in views of any length. Parts that lie whole in `data` go into lanes and
 * are borrowed until etag_drain() or etag_end(); pieces of parts are hashed at once, one after the
 * other, so a buffer should hold as many whole parts as there are lanes, or as memory allows.
 */
void etag_update(struct etag *etag, struct view data);
/** The object's last bytes: as an update, and a shorter last part goes into a lane too. */
void etag_update_last(struct etag *etag, struct view data);
/** Nothing is borrowed any more. */
void etag_drain(struct etag *etag);
/** Gives the text; an object without bytes has one empty part. Then etag_begin() starts anew. */
void etag_end(struct etag *etag, char out[ETAG_TEXT_BYTES]);

#endif
