// SPDX-License-Identifier: GPL-2.0-or-later
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "err.h"

int library_load(const char *soname, const char *const names[], void *functions, size_t nr)
{
	void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return err_set(-ENOTSUP, "cannot load %s: %s", soname, dlerror());
	for (size_t i = 0; i < nr; i++) {
		void *function = dlsym(library, names[i]);

		if (!function)
			return err_set(-ENOTSUP, "%s has no function %s", soname, names[i]);
		memcpy((char *)functions + i * sizeof(function), &function, sizeof(function));
	}
	return 0;
}
