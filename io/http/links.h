/**
 * links - a doubly linked list through its members. A list's head is a link, too; a zeroed link is
 * in no list.
 */
#ifndef IO_HTTP_LINKS_H
#define IO_HTTP_LINKS_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *next, *prev;
};

#define LINK_OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void links_init(struct link *head)
{
	head->next = head->prev = head;
}

static inline bool links_are_empty(const struct link *head)
{
	return head->next == head;
}

static inline bool link_is_in(const struct link *link)
{
	return link->next;
}

static inline void link_insert(struct link *before, struct link *link)
{
	link->next = before;
	link->prev = before->prev;
	before->prev->next = link;
	before->prev = link;
}

static inline void links_push_back(struct link *head, struct link *link)
{
	link_insert(head, link);
}

static inline void links_push_front(struct link *head, struct link *link)
{
	link_insert(head->next, link);
}

/** Takes one that is in no list, too. */
static inline void link_remove(struct link *link)
{
	if (!link->next)
		return;
	link->next->prev = link->prev;
	link->prev->next = link->next;
	link->next = link->prev = NULL;
}

/** NULL: the list is empty. */
static inline struct link *links_pop(struct link *head)
{
	struct link *link = head->next;

	if (link == head)
		return NULL;
	link_remove(link);
	return link;
}

/** All of `from` go behind those of `to`. */
static inline void links_move(struct link *to, struct link *from)
{
	if (links_are_empty(from))
		return;
	from->next->prev = to->prev;
	from->prev->next = to;
	to->prev->next = from->next;
	to->prev = from->prev;
	links_init(from);
}

#endif
