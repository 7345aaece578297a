/**
 * json_tree - a JSON document as a tree, for vector files. Aborts instead of failing.
 */
#ifndef TESTS_IO_CLOUD_JSON_TREE_H
#define TESTS_IO_CLOUD_JSON_TREE_H

#include "base/bytes.h"

struct json_tree {
	char *key;  /* in an object, else NULL */
	char *text; /* of a scalar: string, number, "true", "false"; NULL for others */
	struct json_tree *child, *next;
};

/** Append what a file holds. */
void json_tree_file(const char *path, struct bytes *out);
struct json_tree *json_tree_load(const char *path);
void json_tree_free(struct json_tree *tree);
/** A member, or NULL. */
const struct json_tree *json_tree_find(const struct json_tree *object, const char *key);
/** The text of a member, or NULL. */
const char *json_tree_text(const struct json_tree *object, const char *key);

#endif
