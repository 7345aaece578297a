#include "api/api_internal.h"

#include "engine/look/named_version.h"

static enum muster_code check_aliases(const struct muster_link_options *options,
				      struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < options->alias_count && !code; i++)
		code = alias_check(view_text(options->aliases[i]), err);
	return code;
}

/* A link of a portfolio that does not exist makes it; it has the type of what is linked. */
static enum muster_code open_portfolio(const struct named_version *source,
				       const struct collection_name *name, struct collection **out,
				       struct muster_error *err)
{
	struct view type = collection_versions(source->collection)->type;
	struct bytes text = { 0 };
	enum muster_code code = bytes_append_view(&text, type, err);

	if (!code)
		code = bytes_append_byte(&text, '\0', err);
	if (!code)
		code = collection_open_or_intend(out, source->repository, name,
						 (const char *)text.ptr, err);
	bytes_release(&text);
	return code;
}

static enum muster_code link_into(const struct named_version *source,
				  const struct collection_name *name,
				  const struct muster_link_options *options,
				  struct muster_link_report *report, struct muster_error *err)
{
	struct link_request request = { .from = source->collection,
					.version = source->version->number,
					.aliases = options->aliases,
					.alias_count = options->alias_count };
	struct link_result result = { 0 };
	struct collection *portfolio = NULL;
	enum muster_code code = open_portfolio(source, name, &portfolio, err);

	if (!code)
		code = collection_link(portfolio, &request, &result, err);
	collection_close(portfolio);
	if (!code)
		*report = (struct muster_link_report){ result.is_new, result.version_number };
	return code;
}

enum muster_code muster_link(struct muster_repository *repository, const char *version,
			     const char *target, const struct muster_link_options *options,
			     struct muster_link_report *report, struct muster_error *err)
{
	static const struct muster_link_options defaults = { 0 };
	struct muster_link_report ignored;
	struct artifact_address address;
	struct named_version source = { 0 };
	struct collection_name name;
	enum muster_code code = api_address(repository, version, &address, err);

	options = options ? options : &defaults;
	report = report ? report : &ignored;
	*report = (struct muster_link_report){ 0 };
	if (!code)
		code = api_collection_name(repository, target, &name, err);
	if (!code)
		code = check_aliases(options, err);
	if (!code)
		code = api_prepare_write(repository, err);
	if (!code)
		code = named_version_open(&source, repository->engine, &address, err);
	if (!code)
		code = link_into(&source, &name, options, report, err);
	named_version_release(&source);
	return code;
}

enum muster_code muster_unlink(struct muster_repository *repository, const char *version,
			       struct muster_error *err)
{
	struct artifact_address address;
	struct named_version named = { 0 };
	enum muster_code code = api_address(repository, version, &address, err);

	if (!code && !address.alias.len)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%s': name the link that shall go ('%.*s:vN')", version,
				   VIEW_ARGS(address.name));
	if (!code)
		code = api_prepare_write(repository, err);
	if (!code)
		code = named_version_open(&named, repository->engine, &address, err);
	if (!code && !named.version->is_link)
		code = muster_fail(err, MUSTER_E_USAGE,
				   "'%s' is no link: 'delete' deletes a version", version);
	if (!code)
		code = collection_delete_version(named.collection, named.version->number, true,
						 err);
	named_version_release(&named);
	return code;
}
