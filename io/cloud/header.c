#include "io/cloud/header.h"

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

int header_compare(struct view a, struct view b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		int order = lower(a.ptr[i]) - lower(b.ptr[i]);

		if (order)
			return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

struct view header_find(const struct cloud_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (header_compare(request->headers[i].name, view_text(name)) == 0)
			return request->headers[i].value;
	}
	return (struct view){ 0 };
}

enum muster_code header_append_name(struct bytes *out, struct view name, struct muster_error *err)
{
	enum muster_code code = bytes_reserve(out, name.len, err);

	if (code)
		return code;
	for (size_t i = 0; i < name.len; i++)
		out->ptr[out->len++] = lower(name.ptr[i]);
	return MUSTER_OK;
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

struct view header_trim(struct view value)
{
	while (value.len && is_blank(value.ptr[0]))
		value = view_of(value.ptr + 1, value.len - 1);
	while (value.len && is_blank(value.ptr[value.len - 1]))
		value.len--;
	return value;
}

static bool is_name(struct view name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t byte = name.ptr[i];

		/* RFC 9110, section 5.6.2 */
		if (byte <= ' ' || byte >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", byte))
			return false;
	}
	return name.len > 0;
}

static bool is_value(struct view value)
{
	for (size_t i = 0; i < value.len; i++) {
		if ((value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

enum muster_code header_check_all(const struct cloud_request *request, struct muster_error *err)
{
	if (request->header_count > CLOUD_HEADERS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT, "a request has more than %d headers",
				   CLOUD_HEADERS_MAX);
	for (size_t i = 0; i < request->header_count; i++) {
		struct view name = request->headers[i].name;

		if (!is_name(name))
			return muster_fail(err, MUSTER_E_USAGE, "'%.*s' is no name of a header",
					   VIEW_ARGS(name));
		if (!is_value(request->headers[i].value))
			return muster_fail(err, MUSTER_E_USAGE,
					   "the value of header '%.*s' holds a control character",
					   VIEW_ARGS(name));
	}
	return MUSTER_OK;
}
