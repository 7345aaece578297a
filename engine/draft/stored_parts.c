/* Parts of a stored draft: reading them, and adding one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/draft/stored_internal.h"
#include "engine/manifest/version_reader.h"

#define FIRST_CAP	16
#define NUMBER_ATTEMPTS 1000
#define FINAL_WAIT_MS	10000u /* for who finishes it, right now */
#define FINAL_POLL_MS	200u

/* --- reading --------------------------------------------------------------------------------- */

static enum muster_code need_room(struct draft *draft, struct muster_error *err)
{
	size_t cap = draft->parts.cap ? 2 * draft->parts.cap : FIRST_CAP;
	void *items, *contents;

	if (draft->parts.count < draft->parts.cap)
		return MUSTER_OK;
	if (draft->parts.count >= DRAFT_PARTS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a draft has at most %u parts",
				   DRAFT_PARTS_MAX);
	items = realloc(draft->parts.items, cap * sizeof(*draft->parts.items));
	if (items)
		draft->parts.items = items;
	contents = realloc(draft->parts.contents, cap * sizeof(*draft->parts.contents));
	if (contents)
		draft->parts.contents = contents;
	if (!items || !contents)
		return muster_fail_memory(err, "the parts of a draft");
	draft->parts.cap = cap;
	return MUSTER_OK;
}

static bool has_pointer(const struct manifest_pointer *pointer)
{
	return pointer->object_bytes != 0;
}

static struct part_content content_of(const struct draft_record *record)
{
	struct part_content content = { .has_added = has_pointer(&record->added),
					.has_removed = has_pointer(&record->removed),
					.added = record->added,
					.removed = record->removed,
					.added_count = record->added_count,
					.added_bytes = record->added_bytes,
					.removed_count = record->removed_count };

	memcpy(content.session, record->session, sizeof(content.session));
	return content;
}

static void set_stack(struct draft *draft)
{
	draft->content.parts = draft->parts.contents;
	draft->content.part_count = draft->parts.count;
}

enum muster_code draft_take_part(struct draft *draft, const char *key,
				 const struct draft_record *record, const uint8_t sha256[32],
				 struct muster_error *err)
{
	struct draft_part part = { .time_ms = record->time_ms };
	struct key of_shard;
	enum muster_code code = need_room(draft, err);

	key_draft_part(&of_shard, draft->id, record->shard);
	if (!code && (record->kind.id != DRAFT_PART || strcmp(of_shard.text, key) != 0))
		code = muster_fail(err, MUSTER_E_FORMAT, "'%s' is no part of this draft", key);
	if (code)
		return code;
	memcpy(part.shard, record->shard.ptr, record->shard.len);
	memcpy(part.sha256, sha256, sizeof(part.sha256));
	draft->parts.items[draft->parts.count] = part;
	draft->parts.contents[draft->parts.count++] = content_of(record);
	set_stack(draft);
	return MUSTER_OK;
}

static enum muster_code take_key(void *state, const char *key, uint64_t size_bytes,
				 uint64_t modified_ns, struct muster_error *err)
{
	struct draft *draft = state;
	struct draft_record record;
	uint8_t sha256[32];
	enum muster_code code = draft_read(draft->store, draft->id, key, &record, sha256, err);

	(void)size_bytes, (void)modified_ns;
	if (!code)
		code = draft_take_part(draft, key, &record, sha256, err);
	draft_record_release(&record);
	return code;
}

enum muster_code draft_load_parts(struct draft *draft, struct muster_error *err)
{
	struct key prefix;

	draft->parts.count = 0;
	set_stack(draft);
	key_draft(&prefix, draft->id, "parts/");
	prefix.text[strlen(prefix.text) - (sizeof(".json") - 1)] = '\0';
	return store_list(draft->store, prefix.text, NULL, take_key, draft, err);
}

const struct draft_part *draft_part_named(const struct draft *draft, const char *shard)
{
	for (size_t i = 0; i < draft->parts.count; i++)
		if (strcmp(draft->parts.items[i].shard, shard) == 0)
			return &draft->parts.items[i];
	return NULL;
}

/* --- adding ---------------------------------------------------------------------------------- */

static enum muster_code fail_finished(struct muster_error *err)
{
	return muster_fail(err, MUSTER_E_CONFLICT,
			   "the draft was finished: it takes no more parts, begin a new one");
}

/* The SHA-256 of the part that it names so, or NULL. */
static const uint8_t *named_sha256(const struct draft_record *final, const char *shard)
{
	const struct draft_named_part *parts = final->parts.items;

	for (size_t i = 0; i < final->parts.count; i++)
		if (view_equal(parts[i].shard, view_text(shard)))
			return parts[i].sha256;
	return NULL;
}

enum muster_code draft_check_open(struct draft *draft, const char *shard, struct muster_error *err)
{
	struct draft_record final;
	enum muster_code code = draft_need_base(draft, err);

	if (code)
		return code;
	code = draft_read_named(draft, "final", &final, err);
	if (!code && !(shard && named_sha256(&final, shard)))
		code = fail_finished(err);
	draft_record_release(&final);
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

static bool names(const struct draft_record *final, const struct draft_part *part)
{
	const uint8_t *sha256 = named_sha256(final, part->shard);

	return sha256 && memcmp(sha256, part->sha256, sizeof(part->sha256)) == 0;
}

/* The final record, which who sealed the draft is about to write. MUSTER_ABSENT: not in time. */
static enum muster_code wait_for_final(struct draft *draft, struct draft_record *out,
				       struct muster_error *err)
{
	const struct timespec pause = { .tv_nsec = FINAL_POLL_MS * 1000000 };
	enum muster_code code = MUSTER_ABSENT;

	for (unsigned waited_ms = 0; code == MUSTER_ABSENT && waited_ms <= FINAL_WAIT_MS;
	     waited_ms += FINAL_POLL_MS) {
		if (waited_ms)
			nanosleep(&pause, NULL);
		code = draft_read_named(draft, "final", out, err);
	}
	return code;
}

/* After its record was created, or found: absent means that the part counts. */
static enum muster_code ask_seal(struct draft *draft, const struct draft_part *part,
				 struct muster_error *err)
{
	struct draft_record record;
	enum muster_code code = draft_read_named(draft, "seal", &record, err);

	draft_record_release(&record);
	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	code = wait_for_final(draft, &record, err);
	if (code == MUSTER_ABSENT)
		return muster_fail(err, MUSTER_E_CONFLICT,
				   "somebody is finishing the draft: part '%s' came late, and it "
				   "is not said yet whether it counts",
				   part->shard);
	if (!code && !names(&record, part))
		code = muster_fail(err, MUSTER_E_CONFLICT,
				   "part '%s' came late: the draft was finished without it",
				   part->shard);
	draft_record_release(&record);
	return code;
}

static enum muster_code read_root(struct draft *draft, const struct part_content *content,
				  uint8_t root[32], struct muster_error *err)
{
	struct version_reader *reader;
	enum muster_code code;

	memset(root, 0, 32);
	if (!content->has_added)
		return MUSTER_OK;
	code = version_reader_open(&reader, draft->store, &content->added, NULL, err);
	if (!code)
		memcpy(root, version_reader_footer(reader)->content_root, 32);
	if (!code)
		version_reader_close(reader);
	return code;
}

/* A shard that was tried again finds its own: `out` becomes what is there. MUSTER_EXISTS. */
static enum muster_code compare(struct draft *draft, const char *key,
				const struct part_content *content, struct draft_part *out,
				struct muster_error *err)
{
	uint8_t ours[32], theirs[32];
	struct part_content there;
	struct draft_record record;
	enum muster_code code = draft_read(draft->store, draft->id, key, &record, out->sha256, err);

	there = content_of(&record);
	if (!code)
		code = read_root(draft, content, ours, err);
	if (!code)
		code = read_root(draft, &there, theirs, err);
	if (!code && !content->has_removed && !there.has_removed && memcmp(ours, theirs, 32) == 0)
		code = MUSTER_EXISTS;
	else if (!code)
		code = muster_fail(err, MUSTER_E_CONFLICT,
				   "part '%s' is there already, and has something else",
				   out->shard);
	draft_record_release(&record);
	return code;
}

static enum muster_code write_part(struct draft *draft, const char *shard,
				   const struct part_content *content, struct draft_part *out,
				   struct muster_error *err)
{
	struct draft_record record = draft_record_of(draft, DRAFT_PART);
	struct bytes bytes = { 0 };
	struct key key;
	enum muster_code code;

	memcpy(record.session, content->session, sizeof(record.session));
	record.shard = view_text(shard);
	record.added = content->added;
	record.removed = content->removed;
	record.added_count = content->added_count;
	record.added_bytes = content->added_bytes;
	record.removed_count = content->removed_count;
	key_draft_part(&key, draft->id, record.shard);
	code = draft_record_encode(&record, &bytes, err);
	if (!code)
		sha256_of(bytes_view(&bytes), out->sha256);
	bytes_release(&bytes);
	snprintf(out->shard, sizeof(out->shard), "%s", shard);
	return code ? code : draft_write(draft->repository, key.text, &record, err);
}

static enum muster_code add_named(struct draft *draft, const char *shard,
				  const struct part_content *content, struct draft_part *out,
				  struct muster_error *err)
{
	enum muster_code code = write_part(draft, shard, content, out, err);
	struct key key;

	if (code != MUSTER_EXISTS)
		return code;
	key_draft_part(&key, draft->id, view_text(shard));
	return compare(draft, key.text, content, out, err);
}

/* Numbers have six digits, so that a listing has them in order. */
static enum muster_code add_numbered(struct draft *draft, const struct part_content *content,
				     struct draft_part *out, struct muster_error *err)
{
	size_t last = draft->parts.count;
	unsigned long number = last ? strtoul(draft->parts.items[last - 1].shard, NULL, 10) : 0;
	enum muster_code code = MUSTER_EXISTS;

	for (int attempt = 0; attempt < NUMBER_ATTEMPTS && code == MUSTER_EXISTS; attempt++) {
		char shard[16];

		if (++number > DRAFT_PARTS_MAX)
			return muster_fail(err, MUSTER_E_LIMIT,
					   "a draft has at most %u parts: save it, or put more "
					   "into one",
					   DRAFT_PARTS_MAX);
		snprintf(shard, sizeof(shard), "%06lu", number);
		code = write_part(draft, shard, content, out, err);
	}
	return code;
}

enum muster_code draft_add_part(struct draft *draft, struct part *part,
				const struct part_content *content, const char *shard,
				struct muster_error *err)
{
	struct draft_part added = { 0 };
	enum muster_code code = draft_check_open(draft, shard, err), asked;

	if (!code)
		code = repository_gate(draft->repository, err);
	if (!code)
		code = part_still_holds(part, err);
	if (code)
		return code;
	code = shard ? add_named(draft, shard, content, &added, err)
		     : add_numbered(draft, content, &added, err);
	if (code && code != MUSTER_EXISTS)
		return code;
	/* Who made the one that is there may have died before asking. */
	asked = ask_seal(draft, &added, err);
	if (muster_failed(asked) && asked != MUSTER_E_CONFLICT)
		muster_context(err, "part '%s' is stored, but whether it counts could not be asked",
			       added.shard);
	return asked ? asked : code;
}

enum muster_code draft_find_part(struct draft *draft, const char *shard, struct muster_error *err)
{
	const struct draft_part *part = draft_part_named(draft, shard);
	enum muster_code code = part ? ask_seal(draft, part, err) : MUSTER_ABSENT;

	return code ? code : MUSTER_EXISTS;
}
