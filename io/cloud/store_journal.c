/*
 * What an earlier writer sent of an object, and this one need not send again (decision 0016).
 *
 *	journal: part n had this SHA-256, and the cloud called it so
 *	cloud:   lists part n, by that name and of that size      ─► it is there
 *	writer:  the bytes that come now have that SHA-256        ─► and is kept
 *
 * A name stands for its bytes: an ETag of S3 is of a part's content, or of the request that brought
 * it; a block of Azure's is called by the writer that sent it, and each writer calls itself anew.
 * So nobody who sent other bytes under the same number meanwhile is believed.
 *
 * Google has no parts, only so many bytes of a session that cannot be taken back. What they are
 *must be remembered before they are on their way; where other bytes come now, the session is of no
 *use.
 */
#include <stdlib.h>

#include "io/cloud/secret.h"
#include "io/cloud/store_writer.h"

/* What the journal keeps of an upload: its nonce, which its object will have, and its name. */
#define NONCE_BYTES (CLOUD_NONCE_TEXT - 1)

/* --- what is there --------------------------------------------------------------------------- */

static const struct store_part *remembered(const struct cloud_writer *writer, uint32_t number)
{
	const struct store_journal *journal = writer->journal;

	if (!writer->is_there || number > journal->part_count ||
	    !journal->parts[number - 1].size_bytes)
		return NULL;
	return &journal->parts[number - 1];
}

static void take_item(struct cloud_writer *writer, const struct upload_item *item)
{
	const struct store_part *part;
	uint32_t number;
	struct view name;

	if (!cloud_writer_ops(writer)->name_part(item, &number, &name) || !number)
		return;
	part = remembered(writer, number);
	if (part && part->size_bytes == item->size_bytes &&
	    view_equal(listing_etag(view_text(part->name)), name))
		writer->is_there[number - 1] = true;
}

/* All of a page. `token` is of the next one, or empty. */
static enum muster_code read_page(struct cloud_writer *writer, struct view document,
				  struct bytes *token, struct muster_error *err)
{
	struct upload_item item;
	struct uploads *page;
	enum muster_code code = uploads_new(&page, cloud_writer_ops(writer)->parts, err);
	bool is_fed = false;

	if (code)
		return code;
	uploads_feed(page, document);
	for (;;) {
		code = uploads_next(page, &item, err);
		if (code == MUSTER_FULL && !is_fed) {
			uploads_finish(page);
			is_fed = true;
			continue;
		}
		if (code)
			break;
		take_item(writer, &item);
	}
	token->len = 0;
	if (code == MUSTER_END)
		code = bytes_append_view(token, uploads_page(page).next, err);
	uploads_free(page);
	return code;
}

static enum muster_code ask_page(struct cloud_writer *writer, struct bytes *token,
				 struct muster_error *err)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_flight_init(&flight, writer->cloud, CLOUD_PARTS, cloud_writer_key(writer));
	flight.call.upload = bytes_view(&writer->upload);
	flight.call.token = bytes_view(token);
	code = cloud_flight_perform(&flight, err);
	if (!code && cloud_writer_ops(writer)->parts_in_order)
		writer->persisted_bytes = flight.call.out.size_bytes;
	else if (!code)
		code = read_page(writer, bytes_view(&flight.page), token, err);
	cloud_flight_release(&flight);
	return code;
}

/* Part numbers ascend from page to page, so that there are not more pages than parts. */
static enum muster_code ask_all(struct cloud_writer *writer, struct muster_error *err)
{
	uint32_t page_count = 0;
	struct bytes token = { 0 };
	enum muster_code code;

	do {
		code = ask_page(writer, &token, err);
		if (!code && ++page_count > UPLOADS_PART_MAX)
			code = muster_fail(err, MUSTER_E_FORMAT,
					   "%s lists the parts of an upload without end",
					   writer->cloud->protocol->place);
	} while (!code && token.len);
	bytes_release(&token);
	return code;
}

/* Where uploads have no life of their own, the object tells that it is over. The name of what is
 * sent from now on comes with the first part, as that of a new upload does. */
static enum muster_code check_open(struct cloud_writer *writer, struct muster_error *err)
{
	struct cloud_flight flight;
	enum muster_code code;

	writer->upload.len = 0;
	cloud_flight_init(&flight, writer->cloud, CLOUD_HEAD, cloud_writer_key(writer));
	code = cloud_flight_perform(&flight, err);
	cloud_flight_release(&flight);
	if (code == MUSTER_ABSENT)
		return MUSTER_OK;
	return code ? code : MUSTER_ABSENT;
}

enum muster_code cloud_journal_open(struct cloud_writer *writer, struct muster_error *err)
{
	const struct store_journal *journal = writer->journal;
	struct view upload = journal->upload;
	enum muster_code code;

	if (upload.len <= NONCE_BYTES)
		return MUSTER_ABSENT;
	writer->is_there = calloc(journal->part_count + 1, sizeof(*writer->is_there));
	if (!writer->is_there)
		return muster_fail_memory(err, "the parts of an upload");
	memcpy(writer->nonce, upload.ptr, NONCE_BYTES);
	code = bytes_append(&writer->upload, upload.ptr + NONCE_BYTES, upload.len - NONCE_BYTES,
			    err);
	if (!code)
		code = ask_all(writer, err);
	if (!code && cloud_writer_ops(writer)->renames_parts)
		code = check_open(writer, err);
	return code;
}

/* --- part for part --------------------------------------------------------------------------- */

void cloud_journal_begin(struct cloud_writer *writer)
{
	struct bytes upload = { 0 };

	if (!writer->journal || writer->is_there)
		return;
	if (!bytes_append(&upload, writer->nonce, NONCE_BYTES, NULL) &&
	    !bytes_append_view(&upload, bytes_view(&writer->upload), NULL))
		writer->journal->begun(writer->journal->state, bytes_view(&upload));
	secret_scrub(&upload);
	bytes_release(&upload);
}

static bool is_equal(const struct store_part *part, const struct cloud_part *now)
{
	return part && part->size_bytes == now->size_bytes &&
	       memcmp(part->sha256, now->sha256, sizeof(now->sha256)) == 0;
}

/* A session takes no byte back: those that it has must be those that come now. The last part ends
 * it, so that it is sent in any case. */
static enum muster_code find_in_order(struct cloud_writer *writer, const struct cloud_part *now,
				      bool is_last, bool *is_kept)
{
	uint64_t persisted = writer->persisted_bytes, begin = writer->offset_bytes;

	if (begin >= persisted)
		return MUSTER_OK;
	if (!is_equal(remembered(writer, now->number), now))
		return muster_fail(&writer->error, MUSTER_E_CHANGED,
				   "what was sent of it before had other bytes");
	*is_kept = !is_last && begin + now->size_bytes <= persisted; /* else the rest is taken */
	return MUSTER_OK;
}

enum muster_code cloud_journal_find(struct cloud_writer *writer, struct cloud_part *now,
				    bool is_last, bool *is_kept)
{
	const struct store_part *part = remembered(writer, now->number);
	enum muster_code code = MUSTER_OK;

	*is_kept = false;
	if (cloud_writer_ops(writer)->parts_in_order)
		code = find_in_order(writer, now, is_last, is_kept);
	else if (is_equal(part, now) && writer->is_there[now->number - 1])
		*is_kept = true;
	if (!*is_kept)
		return code;
	memcpy(now->etag, part->name, sizeof(now->etag));
	writer->journal->kept_bytes += now->size_bytes;
	return MUSTER_OK;
}

static void tell(struct cloud_writer *writer, const struct cloud_part *now)
{
	struct store_part part = { .number = now->number, .size_bytes = now->size_bytes };

	memcpy(part.sha256, now->sha256, sizeof(part.sha256));
	memcpy(part.name, now->etag, sizeof(part.name));
	writer->journal->sent(writer->journal->state, &part);
}

void cloud_journal_send(struct cloud_writer *writer, const struct cloud_part *part)
{
	if (writer->journal && cloud_writer_ops(writer)->parts_in_order)
		tell(writer, part);
}

void cloud_journal_sent(struct cloud_writer *writer, const struct cloud_part *part)
{
	if (writer->journal && !cloud_writer_ops(writer)->parts_in_order)
		tell(writer, part);
}
