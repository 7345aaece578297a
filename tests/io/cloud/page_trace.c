#include "tests/io/cloud/page_trace.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text/encode.h"
#include "base/text/text.h"
#include "io/cloud/reply.h"
#include "io/cloud/uploads.h"

const char *const page_kind_names[PAGE_KINDS] = {
	"s3-objects", "s3-versions",  "azure",	     "gcs",	   "s3-uploads",
	"s3-parts",   "azure-blocks", "s3-deleted",  "error",	   "initiated",
	"completed",  "copied",	      "part-copied", "gcs-object", "gcs-rewrite",
};

/** A page of objects or of uploads, alike. */
struct page {
	struct listing *listing;
	struct uploads *uploads;
};

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static void say(struct bytes *out, const char *name, struct view text)
{
	if (!text.ptr)
		return;
	require(!bytes_printf(out, NULL, " %s=", name));
	require(!text_append_safe(out, text, NULL));
}

static void say_number(struct bytes *out, const char *name, uint64_t number)
{
	if (number)
		require(!bytes_printf(out, NULL, " %s=%" PRIu64, name, number));
}

static void say_time(struct bytes *out, uint64_t wall_ns)
{
	char buf[TEXT_TIME_BYTES];

	if (wall_ns)
		require(!bytes_printf(out, NULL, " time=%s", text_time(buf, wall_ns)));
}

static void say_checksums(struct bytes *out, const struct checksum *checksums, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char hex[HEX_TEXT_LEN(LISTING_CHECKSUM_BYTES)];

		hex_encode(hex, checksums[i].value, checksums[i].len);
		require(checksums[i].len == checksum_len(checksums[i].algorithm));
		require(!bytes_printf(out, NULL, " sum%d=%.*s", checksums[i].algorithm,
				      2 * checksums[i].len, hex));
		say_number(out, "of", checksums[i].part_count);
	}
}

static enum muster_code next_object(struct page *page, struct bytes *out, struct muster_error *err)
{
	struct listed_object object;
	enum muster_code code = listing_next(page->listing, &object, err);

	if (code)
		return code;
	require(object.key.len && object.key.len <= LISTING_KEY_MAX_BYTES);
	require(!bytes_append_text(out, object.is_prefix ? "prefix" : "object", NULL));
	say(out, "key", object.key);
	say_number(out, "size", object.size_bytes);
	say(out, "etag", object.etag);
	say(out, "version", object.version);
	say_time(out, object.mtime_ns);
	say_number(out, "latest", object.is_latest);
	say_number(out, "marker", object.is_delete_marker);
	say_number(out, "directory", object.is_directory);
	say_number(out, "algorithms", object.algorithms);
	say_checksums(out, object.checksums, object.checksum_count);
	require(!bytes_append_byte(out, '\n', NULL));
	return code;
}

static enum muster_code next_upload(struct page *page, struct bytes *out, struct muster_error *err)
{
	struct upload_item item;
	enum muster_code code = uploads_next(page->uploads, &item, err);

	if (code)
		return code;
	require(!bytes_append_text(out, item.is_failed ? "kept" : "item", NULL));
	say(out, "key", item.key);
	say(out, "version", item.version);
	say(out, "upload", item.upload_id);
	say(out, "block", item.block_id);
	say_number(out, "committed", item.is_committed);
	say_number(out, "number", item.number);
	say_number(out, "size", item.size_bytes);
	say(out, "etag", item.etag);
	say_time(out, item.time_ns);
	say(out, "code", item.code);
	say(out, "message", item.message);
	say_checksums(out, item.checksums, item.checksum_count);
	require(!bytes_append_byte(out, '\n', NULL));
	return code;
}

static enum muster_code next_item(struct page *page, struct bytes *out, struct muster_error *err)
{
	return page->listing ? next_object(page, out, err) : next_upload(page, out, err);
}

static enum muster_code page_open(struct page *page, unsigned kind, struct muster_error *err)
{
	if (kind < 4 || kind >= 13)
		return listing_new(
			&page->listing,
			(enum listing_kind)(kind < 4 ? kind : kind - 13 + LISTING_GCS_OBJECT), err);
	return uploads_new(&page->uploads, (enum uploads_kind)(kind - 4), err);
}

static enum muster_code feed_all(struct page *page, struct bytes *out, struct view text,
				 size_t split, size_t step, struct muster_error *err)
{
	enum muster_code code = MUSTER_FULL;

	while (code == MUSTER_FULL) {
		size_t len = split ? split : step;
		struct view piece;
		uint8_t *copy;

		if (len > text.len || (!split && !step))
			len = text.len;
		require(take_bytes(&text, len, &piece));
		copy = malloc(piece.len);
		if (!copy && piece.len)
			return muster_fail_memory(err, "a piece");
		if (piece.len)
			memcpy(copy, piece.ptr, piece.len);
		if (page->listing)
			listing_feed(page->listing, view_of(copy, piece.len));
		else
			uploads_feed(page->uploads, view_of(copy, piece.len));
		if (!text.len && page->listing)
			listing_finish(page->listing);
		if (!text.len && page->uploads)
			uploads_finish(page->uploads);
		while ((code = next_item(page, out, err)) == MUSTER_OK)
			;
		free(copy);
		step = split ? SIZE_MAX : step;
		split = 0;
	}
	return code;
}

static void say_end(struct bytes *out, enum muster_code code, const struct muster_error *err)
{
	if (muster_failed(code))
		require(!bytes_printf(out, NULL, "failed %s: %s\n", muster_code_name(code),
				      err->message));
}

static enum muster_code trace_page(struct bytes *out, unsigned kind, struct view document,
				   size_t split, size_t step)
{
	struct page page = { 0 };
	struct muster_error err = { 0 };
	enum muster_code code = page_open(&page, kind, &err);

	if (!code)
		code = feed_all(&page, out, document, split, step, &err);
	say_end(out, code, &err);
	if (code != MUSTER_E_MEMORY) /* for good */
		require(next_item(&page, out, NULL) == code);
	if (code == MUSTER_END) {
		struct listing_page end =
			page.listing ? listing_page(page.listing) : uploads_page(page.uploads);

		require(!bytes_append_text(out, "end", NULL));
		say_number(out, "truncated", end.is_truncated);
		say(out, "next", end.next);
		say(out, "next_version", end.next_version);
		require(!bytes_append_byte(out, '\n', NULL));
	}
	listing_free(page.listing);
	uploads_free(page.uploads);
	return code;
}

static void say_error(struct bytes *out, const struct cloud_error *error)
{
	struct revealed canonical = secret_reveal(&error->canonical_request);
	struct revealed string = secret_reveal(&error->string_to_sign);

	require(!bytes_append_text(out, "error", NULL));
	say(out, "code", error->code);
	say(out, "message", error->message);
	say(out, "region", error->region);
	say(out, "endpoint", error->endpoint);
	say(out, "bucket", error->bucket);
	say(out, "request", error->request_id);
	say(out, "host", error->host_id);
	say(out, "detail", error->detail);
	if (canonical.secret_len)
		say(out, "canonical", view_of(canonical.secret_ptr, canonical.secret_len));
	if (string.secret_len)
		say(out, "string", view_of(string.secret_ptr, string.secret_len));
	require(!bytes_append_byte(out, '\n', NULL));
}

static enum muster_code trace_error(struct bytes *out, struct view document)
{
	struct cloud_error error;
	struct muster_error err = { 0 };
	enum muster_code code = cloud_error_parse(&error, document, &err);

	say_end(out, code, &err);
	if (!code)
		say_error(out, &error);
	cloud_error_release(&error);
	return code;
}

static enum muster_code trace_reply(struct bytes *out, enum s3_reply_kind kind,
				    struct view document)
{
	struct s3_reply reply;
	struct cloud_error error;
	struct muster_error err = { 0 };
	enum muster_code code = s3_reply_parse(&reply, kind, document, &error, &err);

	say_end(out, code, &err);
	if (code == MUSTER_E_IO)
		say_error(out, &error);
	if (!code) {
		require(!bytes_append_text(out, "reply", NULL));
		say(out, "upload", reply.upload_id);
		say(out, "etag", reply.etag);
		say_time(out, reply.mtime_ns);
		say_checksums(out, reply.checksums, reply.checksum_count);
		require(!bytes_append_byte(out, '\n', NULL));
	}
	s3_reply_release(&reply);
	cloud_error_release(&error);
	return code;
}

enum muster_code page_trace(struct bytes *out, unsigned kind, struct view document, size_t split,
			    size_t step)
{
	if (kind < 8 || kind >= 13)
		return trace_page(out, kind, document, split, step);
	if (kind == 8)
		return trace_error(out, document);
	return trace_reply(out, (enum s3_reply_kind)(kind - 9), document);
}
