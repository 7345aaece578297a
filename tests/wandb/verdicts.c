/*
 * verdicts - what muster's rules say, for a test to hold against those of W&B's SDK.
 *
 * Each line of standard input, "KIND<TAB>HEX[<TAB>HEX]" (the second value is that which the first
 * one depends on: the name that a type is for), is answered by one line: "yes<TAB>HEX" with what
 * the value becomes, or "no<TAB>MESSAGE". Anything else ends the program with exit code 2.
 */
#include <stdio.h>
#include <stdlib.h>

#include "artifact/metadata.h"
#include "artifact/name.h"
#include "artifact/path.h"
#include "base/text/encode.h"

#define FIELD_MAX 3

/* Appends to `out` what `value` becomes, if it is good. */
typedef enum muster_code judge_fn(struct view value, struct view other, struct bytes *out,
				  struct muster_error *err);

/* A value that is taken as it is. */
static enum muster_code as_it_is(enum muster_code code, struct view value, struct bytes *out,
				 struct muster_error *err)
{
	return code ? code : bytes_append_view(out, value, err);
}

static enum muster_code judge_name(struct view value, struct view other, struct bytes *out,
				   struct muster_error *err)
{
	(void)other;
	return as_it_is(artifact_name_check(value, err), value, out, err);
}

static enum muster_code judge_type(struct view value, struct view other, struct bytes *out,
				   struct muster_error *err)
{
	return as_it_is(artifact_type_check(value, other, err), value, out, err);
}

static enum muster_code judge_alias(struct view value, struct view other, struct bytes *out,
				    struct muster_error *err)
{
	(void)other;
	return as_it_is(alias_check(value, err), value, out, err);
}

static enum muster_code judge_tag(struct view value, struct view other, struct bytes *out,
				  struct muster_error *err)
{
	(void)other;
	return as_it_is(tag_check(value, err), value, out, err);
}

static enum muster_code judge_project(struct view value, struct view other, struct bytes *out,
				      struct muster_error *err)
{
	(void)other;
	return as_it_is(project_check(value, err), value, out, err);
}

static enum muster_code judge_path(struct view value, struct view other, struct bytes *out,
				   struct muster_error *err)
{
	(void)other;
	return entry_path_normalize(value, out, err);
}

static enum muster_code judge_metadata(struct view value, struct view other, struct bytes *out,
				       struct muster_error *err)
{
	(void)other;
	return metadata_canonical(value, out, err);
}

/* Becomes the four parts, with a NUL behind each. */
static enum muster_code judge_address(struct view value, struct view other, struct bytes *out,
				      struct muster_error *err)
{
	struct artifact_address address;
	enum muster_code code = artifact_address_parse(&address, value, err);
	const struct view parts[] = { address.entity, address.project, address.name,
				      address.alias };

	(void)other;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !code; i++) {
		code = bytes_append_view(out, parts[i], err);
		if (!code)
			code = bytes_append_byte(out, 0, err);
	}
	return code;
}

static const struct kind {
	const char *name;
	judge_fn *judge;
} kinds[] = {
	{ "name", judge_name },		{ "type", judge_type },	      { "alias", judge_alias },
	{ "tag", judge_tag },		{ "path", judge_path },	      { "project", judge_project },
	{ "metadata", judge_metadata }, { "address", judge_address },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

static void print_answer(enum muster_code code, const struct bytes *out,
			 const struct muster_error *err)
{
	if (code) {
		printf("no\t%s\n", err->message);
		return;
	}
	fputs("yes\t", stdout);
	for (size_t i = 0; i < out->len; i++)
		printf("%02x", out->ptr[i]);
	putchar('\n');
}

/* In the place of its hex. False where it is none. */
static bool decode(char *field, struct view *out)
{
	struct view text = view_text(field);

	*out = view_of(field, text.len / 2);
	return text.len % 2 == 0 && hex_decode(field, out->len, text);
}

static bool answer(char *line)
{
	char *fields[FIELD_MAX] = { 0 };
	struct view value, other = { 0 };
	const struct kind *kind;
	struct muster_error err = { 0 };
	struct bytes out = { 0 };

	for (int i = 0; i < FIELD_MAX; i++)
		fields[i] = strsep(&line, "\t");
	kind = fields[0] ? find_kind(fields[0]) : NULL;
	if (!kind || !fields[1] || !decode(fields[1], &value))
		return false;
	if (fields[2] && !decode(fields[2], &other))
		return false;
	print_answer(kind->judge(value, other, &out, &err), &out, &err);
	bytes_release(&out);
	return true;
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int code = 0;

	while (!code && (len = getline(&line, &cap, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!answer(line)) {
			fprintf(stderr, "verdicts: not \"KIND<TAB>HEX\": '%s'\n", line);
			code = 2;
		}
	}
	free(line);
	return code;
}
