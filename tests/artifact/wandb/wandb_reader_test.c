#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "artifact/wandb/manifest_json.h"
#include "tests/support/torture.h"

#define HELLO "XUFAKrxLKna5cZ2REBfFkg=="
#define BIRTH "QXJ0aWZhY3Q6NTI1MDk4"

/* A document around `contents`. */
#define DOCUMENT(contents)                                                                         \
	"{\"version\":1,\"storagePolicy\":\"wandb-storage-policy-v1\","                            \
	"\"storagePolicyConfig\":{\"storageLayout\":\"V2\"},\"contents\":{" contents "}}"
#define ENTRY(members) DOCUMENT("\"a\":{" members "}")

/* What W&B's uploader stores. */
static const char go_document[] = DOCUMENT(
	"\"data/a.bin\":{\"digest\":\"" HELLO "\",\"size\":5,\"local_path\":\"<staging>/tmpab12\","
	"\"birthArtifactID\":\"" BIRTH "\",\"skip_cache\":false},"
	"\"data/empty\":{\"digest\":\"1B2M2Y8AsgTpgAmY7PhCfg==\",\"size\":0,"
	"\"local_path\":\"<staging>/tmpcd34\",\"birthArtifactID\":\"" BIRTH
	"\",\"skip_cache\":true},"
	"\"ref/obj.pb\":{\"digest\":\"781e5e245d69b566979b86e28d23f2c7\","
	"\"ref\":\"s3://bkt/obj.pb\",\"size\":10,\"skip_cache\":false,"
	"\"extra\":{\"etag\":\"781e5e245d69b566979b86e28d23f2c7\"}}");

/* The same in Python's form, the top-level keys turned round and some that nobody knows. */
static const char python_document[] =
	"{\n"
	"    \"future\": {\"contents\": [{\"digest\": 1}, [], {}], \"version\": 7},\n"
	"    \"contents\": {\n"
	"        \"data/a.bin\": {\n"
	"            \"size\": 5, \"birthArtifactID\": \"" BIRTH "\",\n"
	"            \"digest\": \"\\u0058UFAKrxLKna5cZ2REBfFkg==\"\n"
	"        },\n"
	"        \"data\\/empty\": {\n"
	"            \"new\": {\"extra\": {\"alg\": \"XXH128\"}}, \"extra\": {}, \"ref\": null,\n"
	"            \"digest\": \"1B2M2Y8AsgTpgAmY7PhCfg==\", \"size\": 0,\n"
	"            \"birthArtifactID\": \"" BIRTH "\"\n"
	"        },\n"
	"        \"ref/obj.pb\": {\n"
	"            \"extra\": { \"etag\" : \"781e5e245d69b566979b86e28d23f2c7\" },\n"
	"            \"ref\": \"s3://bkt/obj.pb\", \"size\": 10,\n"
	"            \"digest\": \"781e5e245d69b566979b86e28d23f2c7\"\n"
	"        }\n"
	"    },\n"
	"    \"storagePolicyConfig\": {\"more\": [1], \"storageLayout\": \"V2\"},\n"
	"    \"storagePolicy\": \"wandb-storage-policy-v1\",\n"
	"    \"version\": 1\n"
	"}\n";

static const char listing[] =
	"data/a.bin MD5 " HELLO " 5 ref= extra= birth=" BIRTH "\n"
	"data/empty MD5 1B2M2Y8AsgTpgAmY7PhCfg== 0 ref= extra= birth=" BIRTH "\n"
	"ref/obj.pb text 781e5e245d69b566979b86e28d23f2c7 10 ref=s3://bkt/obj.pb "
	"extra={\"etag\":\"781e5e245d69b566979b86e28d23f2c7\"} birth=\n";

/* One line that tells all of an entry. */
static void list_entry(struct bytes *out, const struct entry *entry)
{
	static const char *const algorithms[] = { "text", "MD5", "XXH128" };
	char buf[ENTRY_DIGEST_BUF_BYTES];
	char size[24] = "-";
	struct view digest = entry_digest_text(entry, buf);

	assert_false(entry->has_checksum || entry->has_identity || entry->is_placed);
	if (entry->has_size)
		snprintf(size, sizeof(size), "%llu", (unsigned long long)entry->size_bytes);
	assert_int_equal(bytes_printf(out, NULL, "%.*s %s %.*s %s ref=%.*s extra=%.*s birth=%.*s\n",
				      VIEW_ARGS(entry->path), algorithms[entry->algorithm],
				      VIEW_ARGS(digest), size, VIEW_ARGS(entry->ref),
				      VIEW_ARGS(entry->extra), VIEW_ARGS(entry->birth_artifact_id)),
			 MUSTER_OK);
}

/* Reads in pieces of `piece_bytes`; lists the entries; answers MUSTER_END or the failure. */
static enum muster_code read_all(struct view document, size_t piece_bytes, struct bytes *out,
				 struct muster_error *err)
{
	struct wandb_reader *reader;
	struct entry entry;
	enum muster_code code = wandb_reader_new(&reader, err);

	if (code)
		return code;
	for (;;) {
		code = wandb_reader_next(reader, &entry, err);
		if (code == MUSTER_OK) {
			list_entry(out, &entry);
			continue;
		}
		if (code != MUSTER_FULL)
			break;
		if (piece_bytes > document.len)
			piece_bytes = document.len;
		if (document.len)
			wandb_reader_feed(reader, view_of(document.ptr, piece_bytes));
		else
			wandb_reader_finish(reader);
		document = view_of(document.ptr + piece_bytes, document.len - piece_bytes);
	}
	wandb_reader_free(reader);
	return code;
}

static void assert_lists(const char *document, const char *expected)
{
	struct bytes out = { 0 };
	struct muster_error err = { 0 };

	assert_int_equal(read_all(view_text(document), SIZE_MAX, &out, &err), MUSTER_END);
	assert_int_equal(bytes_append_byte(&out, '\0', NULL), MUSTER_OK);
	assert_string_equal((const char *)out.ptr, expected);
	bytes_release(&out);
}

static void both_forms_give_the_same_entries(void **state)
{
	(void)state;
	assert_lists(go_document, listing);
	assert_lists(python_document, listing);
}

static void pieces_of_any_size_give_the_same_entries(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 80; piece++) {
		struct bytes out = { 0 };
		struct view document = view_text(piece % 2 ? go_document : python_document);

		assert_int_equal(read_all(document, piece, &out, NULL), MUSTER_END);
		assert_true(view_equal(bytes_view(&out), view_text(listing)));
		bytes_release(&out);
	}
}

static void algorithm_tag_leaves_extra(void **state)
{
	static const struct {
		const char *document, *expected;
	} cases[] = {
		{ ENTRY("\"digest\":\"" HELLO "\",\"extra\":{\"alg\":\"XXH128\"}"),
		  "a XXH128 " HELLO " - ref= extra= birth=\n" },
		{ ENTRY("\"extra\":{\"b\":[{\"alg\":1}],\"alg\":\"XXH128\",\"c\":2},\"digest\":"
			"\"" HELLO "\""),
		  "a XXH128 " HELLO " - ref= extra={\"b\":[{\"alg\":1}],\"c\":2} birth=\n" },
		{ ENTRY("\"digest\":\"" HELLO "\",\"extra\":{\"alg\":\"MD5\"}"),
		  "a MD5 " HELLO " - ref= extra= birth=\n" },
		{ ENTRY("\"digest\":\"" HELLO "\",\"extra\":{\"alg\":\"SHA1\",\"x\":null}"),
		  "a MD5 " HELLO " - ref= extra={\"x\":null} birth=\n" },
		{ ENTRY("\"digest\":\"" HELLO "\",\"extra\":{\"alg\":{\"alg\":[\"XXH128\"]}}"),
		  "a MD5 " HELLO " - ref= extra= birth=\n" },
		{ ENTRY("\"digest\":\"etag\",\"extra\":{\"alg\":\"XXH128\"}"),
		  "a text etag - ref= extra= birth=\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_lists(cases[i].document, cases[i].expected);
}

static void only_canonical_base64_of_16_bytes_is_a_digest(void **state)
{
	static const struct {
		const char *document, *expected;
	} cases[] = {
		/* a reference whose ETag looks like one: the same text comes back */
		{ ENTRY("\"digest\":\"aaaaaaaaaaaaaaaaaaaaaA==\",\"ref\":\"x://y\""),
		  "a MD5 aaaaaaaaaaaaaaaaaaaaaA== - ref=x://y extra= birth=\n" },
		{ ENTRY("\"digest\":\"aaaaaaaaaaaaaaaaaaaaaa==\""), /* bits left over */
		  "a text aaaaaaaaaaaaaaaaaaaaaa== - ref= extra= birth=\n" },
		{ ENTRY("\"digest\":\"XUFAKrxLKna5cZ2REBfFkg=\""),
		  "a text XUFAKrxLKna5cZ2REBfFkg= - ref= extra= birth=\n" },
		{ ENTRY("\"digest\":\"XUFAKrxLKna5cZ2REBfF\""),
		  "a text XUFAKrxLKna5cZ2REBfF - ref= extra= birth=\n" },
		{ ENTRY("\"digest\":\"\""), "a text  - ref= extra= birth=\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_lists(cases[i].document, cases[i].expected);
}

static void repeated_paths_come_as_they_are(void **state)
{
	(void)state;
	assert_lists(DOCUMENT("\"a\":{\"digest\":\"1\"},\"a\":{\"digest\":\"2\",\"size\":0}"),
		     "a text 1 - ref= extra= birth=\n"
		     "a text 2 0 ref= extra= birth=\n");
}

static void policy_config_is_kept(void **state)
{
	static const struct {
		const char *config, *region;
		unsigned layout;
	} cases[] = {
		{ "\"storagePolicyConfig\":{\"storageLayout\":\"V2\",\"storageRegion\":\"eu\"},",
		  "eu", 2 },
		{ "\"storagePolicyConfig\":{\"storageRegion\":null},", "", 1 },
		{ "\"storagePolicyConfig\":{\"storageLayout\":\"V1\"},", "", 1 },
		{ "\"storagePolicyConfig\":null,", "", 1 },
		{ "", "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wandb_reader *reader;
		struct bytes document = { 0 };
		struct entry entry;

		assert_int_equal(bytes_printf(&document, NULL,
					      "{\"version\":1,\"storagePolicy\":"
					      "\"wandb-storage-policy-v1\",%s\"contents\":{}}",
					      cases[i].config),
				 MUSTER_OK);
		assert_int_equal(wandb_reader_new(&reader, NULL), MUSTER_OK);
		wandb_reader_feed(reader, bytes_view(&document));
		wandb_reader_finish(reader);
		assert_int_equal(wandb_reader_next(reader, &entry, NULL), MUSTER_END);
		assert_int_equal(wandb_reader_next(reader, &entry, NULL), MUSTER_END);
		assert_int_equal(wandb_reader_manifest(reader)->storage_layout, cases[i].layout);
		assert_true(view_equal(wandb_reader_manifest(reader)->storage_region,
				       view_text(cases[i].region)));
		wandb_reader_free(reader);
		bytes_release(&document);
	}
}

#define POLICY "\"storagePolicy\":\"wandb-storage-policy-v1\""

static const struct bad_document {
	const char *document;
	enum muster_code code;
	const char *reason;
} bad_documents[] = {
	{ "", MUSTER_E_FORMAT, "W&B manifest: " },
	{ "[]", MUSTER_E_FORMAT, "not a JSON object" },
	{ "{", MUSTER_E_FORMAT, "byte 1" },
	{ "{}", MUSTER_E_FORMAT, "Must contain version field" },
	{ "{\"version\":1," POLICY "}", MUSTER_E_FORMAT, "no 'contents'" },
	{ "{\"version\":1,\"contents\":{}}", MUSTER_E_FORMAT, "no 'storagePolicy'" },
	{ "{" POLICY ",\"contents\":{}}", MUSTER_E_FORMAT, "Must contain version field" },
	{ "{\"version\":2}", MUSTER_E_UNSUPPORTED, "Invalid manifest version" },
	{ "{\"version\":\"1\"}", MUSTER_E_UNSUPPORTED, "Invalid manifest version" },
	{ "{\"version\":1,\"version\":1}", MUSTER_E_FORMAT, "'version' is repeated" },
	{ "{\"contents\":{},\"contents\":{}}", MUSTER_E_FORMAT, "'contents' is repeated" },
	{ "{\"storagePolicy\":\"v2\"}", MUSTER_E_UNSUPPORTED, "storage policy 'v2'" },
	{ "{\"storagePolicy\":1}", MUSTER_E_FORMAT, "'storagePolicy' is not a string" },
	{ "{\"storagePolicyConfig\":[]}", MUSTER_E_FORMAT,
	  "'storagePolicyConfig' is not an object" },
	{ "{\"storagePolicyConfig\":{\"storageLayout\":\"V3\"}}", MUSTER_E_UNSUPPORTED,
	  "storage layout 'V3'" },
	{ "{\"storagePolicyConfig\":{\"storageLayout\":2}}", MUSTER_E_FORMAT, "not a string" },
	{ "{\"storagePolicyConfig\":{\"storageRegion\":2}}", MUSTER_E_FORMAT, "not a string" },
	{ "{\"contents\":[]}", MUSTER_E_FORMAT, "byte 12: 'contents' is not an object" },
	{ "{\"contents\":null}", MUSTER_E_FORMAT, "'contents' is not an object" },
	{ "{\"contents\":{\"a\":[]}}", MUSTER_E_FORMAT, "entry 'a' is not an object" },
	{ "{\"contents\":{\"a\":{}}}", MUSTER_E_FORMAT, "entry 'a' has no digest" },
	{ "{\"contents\":{\"a\":{\"digest\":null}}}", MUSTER_E_FORMAT, "'digest' is not a string" },
	{ ENTRY("\"digest\":1"), MUSTER_E_FORMAT, "'digest' is not a string" },
	{ ENTRY("\"digest\":\"a\",\"digest\":\"b\""), MUSTER_E_FORMAT, "'digest' is repeated" },
	{ ENTRY("\"digest\":\"a\",\"ref\":{}"), MUSTER_E_FORMAT, "'ref' is not a string" },
	{ ENTRY("\"digest\":\"a\",\"birthArtifactID\":7"), MUSTER_E_FORMAT, "is not a string" },
	{ ENTRY("\"digest\":\"a\",\"size\":-1"), MUSTER_E_FORMAT, "'size' is not a size in bytes" },
	{ ENTRY("\"digest\":\"a\",\"size\":1.5"), MUSTER_E_FORMAT,
	  "'size' is not a size in bytes" },
	{ ENTRY("\"digest\":\"a\",\"size\":\"1\""), MUSTER_E_FORMAT, "'size' is not a size" },
	{ ENTRY("\"digest\":\"a\",\"size\":9223372036854775808"), MUSTER_E_FORMAT,
	  "'size' is not" },
	{ ENTRY("\"digest\":\"a\",\"extra\":[]"), MUSTER_E_FORMAT, "'extra' is not an object" },
	{ ENTRY("\"digest\":\"a\",\"extra\":{\"x\":NaN}"), MUSTER_E_FORMAT, "byte " },
	{ ENTRY("\"digest\":\"\\ud800\""), MUSTER_E_FORMAT, "byte " },
	{ DOCUMENT("\"\":{}"), MUSTER_E_FORMAT, "Invalid artifact path: it is empty" },
	{ DOCUMENT("\"../a\":{}"), MUSTER_E_FORMAT, "component '..': '../a'" },
	{ DOCUMENT("\"/a\":{}"), MUSTER_E_FORMAT, "it is absolute: '/a'" },
	{ DOCUMENT("\"a\\u0000\":{}"), MUSTER_E_FORMAT, "NUL" },
	{ DOCUMENT("\"C:x\":{}"), MUSTER_E_FORMAT, "Windows drive" },
	{ DOCUMENT("") "x", MUSTER_E_FORMAT, "byte " },
};

static void bad_documents_are_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_documents) / sizeof(bad_documents[0]); i++) {
		const struct bad_document *bad = &bad_documents[i];
		struct bytes out = { 0 };
		struct muster_error err = { 0 };

		assert_int_equal(read_all(view_text(bad->document), SIZE_MAX, &out, &err),
				 bad->code);
		assert_int_equal(err.code, bad->code);
		assert_non_null(strstr(err.message, bad->reason));
		assert_int_equal(read_all(view_text(bad->document), 1, &out, NULL), bad->code);
		bytes_release(&out);
	}
}

static void no_document_that_is_cut_is_whole(void **state)
{
	struct view document = view_text(go_document);

	(void)state;
	for (size_t len = 0; len < document.len; len++) {
		struct bytes out = { 0 };

		assert_int_equal(read_all(view_of(document.ptr, len), SIZE_MAX, &out, NULL),
				 MUSTER_E_FORMAT);
		bytes_release(&out);
	}
}

/* One entry with `len` bytes of x between `before` and `after`. */
static enum muster_code read_long(const char *before, size_t len, const char *after)
{
	struct bytes document = { 0 }, out = { 0 };
	enum muster_code code;

	assert_int_equal(bytes_append_text(&document, before, NULL), MUSTER_OK);
	assert_int_equal(bytes_reserve(&document, len, NULL), MUSTER_OK);
	memset(document.ptr + document.len, 'x', len);
	document.len += len;
	assert_int_equal(bytes_append_text(&document, after, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_text(&document, "}}", NULL), MUSTER_OK);
	code = read_all(bytes_view(&document), 4096, &out, NULL);
	bytes_release(&document);
	bytes_release(&out);
	return code;
}

static void lengths_are_limited(void **state)
{
#define BEFORE                                                                                     \
	"{\"version\":1," POLICY ",\"storagePolicyConfig\":{"                                      \
	"\"storageLayout\":\"V2\"},\"contents\":{\""
	static const struct {
		const char *before, *after;
		size_t max;
		enum muster_code over;
	} cases[] = {
		{ BEFORE, "\":{\"digest\":\"a\"}", ENTRY_PATH_MAX_BYTES, MUSTER_E_FORMAT },
		{ BEFORE "a\":{\"digest\":\"", "\"}", ENTRY_TEXT_MAX_BYTES, MUSTER_E_LIMIT },
		{ BEFORE "a\":{\"digest\":\"a\",\"ref\":\"", "\"}", ENTRY_TEXT_MAX_BYTES,
		  MUSTER_E_LIMIT },
		{ BEFORE "a\":{\"digest\":\"a\",\"birthArtifactID\":\"", "\"}",
		  ENTRY_TEXT_MAX_BYTES, MUSTER_E_LIMIT },
		{ BEFORE "a\":{\"digest\":\"a\",\"extra\":{\"k\":\"", "\"}}",
		  ENTRY_EXTRA_MAX_BYTES - (sizeof("{\"k\":\"\"}") - 1), MUSTER_E_LIMIT },
		{ BEFORE "a\":{\"digest\":\"a\",\"local_path\":\"", "\"}", 1u << 20,
		  MUSTER_E_LIMIT },
		{ "{\"version\":1," POLICY ",\"contents\":{},\"storagePolicyConfig\":{"
		  "\"storageLayout\":\"V2\",\"storageRegion\":\"",
		  "\"", WANDB_REGION_MAX_BYTES, MUSTER_E_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_long(cases[i].before, cases[i].max, cases[i].after),
				 MUSTER_END);
		assert_int_equal(read_long(cases[i].before, cases[i].max + 1, cases[i].after),
				 cases[i].over);
	}
}

static void entries_of_one_shape_allocate_once(void **state)
{
	static const char entry_text[] =
		"\"a\":{\"digest\":\"" HELLO "\",\"size\":1,\"ref\":\"s3://b/k\","
		"\"extra\":{\"etag\":\"x\"},\"birthArtifactID\":\"" BIRTH "\"},";
	struct wandb_reader *reader;
	struct entry entry;
	uint64_t warm = 0;

	(void)state;
	assert_int_equal(wandb_reader_new(&reader, NULL), MUSTER_OK);
	wandb_reader_feed(reader, VIEW_LITERAL("{\"contents\":{"));
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(wandb_reader_next(reader, &entry, NULL), MUSTER_FULL);
		wandb_reader_feed(reader, VIEW_LITERAL(entry_text));
		assert_int_equal(wandb_reader_next(reader, &entry, NULL), MUSTER_OK);
		if (i == 2)
			warm = torture_allocations();
	}
	assert_int_equal(torture_allocations(), warm);
	wandb_reader_free(reader);
}

static void failed_allocation_is_reported(void **state)
{
	(void)state;
	for (uint64_t n = 1;; n++) {
		struct wandb_reader *reader = NULL;
		struct muster_error err = { 0 };
		struct entry entry;
		enum muster_code code;
		bool was_hit;

		torture_allocation(n);
		code = wandb_reader_new(&reader, &err);
		for (size_t at = 0; !code || code == MUSTER_FULL;) {
			code = wandb_reader_next(reader, &entry, &err);
			if (code == MUSTER_FULL && at < sizeof(python_document) - 1)
				wandb_reader_feed(reader, view_of(python_document + at++, 1));
			else if (code == MUSTER_FULL)
				wandb_reader_finish(reader);
		}
		was_hit = torture_hit();
		torture_off();
		assert_int_equal(code, was_hit ? MUSTER_E_MEMORY : MUSTER_END);
		assert_int_equal(err.code, was_hit ? MUSTER_E_MEMORY : MUSTER_OK);
		wandb_reader_free(reader);
		if (!was_hit) {
			assert_true(n > 6);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_give_the_same_entries),
		cmocka_unit_test(pieces_of_any_size_give_the_same_entries),
		cmocka_unit_test(algorithm_tag_leaves_extra),
		cmocka_unit_test(only_canonical_base64_of_16_bytes_is_a_digest),
		cmocka_unit_test(repeated_paths_come_as_they_are),
		cmocka_unit_test(policy_config_is_kept),
		cmocka_unit_test(bad_documents_are_refused_with_a_reason),
		cmocka_unit_test(no_document_that_is_cut_is_whole),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(entries_of_one_shape_allocate_once),
		cmocka_unit_test(failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
