/* Uploads in parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/io/cloud/s3_fake_internal.h"

void fake_begin(const struct asked *asked)
{
	struct s3_fake *fake = asked->fake;
	struct s3_fake_upload *upload;

	fake->uploads =
		scripted_memory(fake->uploads, fake->upload_count + 1, sizeof(*fake->uploads));
	upload = &fake->uploads[fake->upload_count++];
	*upload = (struct s3_fake_upload){ .key = asked->key, .id = ++fake->last_upload };
	fake_take_nonce(asked, upload->nonce);
	fake_answer(asked, 200, "%s", "");
	fake_text(asked, fake_print(fake,
				    "<InitiateMultipartUploadResult><UploadId>id+/%u</UploadId>"
				    "</InitiateMultipartUploadResult>",
				    upload->id));
}

/* NULL: refused. */
static struct s3_fake_upload *upload_of(const struct asked *asked)
{
	const char *id = fake_parameter(asked, "uploadId");

	for (size_t i = 0; i < asked->fake->upload_count; i++) {
		struct s3_fake_upload *upload = &asked->fake->uploads[i];

		if (strcmp(id, fake_print(asked->fake, "id+/%u", upload->id)) == 0 &&
		    strcmp(upload->key, asked->key) == 0)
			return upload;
	}
	fake_refuse(asked, 404, "NoSuchUpload", "");
	return NULL;
}

static void forget(struct s3_fake *fake, struct s3_fake_upload *upload)
{
	free(upload->parts);
	*upload = fake->uploads[--fake->upload_count];
}

void fake_put_part(const struct asked *asked)
{
	struct s3_fake_upload *upload = upload_of(asked);
	unsigned number = (unsigned)strtoul(fake_parameter(asked, "partNumber"), NULL, 10);
	struct s3_fake_object *part;

	if (!upload || !fake_check_body(asked))
		return;
	if (number > upload->part_count) {
		upload->parts = scripted_memory(upload->parts, number, sizeof(*upload->parts));
		memset(upload->parts + upload->part_count, 0,
		       (number - upload->part_count) * sizeof(*upload->parts));
		upload->part_count = number;
	}
	part = &upload->parts[number - 1];
	part->len = asked->request->body_len;
	part->data = fake_keep(asked->fake, part->len);
	if (part->len)
		memcpy(part->data, asked->request->body, part->len);
	fake_set_etag(part);
	fake_answer(asked, 200, "ETag: %s\r\n", part->etag);
}

/* All parts, one after the other, each named by the body with its ETag. NULL: refused. */
static unsigned char *joined(const struct asked *asked, const struct s3_fake_upload *upload,
			     size_t *len)
{
	char *body = fake_keep(asked->fake, asked->request->body_len);
	unsigned char *data;

	memcpy(body, asked->request->body, asked->request->body_len);
	*len = 0;
	for (unsigned i = 0; i < upload->part_count; i++)
		*len += upload->parts[i].len;
	data = fake_keep(asked->fake, *len);
	*len = 0;
	for (unsigned i = 0; i < upload->part_count; i++) {
		const struct s3_fake_object *part = &upload->parts[i];
		char hex[33] = "";

		memcpy(hex, part->etag[0] ? part->etag + 1 : "", part->etag[0] ? 32 : 0);
		if (!part->data ||
		    !strstr(body, fake_print(asked->fake, "<PartNumber>%u</PartNumber>", i + 1)) ||
		    !strstr(body, hex)) {
			fake_refuse(asked, 400, "InvalidPart", "");
			return NULL;
		}
		memcpy(data + *len, part->data, part->len);
		*len += part->len;
	}
	return data;
}

void fake_complete(const struct asked *asked)
{
	struct s3_fake_upload *upload = upload_of(asked);
	struct s3_fake_object *object;
	unsigned char *data;
	size_t len;

	if (!upload || !fake_check_body(asked))
		return;
	if (asked->fake->refuses_complete_if && fake_header(asked, "if-none-match")) {
		fake_refuse(asked, 501, "NotImplemented", "");
		return;
	}
	if (!fake_may_create(asked))
		return;
	data = joined(asked, upload, &len);
	if (!data)
		return;
	object = fake_store(asked->fake, asked->key, data, len);
	memcpy(object->nonce, upload->nonce, sizeof(object->nonce));
	snprintf(object->etag + 33, sizeof(object->etag) - 33, "-%u\"", upload->part_count);
	forget(asked->fake, upload);
	fake_answer(asked, 200, "%s", "");
	/* as radosgw: blanks to keep the connection alive, and no ETag */
	fake_text(asked, "  \n<?xml version=\"1.0\"?><CompleteMultipartUploadResult><ETag/>"
			 "</CompleteMultipartUploadResult>");
}

void fake_list_parts(const struct asked *asked)
{
	const struct s3_fake_upload *upload = upload_of(asked);
	const char *marker = fake_parameter(asked, "part-number-marker");
	unsigned from = marker ? (unsigned)strtoul(marker, NULL, 10) : 0, last = 0, count = 0;
	unsigned page_max = asked->fake->page_max ? asked->fake->page_max : 1000;
	const char *text = "<ListPartsResult>";
	unsigned i;

	if (!upload)
		return;
	for (i = from; i < upload->part_count && count < page_max; i++) {
		const struct s3_fake_object *part = &upload->parts[i];

		if (!part->data)
			continue;
		text = fake_print(asked->fake,
				  "%s<Part><PartNumber>%u</PartNumber><ETag>%s</ETag>"
				  "<Size>%zu</Size></Part>",
				  text, i + 1, part->etag, part->len);
		last = i + 1;
		count++;
	}
	fake_answer(asked, 200, "%s", "");
	fake_text(asked, fake_print(asked->fake,
				    "%s<IsTruncated>%s</IsTruncated><NextPartNumberMarker>%u"
				    "</NextPartNumberMarker></ListPartsResult>",
				    text, i < upload->part_count ? "true" : "false", last));
}

void fake_abort(const struct asked *asked)
{
	struct s3_fake_upload *upload = upload_of(asked);

	if (!upload)
		return;
	forget(asked->fake, upload);
	fake_answer(asked, 204, "%s", "");
}
