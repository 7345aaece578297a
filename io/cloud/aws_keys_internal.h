/*
 *   aws_keys.c      the chain of sources, and those that are but files and variables
 *   aws_role.c, aws_web_identity.c, aws_sso.c, aws_machine.c   all others
 *   aws_sts.c       what the first two ask
 */
#ifndef IO_CLOUD_AWS_KEYS_INTERNAL_H
#define IO_CLOUD_AWS_KEYS_INTERNAL_H

#include "io/cloud/aws_credentials.h"
#include "io/cloud/aws_files.h"
#include "io/cloud/aws_keys.h"
#include "io/cloud/search.h"

/* Roles that are taken with roles. */
#define AWS_ROLE_DEPTH_MAX 5

struct aws_chain {
	struct errand errand;
	struct aws_options options; /* its texts lie in `profile`, `region` and `container_url` */
	struct bytes profile, region, container_url;
	struct search search;

	/* aws_sso.c: a login that was renewed. The CLI's own file is left alone. */
	struct aws_sso_token login;
};

/* Keys from what a source answers. */
enum muster_code aws_take(struct key_set *out, enum aws_source source, const struct secret *text,
			  struct muster_error *err);
/* The region of STS; empty: none is known. */
struct view aws_region(const struct aws_chain *chain, const struct aws_files *files);
bool aws_ignores_environment(const struct aws_chain *chain);

/* POST to STS, signed with `keys`; NULL: not signed. */
enum muster_code aws_sts_ask(struct aws_chain *chain, const struct aws_files *files,
			     const struct key_set *keys, const struct secret *body,
			     struct key_set *out, struct muster_error *err);
/* The one that is configured, or one that tells in AWS's logs who it was. */
#define AWS_SESSION_NAME_BYTES 48
struct view aws_session_name(const struct aws_chain *chain, struct view configured,
			     char buf[AWS_SESSION_NAME_BYTES]);

/* A source: MUSTER_ABSENT, by search_absent(), where it is not configured. */
typedef enum muster_code aws_fetch_fn(struct aws_chain *chain, const struct aws_files *files,
				      struct key_set *out, struct muster_error *err);
aws_fetch_fn aws_fetch_environment, aws_fetch_shared, aws_fetch_process, aws_fetch_config;
aws_fetch_fn aws_fetch_role, aws_fetch_web_identity;
aws_fetch_fn aws_fetch_sso;
aws_fetch_fn aws_fetch_container, aws_fetch_machine;

/* The region of the machine. MUSTER_ABSENT: it tells none, or is no machine of AWS. */
enum muster_code aws_machine_region(struct errand *errand, struct bytes *out,
				    struct muster_error *err);

#endif
