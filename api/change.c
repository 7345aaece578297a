#include "api/api_internal.h"

#include "engine/look/named_version.h"

/* A version that is about to be changed. */
static enum muster_code open_version(struct muster_repository *repository, const char *version,
				     struct artifact_address *address, struct named_version *named,
				     struct muster_error *err)
{
	enum muster_code code = api_address(repository, version, address, err);

	if (!code)
		code = api_prepare_write(repository, err);
	return code ? code : named_version_open(named, repository->engine, address, err);
}

/* What is said of a link is said of the version that it links. */
static enum muster_code open_said(struct muster_repository *repository, const char *version,
				  struct named_version *named, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = open_version(repository, version, &address, named, err);

	return code ? code : named_version_follow(named, err);
}

/* Removing: of the version that was named, or of whichever has it where none was. */
static enum muster_code change_alias(const struct named_version *named,
				     const struct artifact_address *address, struct view alias,
				     bool remove, struct muster_error *err)
{
	struct expected expected = { EXPECT_VERSION, named->version->number };

	if (!remove)
		return collection_alias_add(named->collection, named->version->number, alias, NULL,
					    err);
	return collection_alias_remove(named->collection, alias,
				       address->alias.len ? &expected : NULL, err);
}

enum muster_code muster_alias(struct muster_repository *repository, const char *version,
			      const char *alias, bool remove, struct muster_error *err)
{
	struct artifact_address address;
	struct named_version named = { 0 };
	enum muster_code code = open_version(repository, version, &address, &named, err);

	if (!code)
		code = change_alias(&named, &address, view_text(alias), remove, err);
	named_version_release(&named);
	return code;
}

enum muster_code muster_tag(struct muster_repository *repository, const char *version,
			    const char *tag, bool remove, struct muster_error *err)
{
	struct named_version named = { 0 };
	enum muster_code code = open_said(repository, version, &named, err);

	if (!code && remove)
		code = collection_tag_remove(named.collection, named.version->number,
					     view_text(tag), err);
	else if (!code)
		code = collection_tag_add(named.collection, named.version->number, view_text(tag),
					  err);
	named_version_release(&named);
	return code;
}

enum muster_code muster_describe(struct muster_repository *repository, const char *version,
				 const char *description, struct muster_error *err)
{
	struct named_version named = { 0 };
	enum muster_code code = open_said(repository, version, &named, err);

	if (!code)
		code = collection_describe(named.collection, named.version->number,
					   view_text(description), err);
	named_version_release(&named);
	return code;
}

enum muster_code muster_metadata(struct muster_repository *repository, const char *version,
				 const char *json, bool merge, struct muster_error *err)
{
	struct named_version named = { 0 };
	enum muster_code code = open_said(repository, version, &named, err);

	if (!code)
		code = collection_set_metadata(named.collection, named.version->number,
					       view_text(json), merge, err);
	named_version_release(&named);
	return code;
}

/* --- all of an artifact ----------------------------------------------------------------------- */

static enum muster_code open_collection(struct muster_repository *repository, const char *text,
					struct collection **out, struct muster_error *err)
{
	struct collection_name name;
	enum muster_code code = api_collection_name(repository, text, &name, err);

	if (!code)
		code = api_prepare_write(repository, err);
	return code ? code : collection_open(out, repository->engine, &name, NULL, err);
}

enum muster_code muster_describe_collection(struct muster_repository *repository, const char *text,
					    const char *description, struct muster_error *err)
{
	struct collection *collection;
	enum muster_code code = open_collection(repository, text, &collection, err);

	if (code)
		return code;
	code = collection_describe_all(collection, view_text(description), err);
	collection_close(collection);
	return code;
}

enum muster_code muster_tag_collection(struct muster_repository *repository, const char *text,
				       const char *tag, bool remove, struct muster_error *err)
{
	struct collection *collection;
	enum muster_code code = open_collection(repository, text, &collection, err);

	if (code)
		return code;
	code = collection_tag_all(collection, view_text(tag), remove, err);
	collection_close(collection);
	return code;
}

/* What the new name leaves out is as in the old one; `old` and the texts outlive the renaming. */
static enum muster_code take_new_name(const struct collection_name *old, const char *text,
				      struct collection_name *out, struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = artifact_address_parse(&address, view_text(text), err);

	if (!code && address.alias.len)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%s' names a version; an artifact's new name has no ':'", text);
	*out = (struct collection_name){ address.entity.len ? address.entity : old->entity,
					 address.project.len ? address.project : old->project,
					 address.name };
	return code;
}

enum muster_code muster_rename(struct muster_repository *repository, const char *text,
			       const char *new_name, struct muster_error *err)
{
	struct collection_name old, name;
	struct collection *collection;
	enum muster_code code = api_collection_name(repository, text, &old, err);

	if (!code)
		code = take_new_name(&old, new_name, &name, err);
	if (!code)
		code = open_collection(repository, text, &collection, err);
	if (code)
		return code;
	code = collection_rename(collection, &name, err);
	collection_close(collection);
	return code;
}

/* --- deleting --------------------------------------------------------------------------------- */

static enum muster_code delete_collection(struct muster_repository *repository, const char *text,
					  struct muster_error *err)
{
	struct collection *collection;
	enum muster_code code = open_collection(repository, text, &collection, err);

	if (code)
		return code;
	code = collection_delete(collection, err);
	collection_close(collection);
	return code;
}

/* What cannot be undone is named in full. */
static enum muster_code delete_version(struct muster_repository *repository, const char *version,
				       bool delete_aliases, struct muster_error *err)
{
	struct artifact_address address;
	struct named_version named = { 0 };
	enum muster_code code = api_address(repository, version, &address, err);

	if (!code && !address.alias.len)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%s': name the version that shall be deleted ('%.*s:vN')",
				   version, VIEW_ARGS(address.name));
	if (!code)
		code = open_version(repository, version, &address, &named, err);
	if (!code)
		code = collection_delete_version(named.collection, named.version->number,
						 delete_aliases, err);
	named_version_release(&named);
	return code;
}

enum muster_code muster_delete(struct muster_repository *repository, const char *version,
			       bool collection, bool delete_aliases, struct muster_error *err)
{
	return collection ? delete_collection(repository, version, err)
			  : delete_version(repository, version, delete_aliases, err);
}
