#include "planners/verification/verification.h"

#include <assert.h>

bool verification_is_reference(const struct entry *entry)
{
	return entry->ref.len && !(entry->is_placed && entry->has_checksum);
}

bool verification_has(const struct entry *entry, const struct fingerprint *fingerprint,
		      bool has_identity)
{
	const struct fingerprint *wanted = &entry->fingerprint;

	if (memcmp(wanted->digest, fingerprint->digest, DIGEST_BYTES) != 0)
		return false;
	if (entry->has_checksum &&
	    memcmp(wanted->checksum, fingerprint->checksum, CHECKSUM_BYTES) != 0)
		return false;
	return !entry->has_identity || !has_identity ||
	       memcmp(wanted->identity, fingerprint->identity, IDENTITY_BYTES) == 0;
}

static bool is_sure(const struct entry *entry, const struct found_file *found,
		    const struct stat_record *known)
{
	return known && known->is_trusted && known->algorithm == entry->algorithm &&
	       known->size_bytes == found->size_bytes && known->mtime_ns == found->mtime_ns &&
	       known->ctime_ns == found->ctime_ns &&
	       (known->inode == 0 || known->inode == found->inode);
}

enum verification verification_judge(const struct verification_facts *facts)
{
	const struct entry *entry = facts->entry;
	const struct found_file *found = facts->found;

	if (!entry)
		return VERIFICATION_EXTRA;
	if (verification_is_reference(entry))
		return VERIFICATION_REFERENCE;
	if (!facts->has_file)
		return VERIFICATION_MISSING;
	if (found && entry->has_size && entry->size_bytes != found->size_bytes)
		return VERIFICATION_CHANGED;
	if (!facts->quick)
		return VERIFICATION_READ;
	assert(found);
	if (!is_sure(entry, found, facts->known))
		return VERIFICATION_EQUAL;
	return verification_has(entry, &facts->known->fingerprint, facts->known->has_identity)
		       ? VERIFICATION_EQUAL
		       : VERIFICATION_CHANGED;
}
