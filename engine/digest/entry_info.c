#include "engine/digest/entry_info.h"

void entry_teller_release(struct entry_teller *teller)
{
	bytes_release(&teller->text);
}

/* Room for all texts is made first, so that none of them moves. */
static const char *put_text(struct entry_teller *teller, struct view text)
{
	char *at = (char *)teller->text.ptr + teller->text.len;

	if (text.len)
		memcpy(at, text.ptr, text.len);
	at[text.len] = '\0';
	teller->text.len += text.len + 1;
	return at;
}

enum muster_code entry_tell(struct entry_teller *teller, const struct entry *entry,
			    struct muster_entry_info *out, struct muster_error *err)
{
	char buf[ENTRY_DIGEST_BUF_BYTES];
	struct view digest = entry_digest_text(entry, buf);
	enum muster_code code;

	*out = (struct muster_entry_info){ 0 };
	teller->text.len = 0;
	code = bytes_reserve(&teller->text,
			     entry->path.len + digest.len + entry->ref.len + entry->extra.len + 4,
			     err);
	if (code)
		return code;
	out->path = put_text(teller, entry->path);
	out->path_bytes = entry->path.len;
	out->digest_text = put_text(teller, digest);
	if (digest.len < sizeof(out->digest))
		memcpy(out->digest, out->digest_text, digest.len + 1);
	out->digest_algorithm = digest_algorithm_name(entry->algorithm);
	out->has_size = entry->has_size;
	out->size_bytes = entry->has_size ? entry->size_bytes : 0;
	if (entry->ref.len)
		out->reference = put_text(teller, entry->ref);
	if (entry->extra.len)
		out->extra = put_text(teller, entry->extra);
	return MUSTER_OK;
}

enum muster_code entry_tell_directory(struct entry_teller *teller, struct view path,
				      struct muster_entry_info *out, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct muster_entry_info){ .digest_text = "", .digest_algorithm = "text" };
	teller->text.len = 0;
	code = bytes_reserve(&teller->text, path.len + 1, err);
	if (code)
		return code;
	out->path = put_text(teller, path);
	out->path_bytes = path.len;
	out->is_directory = true;
	return MUSTER_OK;
}

static const char *const algorithm_names[] = {
	[DIGEST_TEXT] = "text", [DIGEST_MD5] = "md5", [DIGEST_XXH128] = "xxh128"
};

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	return algorithm_names[algorithm];
}

enum muster_code digest_algorithm_parse(const char *name, enum digest_algorithm *out,
					struct muster_error *err)
{
	*out = DIGEST_MD5;
	if (!name || strcmp(name, algorithm_names[DIGEST_MD5]) == 0)
		return MUSTER_OK;
	*out = DIGEST_XXH128;
	if (strcmp(name, algorithm_names[DIGEST_XXH128]) == 0)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "'%s' is no digest: there are md5 and xxh128",
			   name);
}
