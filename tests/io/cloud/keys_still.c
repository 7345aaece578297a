#include "tests/io/cloud/keys_still.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/cloud/sharedkey.h"

void keys_still_token(struct keys *keys, const char *token)
{
	*keys = (struct keys){ 0 };
	assert_int_equal(secret_set(&keys->set.token, view_text(token), NULL), MUSTER_OK);
}

void keys_still_account(struct keys *keys, const char *account, const char *base64)
{
	struct secret text = { 0 };

	*keys = (struct keys){ 0 };
	assert_int_equal(bytes_append_text(&keys->set.id, account, NULL), MUSTER_OK);
	assert_int_equal(secret_set(&text, view_text(base64), NULL), MUSTER_OK);
	assert_int_equal(sharedkey_decode(&keys->set.secret, &text, NULL), MUSTER_OK);
	secret_release(&text);
}

void keys_still_release(struct keys *keys)
{
	key_set_release(&keys->set);
}

void key_set_release(struct key_set *set)
{
	bytes_release(&set->id);
	secret_release(&set->secret);
	secret_release(&set->token);
	*set = (struct key_set){ 0 };
}

enum muster_code keys_get(struct keys *keys, struct key_set *out, struct muster_error *err)
{
	enum muster_code code = keys->code;

	if (code)
		return muster_fail(err, code, "no credentials were found");
	*out = (struct key_set){ .is_sas = keys->set.is_sas,
				 .is_anonymous = keys->set.is_anonymous };
	code = bytes_append_view(&out->id, bytes_view(&keys->set.id), err);
	if (!code && secret_is_set(&keys->set.secret))
		code = secret_copy(&out->secret, &keys->set.secret, err);
	if (!code && secret_is_set(&keys->set.token))
		code = secret_copy(&out->token, &keys->set.token, err);
	if (code)
		key_set_release(out);
	return code;
}

bool keys_refuse(struct keys *keys)
{
	return atomic_fetch_add(&keys->refused, 1) < keys->renewals;
}
