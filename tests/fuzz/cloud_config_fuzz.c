/*
 * The first byte says who reads the rest: files of the AWS CLI, keys and tokens of all sources,
 * Google's files, Azure's connection strings, URLs, encodings, dates, commands. What was refused
 * leaves nothing; what can be written again comes back.
 */
#include <stdlib.h>

#include "io/cloud/aws_config.h"
#include "io/cloud/aws_credentials.h"
#include "io/cloud/azure_connection.h"
#include "io/cloud/command.h"
#include "base/text/date.h"
#include "io/cloud/endpoint.h"
#include "io/cloud/google_credentials.h"
#include "io/cloud/oauth.h"
#include "io/cloud/percent.h"
#include "io/cloud/signed_url.h"
#include "io/cloud/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void read_profile(unsigned section, struct view text)
{
	struct aws_profile profile = { 0 };
	enum muster_code code;

	code = aws_profile_read(&profile, text, (enum aws_section)section, VIEW_LITERAL("p"), NULL);
	require(code == MUSTER_OK || code == MUSTER_ABSENT || code == MUSTER_E_FORMAT ||
		code == MUSTER_E_LIMIT);
	for (unsigned key = 1; key < AWS_KEY_COUNT; key++) {
		struct view value = aws_profile_get(&profile, (enum aws_key)key);

		require(!value.len || !memchr(value.ptr, '\n', value.len));
	}
	require(!aws_profile_get(&profile, AWS_KEY_SECRET_ACCESS_KEY).len);
	aws_profile_release(&profile);
}

static void require_known(enum muster_code code)
{
	require(code == MUSTER_OK || code == MUSTER_E_FORMAT || code == MUSTER_E_LIMIT ||
		code == MUSTER_E_IO || code == MUSTER_E_UNSUPPORTED || code == MUSTER_E_USAGE);
}

static void read_keys(unsigned source, struct view text)
{
	struct aws_credentials keys;
	enum muster_code code = aws_credentials_parse(&keys, (enum aws_source)source, text, NULL);

	require_known(code);
	require(secret_is_set(&keys.secret_key) == !code && (keys.key_id.len > 0) == !code);
	aws_credentials_release(&keys);
}

static void read_tokens(struct view text)
{
	struct aws_sso_token sso;
	struct oauth_token token;
	enum muster_code code = aws_sso_token_parse(&sso, text, 1, NULL);

	require_known(code);
	require(secret_is_set(&sso.access_token) == !code);
	aws_sso_token_release(&sso);
	code = oauth_token_parse(&token, text, 1, NULL);
	require_known(code);
	require(secret_is_set(&token.access_token) == !code);
	oauth_token_release(&token);
}

static void read_google(struct view text)
{
	struct google_credentials google;

	require_known(google_credentials_parse(&google, text, NULL));
	google_credentials_release(&google);
	require_known(google_credentials_parse_source(&google, text, NULL));
	google_credentials_release(&google);
}

static void read_connection(struct view text)
{
	struct azure_connection azure;
	struct secret secret = { 0 };
	enum muster_code code = secret_set(&secret, text, NULL);

	if (!code) {
		code = azure_connection_parse(&azure, &secret, NULL);
		require_known(code);
		require((azure.endpoint.len > 0) == !code);
		azure_connection_release(&azure);
	}
	secret_release(&secret);
}

static void encode(struct view text)
{
	static const enum percent_set sets[] = { PERCENT_PATH, PERCENT_COMPONENT };

	for (unsigned i = 0; i < 2; i++) {
		struct bytes encoded = { 0 }, plain = { 0 };

		require(!percent_encode(&encoded, text, sets[i], NULL));
		require(!percent_decode(&plain, bytes_view(&encoded), PERCENT_FORM, NULL));
		require(view_equal(bytes_view(&plain), text));
		plain.len = 0;
		require_known(percent_decode(&plain, text, PERCENT_PLAIN, NULL));
		bytes_release(&encoded);
		bytes_release(&plain);
	}
}

static void redact(struct view text)
{
	struct bytes once = { 0 }, twice = { 0 };

	require(!signed_url_append_redacted(&once, text, NULL));
	require(!signed_url_append_redacted(&twice, bytes_view(&once), NULL));
	require(view_equal(bytes_view(&once), bytes_view(&twice)));
	bytes_release(&once);
	bytes_release(&twice);
}

static void read_dates(struct view text)
{
	char http[DATE_HTTP_BYTES];
	uint64_t wall_ns;

	date_parse_iso(text, &wall_ns);
	if (date_parse_http(text, &wall_ns))
		require(view_equal(view_text(date_http(http, wall_ns)), text));
}

static void read_url(struct view text)
{
	struct cloud_url url;
	enum muster_code code = cloud_url_parse(&url, text, NULL);

	require(code == MUSTER_OK || code == MUSTER_ABSENT || code == MUSTER_E_USAGE ||
		code == MUSTER_E_UNSUPPORTED);
	require((url.bucket.len > 0) == !code && url.prefix.len <= CLOUD_URL_PREFIX_MAX_BYTES);
	cloud_url_release(&url);
}

/* What was read is read again as the same. */
static void read_endpoint(struct view text)
{
	struct endpoint first, second;
	struct bytes again = { 0 };

	if (endpoint_parse(&first, text, true, NULL))
		return;
	require(!bytes_printf(&again, NULL, "http%s://%.*s%.*s", first.is_tls ? "s" : "",
			      VIEW_ARGS(bytes_view(&first.host)),
			      VIEW_ARGS(bytes_view(&first.path))));
	require(!endpoint_parse(&second, bytes_view(&again), false, NULL));
	require(view_equal(bytes_view(&first.host), bytes_view(&second.host)));
	require(view_equal(bytes_view(&first.path), bytes_view(&second.path)));
	require(endpoint_is_address(&first) == endpoint_is_address(&second));
	endpoint_release(&first);
	endpoint_release(&second);
	bytes_release(&again);
}

/* Words in double quotes are the same words. */
static void split_command(struct view text)
{
	struct command once, twice;
	struct bytes line = { 0 };

	if (command_split(&once, text, NULL)) {
		require(!once.argv[0]);
		return;
	}
	for (char **word = once.argv; *word; word++) {
		require(!bytes_append_text(&line, " \"", NULL));
		for (const char *at = *word; *at; at++) {
			if (*at == '"' || *at == '\\')
				require(!bytes_append_byte(&line, '\\', NULL));
			require(!bytes_append_byte(&line, (uint8_t)*at, NULL));
		}
		require(!bytes_append_text(&line, "\"", NULL));
	}
	require(!command_split(&twice, bytes_view(&line), NULL));
	for (size_t i = 0; once.argv[i] || twice.argv[i]; i++)
		require(once.argv[i] && twice.argv[i] && strcmp(once.argv[i], twice.argv[i]) == 0);
	command_release(&once);
	command_release(&twice);
	bytes_release(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned kind = size ? data[0] % 18 : 0;
	struct view text = size ? view_of(data + 1, size - 1) : (struct view){ 0 };

	if (kind < 4)
		read_profile(kind, text);
	else if (kind < 9)
		read_keys(kind - 4, text);
	else if (kind == 9)
		read_tokens(text);
	else if (kind == 10)
		read_google(text);
	else if (kind == 11)
		read_connection(text);
	else if (kind == 12)
		encode(text);
	else if (kind == 13)
		redact(text);
	else if (kind == 14)
		read_dates(text);
	else if (kind == 15)
		read_url(text);
	else if (kind == 16)
		read_endpoint(text);
	else
		split_command(text);
	return 0;
}
