#include "cli/version_info.h"

#include <stdio.h>

#include "base/text/text.h"
#include "cli/nearest.h"
#include "cli/show.h"

#define NS_PER_MS      UINT64_C(1000000)
#define TIME_MAX_MS    (UINT64_MAX / NS_PER_MS)
#define SIZE_COLUMNS   10
#define DIGEST_COLUMNS 24 /* base64 of 16 bytes; a reference's may be longer */

static void write_time(struct json_writer *json, const char *key, uint64_t time_ms)
{
	char text[TEXT_TIME_BYTES];

	json_member_text(json, key, text_time(text, time_ms * NS_PER_MS));
}

static void write_list(struct json_writer *json, const char *key, const char *const *items,
		       size_t count)
{
	json_write_key(json, key);
	json_write_array_begin(json);
	for (size_t i = 0; i < count; i++)
		json_write_text(json, items[i]);
	json_write_array_end(json);
}

static void write_digests(struct json_writer *json, const struct muster_version_info *info)
{
	json_member_text(json, "digest", info->digest);
	json_member_text(json, "digest_algorithm", info->digest_algorithm);
	json_member_text(json, "root", info->root);
	json_member_text(json, "event_sha256", info->event_sha256);
}

static void write_ttl(struct json_writer *json, const struct muster_version_info *info)
{
	json_member_text(json, "ttl",
			 info->ttl_is_disabled	  ? "disabled"
			 : info->ttl_is_inherited ? "inherit"
						  : "days");
	if (!info->ttl_days)
		return;
	json_member_u64(json, "ttl_days", info->ttl_days);
	write_time(json, "expires_at",
		   info->expires_ms < TIME_MAX_MS ? info->expires_ms : TIME_MAX_MS);
	json_member_bool(json, "is_expired", info->is_expired);
}

void version_info_json(struct cli *cli, const struct muster_version_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "version");
	char version[32];

	snprintf(version, sizeof(version), "v%llu", (unsigned long long)info->number);
	json_member_text(json, "entity", info->entity);
	json_member_text(json, "project", info->project);
	json_member_text(json, "name", info->name);
	json_member_text(json, "version", version);
	json_member_text(json, "artifact_type", info->type);
	write_digests(json, info);
	json_member_u64(json, "entry_count", info->entry_count);
	json_member_u64(json, "reference_count", info->reference_count);
	json_member_u64(json, "size_bytes", info->size_bytes);
	write_time(json, "created_at", info->created_ms);
	write_ttl(json, info);
	json_member_text(json, "description", info->description);
	json_write_key(json, "metadata");
	json_write_raw(json, view_text(info->metadata && *info->metadata ? info->metadata : "{}"));
	write_list(json, "aliases", info->aliases, info->alias_count);
	write_list(json, "tags", info->tags, info->tag_count);
	cli_json_end(cli);
}

void collection_name(char name[COLLECTION_NAME_BYTES], const struct muster_repository *repository,
		     const struct muster_collection_info *info)
{
	bool is_home = strcmp(info->entity, muster_repository_entity(repository)) == 0;
	bool is_near = is_home && strcmp(info->project, muster_repository_project(repository)) == 0;

	snprintf(name, COLLECTION_NAME_BYTES, "%s%s%s%s%s", is_home ? "" : info->entity,
		 is_home ? "" : "/", is_near ? "" : info->project, is_near ? "" : "/", info->name);
}

void version_info_names(struct bytes *out, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			bytes_append_text(out, ", ", NULL);
		show_name(out, view_text(names[i]));
	}
	if (!count)
		bytes_append_text(out, "-", NULL);
}

const char *entry_info_digest(const struct muster_entry_info *info)
{
	return info->digest_text && *info->digest_text ? info->digest_text : info->digest;
}

void entry_info_json(struct cli *cli, const struct muster_entry_info *info)
{
	struct json_writer *json = cli_json_begin(cli, "entry");

	json_write_name(json, "path", view_of(info->path, info->path_bytes));
	json_member_bool(json, "is_directory", info->is_directory);
	if (!info->is_directory) {
		json_member_text(json, "digest", entry_info_digest(info));
		json_member_text(json, "digest_algorithm", info->digest_algorithm);
	}
	if (info->has_size)
		json_member_u64(json, "size_bytes", info->size_bytes);
	if (info->reference)
		json_member_text(json, "reference", info->reference);
	if (info->extra && *info->extra) {
		json_write_key(json, "extra");
		json_write_raw(json, view_text(info->extra));
	}
	cli_json_end(cli);
}

static void append_long(struct bytes *out, const struct muster_entry_info *info)
{
	char size[TEXT_SIZE_BYTES];
	const char *digest = entry_info_digest(info);

	show_padded(out, view_text(digest[0] ? digest : "-"), DIGEST_COLUMNS, false);
	bytes_append_text(out, "  ", NULL);
	show_padded(out, view_text(info->has_size ? text_size(size, info->size_bytes) : "-"),
		    SIZE_COLUMNS, true);
	bytes_append_text(out, "  ", NULL);
}

void entry_info_append(struct bytes *out, const struct muster_entry_info *info, bool is_long)
{
	if (is_long)
		append_long(out, info);
	show_name(out, view_of(info->path, info->path_bytes));
	if (info->is_directory)
		bytes_append_byte(out, '/', NULL);
	if (!is_long || !info->reference)
		return;
	bytes_append_text(out, " -> ", NULL);
	show_name(out, view_text(info->reference));
}

enum muster_code hint_names(struct cli *cli, enum muster_code code)
{
	static const char lists[] = "'muster ls' lists the artifacts, 'muster ls --versions NAME' "
				    "the versions of one, 'muster ls VERSION' its files";
	const char *typed = cli_word(cli, 0);
	char meant[NEAREST_BYTES];

	if (code != MUSTER_E_NAME || cli->hint)
		return code;
	cli->hint = lists;
	if (typed && cli->repository && nearest_version(cli->repository, typed, meant)) {
		snprintf(cli->hint_text, sizeof(cli->hint_text), "did you mean '%s'? %s", meant,
			 lists);
		cli->hint = cli->hint_text;
	}
	return code;
}
