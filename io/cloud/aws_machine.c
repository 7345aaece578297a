/*
 * Roles of containers and machines, from metadata servers next to them. No proxy may see what they
 * answer, and where there is none an answer is not waited for.
 */
#include "io/cloud/aws_keys_internal.h"

#include <errno.h>

#include "base/text/text.h"
#include "io/cloud/aws_sources.h"
#include "io/cloud/header.h"

/* As botocore: `timeout` and `num_attempts` of a metadata service. */
#define MACHINE_TIMEOUT_S    1
#define MACHINE_TIMEOUT_MAX  60
#define CONTAINER_TIMEOUT_MS 2000
#define CONTAINER_TRIES	     3
#define TOKEN_TTL_S	     "21600"
#define ROLE_PATH	     "/latest/meta-data/iam/security-credentials/"

/* --- containers ------------------------------------------------------------------------------ */

static enum muster_code container_url(const struct aws_chain *chain, struct bytes *out,
				      struct muster_error *err)
{
	struct view path = errand_env(&chain->errand, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	struct view uri = errand_env(&chain->errand, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	enum muster_code code;

	if (path.len)
		return bytes_printf(out, err, "%.*s%.*s",
				    VIEW_ARGS(bytes_view(&chain->container_url)), VIEW_ARGS(path));
	code = aws_container_uri_check(uri, err);
	return code ? code : bytes_append_view(out, uri, err);
}

/* Each time: EKS replaces the file. */
static enum muster_code container_token(const struct aws_chain *chain, struct secret *out,
					struct muster_error *err)
{
	struct view path = errand_env(&chain->errand, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	struct view token = errand_env(&chain->errand, "AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (path.len)
		return errand_read_secret(out, path, err);
	return token.len ? secret_set(out, token, err) : MUSTER_OK;
}

static enum muster_code ask_container(struct aws_chain *chain, struct key_set *out,
				      struct muster_error *err)
{
	struct errand_reply reply = { 0 };
	struct secret token = { 0 };
	struct bytes url = { 0 };
	enum muster_code code = container_url(chain, &url, err);

	if (!code)
		code = container_token(chain, &token, err);
	if (!code) {
		struct errand_ask ask = {
			.url = bytes_view(&url),
			.is_metadata = true,
			.timeout_ms = CONTAINER_TIMEOUT_MS,
			.tries = CONTAINER_TRIES,
			.headers = { { .name = "Accept",
				       .value = VIEW_LITERAL("application/json") },
				     { .name = secret_is_set(&token) ? "Authorization" : NULL,
				       .secret = &token } },
		};

		code = errand_ask(&chain->errand, &ask, &reply, err);
	}
	if (!code)
		code = aws_take(out, AWS_SOURCE_CONTAINER, &reply.body, err);
	errand_reply_release(&reply);
	secret_release(&token);
	bytes_release(&url);
	return code;
}

enum muster_code aws_fetch_container(struct aws_chain *chain, const struct aws_files *files,
				     struct key_set *out, struct muster_error *err)
{
	enum muster_code code;

	(void)files;
	if (!errand_env(&chain->errand, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").len &&
	    !errand_env(&chain->errand, "AWS_CONTAINER_CREDENTIALS_FULL_URI").len)
		return search_absent(&chain->search, err, "no AWS_CONTAINER_CREDENTIALS_…_URI");
	search_named(&chain->search, "the container's role");
	code = ask_container(chain, out, err);
	if (code)
		muster_context(err, "the container's role");
	return code;
}

/* --- machines -------------------------------------------------------------------------------- */

/** A session with IMDS. A zeroed struct is none. */
struct machine {
	struct errand *errand;
	struct bytes base;   /* "http://169.254.169.254" */
	struct secret token; /* of version 2; there is no way back to version 1 */
	unsigned timeout_ms, tries;
};

static void machine_release(struct machine *machine)
{
	bytes_release(&machine->base);
	secret_release(&machine->token);
}

static unsigned number_of(const struct errand *errand, const char *variable, unsigned usual)
{
	uint64_t value;

	if (!text_parse_u64(errand_env(errand, variable), &value) || !value ||
	    value > MACHINE_TIMEOUT_MAX)
		return usual;
	return (unsigned)value;
}

static enum muster_code append_base(const struct errand *errand, struct bytes *out,
				    struct muster_error *err)
{
	struct view base = errand_env(errand, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct view mode = errand_env(errand, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	while (base.len && base.ptr[base.len - 1] == '/')
		base.len--;
	if (base.len)
		return bytes_append_view(out, base, err);
	return bytes_append_text(out,
				 header_compare(mode, VIEW_LITERAL("ipv6")) == 0
					 ? "http://[fd00:ec2::254]"
					 : "http://169.254.169.254",
				 err);
}

static enum muster_code machine_ask(struct machine *machine, const char *path, struct view more,
				    struct errand_reply *reply, struct muster_error *err)
{
	struct bytes url = { 0 };
	bool is_token = !secret_is_set(&machine->token);
	enum muster_code code =
		bytes_printf(&url, err, "%.*s%s%.*s", VIEW_ARGS(bytes_view(&machine->base)), path,
			     VIEW_ARGS(more));

	*reply = (struct errand_reply){ 0 };
	if (!code) {
		struct errand_ask ask = {
			.method = is_token ? HTTP_PUT : HTTP_GET,
			.url = bytes_view(&url),
			.is_metadata = true,
			.timeout_ms = machine->timeout_ms,
			.tries = machine->tries,
			.headers = { { .name = is_token ? "x-aws-ec2-metadata-token-ttl-seconds"
							: "x-aws-ec2-metadata-token",
				       .value = is_token ? VIEW_LITERAL(TOKEN_TTL_S)
							 : VIEW_LITERAL(""),
				       .secret = is_token ? NULL : &machine->token } },
		};

		code = errand_ask(machine->errand, &ask, reply, err);
	}
	bytes_release(&url);
	return code;
}

/* Is there such a server? Why not is left in `failure`. MUSTER_ABSENT: there is none. */
static enum muster_code machine_open(struct machine *out, struct errand *errand,
				     struct muster_error *failure)
{
	struct errand_reply reply = { 0 };
	enum muster_code code;

	*out = (struct machine){
		.errand = errand,
		.timeout_ms =
			1000 * number_of(errand, "AWS_METADATA_SERVICE_TIMEOUT", MACHINE_TIMEOUT_S),
		.tries = number_of(errand, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1),
	};
	if (errand_env_is_true(errand, "AWS_EC2_METADATA_DISABLED")) {
		muster_fail(failure, MUSTER_E_IO, "AWS_EC2_METADATA_DISABLED");
		return MUSTER_ABSENT;
	}
	code = append_base(errand, &out->base, failure);
	if (!code)
		code = machine_ask(out, "/latest/api/token", VIEW_LITERAL(""), &reply, failure);
	if (!code)
		code = secret_copy(&out->token, &reply.body, failure);
	if (code == MUSTER_E_IO && !reply.status)
		code = MUSTER_ABSENT;
	errand_reply_release(&reply);
	return code;
}

/* In a container the reply to a PUT may not come so far: packets live for one hop by default. */
static const char *why_not(const struct muster_error *failure)
{
	if (failure->sys_errno == ETIMEDOUT)
		return "no answer from IMDS; in a container its hop limit may be 1";
	return failure->sys_errno ? "no IMDS" : failure->message;
}

/* The first line: a name that will be a part of a path, or of a host. */
static struct view path_part(const struct secret *text)
{
	struct revealed revealed = secret_reveal(text);
	size_t len = 0;

	while (len < revealed.secret_len && revealed.secret_ptr[len] > ' ' &&
	       revealed.secret_ptr[len] < 0x7f && !strchr("/?#%", revealed.secret_ptr[len]))
		len++;
	return view_of(revealed.secret_ptr, len);
}

static enum muster_code take_role(struct machine *machine, struct key_set *out, bool *has_role,
				  struct muster_error *err)
{
	struct errand_reply names, keys = { 0 };
	enum muster_code code = machine_ask(machine, ROLE_PATH, VIEW_LITERAL(""), &names, err);

	*has_role = names.status != 404;
	if (!code && !path_part(&names.body).len)
		code = muster_fail(err, MUSTER_E_FORMAT, "IMDS names no role");
	if (!code)
		code = machine_ask(machine, ROLE_PATH, path_part(&names.body), &keys, err);
	if (!code)
		code = aws_take(out, AWS_SOURCE_IMDS, &keys.body, err);
	errand_reply_release(&keys);
	errand_reply_release(&names);
	return code;
}

enum muster_code aws_fetch_machine(struct aws_chain *chain, const struct aws_files *files,
				   struct key_set *out, struct muster_error *err)
{
	struct muster_error failure = { 0 };
	struct machine machine;
	bool has_role = true;
	enum muster_code code = machine_open(&machine, &chain->errand, &failure);

	(void)files;
	search_named(&chain->search, "the machine's role");
	if (!code)
		code = take_role(&machine, out, &has_role, &failure);
	machine_release(&machine);
	if (code == MUSTER_ABSENT)
		return search_absent(&chain->search, err, "%s", why_not(&failure));
	if (code && !has_role)
		return search_absent(&chain->search, err, "it has no role");
	if (code && err) {
		*err = failure;
		muster_context(err, "the machine's role");
	}
	return code;
}

enum muster_code aws_machine_region(struct errand *errand, struct bytes *out,
				    struct muster_error *err)
{
	struct muster_error why = { 0 };
	struct errand_reply reply = { 0 };
	struct machine machine;
	enum muster_code code = machine_open(&machine, errand, &why);

	if (!code)
		code = machine_ask(&machine, "/latest/meta-data/placement/region", VIEW_LITERAL(""),
				   &reply, &why);
	if (!code)
		code = bytes_append_view(out, path_part(&reply.body), &why);
	if (!code && !out->len)
		code = MUSTER_ABSENT;
	errand_reply_release(&reply);
	machine_release(&machine);
	if (code == MUSTER_E_MEMORY)
		return muster_fail_memory(err, "a region");
	/* one that cannot be had is guessed; the server will say which one is right */
	return code ? MUSTER_ABSENT : MUSTER_OK;
}
