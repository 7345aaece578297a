#include "api/api_internal.h"

#include "artifact/metadata.h"
#include "base/text/utf8.h"

enum muster_code api_address(const struct muster_repository *repository, const char *text,
			     struct artifact_address *out, struct muster_error *err)
{
	enum muster_code code;

	if (!text)
		return muster_fail(err, MUSTER_E_USAGE, "no artifact was named");
	if (strstr(text, "://"))
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s': URIs are not supported here by this build; the name of "
				   "an artifact is needed",
				   text);
	code = artifact_address_parse(out, view_text(text), err);
	if (code)
		return code;
	if (!out->entity.len)
		out->entity = view_text(repository->entity);
	if (!out->project.len)
		out->project = view_text(repository->project);
	return MUSTER_OK;
}

enum muster_code api_collection_name(const struct muster_repository *repository, const char *text,
				     struct collection_name *out, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, text, &address, err);

	if (code)
		return code;
	if (address.alias.len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "'%s' names a version; here the artifact is meant: '%.*s'", text,
				   VIEW_ARGS(address.name));
	*out = (struct collection_name){ address.entity, address.project, address.name };
	return MUSTER_OK;
}

static enum muster_code append_text(struct bytes *out, struct view text, char end,
				    struct muster_error *err)
{
	enum muster_code code = bytes_append_view(out, text, err);

	return code ? code : bytes_append_byte(out, (uint8_t)end, err);
}

static struct view either(struct view written, const char *given, const char *usual)
{
	if (written.len)
		return written;
	return view_text(given ? given : usual);
}

enum muster_code api_new_name(const char *name, struct artifact_address *out,
			      struct muster_error *err)
{
	enum muster_code code;

	*out = (struct artifact_address){ 0 };
	if (!name)
		return muster_fail(err, MUSTER_E_USAGE, "the artifact has no name");
	code = artifact_address_parse(out, view_text(name), err);
	if (!code && out->alias.len)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%s': a new version gets its number by itself; its aliases are "
				   "given beside the name",
				   name);
	return code;
}

enum muster_code api_full_name(const struct muster_repository *repository,
			       const struct api_given_name *given, struct api_full_name *out,
			       struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_new_name(given->name, &address, err);

	if (code)
		return code;
	address.entity = either(address.entity, given->entity, repository->entity);
	address.project = either(address.project, given->project, repository->project);
	code = entity_check(address.entity, err);
	if (!code)
		code = project_check(address.project, err);
	if (!code)
		code = append_text(&out->text, address.entity, '\0', err);
	if (!code)
		code = append_text(&out->text, address.project, '\0', err);
	if (!code)
		code = append_text(&out->text, address.name, '\0', err);
	if (code)
		return code;
	out->entity = (const char *)out->text.ptr;
	out->project = out->entity + address.entity.len + 1;
	out->name = out->project + address.project.len + 1;
	return MUSTER_OK;
}

void api_full_name_release(struct api_full_name *name)
{
	bytes_release(&name->text);
}

enum muster_code api_full_version(const struct muster_repository *repository, const char *version,
				  struct bytes *out, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = api_address(repository, version, &address, err);

	out->len = 0;
	if (!code && !address.alias.len)
		address.alias = VIEW_LITERAL("latest");
	if (!code)
		code = append_text(out, address.entity, '/', err);
	if (!code)
		code = append_text(out, address.project, '/', err);
	if (!code)
		code = append_text(out, address.name, ':', err);
	return code ? code : append_text(out, address.alias, '\0', err);
}

/* --- what is said of a new version ---------------------------------------------------------- */

static enum muster_code check_texts(const char *const *texts, size_t count,
				    enum muster_code (*check)(struct view, struct muster_error *),
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < count && !code; i++)
		code = check(view_text(texts[i]), err);
	return code;
}

static enum muster_code check_description(const char *description, struct muster_error *err)
{
	struct view text = view_text(description);

	if (text.len > EVENT_DESCRIPTION_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "a description of %zu bytes is over %u",
				   text.len, EVENT_DESCRIPTION_MAX_BYTES);
	if (!utf8_valid(text))
		return muster_fail(err, MUSTER_E_USAGE, "the description is not UTF-8");
	return MUSTER_OK;
}

static enum muster_code check_metadata(const char *metadata, struct muster_error *err)
{
	struct bytes canonical = { 0 };
	enum muster_code code = metadata_canonical(view_text(metadata), &canonical, err);

	bytes_release(&canonical);
	return code;
}

enum muster_code api_check_new_version(const struct api_new_version *version,
				       struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (version->type)
		code = artifact_type_check(view_text(version->type), version->name, err);
	if (!code)
		code = check_texts(version->aliases, version->alias_count, alias_check, err);
	if (!code && version->tag_count > TAG_MAX_COUNT)
		code = muster_fail(err, MUSTER_E_USAGE, "%zu tags are more than %d",
				   version->tag_count, TAG_MAX_COUNT);
	if (!code)
		code = check_texts(version->tags, version->tag_count, tag_check, err);
	if (!code && version->description)
		code = check_description(version->description, err);
	if (!code && version->metadata)
		code = check_metadata(version->metadata, err);
	return code;
}
