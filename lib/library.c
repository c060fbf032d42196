// SPDX-License-Identifier: GPL-2.0-or-later
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "err.h"

int library_load(const char *const sonames[], const char *const names[], void *functions, size_t nr)
{
	void *library = NULL;

	for (size_t i = 0; !library && sonames[i]; i++)
		library = dlopen(sonames[i], RTLD_NOW | RTLD_LOCAL);
	/* It names the library. */
	if (!library)
		return err_set(-ENOTSUP, "%s", dlerror());
	for (size_t i = 0; i < nr; i++) {
		void *function = dlsym(library, names[i]);

		if (!function)
			return err_set(-ENOTSUP, "%s has no function %s", sonames[0], names[i]);
		memcpy((char *)functions + i * sizeof(function), &function, sizeof(function));
	}
	return 0;
}
