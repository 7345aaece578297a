#include "io/cloud/body.h"

#include "base/text/encode.h"
#include "base/text/utf8.h"

#define XML_HEAD     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define S3_NAMESPACE "http://s3.amazonaws.com/doc/2006-03-01/"

/* XML 1.0, production 2 */
static bool is_xml_char(uint32_t point)
{
	return point == '\t' || point == '\n' || point == '\r' ||
	       (point >= 0x20 && point <= 0xd7ff) || (point >= 0xe000 && point <= 0xfffd) ||
	       point >= 0x10000;
}

bool body_can_express(struct view text)
{
	while (text.len) {
		uint32_t point;
		size_t len = utf8_decode(text, &point);

		if (!len || !is_xml_char(point))
			return false;
		text = view_of(text.ptr + len, text.len - len);
	}
	return true;
}

static const char *escape_of(uint8_t byte)
{
	switch (byte) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\t': /* a parser would make blanks and line ends of these */
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

static enum muster_code append_text(struct bytes *out, struct view text, struct muster_error *err)
{
	enum muster_code code = bytes_reserve(out, text.len, err);

	for (size_t i = 0; i < text.len && !code; i++) {
		const char *escape = escape_of(text.ptr[i]);

		code = escape ? bytes_append_text(out, escape, err)
			      : bytes_append_byte(out, text.ptr[i], err);
	}
	return code;
}

static enum muster_code append_element(struct bytes *out, const char *name, struct view text,
				       struct muster_error *err)
{
	enum muster_code code;

	if (!body_can_express(text))
		return muster_fail(err, MUSTER_E_UNSUPPORTED, "XML cannot express '%.*s'",
				   VIEW_ARGS(text));
	code = bytes_printf(out, err, "<%s>", name);
	if (!code)
		code = append_text(out, text, err);
	return code ? code : bytes_printf(out, err, "</%s>", name);
}

static enum muster_code append_checksum(struct bytes *out, const struct checksum *checksum,
					struct muster_error *err)
{
	static const char *const names[CHECKSUM_ALGORITHM_COUNT] = {
		[CHECKSUM_CRC32] = "ChecksumCRC32",	    [CHECKSUM_CRC32C] = "ChecksumCRC32C",
		[CHECKSUM_CRC64NVME] = "ChecksumCRC64NVME", [CHECKSUM_SHA1] = "ChecksumSHA1",
		[CHECKSUM_SHA256] = "ChecksumSHA256",
	};
	char text[BASE64_TEXT_LEN(LISTING_CHECKSUM_BYTES)];

	if (!names[checksum->algorithm])
		return muster_fail(err, MUSTER_E_USAGE, "a part's MD5 is its ETag");
	base64_encode(text, checksum->value, checksum->len);
	return append_element(out, names[checksum->algorithm],
			      view_of(text, BASE64_TEXT_LEN(checksum->len)), err);
}

static enum muster_code append_part(struct bytes *out, const struct body_part *part,
				    uint32_t number_before, struct muster_error *err)
{
	enum muster_code code;

	if (part->number <= number_before || part->number > BODY_PARTS_MAX)
		return muster_fail(err, MUSTER_E_USAGE, "part %u is out of order", part->number);
	code = bytes_printf(out, err, "<Part><PartNumber>%u</PartNumber>", part->number);
	if (!code)
		code = append_element(out, "ETag", part->etag, err);
	if (!code && part->checksum)
		code = append_checksum(out, part->checksum, err);
	return code ? code : bytes_append_text(out, "</Part>", err);
}

static enum muster_code check_count(size_t count, size_t max, const char *what,
				    struct muster_error *err)
{
	if (count && count <= max)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "a request has 1 to %zu %s, not %zu", max, what,
			   count);
}

/* A document that failed half-way leaves nothing. */
static enum muster_code keep_whole(struct bytes *out, size_t before, enum muster_code code)
{
	if (code)
		out->len = before;
	return code;
}

enum muster_code body_append_complete(struct bytes *out, const struct body_part *parts,
				      size_t part_count, struct muster_error *err)
{
	size_t before = out->len;
	enum muster_code code = check_count(part_count, BODY_PARTS_MAX, "parts", err);

	if (!code)
		code = bytes_append_text(
			out, XML_HEAD "<CompleteMultipartUpload xmlns=\"" S3_NAMESPACE "\">", err);
	for (size_t i = 0; i < part_count && !code; i++)
		code = append_part(out, &parts[i], i ? parts[i - 1].number : 0, err);
	if (!code)
		code = bytes_append_text(out, "</CompleteMultipartUpload>", err);
	return keep_whole(out, before, code);
}

static enum muster_code append_object(struct bytes *out, const struct body_delete *object,
				      struct muster_error *err)
{
	enum muster_code code = bytes_append_text(out, "<Object>", err);

	if (!code)
		code = append_element(out, "Key", object->key, err);
	if (!code && object->version.len)
		code = append_element(out, "VersionId", object->version, err);
	return code ? code : bytes_append_text(out, "</Object>", err);
}

enum muster_code body_append_delete(struct bytes *out, const struct body_delete *objects,
				    size_t object_count, struct muster_error *err)
{
	size_t before = out->len;
	enum muster_code code = check_count(object_count, BODY_DELETES_MAX, "keys", err);

	if (!code)
		code = bytes_append_text(out, XML_HEAD "<Delete xmlns=\"" S3_NAMESPACE "\">", err);
	for (size_t i = 0; i < object_count && !code; i++)
		code = append_object(out, &objects[i], err);
	if (!code)
		code = bytes_append_text(out, "<Quiet>true</Quiet></Delete>", err);
	return keep_whole(out, before, code);
}

enum muster_code body_append_blocks(struct bytes *out, const struct view *ids, size_t id_count,
				    struct muster_error *err)
{
	size_t before = out->len;
	enum muster_code code = MUSTER_OK;

	/* none at all is an empty blob */
	if (id_count > BODY_BLOCKS_MAX)
		code = check_count(id_count, BODY_BLOCKS_MAX, "blocks", err);
	if (!code)
		code = bytes_append_text(out, XML_HEAD "<BlockList>", err);
	for (size_t i = 0; i < id_count && !code; i++)
		code = append_element(out, "Latest", ids[i], err);
	if (!code)
		code = bytes_append_text(out, "</BlockList>", err);
	return keep_whole(out, before, code);
}
