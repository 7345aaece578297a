/* Name rules: an address that parses is its parts written together, and its parts are good. */
#include <stdlib.h>

#include "artifact/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void address_is_its_parts(struct view text)
{
	struct artifact_address a;
	struct bytes joined = { 0 };

	if (artifact_address_parse(&a, text, NULL))
		return;
	require(!artifact_name_check(a.name, NULL));
	require(!a.project.len || !project_check(a.project, NULL));
	require(!a.entity.len || !entity_check(a.entity, NULL));
	require(!a.alias.len || !alias_check(a.alias, NULL) || alias_is_version(a.alias));
	require(!a.entity.len || a.project.len);
	if (a.entity.len)
		bytes_printf(&joined, NULL, "%.*s/", VIEW_ARGS(a.entity));
	if (a.project.len)
		bytes_printf(&joined, NULL, "%.*s/", VIEW_ARGS(a.project));
	bytes_append_view(&joined, a.name, NULL);
	if (a.alias.len)
		bytes_printf(&joined, NULL, ":%.*s", VIEW_ARGS(a.alias));
	require(view_equal(bytes_view(&joined), text));
	bytes_release(&joined);
}

static void version_is_its_number(struct view alias)
{
	struct bytes text = { 0 };
	uint64_t number;

	if (!version_alias_parse(alias, &number))
		return;
	require(alias_is_version(alias));
	bytes_printf(&text, NULL, "v%llu", (unsigned long long)number);
	require(view_equal(bytes_view(&text), alias));
	bytes_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct muster_error err = { 0 };
	struct view text = view_of(data, size);

	address_is_its_parts(text);
	version_is_its_number(text);
	if (!tag_check(text, NULL))
		require(text.ptr[0] != ' ' && text.ptr[size - 1] != ' ');
	if (!alias_check(text, NULL))
		require(!alias_is_version(text));
	if (artifact_type_check(text, VIEW_LITERAL("run-x"), &err))
		require(err.code == MUSTER_E_USAGE && err.message[0]);
	return 0;
}
