#include "planners/checkout/checkout.h"

enum answer { NO, YES, UNKNOWN };

static bool stat_matches(const struct found_file *found, const struct stat_record *record)
{
	return record->is_trusted && record->size_bytes == found->size_bytes &&
	       record->mtime_ns == found->mtime_ns && record->ctime_ns == found->ctime_ns &&
	       (record->inode == 0 || record->inode == found->inode);
}

static bool bytes_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return memcmp(a->digest, b->digest, DIGEST_BYTES) == 0 &&
	       memcmp(a->checksum, b->checksum, CHECKSUM_BYTES) == 0;
}

/* Is the file what a checkout left? */
static enum answer is_unchanged(const struct checkout_found *found,
				const struct stat_record *record)
{
	if (!record || !found->is_file)
		return NO;
	if (stat_matches(&found->stat, record))
		return YES;
	if (found->stat.size_bytes != record->size_bytes || found->is_unreadable)
		return NO;
	if (!found->has_fingerprint)
		return UNKNOWN;
	return bytes_equal(&found->fingerprint, &record->fingerprint) ? YES : NO;
}

static bool entry_has(const struct entry *entry, const struct fingerprint *fingerprint)
{
	if (memcmp(entry->fingerprint.digest, fingerprint->digest, DIGEST_BYTES) != 0)
		return false;
	return !entry->has_checksum ||
	       memcmp(entry->fingerprint.checksum, fingerprint->checksum, CHECKSUM_BYTES) == 0;
}

/* Is the file what the entry says? */
static enum answer is_equal(const struct entry *entry, const struct checkout_found *found,
			    const struct stat_record *record)
{
	if (!found->is_file || entry->algorithm == DIGEST_TEXT)
		return NO;
	if (entry->has_size && entry->size_bytes != found->stat.size_bytes)
		return NO;
	if (found->has_fingerprint)
		return entry_has(entry, &found->fingerprint) ? YES : NO;
	if (record && record->algorithm == entry->algorithm && stat_matches(&found->stat, record))
		return entry_has(entry, &record->fingerprint) ? YES : NO;
	return found->is_unreadable ? NO : UNKNOWN;
}

static enum checkout_decision decide_in_place(const struct checkout_rules *rules,
					      const struct entry *entry,
					      const struct checkout_found *found,
					      const struct stat_record *record)
{
	switch (is_equal(entry, found, record)) {
	case YES:
		return CHECKOUT_KEEP;
	case UNKNOWN:
		return CHECKOUT_READ;
	case NO:
		break;
	}
	if (rules->overwrite)
		return CHECKOUT_REPLACE;
	switch (is_unchanged(found, record)) {
	case YES:
		return CHECKOUT_REPLACE;
	case UNKNOWN:
		return CHECKOUT_READ;
	case NO:
		break;
	}
	return CHECKOUT_REFUSE_CHANGED;
}

static enum checkout_decision decide_other(const struct checkout_rules *rules,
					   const struct checkout_found *found,
					   const struct stat_record *record)
{
	if (rules->delete_others)
		return CHECKOUT_DELETE;
	switch (is_unchanged(found, record)) {
	case YES:
		return CHECKOUT_DELETE;
	case UNKNOWN:
		return CHECKOUT_READ;
	case NO:
		break;
	}
	return record ? CHECKOUT_REFUSE_CHANGED : CHECKOUT_REFUSE_UNKNOWN;
}

enum checkout_decision checkout_decide(const struct checkout_rules *rules,
				       const struct entry *entry,
				       const struct checkout_found *found,
				       const struct stat_record *record)
{
	if (!found)
		return CHECKOUT_FETCH;
	return entry ? decide_in_place(rules, entry, found, record)
		     : decide_other(rules, found, record);
}
