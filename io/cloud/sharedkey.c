#include "io/cloud/sharedkey.h"

#include <stdlib.h>

#include "base/text/encode.h"
#include "io/cloud/percent.h"

struct sharedkey {
	struct mac *mac;
	struct bytes text;
};

enum muster_code sharedkey_new(struct sharedkey **out, struct muster_error *err)
{
	struct sharedkey *sharedkey = calloc(1, sizeof(*sharedkey));
	enum muster_code code;

	*out = NULL;
	if (!sharedkey)
		return muster_fail_memory(err, "a signer");
	code = mac_new(&sharedkey->mac, err);
	if (code) {
		sharedkey_free(sharedkey);
		return code;
	}
	*out = sharedkey;
	return MUSTER_OK;
}

void sharedkey_free(struct sharedkey *sharedkey)
{
	if (!sharedkey)
		return;
	bytes_release(&sharedkey->text);
	mac_free(sharedkey->mac);
	free(sharedkey);
}

enum muster_code sharedkey_decode(struct secret *key, const struct secret *base64,
				  struct muster_error *err)
{
	struct revealed text = secret_reveal(base64);
	struct view view = view_of(text.secret_ptr, text.secret_len);
	uint8_t raw[SHAREDKEY_KEY_MAX_BYTES];
	size_t len = base64_decoded_len(view);
	enum muster_code code;

	if (!len || len > sizeof(raw) || !base64_decode(raw, len, view))
		code = muster_fail(err, MUSTER_E_FORMAT, "the account key is no base64 text");
	else
		code = secret_set(key, view_of(raw, len), err);
	secret_wipe(raw, sizeof(raw));
	return code;
}

/* Marks in the order of their bytes, but '+' after them; then digits, then letters. */
static int weight(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		byte |= 0x20;
	if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z'))
		return 0x100 + byte;
	return byte == '+' ? 0xff : byte;
}

static size_t skip_hyphens(struct view text, size_t at)
{
	while (at < text.len && text.ptr[at] == '-')
		at++;
	return at;
}

int sharedkey_compare(struct view a, struct view b)
{
	size_t i = 0, j = 0;

	for (;; i++, j++) {
		i = skip_hyphens(a, i);
		j = skip_hyphens(b, j);
		if (i == a.len || j == b.len)
			break;
		if (weight(a.ptr[i]) != weight(b.ptr[j]))
			return weight(a.ptr[i]) - weight(b.ptr[j]);
	}
	if (i < a.len || j < b.len)
		return i < a.len ? 1 : -1;
	/* equal but for hyphens: the first of them decides, and comes later than a letter */
	for (i = 0; i < a.len && i < b.len; i++) {
		if ((a.ptr[i] == '-') != (b.ptr[i] == '-'))
			return a.ptr[i] == '-' ? 1 : -1;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static enum muster_code append_fixed_lines(struct bytes *out, const struct cloud_request *request,
					   struct muster_error *err)
{
	static const char *const names[] = {
		"content-encoding",
		"content-language",
		"content-length",
		"content-md5",
		"content-type",
		"date",
		"if-modified-since",
		"if-match",
		"if-none-match",
		"if-unmodified-since",
		"range",
	};
	enum muster_code code = bytes_append_view(out, request->method, err);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !code; i++) {
		struct view value = header_trim(header_find(request, names[i]));

		/* both: since version 2015-02-21 no length is the empty text, and a date that is
		 * not the one that counts is left out */
		if ((i == 2 && view_equal(value, VIEW_LITERAL("0"))) ||
		    (i == 5 && header_find(request, "x-ms-date").len))
			value = (struct view){ 0 };
		code = bytes_append_byte(out, '\n', err);
		if (!code)
			code = bytes_append_view(out, value, err);
	}
	return code ? code : bytes_append_byte(out, '\n', err);
}

static bool is_ms_header(struct view name)
{
	return name.len > 5 && header_compare(view_of(name.ptr, 5), VIEW_LITERAL("x-ms-")) == 0;
}

static enum muster_code append_ms_headers(struct bytes *out, const struct cloud_request *request,
					  struct muster_error *err)
{
	const struct cloud_header *sorted[CLOUD_HEADERS_MAX];
	size_t count = 0;
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < request->header_count; i++) {
		const struct cloud_header *header = &request->headers[i];
		size_t at = count;

		if (!is_ms_header(header->name))
			continue;
		for (; at && sharedkey_compare(header->name, sorted[at - 1]->name) < 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = header;
		count++;
	}
	for (size_t i = 0; i < count && !code; i++) {
		code = header_append_name(out, sorted[i]->name, err);
		if (!code)
			code = bytes_append_byte(out, ':', err);
		if (!code)
			code = bytes_append_view(out, header_trim(sorted[i]->value), err);
		if (!code)
			code = bytes_append_byte(out, '\n', err);
	}
	return code;
}

/** A decoded parameter, within a buffer that may move. */
struct param {
	size_t name_at, name_len, value_at, value_len;
};

static struct view part(const struct bytes *text, size_t at, size_t len)
{
	return view_of(text->ptr + at, len);
}

static int param_compare(const struct bytes *text, const struct param *a, const struct param *b)
{
	int order = header_compare(part(text, a->name_at, a->name_len),
				   part(text, b->name_at, b->name_len));

	return order ? order
		     : view_compare(part(text, a->value_at, a->value_len),
				    part(text, b->value_at, b->value_len));
}

static enum muster_code params_sort(struct bytes *text, struct view query,
				    struct param params[SHAREDKEY_PARAMS_MAX], size_t *count,
				    struct muster_error *err)
{
	struct percent_pair pair;
	enum muster_code code = bytes_reserve(text, query.len, err);

	for (*count = 0; !code && percent_take_pair(&query, &pair); (*count)++) {
		struct param param = { .name_at = text->len };
		size_t at = *count;

		if (at == SHAREDKEY_PARAMS_MAX)
			return muster_fail(err, MUSTER_E_LIMIT,
					   "a query has more than %d parameters",
					   SHAREDKEY_PARAMS_MAX);
		code = percent_decode(text, pair.name, PERCENT_PLAIN, err);
		if (code)
			break;
		param.value_at = text->len;
		param.name_len = text->len - param.name_at;
		code = percent_decode(text, pair.value, PERCENT_PLAIN, err);
		if (code)
			break;
		param.value_len = text->len - param.value_at;
		for (; at && param_compare(text, &param, &params[at - 1]) < 0; at--)
			params[at] = params[at - 1];
		params[at] = param;
	}
	return code;
}

/* "\nname:value", the values of one name sorted and joined by commas. */
static enum muster_code append_params(struct bytes *out, struct view query,
				      struct muster_error *err)
{
	struct param params[SHAREDKEY_PARAMS_MAX];
	struct bytes text = { 0 };
	struct view before = { 0 };
	size_t count;
	enum muster_code code = params_sort(&text, query, params, &count, err);

	for (size_t i = 0; !code && i < count; i++) {
		struct view name = part(&text, params[i].name_at, params[i].name_len);
		bool is_repeated = i && header_compare(name, before) == 0;

		code = bytes_append_byte(out, is_repeated ? ',' : '\n', err);
		if (!code && !is_repeated)
			code = header_append_name(out, name, err);
		if (!code && !is_repeated)
			code = bytes_append_byte(out, ':', err);
		if (!code)
			code = bytes_append_view(
				out, part(&text, params[i].value_at, params[i].value_len), err);
		before = name;
	}
	bytes_release(&text);
	return code;
}

enum muster_code sharedkey_append_string(struct bytes *out, struct view account,
					 const struct cloud_request *request,
					 struct muster_error *err)
{
	enum muster_code code = header_check_all(request, err);

	if (code)
		return code;
	if (header_find(request, "range").len && header_find(request, "x-ms-range").len)
		return muster_fail(err, MUSTER_E_USAGE, "a request has both Range and x-ms-range");
	code = append_fixed_lines(out, request, err);
	if (!code)
		code = append_ms_headers(out, request, err);
	if (!code)
		code = bytes_append_byte(out, '/', err);
	if (!code)
		code = bytes_append_view(out, account, err);
	if (!code)
		code = bytes_append_view(out, request->path.len ? request->path : VIEW_LITERAL("/"),
					 err);
	return code ? code : append_params(out, request->query, err);
}

enum muster_code sharedkey_sign(struct sharedkey *sharedkey, const struct secret *key,
				struct view text, char out[SHAREDKEY_SIGNATURE_BYTES],
				struct muster_error *err)
{
	uint8_t digest[MAC_BYTES];
	enum muster_code code;

	if (!secret_is_set(key))
		return muster_fail(err, MUSTER_E_USAGE, "no account key to sign with");
	code = mac_hmac(sharedkey->mac, secret_reveal(key), text, digest, err);
	if (code)
		return code;
	base64_encode(out, digest, sizeof(digest));
	out[SHAREDKEY_SIGNATURE_BYTES - 1] = '\0';
	return MUSTER_OK;
}

enum muster_code sharedkey_authorize(struct sharedkey *sharedkey, struct view account,
				     const struct secret *key, const struct cloud_request *request,
				     struct bytes *out, struct muster_error *err)
{
	char signature[SHAREDKEY_SIGNATURE_BYTES];
	enum muster_code code;

	sharedkey->text.len = 0;
	code = sharedkey_append_string(&sharedkey->text, account, request, err);
	if (!code)
		code = sharedkey_sign(sharedkey, key, bytes_view(&sharedkey->text), signature, err);
	return code ? code
		    : bytes_printf(out, err, "SharedKey %.*s:%s", VIEW_ARGS(account), signature);
}
