#include "tests/io/cloud/test_keys.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct keys {
	pthread_mutex_t lock;
	char id[128], secret[128], token[128], next[128];
};

struct keys *test_keys_new(const char *id, const char *secret, const char *token)
{
	static struct keys all[64]; /* not allocated: torture counts what is under test */
	static unsigned count;
	struct keys *keys = &all[count++ % 64];

	pthread_mutex_init(&keys->lock, NULL);
	snprintf(keys->id, sizeof(keys->id), "%s", id);
	snprintf(keys->secret, sizeof(keys->secret), "%s", secret);
	snprintf(keys->token, sizeof(keys->token), "%s", token ? token : "");
	keys->next[0] = 0;
	return keys;
}

void test_keys_set_next(struct keys *keys, const char *token)
{
	pthread_mutex_lock(&keys->lock);
	snprintf(keys->next, sizeof(keys->next), "%s", token);
	pthread_mutex_unlock(&keys->lock);
}

enum muster_code keys_get(struct keys *keys, struct key_set *out, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct key_set){ 0 };
	pthread_mutex_lock(&keys->lock);
	code = bytes_append_text(&out->id, keys->id, err);
	if (!code)
		code = secret_set(&out->secret, view_text(keys->secret), err);
	if (!code && keys->token[0])
		code = secret_set(&out->token, view_text(keys->token), err);
	pthread_mutex_unlock(&keys->lock);
	return code;
}

bool keys_refuse(struct keys *keys)
{
	bool is_renewed;

	pthread_mutex_lock(&keys->lock);
	is_renewed = keys->next[0];
	if (is_renewed)
		snprintf(keys->token, sizeof(keys->token), "%s", keys->next);
	keys->next[0] = 0;
	pthread_mutex_unlock(&keys->lock);
	return is_renewed;
}

const char *keys_source(const struct keys *keys)
{
	(void)keys;
	return "the test";
}

void keys_close(struct keys *keys)
{
	if (keys)
		pthread_mutex_destroy(&keys->lock);
}

void key_set_release(struct key_set *set)
{
	bytes_release(&set->id);
	secret_release(&set->secret);
	secret_release(&set->token);
}
