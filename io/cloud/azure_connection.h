/**
 * azure_connection - AZURE_STORAGE_CONNECTION_STRING.
 *
 *	DefaultEndpointsProtocol=https;AccountName=a;AccountKey=...==;EndpointSuffix=core.windows.net
 *	BlobEndpoint=https://a.blob.core.windows.net/;SharedAccessSignature=sv=...&sig=...
 *	UseDevelopmentStorage=true
 *
 * Threads: pure functions. Errors: MUSTER_E_USAGE naming the key, never a value; MUSTER_E_MEMORY.
 */
#ifndef IO_CLOUD_AZURE_CONNECTION_H
#define IO_CLOUD_AZURE_CONNECTION_H

#include "io/cloud/secret.h"

/* Microsoft's public constants for every emulator */
#define AZURE_EMULATOR_ACCOUNT	"devstoreaccount1"
#define AZURE_EMULATOR_ENDPOINT "http://127.0.0.1:10000/devstoreaccount1"
#define AZURE_EMULATOR_KEY                                                                         \
	"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

/** A zeroed struct is none. */
struct azure_connection {
	struct bytes account;  /* may be empty beside an endpoint and a SAS */
	struct bytes endpoint; /* "https://a.blob.core.windows.net", without a slash at its end */
	struct secret key;     /* base64, as sharedkey_decode() takes it */
	struct secret sas;
};

enum muster_code azure_connection_parse(struct azure_connection *out, const struct secret *text,
					struct muster_error *err);
void azure_connection_release(struct azure_connection *connection);

#endif
