/**
 * listing_internal - the elements of each store's list page.
 */
#ifndef IO_CLOUD_LISTING_INTERNAL_H
#define IO_CLOUD_LISTING_INTERNAL_H

#include "io/cloud/listing.h"
#include "io/cloud/records.h"

const struct records_shape *listing_shape(enum listing_kind kind);

#endif
