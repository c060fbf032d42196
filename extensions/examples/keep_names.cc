// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An extension in C++: it counts the tasks, and includes the page of each task's name.
 *
 *	c++ -shared -fPIC $(pkg-config --cflags --libs makedumpfile-extension) \
 *		keep_names.cc -o keep_names.so
 */
#include <makedumpfile.h>
#include <extension.h>

EXTENSION_HELP("include the pages of the names of tasks");

INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);

namespace {

class Names {
public:
	void find()
	{
		if (mdf_for_each_task(visit, this) < 0)
			extension_fail("tasks: %s", mdf_error());
		MSG("tasks: %lu\n", tasks);
	}

private:
	static int visit(void *names, uint64_t task)
	{
		uint64_t physical;

		static_cast<Names *>(names)->tasks++;
		if (!mdf_to_physical(mdf_member_address(task, GET_MOD_STRUCT_MEMBER_PTR(
							vmlinux, task_struct, comm)),
				     &physical))
			extension_decide(physical / mdf_page_size(), 1, PG_INCLUDE);
		return 0;
	}

	unsigned long tasks = 0;
};

} // namespace

void extension_init()
{
	Names().find();
}
