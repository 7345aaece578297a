/* Drafts that processes find by a name that they share. A name may be used again and again: the
 * n-th draft of a name has an id that follows from the name and n, and is the one to join if those
 * before it were all finished. */
#include <string.h>

#include "base/hash/hash.h"
#include "engine/draft/stored_internal.h"

#define DRAFTS_OF_NAME_MAX (1u << 20)

static enum muster_code name_id(const struct draft_record *plan, uint32_t n, uint8_t id[16],
				struct muster_error *err)
{
	const struct view parts[] = { VIEW_LITERAL("muster distributed draft"), plan->entity,
				      plan->project, plan->name, plan->distributed_id };
	struct bytes text = { 0 };
	uint8_t sha256[32], number[4];
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !code; i++) {
		code = bytes_append_view(&text, parts[i], err);
		if (!code)
			code = bytes_append_byte(&text, 0, err);
	}
	put_u32(number, n);
	if (!code)
		code = bytes_append(&text, number, sizeof(number), err);
	sha256_of(bytes_view(&text), sha256);
	memcpy(id, sha256, 16);
	bytes_release(&text);
	return code;
}

static enum muster_code is_over(struct repository *repository, const struct draft_record *plan,
				uint32_t n, bool *out, struct muster_error *err)
{
	struct draft_record final;
	uint8_t id[16];
	struct key key;
	enum muster_code code = name_id(plan, n, id, err);

	if (code)
		return code;
	key_draft(&key, id, "final");
	code = draft_read(repository_store(repository), id, key.text, &final, NULL, err);
	draft_record_release(&final);
	*out = code == MUSTER_OK;
	return code == MUSTER_ABSENT ? MUSTER_OK : code;
}

/* The first one that is not over; those before it are. */
static enum muster_code find_number(struct repository *repository, const struct draft_record *plan,
				    uint32_t *out, struct muster_error *err)
{
	uint32_t low = 0, high = 1;
	bool is = true;
	enum muster_code code = MUSTER_OK;

	while (!code && high < DRAFTS_OF_NAME_MAX) {
		code = is_over(repository, plan, high - 1, &is, err);
		if (code || !is)
			break;
		low = high;
		high *= 2;
	}
	while (!code && low < high - 1) { /* those before `low` are over, `high` - 1 is not */
		uint32_t middle = low + (high - 1 - low) / 2;

		code = is_over(repository, plan, middle, &is, err);
		if (is)
			low = middle + 1;
		else
			high = middle + 1;
	}
	*out = low;
	return code;
}

static bool has_same_base(const struct base_version *a, const struct base_version *b)
{
	return a->is_named == b->is_named &&
	       (!a->is_named || memcmp(a->id, b->id, sizeof(a->id)) == 0);
}

enum muster_code draft_join(struct draft **out, struct repository *repository,
			    const struct draft_record *plan, struct muster_error *err)
{
	uint32_t number;
	uint8_t id[16];
	enum muster_code code = find_number(repository, plan, &number, err);

	*out = NULL;
	if (!code)
		code = name_id(plan, number, id, err);
	if (!code)
		code = draft_new(repository, plan, id, err); /* whoever comes first */
	if (!code || code == MUSTER_EXISTS)
		code = draft_open(out, repository, id, err);
	if (!code && !has_same_base(&draft_plan(*out)->base, &plan->base))
		code = muster_fail(err, MUSTER_E_CONFLICT,
				   "the draft '%.*s' was begun on another base",
				   VIEW_ARGS(plan->distributed_id));
	if (!code)
		code = draft_need_base(*out, err);
	if (code) {
		draft_close(*out);
		*out = NULL;
	}
	return code;
}
