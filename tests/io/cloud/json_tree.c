#include "tests/io/cloud/json_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json/json.h"

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

void json_tree_file(const char *path, struct bytes *out)
{
	FILE *file = fopen(path, "rb");
	size_t got;

	require(file);
	do {
		require(!bytes_reserve(out, 65536, NULL));
		got = fread(out->ptr + out->len, 1, 65536, file);
		out->len += got;
	} while (got);
	fclose(file);
}

static char *copy_of(struct view text)
{
	char *copy = malloc(text.len + 1);

	require(copy);
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

static struct json_tree *read_value(struct json_reader *reader, const struct json_token *token);

static struct json_tree *read_children(struct json_reader *reader)
{
	struct json_tree *first = NULL, **end = &first;
	struct json_token token;

	for (;;) {
		char *key = NULL;

		require(!json_next(reader, &token, NULL));
		if (token.kind == JSON_OBJECT_END || token.kind == JSON_ARRAY_END)
			return first;
		if (token.kind == JSON_KEY) {
			key = copy_of(token.text);
			require(!json_next(reader, &token, NULL));
		}
		*end = read_value(reader, &token);
		(*end)->key = key;
		end = &(*end)->next;
	}
}

static struct json_tree *read_value(struct json_reader *reader, const struct json_token *token)
{
	struct json_tree *tree = calloc(1, sizeof(*tree));

	require(tree);
	switch (token->kind) {
	case JSON_OBJECT_BEGIN:
	case JSON_ARRAY_BEGIN:
		tree->child = read_children(reader);
		break;
	case JSON_STRING:
	case JSON_NUMBER:
		tree->text = copy_of(token->text);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		tree->text = copy_of(view_text(token->kind == JSON_TRUE ? "true" : "false"));
		break;
	default:
		break;
	}
	return tree;
}

struct json_tree *json_tree_load(const char *path)
{
	struct bytes document = { 0 };
	struct json_reader *reader;
	struct json_token token;
	struct json_tree *tree;

	json_tree_file(path, &document);
	require(!json_reader_over(&reader, bytes_view(&document), NULL));
	require(!json_next(reader, &token, NULL));
	tree = read_value(reader, &token);
	json_reader_free(reader);
	bytes_release(&document);
	return tree;
}

void json_tree_free(struct json_tree *tree)
{
	while (tree) {
		struct json_tree *next = tree->next;

		json_tree_free(tree->child);
		free(tree->key);
		free(tree->text);
		free(tree);
		tree = next;
	}
}

const struct json_tree *json_tree_find(const struct json_tree *object, const char *key)
{
	for (const struct json_tree *at = object->child; at; at = at->next) {
		if (strcmp(at->key, key) == 0)
			return at;
	}
	return NULL;
}

const char *json_tree_text(const struct json_tree *object, const char *key)
{
	const struct json_tree *member = json_tree_find(object, key);

	return member ? member->text : NULL;
}
