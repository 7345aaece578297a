#include "cli/nearest.h"

#include <stdio.h>

#include "cli/suggest.h"

struct search {
	struct view entity, project; /* where artifacts are looked for */
	struct view typed;
	struct suggestion nearest;
	char text[SUGGEST_MAX_BYTES + 1]; /* of the nearest one */
	unsigned looked_count;
	bool is_there;
};

/* Names are lent for the call only: the nearest is kept. */
static void offer(struct search *search, const char *name)
{
	search->is_there |= view_equal(search->typed, view_text(name));
	suggestion_offer(&search->nearest, search->typed, name);
	if (search->nearest.text == name) {
		snprintf(search->text, sizeof(search->text), "%s", name);
		search->nearest.text = search->text;
	}
}

static bool offer_aliases(void *state, const struct muster_version_info *info)
{
	for (size_t i = 0; i < info->alias_count; i++)
		offer(state, info->aliases[i]);
	return true;
}

static bool offer_artifact(void *state, const struct muster_collection_info *info)
{
	struct search *search = state;

	if (view_equal(search->entity, view_text(info->entity)) &&
	    view_equal(search->project, view_text(info->project)))
		offer(search, info->name);
	return ++search->looked_count < NEAREST_MAX_LOOKED;
}

/* Take what stands before the last slash off `name`; what the repository says if there is none. */
static struct view take_front(struct view *name, const char *usual)
{
	for (size_t i = name->len; i-- > 0;) {
		struct view front = view_of(name->ptr, i);

		if (name->ptr[i] != '/')
			continue;
		*name = view_of(name->ptr + i + 1, name->len - i - 1);
		return front;
	}
	return view_text(usual);
}

/* "entity/project/name" -> where, and the name; `place` is "entity/project/", as it was typed. */
static void split(struct search *search, const struct muster_repository *repository,
		  struct view whole, struct view *place)
{
	search->typed = whole;
	search->project = take_front(&search->typed, muster_repository_project(repository));
	search->entity = view_text(muster_repository_entity(repository));
	*place = view_of(whole.ptr, whole.len - search->typed.len);
	if (place->len) {
		struct view front = view_of(place->ptr, place->len - 1);

		search->project = front;
		search->entity = take_front(&search->project, muster_repository_entity(repository));
	}
}

static bool is_local(const struct muster_repository *repository)
{
	const char *url = muster_repository_url(repository);

	return !strstr(url, "://") || strncmp(url, "file:", 5) == 0;
}

bool nearest_version(struct muster_repository *repository, const char *version,
		     char out[NEAREST_BYTES])
{
	const char *colon = strchrnul(version, ':');
	char artifact[NEAREST_BYTES];
	struct search search = { 0 };
	struct view place;
	enum muster_code code;

	if (!is_local(repository) || (size_t)(colon - version) >= sizeof(artifact))
		return false;
	snprintf(artifact, sizeof(artifact), "%.*s", (int)(colon - version), version);
	search.typed = view_text(*colon ? colon + 1 : "latest");
	code = muster_versions(repository, artifact, offer_aliases, &search, NULL);
	if (code == MUSTER_OK) {
		snprintf(out, NEAREST_BYTES, "%s:%s", artifact, search.text);
		return search.nearest.text && !search.is_there;
	}
	if (code != MUSTER_E_NAME)
		return false;
	search = (struct search){ 0 };
	split(&search, repository, view_text(artifact), &place);
	code = muster_collections(repository, offer_artifact, &search, NULL);
	snprintf(out, NEAREST_BYTES, "%.*s%s", VIEW_ARGS(place), search.text);
	return !code && search.nearest.text && !search.is_there;
}
