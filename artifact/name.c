#include "artifact/name.h"

#include "base/text/utf8.h"

#define REGISTRY_PREFIX VIEW_LITERAL("wandb-registry-")
#define SHOWN(name)	(int)((name).len < 160 ? (name).len : 160), (const char *)(name).ptr

static bool has_any_of(struct view text, const char *bytes)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] && strchr(bytes, text.ptr[i]))
			return true;
	}
	return false;
}

static bool has_control(struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	}
	return false;
}

static size_t count_characters(struct view text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += (text.ptr[i] & 0xc0) != 0x80; /* all but continuation bytes */
	return count;
}

/* What all names have in common; `what` is the word for messages ("Artifact name"). */
static enum muster_code text_check(const char *what, struct view text, size_t max_characters,
				   struct muster_error *err)
{
	if (text.len == 0)
		return muster_fail(err, MUSTER_E_USAGE, "%s is empty", what);
	if (!utf8_valid(text))
		return muster_fail(err, MUSTER_E_USAGE, "%s is not valid UTF-8", what);
	if (has_control(text))
		return muster_fail(err, MUSTER_E_USAGE, "%s has a control character: '%.*s'", what,
				   SHOWN(text));
	if (count_characters(text) > max_characters)
		return muster_fail(err, MUSTER_E_USAGE, "%s is longer than %zu characters: '%.*s'",
				   what, max_characters, SHOWN(text));
	return MUSTER_OK;
}

static bool is_alnum(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_artifact_name(struct view name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		if (!is_alnum(c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

enum muster_code artifact_name_check(struct view name, struct muster_error *err)
{
	enum muster_code code = text_check("Artifact name", name, NAME_MAX_CHARACTERS, err);

	if (code)
		return code;
	if (is_artifact_name(name))
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE,
			   "Artifact name may only contain alphanumeric characters, dashes, "
			   "underscores, and dots. Invalid name: '%.*s'",
			   SHOWN(name));
}

static bool is_reserved_type(struct view type, struct view name)
{
	if (view_starts_with(type, VIEW_LITERAL("wandb-")) || view_equal(type, VIEW_LITERAL("job")))
		return true;
	if (view_equal(type, VIEW_LITERAL("run_table")))
		return view_starts_with(name, VIEW_LITERAL("run-"));
	if (view_equal(type, VIEW_LITERAL("code")))
		return view_starts_with(name, VIEW_LITERAL("source-"));
	return false;
}

enum muster_code artifact_type_check(struct view type, struct view name, struct muster_error *err)
{
	enum muster_code code = text_check("Artifact type", type, NAME_MAX_CHARACTERS, err);

	if (code)
		return code;
	if (has_any_of(type, "/:"))
		return muster_fail(err, MUSTER_E_USAGE,
				   "Artifact type must not contain any of the following "
				   "characters: '/', ':'. Invalid type: '%.*s'",
				   SHOWN(type));
	if (is_reserved_type(type, name))
		return muster_fail(err, MUSTER_E_USAGE,
				   "Artifact type '%.*s' is reserved for internal use. "
				   "Please use a different type.",
				   SHOWN(type));
	return MUSTER_OK;
}

/* An alias as it may stand behind a name: set by a user, or a version. */
static enum muster_code alias_text_check(struct view alias, struct muster_error *err)
{
	enum muster_code code = text_check("Alias", alias, NAME_MAX_CHARACTERS, err);

	if (code)
		return code;
	if (has_any_of(alias, "/:"))
		return muster_fail(err, MUSTER_E_USAGE,
				   "Aliases must not contain any of the following characters: "
				   "'/', ':'. Invalid alias: '%.*s'",
				   SHOWN(alias));
	return MUSTER_OK;
}

enum muster_code alias_check(struct view alias, struct muster_error *err)
{
	enum muster_code code = alias_text_check(alias, err);

	if (code)
		return code;
	if (alias_is_version(alias))
		return muster_fail(err, MUSTER_E_USAGE,
				   "Alias '%.*s' is the name of a version and cannot be set",
				   SHOWN(alias));
	return MUSTER_OK;
}

/* Blocks without letters or digits: controls, punctuation, spaces, symbols, private use, emoji.
 * Single foreign characters of other blocks pass, which harms nobody; that no character that
 * Python's \w takes is in here was checked against all of Unicode 14. */
static bool is_foreign_symbol(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x80, 0xa9 },	      { 0xab, 0xb1 },	  { 0xb4, 0xb4 },     { 0xb6, 0xb8 },
		{ 0xbb, 0xbb },	      { 0xbf, 0xbf },	  { 0xd7, 0xd7 },     { 0xf7, 0xf7 },
		{ 0x2000, 0x206f },   { 0x20a0, 0x20ff }, { 0x2190, 0x245f }, { 0x2500, 0x2775 },
		{ 0x2794, 0x2bff },   { 0x3000, 0x3004 }, { 0x3008, 0x3020 }, { 0xd800, 0xf8ff },
		{ 0xfe00, 0xfe6f },   { 0xff01, 0xff0f }, { 0xff1a, 0xff20 }, { 0xfff0, 0xffff },
		{ 0x1f110, 0x1fbef },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

static bool is_word(uint32_t c)
{
	if (c < 0x80)
		return is_alnum(c) || c == '_' || c == '-';
	return !is_foreign_symbol(c);
}

static bool is_tag(struct view tag)
{
	uint32_t point;
	size_t len;

	if (tag.ptr[0] == ' ' || tag.ptr[tag.len - 1] == ' ')
		return false;
	for (; tag.len; tag = view_of(tag.ptr + len, tag.len - len)) {
		len = utf8_decode(tag, &point);
		if (point != ' ' && !is_word(point))
			return false;
	}
	return true;
}

enum muster_code tag_check(struct view tag, struct muster_error *err)
{
	enum muster_code code = text_check("Tag", tag, NAME_MAX_CHARACTERS, err);

	if (code)
		return code;
	if (!is_tag(tag))
		return muster_fail(err, MUSTER_E_USAGE,
				   "Invalid tag: '%.*s'. A tag is words of letters, digits, "
				   "underscores and hyphens, parted by spaces",
				   SHOWN(tag));
	return MUSTER_OK;
}

static enum muster_code place_check(const char *what, struct view name, struct muster_error *err)
{
	enum muster_code code = text_check(what, name, NAME_MAX_CHARACTERS, err);

	if (code)
		return code;
	if (has_any_of(name, "/\\#?%:"))
		return muster_fail(err, MUSTER_E_USAGE,
				   "%s must not contain any of the following characters: "
				   "/ \\ # ? %% :. Invalid name: '%.*s'",
				   what, SHOWN(name));
	return MUSTER_OK;
}

enum muster_code project_check(struct view project, struct muster_error *err)
{
	enum muster_code code = place_check("Project name", project, err);
	struct view registry;

	if (code || !view_starts_with(project, REGISTRY_PREFIX))
		return code;
	registry = view_of(project.ptr + REGISTRY_PREFIX.len, project.len - REGISTRY_PREFIX.len);
	if (registry.len == 0)
		return muster_fail(err, MUSTER_E_USAGE,
				   "Registry name is empty: 'wandb-registry-' is only a prefix");
	if (count_characters(registry) > REGISTRY_NAME_MAX_CHARACTERS)
		return muster_fail(err, MUSTER_E_USAGE,
				   "Registry name is longer than %d characters: '%.*s'",
				   REGISTRY_NAME_MAX_CHARACTERS, SHOWN(registry));
	return MUSTER_OK;
}

enum muster_code entity_check(struct view entity, struct muster_error *err)
{
	return place_check("Entity name", entity, err);
}

bool alias_is_version(struct view alias)
{
	if (alias.len < 2 || alias.ptr[0] != 'v')
		return false;
	for (size_t i = 1; i < alias.len; i++) {
		if (alias.ptr[i] < '0' || alias.ptr[i] > '9')
			return false;
	}
	return true;
}

bool version_alias_parse(struct view alias, uint64_t *number)
{
	uint64_t value = 0;

	if (!alias_is_version(alias) || (alias.ptr[1] == '0' && alias.len > 2))
		return false;
	for (size_t i = 1; i < alias.len; i++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(alias.ptr[i] - '0'), &value))
			return false;
	}
	*number = value;
	return true;
}

/* Cut `text` at the first `separator`; false if there is none. */
static bool split(struct view text, char separator, struct view *left, struct view *right)
{
	const uint8_t *at = text.len ? memchr(text.ptr, separator, text.len) : NULL;

	if (!at)
		return false;
	*left = view_of(text.ptr, (size_t)(at - text.ptr));
	*right = view_of(at + 1, text.len - left->len - 1);
	return true;
}

static enum muster_code address_check(const struct artifact_address *address, bool has_entity,
				      bool has_project, bool has_alias, struct muster_error *err)
{
	enum muster_code code = artifact_name_check(address->name, err);

	if (!code && has_project)
		code = project_check(address->project, err);
	if (!code && has_entity)
		code = entity_check(address->entity, err);
	if (!code && has_alias)
		code = alias_text_check(address->alias, err);
	return code;
}

enum muster_code artifact_address_parse(struct artifact_address *out, struct view text,
					struct muster_error *err)
{
	struct artifact_address address = { .name = text };
	bool has_alias, has_project, has_entity;
	enum muster_code code;

	*out = (struct artifact_address){ 0 };
	has_alias = split(text, ':', &address.name, &address.alias);
	has_project = split(address.name, '/', &address.project, &address.name);
	address.entity = address.project;
	has_entity = split(address.name, '/', &address.project, &address.name);
	if (!has_entity)
		address.entity = (struct view){ 0 };
	code = address_check(&address, has_entity, has_project, has_alias, err);
	if (code)
		muster_context(err, "'%.*s' is not [[entity/]project/]name[:alias]", SHOWN(text));
	else
		*out = address;
	return code;
}
