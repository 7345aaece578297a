/* A manifest up to its footer, held against what led to it. */
#include "engine/check/check_internal.h"

#include <string.h>

#include "base/text/text.h"

static enum muster_code read_header(const struct manifest_file *file, struct muster_error *err)
{
	uint8_t header[OBJECT_HEADER_BYTES];
	enum muster_code code = store_read(file->object, 0, header, sizeof(header), err);

	return code ? code : object_header_check(view_of(header, sizeof(header)), "mani", 1, err);
}

static enum muster_code check_trailer(const struct manifest_file *file,
				      const struct manifest_pointer *pointer,
				      struct manifest_trailer *trailer, struct muster_error *err)
{
	uint8_t raw[MANIFEST_TRAILER_BYTES];
	uint64_t size_bytes = file->object->size_bytes;
	enum muster_code code;

	if (size_bytes != pointer->object_bytes)
		return muster_fail(err, MUSTER_E_FORMAT, "it has %llu %s instead of %llu",
				   (unsigned long long)size_bytes,
				   text_plural(size_bytes, "byte", "bytes"),
				   (unsigned long long)pointer->object_bytes);
	if (size_bytes < OBJECT_HEADER_BYTES + sizeof(raw))
		return muster_fail(err, MUSTER_E_FORMAT, "it is shorter than its trailer");
	code = store_read(file->object, size_bytes - sizeof(raw), raw, sizeof(raw), err);
	if (!code)
		code = manifest_trailer_parse(trailer, view_of(raw, sizeof(raw)), size_bytes, err);
	if (code)
		return code;
	if (trailer->footer_bytes != pointer->footer_bytes ||
	    memcmp(trailer->footer_sha256, pointer->footer_sha256, 32) != 0)
		return muster_fail(
			err, MUSTER_E_FORMAT,
			"its trailer tells of another footer than the record that names it");
	return MUSTER_OK;
}

static enum muster_code read_footer(struct manifest_file *file,
				    const struct manifest_trailer *trailer,
				    struct muster_error *err)
{
	struct bytes raw = { 0 };
	uint8_t sha256[32];
	enum muster_code code;

	if (trailer->footer_bytes > MANIFEST_FOOTER_MAX_BYTES)
		return muster_fail(err, MUSTER_E_LIMIT, "its footer is over %u bytes",
				   MANIFEST_FOOTER_MAX_BYTES);
	code = bytes_reserve(&raw, trailer->footer_bytes, err);
	if (!code)
		code = store_read(file->object, trailer->footer_offset_bytes, raw.ptr,
				  trailer->footer_bytes, err);
	if (!code) {
		raw.len = trailer->footer_bytes;
		sha256_of(bytes_view(&raw), sha256);
		if (memcmp(sha256, trailer->footer_sha256, 32) != 0)
			code = muster_fail(err, MUSTER_E_DIGEST,
					   "its footer has another SHA-256 than the record that "
					   "names it says");
	}
	if (!code)
		code = manifest_footer_parse(&file->footer, bytes_view(&raw), err);
	bytes_release(&raw);
	return code;
}

static enum muster_code check_owner(const struct manifest_file *file,
				    const struct manifest_claim *claim, struct muster_error *err)
{
	const struct manifest_footer *footer = &file->footer;

	if (!object_id_equal(&footer->id, &claim->pointer.id))
		return muster_fail(err, MUSTER_E_FORMAT, "its footer has another id");
	if (memcmp(footer->collection_id, claim->owner_id, 16) != 0 ||
	    memcmp(footer->version_id, claim->version_id, 16) != 0)
		return muster_fail(err, MUSTER_E_FORMAT, "it is of another version");
	return MUSTER_OK;
}

static enum muster_code read_all(struct manifest_file *file, const struct manifest_claim *claim,
				 struct muster_error *err)
{
	struct manifest_trailer trailer;
	enum muster_code code = check_trailer(file, &claim->pointer, &trailer, err);

	if (!code)
		code = read_header(file, err);
	if (!code)
		code = read_footer(file, &trailer, err);
	return code ? code : check_owner(file, claim, err);
}

static enum muster_code fail_missing(const struct manifest_claim *claim, struct muster_error *err)
{
	if (claim->version == VERSION_NONE)
		return muster_fail(err, MUSTER_E_FORMAT, "it is missing");
	return muster_fail(err, MUSTER_E_FORMAT, "it is missing: version v%llu needs it",
			   (unsigned long long)claim->version);
}

enum muster_code manifest_file_open(struct manifest_file *out, struct check_run *run,
				    const struct manifest_claim *claim, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct manifest_file){ 0 };
	key_object(&out->key, OBJECT_MANIFEST, &claim->pointer.id);
	code = store_open(run->store, out->key.text, &out->object, err);
	if (code == MUSTER_ABSENT)
		code = fail_missing(claim, err);
	if (!code)
		code = read_all(out, claim, err);
	if (code)
		manifest_file_close(out);
	return check_judge(run, out->key.text, code, err);
}

void manifest_file_close(struct manifest_file *file)
{
	manifest_footer_release(&file->footer);
	store_close(file->object);
	file->object = NULL;
}
