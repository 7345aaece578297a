/* Listing a version. A directory that stays closed is stepped over by a few entries first; only a
 * larger one is worth a seek, which may cost a leaf. */
#include "engine/look/look.h"

#include "artifact/path.h"
#include "engine/digest/entry_info.h"
#include "engine/look/named_version.h"

#define STEPS_BEFORE_SEEK                                                                          \
	64 /* decoding so many entries costs about what a seek in a held leaf does */

struct entry_listing {
	struct version_reader *reader;
	struct entry head;
	struct bytes directory; /* "" or "prefix/" */
	bool one_level;
	uint64_t told_count;
	struct entry_teller teller;
	muster_entry_fn *fn;
	void *state;
};

/* "", "/", ".", "./": all of these are the root. */
static bool is_root(struct view prefix)
{
	for (size_t i = 0; i < prefix.len; i++) {
		bool is_dot = prefix.ptr[i] == '.';

		if (!is_dot && prefix.ptr[i] != '/')
			return false;
		if (is_dot && i + 1 < prefix.len && prefix.ptr[i + 1] == '.')
			return false;
	}
	return true;
}

static enum muster_code next(struct entry_listing *listing, struct muster_error *err)
{
	return version_reader_next(listing->reader, &listing->head, err);
}

static bool is_below(const struct bytes *directory, struct view path)
{
	return view_starts_with(path, bytes_view(directory));
}

/* MUSTER_END: whoever looks on has seen enough. */
static enum muster_code give(struct entry_listing *listing, const struct muster_entry_info *info)
{
	listing->told_count++;
	return listing->fn(listing->state, info) ? MUSTER_OK : MUSTER_END;
}

static enum muster_code give_entry(struct entry_listing *listing, struct muster_error *err)
{
	struct muster_entry_info info;
	enum muster_code code = entry_tell(&listing->teller, &listing->head, &info, err);

	return code ? code : give(listing, &info);
}

/* To the first entry behind "name/…": its bytes with '0', which follows '/', at the end. */
static enum muster_code leave_directory(struct entry_listing *listing, struct bytes *name,
					struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (int i = 0; i < STEPS_BEFORE_SEEK && !code; i++) {
		if (!is_below(name, listing->head.path))
			return MUSTER_OK;
		code = next(listing, err);
	}
	if (code)
		return code;
	if (!is_below(name, listing->head.path))
		return MUSTER_OK;
	name->ptr[name->len - 1] = '/' + 1;
	version_reader_seek(listing->reader, bytes_view(name));
	return next(listing, err);
}

static enum muster_code give_directory(struct entry_listing *listing, struct view path,
				       struct muster_error *err)
{
	struct muster_entry_info info;
	struct bytes name = { 0 };
	enum muster_code code = bytes_append_view(&name, path, err);

	if (!code)
		code = bytes_append_byte(&name, '/', err);
	if (!code)
		code = entry_tell_directory(&listing->teller, path, &info, err);
	if (!code)
		code = give(listing, &info);
	if (!code)
		code = leave_directory(listing, &name, err);
	bytes_release(&name);
	return code;
}

/* Give what stands at the head, and step on. */
static enum muster_code give_head(struct entry_listing *listing, struct muster_error *err)
{
	struct view path = listing->head.path;
	size_t skip = listing->directory.len;
	const uint8_t *slash = NULL;
	enum muster_code code;

	if (listing->one_level)
		slash = memchr(path.ptr + skip, '/', path.len - skip);
	if (slash)
		return give_directory(listing, view_of(path.ptr, (size_t)(slash - path.ptr)), err);
	code = give_entry(listing, err);
	return code ? code : next(listing, err);
}

static enum muster_code give_below(struct entry_listing *listing, struct muster_error *err)
{
	enum muster_code code;

	version_reader_seek(listing->reader, bytes_view(&listing->directory));
	code = next(listing, err);
	while (!code && is_below(&listing->directory, listing->head.path))
		code = give_head(listing, err);
	return code;
}

/* The entry that the prefix names itself; what lies below it comes later, behind such as "a-b". */
static enum muster_code give_itself(struct entry_listing *listing, struct view path,
				    struct muster_error *err)
{
	enum muster_code code = version_reader_find(listing->reader, path, &listing->head, err);

	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	return code ? code : give_entry(listing, err);
}

static enum muster_code list_prefix(struct entry_listing *listing, struct view prefix,
				    struct muster_error *err)
{
	enum muster_code code;

	if (is_root(prefix))
		return give_below(listing, err);
	code = entry_path_normalize(prefix, &listing->directory, err);
	if (!code)
		code = give_itself(listing, bytes_view(&listing->directory), err);
	if (!code)
		code = bytes_append_byte(&listing->directory, '/', err);
	if (!code)
		code = give_below(listing, err);
	if (code == MUSTER_END && !listing->told_count)
		code = MUSTER_OK;
	if (!code && !listing->told_count)
		code = muster_fail(err, MUSTER_E_NAME, "there is no entry '%.*s', nor any below it",
				   VIEW_ARGS(prefix));
	return code;
}

enum muster_code look_entries(struct repository *repository, const struct artifact_address *address,
			      const char *prefix, bool one_level, muster_entry_fn *fn, void *state,
			      struct muster_error *err)
{
	struct entry_listing listing = { .one_level = one_level, .fn = fn, .state = state };
	struct named_version named;
	enum muster_code code = named_version_open(&named, repository, address, err);

	if (code)
		return code;
	code = named_version_read(&named, false, &listing.reader, err);
	if (!code)
		code = list_prefix(&listing, view_text(prefix ? prefix : ""), err);
	version_reader_close(listing.reader);
	entry_teller_release(&listing.teller);
	bytes_release(&listing.directory);
	named_version_release(&named);
	return code == MUSTER_END ? MUSTER_OK : code;
}
