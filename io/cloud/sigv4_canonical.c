#include "io/cloud/sigv4_internal.h"

#include "io/cloud/percent.h"

/* Where in `pairs` a parameter lies: the buffer may move while it grows. */
struct param {
	size_t at, name_len, value_len;
};

void sigv4_form_release(struct sigv4_form *form)
{
	secret_scrub(&form->request);
	secret_scrub(&form->names);
	secret_scrub(&form->pairs);
}

static struct view param_name(const struct bytes *pairs, const struct param *param)
{
	return view_of(pairs->ptr + param->at, param->name_len);
}

static struct view param_value(const struct bytes *pairs, const struct param *param)
{
	return view_of(pairs->ptr + param->at + param->name_len, param->value_len);
}

/* Pairs, not joined texts: "Param" comes before "Param-3" although '-' sorts before '='. */
static int param_compare(const struct bytes *pairs, const struct param *a, const struct param *b)
{
	int order = view_compare(param_name(pairs, a), param_name(pairs, b));

	return order ? order : view_compare(param_value(pairs, a), param_value(pairs, b));
}

/* Decoded and encoded again: whatever form was sent, this is the one that a server signs. */
static enum muster_code encode_again(struct bytes *pairs, struct view text, struct bytes *plain,
				     struct muster_error *err)
{
	enum muster_code code;

	plain->len = 0;
	code = percent_decode(plain, text, PERCENT_PLAIN, err);
	return code ? code : percent_encode(pairs, bytes_view(plain), PERCENT_COMPONENT, err);
}

static enum muster_code param_take(struct bytes *pairs, const struct percent_pair *pair,
				   struct bytes *plain, struct param *param,
				   struct muster_error *err)
{
	enum muster_code code;

	param->at = pairs->len;
	code = encode_again(pairs, pair->name, plain, err);
	if (code)
		return code;
	param->name_len = pairs->len - param->at;
	code = encode_again(pairs, pair->value, plain, err);
	param->value_len = pairs->len - param->at - param->name_len;
	return code;
}

static enum muster_code params_write(struct bytes *out, const struct bytes *pairs,
				     const struct param *params, size_t count,
				     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < count && !code; i++) {
		if (i)
			code = bytes_append_byte(out, '&', err);
		if (!code)
			code = bytes_append_view(out, param_name(pairs, &params[i]), err);
		if (!code)
			code = bytes_append_byte(out, '=', err);
		if (!code)
			code = bytes_append_view(out, param_value(pairs, &params[i]), err);
	}
	return code;
}

/* Empty, and room for so much: what moved would leave a copy of a token behind. */
static enum muster_code start_anew(struct bytes *bytes, size_t room, struct muster_error *err)
{
	bytes->len = 0;
	if (bytes->cap >= room)
		return MUSTER_OK;
	secret_scrub(bytes);
	return bytes_reserve(bytes, room, err);
}

enum muster_code sigv4_append_query(struct bytes *out, struct view query, struct bytes *scratch,
				    struct muster_error *err)
{
	struct param params[SIGV4_PARAMS_MAX];
	struct bytes plain = { 0 };
	struct percent_pair pair;
	size_t count = 0;
	enum muster_code code;

	code = start_anew(scratch, 3 * query.len, err); /* a presigned query has a token in it */
	if (!code)
		code = bytes_reserve(&plain, query.len, err);
	while (!code && percent_take_pair(&query, &pair)) {
		struct param param;
		size_t at;

		if (count == SIGV4_PARAMS_MAX) {
			code = muster_fail(err, MUSTER_E_LIMIT,
					   "a query has more than %d parameters", SIGV4_PARAMS_MAX);
			break;
		}
		code = param_take(scratch, &pair, &plain, &param, err);
		for (at = count; at && param_compare(scratch, &param, &params[at - 1]) < 0; at--)
			params[at] = params[at - 1];
		params[at] = param;
		count++;
	}
	if (!code)
		code = params_write(out, scratch, params, count, err);
	secret_scrub(&plain);
	return code;
}

/* Trimmed, and each inner run of blanks one blank; within quotes, too. */
static enum muster_code append_value(struct bytes *out, struct view value, struct muster_error *err)
{
	enum muster_code code;

	value = header_trim(value);
	code = bytes_reserve(out, value.len, err);
	for (size_t i = 0; i < value.len && !code; i++) {
		bool is_blank = value.ptr[i] == ' ' || value.ptr[i] == '\t';

		if (is_blank && (value.ptr[i - 1] == ' ' || value.ptr[i - 1] == '\t'))
			continue;
		out->ptr[out->len++] = is_blank ? ' ' : value.ptr[i];
	}
	return code;
}

static enum muster_code append_header(struct sigv4_form *form, const struct cloud_header *header,
				      bool is_repeated, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (is_repeated) {
		form->request.ptr[form->request.len - 1] = ','; /* was the end of the line */
		code = append_value(&form->request, header->value, err);
		return code ? code : bytes_append_byte(&form->request, '\n', err);
	}
	if (form->names.len)
		code = bytes_append_byte(&form->names, ';', err);
	if (!code)
		code = header_append_name(&form->names, header->name, err);
	if (!code)
		code = header_append_name(&form->request, header->name, err);
	if (!code)
		code = bytes_append_byte(&form->request, ':', err);
	if (!code)
		code = append_value(&form->request, header->value, err);
	return code ? code : bytes_append_byte(&form->request, '\n', err);
}

/* By name alone: as whole lines, '-' would sort before ':'. Repeated ones stay in their order. */
static enum muster_code append_headers(struct sigv4_form *form, const struct cloud_request *request,
				       struct muster_error *err)
{
	const struct cloud_header *sorted[CLOUD_HEADERS_MAX];
	enum muster_code code = MUSTER_OK;

	for (size_t i = 0; i < request->header_count; i++) {
		const struct cloud_header *header = &request->headers[i];
		size_t at = i;

		for (; at && header_compare(header->name, sorted[at - 1]->name) < 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = header;
	}
	for (size_t i = 0; i < request->header_count && !code; i++)
		code = append_header(form, sorted[i],
				     i && !header_compare(sorted[i]->name, sorted[i - 1]->name),
				     err);
	return code;
}

/* Such a service folds "." and ".." and "//" before it signs; its paths have none of them. */
static bool is_foldable(struct view path)
{
	while (path.len) {
		const uint8_t *slash = memchr(path.ptr + 1, '/', path.len - 1);
		size_t len = slash ? (size_t)(slash - path.ptr) : path.len;
		struct view segment = view_of(path.ptr + 1, len - 1);

		if ((!segment.len && slash) || view_equal(segment, VIEW_LITERAL(".")) ||
		    view_equal(segment, VIEW_LITERAL("..")))
			return true;
		path = view_of(path.ptr + len, path.len - len);
	}
	return false;
}

static enum muster_code append_path(struct bytes *out, const struct sigv4_parts *parts,
				    struct muster_error *err)
{
	struct view path = parts->request.path.len ? parts->request.path : VIEW_LITERAL("/");

	if (path.ptr[0] != '/')
		return muster_fail(err, MUSTER_E_USAGE, "the path '%.*s' does not begin with '/'",
				   VIEW_ARGS(path));
	if (parts->dialect == SIGV4_S3)
		return bytes_append_view(out, path, err);
	if (is_foldable(path))
		return muster_fail(err, MUSTER_E_USAGE,
				   "the path '%.*s' has segments that would be folded",
				   VIEW_ARGS(path));
	return percent_encode(out, path, PERCENT_PATH, err);
}

/* More than the canonical request needs, so that it never moves. */
static size_t room_for(const struct sigv4_parts *parts)
{
	size_t room = 256 + parts->request.method.len + parts->payload_hash.len +
		      3 * parts->request.path.len + 3 * (parts->request.query.len + 1) +
		      SIGV4_PARAMS_MAX;

	for (size_t i = 0; i < parts->request.header_count; i++)
		room += 2 * parts->request.headers[i].name.len +
			parts->request.headers[i].value.len + 4;
	return room;
}

enum muster_code sigv4_form_fill(struct sigv4_form *form, const struct sigv4_parts *parts,
				 struct muster_error *err)
{
	struct bytes *out = &form->request;
	enum muster_code code = header_check_all(&parts->request, err);

	if (code)
		return code;
	if (!header_find(&parts->request, "host").len)
		return muster_fail(err, MUSTER_E_USAGE,
				   "a request without a host cannot be signed");
	form->names.len = 0;
	code = start_anew(out, room_for(parts), err);
	if (!code)
		code = bytes_append_view(out, parts->request.method, err);
	if (!code)
		code = bytes_append_byte(out, '\n', err);
	if (!code)
		code = append_path(out, parts, err);
	if (!code)
		code = bytes_append_byte(out, '\n', err);
	if (!code)
		code = sigv4_append_query(out, parts->request.query, &form->pairs, err);
	if (!code)
		code = bytes_append_byte(out, '\n', err);
	if (!code)
		code = append_headers(form, &parts->request, err);
	if (!code)
		code = bytes_append_byte(out, '\n', err);
	if (!code)
		code = bytes_append_view(out, bytes_view(&form->names), err);
	if (!code)
		code = bytes_append_byte(out, '\n', err);
	return code ? code : bytes_append_view(out, parts->payload_hash, err);
}
