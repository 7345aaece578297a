#include "io/cloud/reply.h"

#include "io/cloud/records.h"

enum error_field {
	ERROR_ROOT = 1,
	ERROR_OUTER,
	ERROR_LIST,
	ERROR_CODE,
	ERROR_REASON,
	ERROR_STATUS,
	ERROR_TYPE,
	ERROR_MESSAGE,
	ERROR_DETAIL,
	ERROR_REGION,
	ERROR_ENDPOINT,
	ERROR_BUCKET,
	ERROR_REQUEST_ID,
	ERROR_HOST_ID,
	ERROR_CANONICAL,
	ERROR_STRING,
};

/* S3, Azure and Google's XML: Error; STS: ErrorResponse around it. */
static const struct document_rule xml_error[] = {
	{ DOCUMENT_TOP, ERROR_ROOT, "Error" },
	{ DOCUMENT_TOP, ERROR_OUTER, "ErrorResponse" },
	{ ERROR_OUTER, ERROR_ROOT, "Error" },
	{ ERROR_OUTER, ERROR_REQUEST_ID, "RequestId" },
	{ ERROR_ROOT, ERROR_CODE, "Code" },
	{ ERROR_ROOT, ERROR_MESSAGE, "Message" },
	{ ERROR_ROOT, ERROR_DETAIL, "AuthenticationErrorDetail" },
	{ ERROR_ROOT, ERROR_DETAIL, "Details" },
	{ ERROR_ROOT, ERROR_REGION, "Region" },
	{ ERROR_ROOT, ERROR_ENDPOINT, "Endpoint" },
	{ ERROR_ROOT, ERROR_BUCKET, "Bucket" },
	{ ERROR_ROOT, ERROR_BUCKET, "BucketName" },
	{ ERROR_ROOT, ERROR_REQUEST_ID, "RequestId" },
	{ ERROR_ROOT, ERROR_HOST_ID, "HostId" },
	{ ERROR_ROOT, ERROR_CANONICAL, "CanonicalRequest" },
	{ ERROR_ROOT, ERROR_STRING, "StringToSign" },
	{ 0 },
};

/* Google: {"error": {...}}; token endpoints: {"error": "word", "error_description": ...}; AWS's
 * JSON services: {"__type": ..., "message": ...}. */
static const struct document_rule json_error[] = {
	{ DOCUMENT_TOP, ERROR_ROOT, "error" },
	{ ERROR_ROOT, ERROR_CODE, "code" },
	{ ERROR_ROOT, ERROR_STATUS, "status" },
	{ ERROR_ROOT, ERROR_MESSAGE, "message" },
	{ ERROR_ROOT, ERROR_LIST, "errors" },
	{ ERROR_LIST, ERROR_REASON, "reason" },
	{ DOCUMENT_TOP, ERROR_MESSAGE, "error_description" },
	{ DOCUMENT_TOP, ERROR_TYPE, "__type" },
	{ DOCUMENT_TOP, ERROR_TYPE, "Code" }, /* containers */
	{ DOCUMENT_TOP, ERROR_MESSAGE, "message" },
	{ DOCUMENT_TOP, ERROR_MESSAGE, "Message" },
	{ 0 },
};

static struct view skip_blanks(struct view text)
{
	while (text.len && strchr(" \t\r\n", text.ptr[0]) && text.ptr[0])
		text = view_of(text.ptr + 1, text.len - 1);
	return text;
}

/* The word that says most: Google's reason before its status before the number. */
static struct view error_word(const struct fields *fields)
{
	static const uint8_t order[] = { ERROR_REASON, ERROR_STATUS, ERROR_CODE, ERROR_ROOT,
					 ERROR_TYPE };

	for (size_t i = 0; i < sizeof(order); i++) {
		if (fields_get(fields, order[i]).len)
			return fields_get(fields, order[i]);
	}
	return (struct view){ 0 };
}

static enum muster_code take_error(struct cloud_error *out, struct muster_error *err)
{
	const struct fields *fields = &out->fields;
	enum muster_code code;

	out->code = error_word(fields);
	out->message = fields_get(fields, ERROR_MESSAGE);
	out->region = fields_get(fields, ERROR_REGION);
	out->endpoint = fields_get(fields, ERROR_ENDPOINT);
	out->bucket = fields_get(fields, ERROR_BUCKET);
	out->request_id = fields_get(fields, ERROR_REQUEST_ID);
	out->host_id = fields_get(fields, ERROR_HOST_ID);
	out->detail = fields_get(fields, ERROR_DETAIL);
	if (!out->code.len && !out->message.len)
		return muster_fail(err, MUSTER_E_FORMAT, "the answer is no error document");
	if (fields_get(fields, ERROR_CANONICAL).len > SECRET_MAX_BYTES ||
	    fields_get(fields, ERROR_STRING).len > SECRET_MAX_BYTES)
		return MUSTER_OK; /* what comes with the error does not hide it */
	code = fields_secret(fields, ERROR_CANONICAL, &out->canonical_request, err);
	return code ? code : fields_secret(fields, ERROR_STRING, &out->string_to_sign, err);
}

enum muster_code cloud_error_parse(struct cloud_error *out, struct view document,
				   struct muster_error *err)
{
	bool is_json;
	enum muster_code code;

	*out = (struct cloud_error){ 0 };
	document = skip_blanks(document);
	is_json = document.len && document.ptr[0] == '{';
	code = fields_read(&out->fields, is_json ? DOCUMENT_JSON : DOCUMENT_XML,
			   is_json ? json_error : xml_error, document, err);
	if (!code)
		code = take_error(out, err);
	if (code)
		cloud_error_release(out);
	return code;
}

void cloud_error_release(struct cloud_error *error)
{
	secret_release(&error->canonical_request);
	secret_release(&error->string_to_sign);
	fields_release(&error->fields);
	*error = (struct cloud_error){ 0 };
}

#define REPLY_RULES(root)                                                                          \
	{ DOCUMENT_TOP, RECORD_ERROR, "Error" }, { DOCUMENT_TOP, RECORD_ROOT, root },              \
		{ RECORD_ROOT, RECORD_UPLOAD_ID, "UploadId" },                                     \
		{ RECORD_ROOT, RECORD_ETAG, "ETag" },                                              \
		{ RECORD_ROOT, RECORD_TIME, "LastModified" },                                      \
		{ RECORD_ROOT, RECORD_CRC32, "ChecksumCRC32" },                                    \
		{ RECORD_ROOT, RECORD_CRC32C, "ChecksumCRC32C" },                                  \
		{ RECORD_ROOT, RECORD_CRC64, "ChecksumCRC64NVME" },                                \
		{ RECORD_ROOT, RECORD_SHA1, "ChecksumSHA1" },                                      \
		{ RECORD_ROOT, RECORD_SHA256, "ChecksumSHA256" },                                  \
	{                                                                                          \
		0                                                                                  \
	}

static const struct document_rule reply_rules[][11] = {
	[S3_REPLY_INITIATED] = { REPLY_RULES("InitiateMultipartUploadResult") },
	[S3_REPLY_COMPLETED] = { REPLY_RULES("CompleteMultipartUploadResult") },
	[S3_REPLY_COPIED] = { REPLY_RULES("CopyObjectResult") },
	[S3_REPLY_PART_COPIED] = { REPLY_RULES("CopyPartResult") },
};

static enum muster_code fail_inside_200(struct view document, struct cloud_error *error,
					struct muster_error *err)
{
	enum muster_code code = cloud_error_parse(error, document, err);

	if (code)
		return code;
	return muster_fail(err, MUSTER_E_IO, "the answer holds an error: %.*s: %.*s",
			   VIEW_ARGS(error->code), VIEW_ARGS(error->message));
}

static enum muster_code take_reply(struct s3_reply *out, enum s3_reply_kind kind,
				   struct muster_error *err)
{
	const struct fields *fields = &out->fields;

	out->upload_id = fields_get(fields, RECORD_UPLOAD_ID);
	out->etag = listing_etag(fields_get(fields, RECORD_ETAG));
	out->checksum_count = records_take_checksums(fields, out->checksums);
	if (kind == S3_REPLY_INITIATED && !out->upload_id.len)
		return muster_fail(err, MUSTER_E_FORMAT, "the answer has no upload id");
	return fields_time(fields, RECORD_TIME, "time of modification", &out->mtime_ns, err);
}

enum muster_code s3_reply_parse(struct s3_reply *out, enum s3_reply_kind kind, struct view document,
				struct cloud_error *error, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct s3_reply){ 0 };
	*error = (struct cloud_error){ 0 };
	document = skip_blanks(document);
	code = fields_read(&out->fields, DOCUMENT_XML, reply_rules[kind], document, err);
	if (!code && fields_has(&out->fields, RECORD_ERROR))
		code = fail_inside_200(document, error, err);
	if (!code)
		code = take_reply(out, kind, err);
	if (code)
		s3_reply_release(out);
	return code;
}

void s3_reply_release(struct s3_reply *reply)
{
	fields_release(&reply->fields);
	*reply = (struct s3_reply){ 0 };
}
