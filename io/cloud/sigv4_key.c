#include "io/cloud/sigv4_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define DATE_LEN 8

/** A derived key and what it was derived of: four of a signature's five MACs are in it. */
struct slot {
	struct secret secret_key;
	char date[DATE_LEN];
	char region[SIGV4_NAME_MAX_BYTES + 1], service[SIGV4_NAME_MAX_BYTES + 1];
	uint8_t key[MAC_BYTES];
};

struct sigv4_keys {
	struct slot slots[SIGV4_KEYS];
	size_t next_slot; /* the oldest one */
};

enum muster_code sigv4_keys_new(struct sigv4_keys **out, struct muster_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? MUSTER_OK : muster_fail_memory(err, "a signer's keys");
}

void sigv4_keys_free(struct sigv4_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < SIGV4_KEYS; i++)
		secret_release(&keys->slots[i].secret_key);
	secret_wipe(keys, sizeof(*keys));
	free(keys);
}

static bool is_name(const char *kept, struct view name)
{
	return view_equal(view_text(kept), name);
}

static bool slot_serves(const struct slot *slot, const struct sigv4_scope *scope, const char *date)
{
	return secret_is_set(&slot->secret_key) && memcmp(slot->date, date, DATE_LEN) == 0 &&
	       is_name(slot->region, scope->region) && is_name(slot->service, scope->service) &&
	       secret_equal(&slot->secret_key, scope->secret_key);
}

static struct revealed slot_reveal(const struct slot *slot)
{
	return (struct revealed){ slot->key, MAC_BYTES };
}

static enum muster_code derive(struct mac *mac, struct revealed first, struct slot *slot,
			       struct muster_error *err)
{
	const struct view steps[] = { view_of(slot->date, DATE_LEN), view_text(slot->region),
				      view_text(slot->service), VIEW_LITERAL("aws4_request") };
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !code; i++)
		code = mac_hmac(mac, i ? slot_reveal(slot) : first, steps[i], slot->key, err);
	return code;
}

static enum muster_code slot_fill(struct slot *slot, struct mac *mac,
				  const struct sigv4_scope *scope, const char *date,
				  struct muster_error *err)
{
	struct revealed secret_key = secret_reveal(scope->secret_key);
	struct secret first = { 0 };
	enum muster_code code;

	secret_release(&slot->secret_key); /* until it is whole it serves nobody */
	memcpy(slot->date, date, DATE_LEN);
	snprintf(slot->region, sizeof(slot->region), "%.*s", VIEW_ARGS(scope->region));
	snprintf(slot->service, sizeof(slot->service), "%.*s", VIEW_ARGS(scope->service));
	code = secret_set(&first, VIEW_LITERAL("AWS4"), err);
	if (!code)
		code = secret_append(&first, view_of(secret_key.secret_ptr, secret_key.secret_len),
				     err);
	if (!code)
		code = derive(mac, secret_reveal(&first), slot, err);
	if (!code)
		code = secret_copy(&slot->secret_key, scope->secret_key, err);
	secret_release(&first);
	return code;
}

enum muster_code sigv4_keys_find(struct sigv4_keys *keys, struct mac *mac,
				 const struct sigv4_scope *scope, const char *date,
				 struct revealed *key, struct muster_error *err)
{
	struct slot *slot = &keys->slots[keys->next_slot];
	enum muster_code code;

	for (size_t i = 0; i < SIGV4_KEYS; i++) {
		if (slot_serves(&keys->slots[i], scope, date)) {
			*key = slot_reveal(&keys->slots[i]);
			return MUSTER_OK;
		}
	}
	code = slot_fill(slot, mac, scope, date, err);
	if (code)
		return code;
	keys->next_slot = (keys->next_slot + 1) % SIGV4_KEYS;
	*key = slot_reveal(slot);
	return MUSTER_OK;
}
