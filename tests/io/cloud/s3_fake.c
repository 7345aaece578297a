#include "tests/io/cloud/s3_fake_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/hash/crc.h"
#include "base/text/encode.h"
#include "base/text/text.h"
#include "base/text/date.h"

#define SKEW_MAX_S (15 * 60)
#define NS_PER_S   1000000000ULL

/* --- memory and texts ------------------------------------------------------------------------ */

/* It lives until the fake ends. */
void *fake_keep(struct s3_fake *fake, size_t bytes)
{
	void *block = scripted_memory(NULL, bytes + 1, 1);

	fake->kept = scripted_memory(fake->kept, fake->kept_count + 1, sizeof(void *));
	fake->kept[fake->kept_count++] = block;
	memset(block, 0, bytes + 1);
	return block;
}

char *fake_print(struct s3_fake *fake, const char *format, ...)
{
	va_list args, again;
	char *text;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	text = fake_keep(fake, (size_t)len);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(args);
	va_end(again);
	return text;
}

static uint64_t now_ns(const struct s3_fake *fake)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)((int64_t)now.tv_sec + fake->clock_s) * NS_PER_S + (uint64_t)now.tv_nsec;
}

char *fake_decoded(struct s3_fake *fake, const char *text, size_t len)
{
	char *out = fake_keep(fake, len), hex[3] = "";
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '%' && i + 2 < len + 1) {
			memcpy(hex, text + i + 1, 2);
			out[at++] = (char)strtoul(hex, NULL, 16);
			i += 2;
		} else {
			out[at++] = text[i];
		}
	}
	out[at] = 0;
	return out;
}

char *fake_encoded(struct s3_fake *fake, const char *text)
{
	char *out = fake_keep(fake, 3 * strlen(text)), *at = out;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/",
			   *c))
			*at++ = (char)*c;
		else
			at = mempcpy(at, fake_print(fake, "%%%02X", *c), 3);
	}
	return out;
}

/* NULL: there is none. */
char *fake_parameter(const struct asked *asked, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = asked->query; *at; at++) {
		const char *end = strchrnul(at, '&');

		if (strncmp(at, name, len) == 0 && (at[len] == '=' || at + len == end)) {
			at += at[len] == '=' ? len + 1 : len;
			return fake_decoded(asked->fake, at, (size_t)(end - at));
		}
		if (!*end)
			break;
		at = end;
	}
	return NULL;
}

char *fake_header(const struct asked *asked, const char *name)
{
	char value[4096];

	return scripted_header(asked->request, name, value, sizeof(value))
		       ? fake_print(asked->fake, "%s", value)
		       : NULL;
}

/* --- replies --------------------------------------------------------------------------------- */

void fake_answer(const struct asked *asked, unsigned status, const char *format, ...)
{
	char date[DATE_HTTP_BYTES], lines[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(lines, sizeof(lines), format, args);
	va_end(args);
	*asked->reply = (struct scripted_reply){
		.status = status,
		.headers = fake_print(asked->fake, "Date: %s\r\nx-amz-request-id: R%zu\r\n%s",
				      date_http(date, now_ns(asked->fake)), asked->fake->kept_count,
				      lines)
	};
}

void fake_text(const struct asked *asked, const char *text)
{
	asked->reply->body = text;
	asked->reply->body_len = strlen(text);
}

void fake_refuse(const struct asked *asked, unsigned status, const char *word, const char *more)
{
	fake_answer(asked, status, "Content-Type: application/xml\r\n");
	fake_text(asked, fake_print(asked->fake,
				    "<?xml version=\"1.0\"?><Error><Code>%s</Code>"
				    "<Message>fake says %s</Message>%s</Error>",
				    word, word, more));
}

/* --- objects --------------------------------------------------------------------------------- */

static size_t place_of(const struct s3_fake *fake, const char *key, bool *found)
{
	size_t low = 0, high = fake->object_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(fake->objects[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < fake->object_count && strcmp(fake->objects[low].key, key) == 0;
	return low;
}

static struct s3_fake_object *find(const struct s3_fake *fake, const char *key)
{
	bool found;
	size_t at = place_of(fake, key, &found);

	return found ? &fake->objects[at] : NULL;
}

void fake_set_etag(struct s3_fake_object *object)
{
	unsigned char digest[16];
	char hex[33] = "";

	EVP_Digest(object->data, object->len, digest, NULL, EVP_md5(), NULL);
	hex_encode(hex, digest, sizeof(digest));
	snprintf(object->etag, sizeof(object->etag), "\"%s\"", hex);
}

struct s3_fake_object *fake_store(struct s3_fake *fake, const char *key, const void *data,
				  size_t len)
{
	bool found;
	size_t at = place_of(fake, key, &found);
	struct s3_fake_object *object;

	if (!found) {
		fake->objects = scripted_memory(fake->objects, fake->object_count + 1,
						sizeof(*fake->objects));
		memmove(fake->objects + at + 1, fake->objects + at,
			(fake->object_count++ - at) * sizeof(*fake->objects));
	}
	object = &fake->objects[at];
	*object = (struct s3_fake_object){ .key = fake_print(fake, "%s", key),
					   .data = fake_keep(fake, len),
					   .len = len,
					   .modified_ns = now_ns(fake) };
	if (len)
		memcpy(object->data, data, len);
	fake_set_etag(object);
	return object;
}

/* --- what a request must be ------------------------------------------------------------------ */

static bool time_is_right(const struct asked *asked)
{
	const char *text = fake_header(asked, "x-amz-date");
	struct tm tm = { 0 };
	int64_t apart;

	if (!text || !strptime(text, "%Y%m%dT%H%M%SZ", &tm))
		return false;
	apart = (int64_t)(now_ns(asked->fake) / NS_PER_S) - (int64_t)timegm(&tm);
	return apart < SKEW_MAX_S && apart > -SKEW_MAX_S;
}

/* False: it was refused. */
static bool check_signer(const struct asked *asked)
{
	const struct s3_fake *fake = asked->fake;
	const char *authorization = fake_header(asked, "authorization");
	const char *token = fake_header(asked, "x-amz-security-token");

	if (!authorization && fake->takes_anonymous)
		return true;
	if (!authorization)
		fake_refuse(asked, 403, "AccessDenied", "");
	else if (!time_is_right(asked))
		fake_refuse(asked, 403, "RequestTimeTooSkewed", "");
	else if (fake->region &&
		 !strstr(authorization,
			 fake_print(asked->fake, "/%s/s3/aws4_request", fake->region)))
		fake_refuse(asked, 400, "AuthorizationHeaderMalformed",
			    fake_print(asked->fake, "<Region>%s</Region>", fake->region));
	else if (fake->token && (!token || strcmp(token, fake->token) != 0))
		fake_refuse(asked, 400, "ExpiredToken", "");
	else
		return true;
	return false;
}

static bool check_hash(const struct asked *asked)
{
	const char *told = fake_header(asked, "x-amz-content-sha256");
	unsigned char digest[32];
	char hex[65] = "";

	if (!told || strcmp(told, "UNSIGNED-PAYLOAD") == 0)
		return true;
	EVP_Digest(asked->request->body, asked->request->body_len, digest, NULL, EVP_sha256(),
		   NULL);
	hex_encode(hex, digest, sizeof(digest));
	return strcmp(hex, told) == 0;
}

static bool check_sums(const struct asked *asked)
{
	struct view body = view_of(asked->request->body, asked->request->body_len);
	const char *md5 = fake_header(asked, "content-md5");
	const char *crc = fake_header(asked, "x-amz-checksum-crc64nvme");
	unsigned char digest[16];
	uint64_t value;

	EVP_Digest(body.ptr, body.len, digest, NULL, EVP_md5(), NULL);
	if (md5) {
		unsigned char told[16];

		if (!base64_decode(told, 16, view_text(md5)) || memcmp(told, digest, 16) != 0)
			return false;
	}
	return !crc || (base64_decode(&value, 8, view_text(crc)) &&
			be64toh(value) == crc_of(CRC_64NVME, body));
}

bool fake_check_body(const struct asked *asked)
{
	if (!check_hash(asked))
		fake_refuse(asked, 400, "XAmzContentSHA256Mismatch", "");
	else if (!check_sums(asked))
		fake_refuse(asked, 400, "BadDigest", "");
	else
		return true;
	return false;
}

/* --- reading --------------------------------------------------------------------------------- */

/* "bytes=a-b" or "bytes=-n"; false: no byte of it is there. */
static bool range_of(const char *text, size_t size, size_t *first, size_t *len)
{
	char *end;
	size_t last;

	text += strlen("bytes=");
	if (*text == '-') {
		*len = strtoull(text + 1, NULL, 10);
		*len = *len < size ? *len : size;
		*first = size - *len;
		return *len;
	}
	*first = strtoull(text, &end, 10);
	last = strtoull(end + 1, NULL, 10);
	if (*first >= size)
		return false;
	*len = (last < size ? last + 1 : size) - *first;
	return true;
}

static void get(const struct asked *asked)
{
	const struct s3_fake_object *object = find(asked->fake, asked->key);
	const char *range = fake_header(asked, "range"), *match = fake_header(asked, "if-match");
	char modified[DATE_HTTP_BYTES];
	size_t first = 0, len;

	if (!object) {
		fake_refuse(asked, 404, "NoSuchKey", "");
		return;
	}
	if (match && strcmp(match, object->etag) != 0) {
		fake_refuse(asked, 412, "PreconditionFailed", "");
		return;
	}
	len = object->len;
	if (range && !range_of(range, object->len, &first, &len)) {
		fake_refuse(asked, 416, "InvalidRange", "");
		return;
	}
	fake_answer(asked, range ? 206 : 200, "ETag: %s\r\nLast-Modified: %s\r\n%s%s%s%s%s",
		    object->etag, date_http(modified, object->modified_ns),
		    object->nonce[0] ? "x-amz-meta-musternonce: " : "", object->nonce,
		    object->nonce[0] ? "\r\n" : "",
		    range ? fake_print(asked->fake, "Content-Range: bytes %zu-%zu/%zu", first,
				       first + len - 1, object->len)
			  : "",
		    range ? "\r\n" : "");
	asked->reply->body = object->data + first;
	asked->reply->body_len = len;
}

/* --- writing --------------------------------------------------------------------------------- */

void fake_take_nonce(const struct asked *asked, char nonce[64])
{
	const char *value = fake_header(asked, "x-amz-meta-musternonce");

	snprintf(nonce, 64, "%s", value ? value : "");
}

bool fake_may_create(const struct asked *asked)
{
	if (!fake_header(asked, "if-none-match") || !find(asked->fake, asked->key))
		return true;
	fake_refuse(asked, 412, "PreconditionFailed", "");
	return false;
}

static void put(const struct asked *asked)
{
	struct s3_fake_object *object;

	if (!fake_check_body(asked) || !fake_may_create(asked))
		return;
	object =
		fake_store(asked->fake, asked->key, asked->request->body, asked->request->body_len);
	fake_take_nonce(asked, object->nonce);
	fake_answer(asked, 200, "ETag: %s\r\n", object->etag);
}

static void remove_object(const struct asked *asked)
{
	bool found;
	size_t at = place_of(asked->fake, asked->key, &found);

	if (found)
		memmove(asked->fake->objects + at, asked->fake->objects + at + 1,
			(--asked->fake->object_count - at) * sizeof(*asked->fake->objects));
	fake_answer(asked, 204, "%s", "");
}

/* --- all ------------------------------------------------------------------------------------- */

static void serve_key(const struct asked *asked)
{
	const char *method = asked->request->method;
	bool is_upload = fake_parameter(asked, "uploadId");

	if (strcmp(method, "PUT") == 0)
		is_upload ? fake_put_part(asked) : put(asked);
	else if (strcmp(method, "POST") == 0)
		is_upload ? fake_complete(asked) : fake_begin(asked);
	else if (strcmp(method, "DELETE") == 0)
		is_upload ? fake_abort(asked) : remove_object(asked);
	else if (is_upload)
		fake_list_parts(asked);
	else
		get(asked);
}

static void serve(struct s3_fake *fake, const struct scripted_request *request,
		  struct scripted_reply *reply)
{
	static const char bucket[] = "/" S3_FAKE_BUCKET;
	struct asked asked = { .fake = fake, .request = request, .reply = reply };
	const char *query = strchrnul(request->target, '?'), *key;

	asked.query = *query ? query + 1 : query;
	if (strncmp(request->target, bucket, strlen(bucket)) != 0) {
		fake_refuse(&asked, 404, "NoSuchBucket", "");
		return;
	}
	key = request->target + strlen(bucket);
	key += *key == '/';
	asked.key = fake_decoded(asked.fake, key, (size_t)(query - key));
	if (!check_signer(&asked))
		return;
	if (*asked.key)
		serve_key(&asked);
	else
		fake_list(&asked);
}

void s3_fake_serve(void *state, const struct scripted_request *request,
		   struct scripted_reply *reply)
{
	struct s3_fake *fake = state;

	pthread_mutex_lock(&fake->lock);
	serve(fake, request, reply);
	pthread_mutex_unlock(&fake->lock);
}

static size_t locked(struct s3_fake *fake, const size_t *value)
{
	size_t count;

	pthread_mutex_lock(&fake->lock);
	count = *value;
	pthread_mutex_unlock(&fake->lock);
	return count;
}

size_t s3_fake_objects(struct s3_fake *fake)
{
	return locked(fake, &fake->object_count);
}

size_t s3_fake_uploads(struct s3_fake *fake)
{
	return locked(fake, &fake->upload_count);
}

void s3_fake_release(struct s3_fake *fake)
{
	for (size_t i = 0; i < fake->upload_count; i++)
		free(fake->uploads[i].parts);
	for (size_t i = 0; i < fake->kept_count; i++)
		free(fake->kept[i]);
	free(fake->uploads);
	free(fake->objects);
	free(fake->kept);
}
