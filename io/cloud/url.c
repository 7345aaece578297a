/* Sources: AWS, "General purpose bucket naming rules"; Google, "Bucket names"; Microsoft, "Naming
 * and referencing containers, blobs and metadata". */
#include "io/cloud/url.h"

#include "base/text/utf8.h"
#include "io/cloud/percent.h"
#include "io/cloud/signed_url.h"

#define AZURE_DOMAIN ".blob.core."

static bool is_lower_or_digit(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* Between `min` and `max` lower-case letters, digits and `others`, the ends no `others`. */
static bool is_name(struct view name, size_t min, size_t max, const char *others)
{
	if (name.len < min || name.len > max || !is_lower_or_digit(name.ptr[0]) ||
	    !is_lower_or_digit(name.ptr[name.len - 1]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_lower_or_digit(name.ptr[i]) &&
		    !(name.ptr[i] && strchr(others, name.ptr[i])))
			return false;
	}
	return true;
}

static bool has_text(struct view name, const char *text)
{
	return name.len && memmem(name.ptr, name.len, text, strlen(text)) != NULL;
}

/* Four numbers and dots: such a name would be an address in a host's place. */
static bool is_address(struct view name)
{
	unsigned dots = 0;

	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == '.')
			dots++;
		else if (name.ptr[i] < '0' || name.ptr[i] > '9')
			return false;
	}
	return dots == 3;
}

static const char *fault_of_s3_bucket(struct view name)
{
	if (!is_name(name, 3, 63, ".-"))
		return "a bucket has 3 to 63 lower-case letters, digits, '.' and '-'";
	if (has_text(name, "..") || has_text(name, ".-") || has_text(name, "-."))
		return "in a bucket's name no '.' stands beside another one, or beside '-'";
	return is_address(name) ? "a bucket's name is no address" : NULL;
}

static const char *fault_of_gcs_bucket(struct view name)
{
	size_t label = 0;

	if (!is_name(name, 3, 222, ".-_"))
		return "a bucket has 3 to 222 lower-case letters, digits, '.', '-' and '_'";
	for (size_t i = 0; i < name.len; i++) {
		label = name.ptr[i] == '.' ? 0 : label + 1;
		if (label > 63 || (!label && name.ptr[i - 1] == '.'))
			return "between the dots of a bucket's name stand 1 to 63 characters";
	}
	return is_address(name) ? "a bucket's name is no address" : NULL;
}

static const char *fault_of_azure_container(struct view name)
{
	if (view_equal(name, VIEW_LITERAL("$root")) || view_equal(name, VIEW_LITERAL("$web")))
		return NULL;
	if (!is_name(name, 3, 63, "-") || has_text(name, "--"))
		return "a container has 3 to 63 lower-case letters, digits and single '-'";
	return NULL;
}

static const char *fault_of_prefix(struct view prefix)
{
	if (prefix.len > CLOUD_URL_PREFIX_MAX_BYTES)
		return "a prefix has 1000 bytes at most";
	if (!utf8_valid(prefix))
		return "a prefix is UTF-8";
	if (prefix.len && memchr(prefix.ptr, '\0', prefix.len))
		return "a prefix has no NUL";
	return NULL;
}

static enum muster_code fail_url(struct view text, const char *fault, struct muster_error *err)
{
	struct bytes shown = { 0 };
	enum muster_code code = signed_url_append_redacted(&shown, text, err);

	if (!code)
		code = muster_fail(err, MUSTER_E_USAGE, "'%.*s': %s", VIEW_ARGS(bytes_view(&shown)),
				   fault);
	bytes_release(&shown);
	return code;
}

static bool take_scheme(struct view *text, const char *scheme)
{
	struct view head = view_text(scheme);

	if (!view_starts_with(*text, head))
		return false;
	*text = view_of(text->ptr + head.len, text->len - head.len);
	return true;
}

/* What stands before the next slash, which is taken, too. */
static struct view take_segment(struct view *text)
{
	const uint8_t *slash = text->len ? memchr(text->ptr, '/', text->len) : NULL;
	struct view segment = *text;

	if (!slash) {
		*text = (struct view){ 0 };
		return segment;
	}
	segment.len = (size_t)(slash - text->ptr);
	*text = view_of(slash + 1, text->len - segment.len - 1);
	return segment;
}

static const char *fault_of_bucket(enum cloud_kind kind, struct view bucket)
{
	if (kind == CLOUD_S3)
		return fault_of_s3_bucket(bucket);
	return kind == CLOUD_GCS ? fault_of_gcs_bucket(bucket) : fault_of_azure_container(bucket);
}

static enum muster_code check(const struct cloud_url *url, struct view text,
			      struct muster_error *err)
{
	struct view bucket = bytes_view(&url->bucket);
	const char *fault = NULL;

	if (url->kind == CLOUD_AZURE && !is_name(bytes_view(&url->account), 3, 24, ""))
		fault = "an account has 3 to 24 lower-case letters and digits";
	if (!fault)
		fault = fault_of_bucket(url->kind, bucket);
	if (!fault)
		fault = fault_of_prefix(bytes_view(&url->prefix));
	if (fault)
		return fail_url(text, fault, err);
	if (url->kind == CLOUD_S3 && bucket.len > 6 &&
	    memcmp(bucket.ptr + bucket.len - 6, "--x-s3", 6) == 0)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "'%.*s' is a directory bucket, whose keys have no order",
				   VIEW_ARGS(bucket));
	return MUSTER_OK;
}

static enum muster_code take_plain(struct cloud_url *out, struct view rest,
				   struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (out->kind == CLOUD_AZURE)
		code = bytes_append_view(&out->account, take_segment(&rest), err);
	if (!code)
		code = bytes_append_view(&out->bucket, take_segment(&rest), err);
	return code ? code : bytes_append_view(&out->prefix, rest, err);
}

/* "account.blob.core.windows.net/container/prefix" */
static enum muster_code take_azure(struct cloud_url *out, struct view rest, struct view text,
				   struct muster_error *err)
{
	struct view host;
	const uint8_t *dot;
	enum muster_code code;

	if (memchr(rest.ptr, '?', rest.len))
		return fail_url(
			text,
			"a shared access signature belongs into AZURE_STORAGE_SAS_TOKEN, not "
			"into the URL",
			err);
	if (memchr(rest.ptr, '#', rest.len))
		return fail_url(text, "a store's URL has no fragment", err);
	host = take_segment(&rest);
	dot = memchr(host.ptr, '.', host.len);
	code = bytes_append(&out->account, host.ptr, (size_t)(dot - host.ptr), err);
	if (!code)
		code = bytes_printf(&out->endpoint, err, "https://%.*s", VIEW_ARGS(host));
	if (!code)
		code = percent_decode(&out->bucket, take_segment(&rest), PERCENT_PLAIN, NULL);
	if (!code)
		code = percent_decode(&out->prefix, rest, PERCENT_PLAIN, NULL);
	if (code == MUSTER_E_FORMAT)
		return fail_url(text, "a % stands before two hexadecimal digits", err);
	return code ? muster_fail_memory(err, "a URL") : MUSTER_OK;
}

/* Some letters and digits, then Azure's domain of any of its clouds, and no port. */
static bool is_azure_host(struct view rest)
{
	struct view host = take_segment(&rest);
	size_t at = 0;

	while (at < host.len && is_lower_or_digit(host.ptr[at]))
		at++;
	if (!view_starts_with(view_of(host.ptr + at, host.len - at), VIEW_LITERAL(AZURE_DOMAIN)))
		return false;
	for (; at < host.len; at++) {
		if (!is_lower_or_digit(host.ptr[at]) && host.ptr[at] != '.' && host.ptr[at] != '-')
			return false;
	}
	return true;
}

enum muster_code cloud_url_parse(struct cloud_url *out, struct view text, struct muster_error *err)
{
	struct view rest = text;
	enum muster_code code;

	*out = (struct cloud_url){ 0 };
	if (take_scheme(&rest, "s3://")) {
		out->kind = CLOUD_S3;
		code = take_plain(out, rest, err);
	} else if (take_scheme(&rest, "gs://")) {
		out->kind = CLOUD_GCS;
		code = take_plain(out, rest, err);
	} else if (take_scheme(&rest, "az://")) {
		out->kind = CLOUD_AZURE;
		code = take_plain(out, rest, err);
	} else if (take_scheme(&rest, "https://") && rest.len && is_azure_host(rest)) {
		out->kind = CLOUD_AZURE;
		code = take_azure(out, rest, text, err);
	} else {
		return MUSTER_ABSENT;
	}
	if (!code)
		code = check(out, text, err);
	if (code)
		cloud_url_release(out);
	return code;
}

void cloud_url_release(struct cloud_url *url)
{
	bytes_release(&url->account);
	bytes_release(&url->endpoint);
	bytes_release(&url->bucket);
	bytes_release(&url->prefix);
}
