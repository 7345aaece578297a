/* Links (decision 0025). A link stays one where the version that it links is in the target: as its
 * copy, or with its content, under the name that its artifact has in the source.
 *
 *	source  photos v0 v1 v2      chosen v0 ─► photos:v1
 *	target  photos v0 v1         chosen v0 ─► photos:v0     v1 was copied, as v0
 *
 * A portfolio holds links only. So where one of them has no source there, while it has no version
 * yet, all become versions of their own; and a portfolio that is there takes no such link. */
#include "engine/copy/copy_internal.h"

#include <stdio.h>

bool copy_keeps_links(const struct copy *copy, const struct collection *from)
{
	return copy->source != copy->target && collection_versions(from)->is_portfolio;
}

void copy_links_release(struct copy *copy)
{
	collection_close(copy->linked.there);
	bytes_release(&copy->linked.names);
	memset(&copy->linked, 0, sizeof(copy->linked));
}

/* --- what is linked, in the target ------------------------------------------------------------ */

/* As it is called now; as it was called when it was linked, where nothing is known of it. */
static enum muster_code find_names(struct copy *copy, const struct link_source *linked,
				   struct muster_error *err)
{
	struct collection_name name = { linked->entity, linked->project, linked->name };
	struct collection *collection = NULL;
	struct muster_error why = { 0 };
	enum muster_code code =
		collection_open_id(&collection, copy->source, linked->collection_id, &why);

	if (!code) {
		const struct collection_state *state = collection_versions(collection);

		name = (struct collection_name){ state->entity, state->project, state->name };
	}
	if (!code || code == MUSTER_E_NAME)
		code = collection_name_keep(&copy->linked.name, &name, &copy->linked.names, err);
	else
		*err = why;
	collection_close(collection);
	return code;
}

/* The artifact that is linked, in the target; it stays at hand for the next link. */
static enum muster_code open_linked(struct copy *copy, const struct version *link,
				    struct muster_error *err)
{
	const uint8_t *id = link->source.collection_id;
	struct muster_error why = { 0 };
	enum muster_code code;

	if (copy->linked.is_known && memcmp(copy->linked.collection_id, id, 16) == 0)
		return MUSTER_OK;
	copy_links_release(copy);
	code = find_names(copy, &link->source, err);
	if (code)
		return code;
	code = collection_open(&copy->linked.there, copy->target, &copy->linked.name, NULL, &why);
	if (code && code != MUSTER_E_NAME) {
		*err = why;
		return code;
	}
	memcpy(copy->linked.collection_id, id, 16);
	copy->linked.is_known = true;
	return MUSTER_OK;
}

/* Its copy, else the newest version of its content. */
static const struct version *find_version(const struct copy *copy, const struct version *link,
					  const uint8_t id[16])
{
	const struct collection_state *state = collection_versions(copy->linked.there);
	const struct version *found = collection_state_by_id(state, id);

	for (size_t i = state->version_count; i-- > 0 && !found;)
		if (copy_is_equal(copy, link, &state->versions[i]))
			found = &state->versions[i];
	return found;
}

/* `*out` NULL: it is not there. `id`: as it is known there, or would be. */
static enum muster_code find_linked(struct copy *copy, const struct collection *from,
				    const struct version *link, const struct version **out,
				    uint8_t id[16], struct muster_error *err)
{
	struct view type = collection_versions(from)->type;
	enum muster_code code = open_linked(copy, link, err);

	*out = NULL;
	if (!code)
		code = copy_id(link, &copy->linked.name, id, err);
	if (code || !copy->linked.there ||
	    !view_equal(collection_versions(copy->linked.there)->type, type))
		return code;
	*out = find_version(copy, link, id);
	if (*out)
		memcpy(id, (*out)->id, 16);
	return MUSTER_OK;
}

/* --- is it there already? --------------------------------------------------------------------- */

enum muster_code copy_link_id(struct copy *copy, const struct collection *from,
			      const struct version *link, uint8_t out[16], struct muster_error *err)
{
	const struct version *ignored;

	return find_linked(copy, from, link, &ignored, out, err);
}

bool copy_links_same(const struct copy *copy, const struct version *target)
{
	const struct collection_name *name = &copy->linked.name;

	return view_equal(target->source.entity, name->entity) &&
	       view_equal(target->source.project, name->project) &&
	       view_equal(target->source.name, name->name);
}

/* --- links, or versions of their own? --------------------------------------------------------- */

static void note_own_versions(struct copy *copy)
{
	const struct collection_name *to = &copy->to;

	snprintf(copy->note, sizeof(copy->note),
		 "'%.*s/%.*s/%.*s' has versions of its own there, and so takes no links",
		 VIEW_ARGS(to->entity), VIEW_ARGS(to->project), VIEW_ARGS(to->name));
}

static void note_missing(struct copy *copy, const struct version *link)
{
	const struct collection_name *name = &copy->linked.name;

	snprintf(copy->note, sizeof(copy->note),
		 "'%.*s/%.*s/%.*s:v%llu', which v%llu links, is not there", VIEW_ARGS(name->entity),
		 VIEW_ARGS(name->project), VIEW_ARGS(name->name),
		 (unsigned long long)link->source.version, (unsigned long long)link->number);
}

enum muster_code copy_links_decide(struct copy *copy, const struct collection *from,
				   const struct collection *to, size_t first, size_t end,
				   struct muster_error *err)
{
	const struct collection_state *state = collection_versions(from);
	const struct collection_state *there = collection_versions(to);
	uint8_t id[16];

	copy->makes_links =
		copy_keeps_links(copy, from) && (!there->version_count || there->is_portfolio);
	copy->note[0] = '\0';
	if (!copy_keeps_links(copy, from))
		return MUSTER_OK;
	if (!copy->makes_links)
		note_own_versions(copy);
	for (size_t i = first; i < end && copy->makes_links && !there->version_count; i++) {
		const struct version *link = &state->versions[i], *linked;
		enum muster_code code;

		if (link->is_deleted)
			continue;
		code = find_linked(copy, from, link, &linked, id, err);
		if (code)
			return code;
		copy->makes_links = linked != NULL;
		if (!linked)
			note_missing(copy, link);
	}
	return MUSTER_OK;
}

/* --- making one ------------------------------------------------------------------------------- */

static enum muster_code fail_missing(struct copy *copy, const struct version *link,
				     struct muster_error *err)
{
	note_missing(copy, link);
	copy->report->failed_versions++;
	return muster_fail(err, MUSTER_E_ITEMS,
			   "%s, and a portfolio holds links only: --commit-partial leaves this one "
			   "out, --as NAME makes versions of all",
			   copy->note);
}

static void count(struct copy *copy, const struct version *link, bool is_new)
{
	struct muster_copy_report *report = copy->report;

	copy_count_done(copy, link);
	if (!is_new) {
		report->present_versions++;
		return;
	}
	report->new_versions++;
	report->new_links++;
	report->entry_count += link->entry_count;
	report->size_bytes += link->size_bytes;
}

static enum muster_code make(struct copy *copy, struct collection *from, struct collection *to,
			     const struct version *link, const struct version *linked,
			     struct muster_error *err)
{
	struct link_request request = { .from = copy->linked.there, .version = linked->number };
	struct muster_copied_version told = { .is_link = true, .note = "" };
	struct link_result result = { 0 };
	struct version_words words = { 0 };
	enum muster_code code = version_words_read(&words, from, link, err);

	request.aliases = words.aliases;
	request.alias_count = words.alias_count;
	if (!code)
		code = collection_link(to, &request, &result, err);
	version_words_release(&words);
	if (code)
		return code;
	told.is_new = result.is_new;
	told.reason = result.is_new ? "" : COPY_IS_PRESENT;
	count(copy, link, result.is_new);
	copy_tell(copy, from, to, link, &told, result.version_number);
	return MUSTER_OK;
}

enum muster_code copy_link(struct copy *copy, struct collection *from, struct collection *to,
			   const struct version *link, struct muster_error *err)
{
	const struct version *linked;
	uint8_t id[16];
	enum muster_code code = find_linked(copy, from, link, &linked, id, err);

	if (code)
		return code;
	return linked ? make(copy, from, to, link, linked, err) : fail_missing(copy, link, err);
}
