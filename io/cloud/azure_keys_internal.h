/*
 *   azure_keys.c       where credentials are looked for; those of a storage account
 *   azure_tokens.c     those of Entra ID: clients, workloads, machines, people
 *   azure_settings.c   account and endpoint
 */
#ifndef IO_CLOUD_AZURE_KEYS_INTERNAL_H
#define IO_CLOUD_AZURE_KEYS_INTERNAL_H

#include "io/cloud/azure_connection.h"
#include "io/cloud/azure_keys.h"
#include "io/cloud/bearer.h"
#include "io/cloud/search.h"

struct azure_source {
	struct errand errand;
	struct bytes account; /* whose keys are looked for */
	struct bytes machine_url;
	unsigned process_timeout_ms;
	bool is_anonymous;
	struct search search;
};

/* A source: MUSTER_ABSENT, by search_absent(), where it is not configured. */
typedef enum muster_code azure_fetch_fn(struct azure_source *source, struct key_set *out,
					struct muster_error *err);
azure_fetch_fn azure_fetch_client, azure_fetch_workload, azure_fetch_app_service,
	azure_fetch_machine, azure_fetch_az;

/* AZURE_STORAGE_CONNECTION_STRING. MUSTER_ABSENT: it is not set. */
enum muster_code azure_connection_load(struct azure_connection *out, const struct errand *errand,
				       struct muster_error *err);

#endif
