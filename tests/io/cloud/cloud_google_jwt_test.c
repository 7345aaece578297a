/* The guide's signing input, and a key that was made for this test: always the same token. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text/encode.h"
#include "io/cloud/google_jwt.h"
#include "io/cloud/mac.h"
#include "tests/io/cloud/json_tree.h"
#include "tests/support/torture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct bytes pem;

static const struct google_jwt_claims claims = {
	.email = { (const uint8_t *)"sa@proj.iam.gserviceaccount.com", 31 },
	.key_id = { (const uint8_t *)"0123abcd", 8 },
	.scope = { (const uint8_t *)GOOGLE_JWT_SCOPE, sizeof(GOOGLE_JWT_SCOPE) - 1 },
	.audience = { (const uint8_t *)"https://oauth2.googleapis.com/token", 35 },
	.wall_ns = UINT64_C(1767225600999999999),
};

/* openssl dgst -sha256 -sign tests/vectors/google-jwt-test-key.pem, as base64url */
static const char signature[] =
	"g5vTFQTfccV4A3HGOKdiz4KhwOVfr0oYwMtv71Pl1CZ40-7dASN-YWutU6vAoIO362hvcWKz-Ee2A_an"
	"Y7CT-FjeNGhhhLeZE9Pyfi3ybCT-pHSaa1oQ7JRPUjb8-DVK2U7tAAHbXw_-0qBc7yb8vEAX2A6j9S1W"
	"o8PnCAM4FRkVPTWeZJRrs3YqyJISgM2cgIIq09F6n00iaf39pyI7jAZfKNKjm2c0kWkQpp9CUMkO4AEo"
	"feGpRJxdEYjw4JTi_qwT--IrTMzQJe8thOS_bUtbrmBZ0Hi1H7SDwGGXrxOwK5tD-h_YXVUIwel3j1fG"
	"LzOs0YsKsKwbO5uvCgB6qQ";

static void the_signing_input_is_the_documented_one(void **state)
{
	struct bytes input = { 0 };
	struct mac *mac;
	uint8_t digest[MAC_BYTES];
	char hex[MAC_HEX_TEXT];

	(void)state;
	assert_int_equal(google_jwt_append_input(&input, &claims, NULL), MUSTER_OK);
	assert_int_equal(mac_new(&mac, NULL), MUSTER_OK);
	assert_int_equal(mac_sha256(mac, bytes_view(&input), digest, NULL), MUSTER_OK);
	assert_string_equal(mac_hex(hex, digest),
			    "7f0421238299922801c5379cc6d7b750bd34bb3674503a62f84db25e4dac0e16");
	mac_free(mac);
	bytes_release(&input);
}

static void check_token(struct view key_text)
{
	struct secret key = { 0 }, token = { 0 };
	const char *text;

	assert_int_equal(secret_set(&key, key_text, NULL), MUSTER_OK);
	assert_int_equal(google_jwt_sign(&token, &claims, &key, NULL), MUSTER_OK);
	text = (const char *)secret_reveal(&token).secret_ptr;
	assert_string_equal(strrchr(text, '.') + 1, signature);
	secret_release(&key);
	secret_release(&token);
}

static void a_fixed_key_gives_a_fixed_token_escaped_or_not(void **state)
{
	struct bytes escaped = { 0 };

	(void)state;
	check_token(bytes_view(&pem));
	for (size_t i = 0; i < pem.len; i++) {
		if (pem.ptr[i] == '\n')
			assert_int_equal(bytes_append_text(&escaped, "\\n", NULL), MUSTER_OK);
		else
			assert_int_equal(bytes_append_byte(&escaped, pem.ptr[i], NULL), MUSTER_OK);
	}
	check_token(bytes_view(&escaped));
	bytes_release(&escaped);
}

static void what_is_no_rsa_key_is_refused_without_a_word_of_it(void **state)
{
	static const char *const cases[] = {
		"",
		"hunter2",
		"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
		/* of P-256: openssl ecparam -name prime256v1 -genkey */
		"-----BEGIN PRIVATE KEY-----\n"
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3nkbHMe17bP9wXHM\n"
		"WbnPg4+uuwMU02o8aL6mMFYcTVehRANCAASfIB/Ox5OW1cE0AvjYCeveo5m29KaY\n"
		"0xdHZRJ2OntXnk4xu+7acizKHzhxTdxK/C8SO2vHQHRh6q6jnFf7HC6N\n"
		"-----END PRIVATE KEY-----\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct secret key = { 0 }, token = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(secret_set(&key, view_text(cases[i]), NULL), MUSTER_OK);
		assert_int_equal(google_jwt_sign(&token, &claims, &key, &err), MUSTER_E_FORMAT);
		assert_null(strstr(err.message, "hunter2"));
		assert_false(secret_is_set(&token));
		secret_release(&key);
	}
}

static void no_memory_is_told(void **state)
{
	struct secret key = { 0 };

	(void)state;
	assert_int_equal(secret_set(&key, bytes_view(&pem), NULL), MUSTER_OK);
	for (uint64_t n = 1; torture_allocation(n); n++) {
		struct secret token = { 0 };
		enum muster_code code = google_jwt_sign(&token, &claims, &key, NULL);
		bool hit = torture_hit();

		torture_off();
		assert_int_equal(code, hit ? MUSTER_E_MEMORY : MUSTER_OK);
		assert_int_equal(secret_is_set(&token), !hit);
		secret_release(&token);
		if (!hit)
			break;
	}
	secret_release(&key);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signing_input_is_the_documented_one),
		cmocka_unit_test(a_fixed_key_gives_a_fixed_token_escaped_or_not),
		cmocka_unit_test(what_is_no_rsa_key_is_refused_without_a_word_of_it),
		cmocka_unit_test(no_memory_is_told),
	};
	int failed;

	if (argc != 2)
		return 2;
	json_tree_file(argv[1], &pem);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	bytes_release(&pem);
	return failed;
}
