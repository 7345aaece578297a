#include "artifact/entry.h"

#include "base/text/encode.h"

_Static_assert(BASE64_TEXT_LEN(DIGEST_BYTES) + 1 == ENTRY_DIGEST_BUF_BYTES, "base64 and its NUL");

struct view entry_digest_text(const struct entry *entry, char buf[ENTRY_DIGEST_BUF_BYTES])
{
	if (entry->algorithm == DIGEST_TEXT)
		return entry->digest_text;
	base64_encode(buf, entry->fingerprint.digest, DIGEST_BYTES);
	buf[ENTRY_DIGEST_BUF_BYTES - 1] = '\0';
	return view_of(buf, ENTRY_DIGEST_BUF_BYTES - 1);
}

bool entry_digest_equal(const struct entry *a, const struct entry *b)
{
	char buf_a[ENTRY_DIGEST_BUF_BYTES], buf_b[ENTRY_DIGEST_BUF_BYTES];

	if (a->algorithm != DIGEST_TEXT && b->algorithm != DIGEST_TEXT)
		return memcmp(a->fingerprint.digest, b->fingerprint.digest, DIGEST_BYTES) == 0;
	return view_equal(entry_digest_text(a, buf_a), entry_digest_text(b, buf_b));
}

static bool size_equal(const struct entry *a, const struct entry *b)
{
	return a->has_size == b->has_size && (!a->has_size || a->size_bytes == b->size_bytes);
}

static bool checksum_equal(const struct entry *a, const struct entry *b)
{
	return a->has_checksum == b->has_checksum &&
	       (!a->has_checksum ||
		memcmp(a->fingerprint.checksum, b->fingerprint.checksum, CHECKSUM_BYTES) == 0);
}

static bool identity_equal(const struct entry *a, const struct entry *b)
{
	return a->has_identity == b->has_identity &&
	       (!a->has_identity ||
		memcmp(a->fingerprint.identity, b->fingerprint.identity, IDENTITY_BYTES) == 0);
}

bool entry_content_equal(const struct entry *a, const struct entry *b)
{
	return a->algorithm == b->algorithm && entry_digest_equal(a, b) && size_equal(a, b) &&
	       checksum_equal(a, b) && identity_equal(a, b) && view_equal(a->ref, b->ref) &&
	       view_equal(a->extra, b->extra) &&
	       view_equal(a->birth_artifact_id, b->birth_artifact_id);
}
