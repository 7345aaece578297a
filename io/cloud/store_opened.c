/* Objects never change: who opens one that is open has what the other was given. */
#include <stdlib.h>

#include "io/cloud/store_internal.h"

void cloud_opened_init(struct cloud_opened *opened)
{
	pthread_mutex_init(&opened->lock, NULL);
	opened->first = NULL;
}

void cloud_opened_release(struct cloud_opened *opened)
{
	pthread_mutex_destroy(&opened->lock);
}

bool cloud_opened_share(struct cloud_opened *opened, struct cloud_object *object)
{
	const struct cloud_object *other;

	pthread_mutex_lock(&opened->lock);
	other = opened->first;
	while (other && !view_equal(cloud_object_key(other), cloud_object_key(object)))
		other = other->next;
	if (other) {
		object->base.size_bytes = other->base.size_bytes;
		memcpy(object->etag, other->etag, sizeof(object->etag));
		object->held = other->held;
		object->held->users++;
	}
	pthread_mutex_unlock(&opened->lock);
	return other;
}

void cloud_opened_enter(struct cloud_opened *opened, struct cloud_object *object)
{
	pthread_mutex_lock(&opened->lock);
	object->next = opened->first;
	object->link = &opened->first;
	if (object->next)
		object->next->link = &object->next;
	opened->first = object;
	pthread_mutex_unlock(&opened->lock);
}

static void take_out(struct cloud_object *object)
{
	if (!object->link)
		return;
	*object->link = object->next;
	if (object->next)
		object->next->link = object->link;
	object->link = NULL;
}

void cloud_opened_leave(struct cloud_opened *opened, struct cloud_object *object)
{
	struct cloud_held *held = object->held;
	bool is_last;

	pthread_mutex_lock(&opened->lock);
	take_out(object);
	is_last = held && --held->users == 0;
	pthread_mutex_unlock(&opened->lock);
	if (is_last)
		free(held);
}

void cloud_opened_forget(struct cloud_opened *opened, struct view key)
{
	struct cloud_object *object, *next;

	pthread_mutex_lock(&opened->lock);
	for (object = opened->first; object; object = next) {
		next = object->next;
		if (view_equal(cloud_object_key(object), key))
			take_out(object);
	}
	pthread_mutex_unlock(&opened->lock);
}
