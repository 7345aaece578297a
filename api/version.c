#include "muster/muster.h"

const char *muster_version_text(void)
{
	return MUSTER_VERSION;
}
