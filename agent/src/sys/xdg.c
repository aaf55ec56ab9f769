#include "sys/xdg.h"

#include <stdio.h>
#include <stdlib.h>

bool xdg_directory(const char *variable, const char *below_home, char *path, size_t size)
{
	const char *named = getenv(variable), *home = getenv("HOME");
	int length = -1;

	if (named && *named == '/')
		length = snprintf(path, size, "%s", named);
	else if (home && *home == '/')
		length = snprintf(path, size, "%s/%s", home, below_home);
	if (length >= 0 && (size_t)length < size)
		return true;
	*path = '\0';
	return false;
}
