/* Which versions of an artifact are copied. The order of versions is kept, so that the newest one
 *is `latest` in the target too: only what is newer than all that is there is added.
 *
 *	source  v0 v1 v2 v3 v4          a version is found in the target by the id of its copy, or
 *	        |     |                 by its content; matches never cross
 *	target  v0 ·  v1      + v3 v4   v1 is older than one that is there: left out
 */
#include "base/text/text.h"
#include "engine/copy/copy_internal.h"

/* The id by which a version is known in the target. */
static enum muster_code known_id(struct copy *copy, const struct collection *from,
				 const struct collection *to, const struct version *version,
				 uint8_t out[16], struct muster_error *err)
{
	if (collection_versions(to)->is_portfolio)
		return copy_link_id(copy, from, version, out, err);
	return copy_id(version, &copy->to, out, err);
}

static bool is_copy_of(const struct copy *copy, const struct version *source, const uint8_t id[16],
		       const struct version *target)
{
	if (!target->is_deleted && memcmp(target->id, id, 16) == 0)
		return true;
	return copy_is_equal(copy, source, target) &&
	       (!target->is_link || copy_links_same(copy, target));
}

/* The first version of `to` from `*next` on that is a copy of this one; `*next` moves behind it. */
static enum muster_code find_copy(struct copy *copy, const struct collection *from,
				  const struct collection *to, const struct version *version,
				  size_t *next, uint64_t *number, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(to);
	uint8_t id[16];
	enum muster_code code = known_id(copy, from, to, version, id, err);

	for (size_t i = *next; i < state->version_count && !code; i++) {
		if (!is_copy_of(copy, version, id, &state->versions[i]))
			continue;
		*next = i + 1;
		*number = i;
		return MUSTER_OK;
	}
	return code ? code : MUSTER_ABSENT;
}

static void count_total(struct copy *copy, const struct version *version)
{
	get_count(&copy->progress->total_files, version->entry_count);
	get_count(&copy->progress->total_bytes, version->size_bytes);
}

static enum muster_code make(struct copy *copy, struct collection *from, struct collection *to,
			     const struct version *version, struct muster_error *err)
{
	return copy->makes_links ? copy_link(copy, from, to, version, err)
				 : copy_make(copy, from, to, version, err);
}

/* --- one version ------------------------------------------------------------------------------ */

/* Any version of this content will do: aliases can be set on any. Of links only the one that it
 * is. MUSTER_ABSENT: there is none. */
static enum muster_code find_equal(struct copy *copy, const struct collection *from,
				   const struct collection *to, const struct version *version,
				   uint64_t *number, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(to);
	size_t first = 0;

	if (state->is_portfolio)
		return find_copy(copy, from, to, version, &first, number, err);
	for (size_t i = state->version_count; i-- > 0;) {
		*number = i;
		if (copy_is_equal(copy, version, &state->versions[i]))
			return MUSTER_OK;
	}
	return MUSTER_ABSENT;
}

static enum muster_code fail_absent(const struct collection *from, struct view alias,
				    struct muster_error *err)
{
	struct view name = collection_versions(from)->name;

	if (!collection_latest(from))
		return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no version",
				   VIEW_ARGS(name));
	return muster_fail(err, MUSTER_E_NAME, "artifact '%.*s' has no version '%.*s'",
			   VIEW_ARGS(name), VIEW_ARGS(alias));
}

enum muster_code copy_one(struct copy *copy, struct collection *from, struct collection *to,
			  struct view alias, struct muster_error *err)
{
	const struct version *version =
		collection_resolve(from, alias.len ? alias : VIEW_LITERAL("latest"));
	uint64_t number;
	enum muster_code code;

	if (!version)
		return fail_absent(from, alias, err);
	count_total(copy, version);
	atomic_store(&copy->progress->total_is_known, true);
	code = find_equal(copy, from, to, version, &number, err);
	if (code == MUSTER_OK)
		return copy_present(copy, from, to, version, number, err);
	if (code == MUSTER_ABSENT)
		code = copy_links_decide(copy, from, to, version->number, version->number + 1, err);
	return code ? code : make(copy, from, to, version, err);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Tells of those that are there; `*first` is the first one behind the last of them. */
static enum muster_code match(struct copy *copy, struct collection *from, struct collection *to,
			      size_t *first, struct muster_error *err)
{
	const struct collection_state *state = collection_versions(from);
	size_t next = 0, absent_count = 0;
	enum muster_code code = MUSTER_OK;

	*first = 0;
	for (size_t i = 0; i < state->version_count && !code; i++) {
		const struct version *version = &state->versions[i];
		uint64_t number;

		if (version->is_deleted)
			continue;
		code = find_copy(copy, from, to, version, &next, &number, err);
		if (code == MUSTER_ABSENT) {
			absent_count++;
			code = MUSTER_OK;
			continue;
		}
		if (code)
			return code;
		copy->report->older_versions += absent_count;
		absent_count = 0;
		*first = i + 1;
		count_total(copy, version);
		code = copy_present(copy, from, to, version, number, err);
	}
	return code;
}

enum muster_code copy_all(struct copy *copy, struct collection *from, struct collection *to,
			  struct muster_error *err)
{
	const struct collection_state *state = collection_versions(from);
	struct muster_error partial = { 0 };
	size_t first;
	enum muster_code code = match(copy, from, to, &first, err);

	if (!code)
		code = copy_links_decide(copy, from, to, first, state->version_count, err);
	for (size_t i = first; i < state->version_count && !code; i++)
		if (!state->versions[i].is_deleted)
			count_total(copy, &state->versions[i]);
	for (size_t i = first; i < state->version_count && !code; i++) {
		if (state->versions[i].is_deleted)
			continue;
		code = make(copy, from, to, &state->versions[i], err);
		if (code == MUSTER_E_ITEMS && copy->options->commit_partial) {
			partial = *err;
			code = MUSTER_OK;
		}
	}
	if (!code && partial.code)
		*err = partial;
	return code ? code : partial.code;
}
