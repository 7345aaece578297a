#include "planners/ingest/ingest.h"

static bool stat_matches(const struct found_file *found, const struct stat_record *known)
{
	return known->is_trusted && known->size_bytes == found->size_bytes &&
	       known->mtime_ns == found->mtime_ns && known->ctime_ns == found->ctime_ns &&
	       (known->inode == 0 || known->inode == found->inode);
}

static bool serves(const struct ingest_rules *rules, const struct stat_record *known)
{
	return known->algorithm == rules->algorithm && known->has_identity >= rules->has_identity;
}

static bool base_holds(const struct entry *base, const struct stat_record *known)
{
	return base->is_placed && base->has_checksum && base->ref.len == 0 &&
	       base->algorithm == known->algorithm && base->size_bytes == known->size_bytes &&
	       memcmp(base->fingerprint.digest, known->fingerprint.digest, DIGEST_BYTES) == 0 &&
	       memcmp(base->fingerprint.checksum, known->fingerprint.checksum, CHECKSUM_BYTES) == 0;
}

bool ingest_knows(const struct ingest_rules *rules, const struct found_file *found,
		  const struct stat_record *known)
{
	return known && !rules->rehash && stat_matches(found, known) && serves(rules, known);
}

enum ingest_decision ingest_decide(const struct ingest_rules *rules, const struct found_file *found,
				   const struct stat_record *known, const struct entry *base)
{
	if (!ingest_knows(rules, found, known))
		return INGEST_READ;
	return base && base_holds(base, known) ? INGEST_KEEP : INGEST_KEEP_STORED;
}

bool ingest_is_trusted(const struct found_file *found, int64_t read_ns)
{
	return found->mtime_ns < read_ns && found->ctime_ns < read_ns;
}
