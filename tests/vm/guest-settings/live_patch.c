// SPDX-License-Identifier: GPL-2.0-or-later
/* A live patch of the kernel: /proc/uptime says that it is in effect. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int patched_uptime(struct seq_file *m, void *v)
{
	seq_puts(m, "patched\n");
	return 0;
}

static struct klp_func functions[] = {
	{ .old_name = "uptime_proc_show", .new_func = patched_uptime },
	{ }
};
static struct klp_object objects[] = { { .funcs = functions }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init load(void)
{
	return klp_enable_patch(&patch);
}

static void __exit unload(void)
{
}

module_init(load);
module_exit(unload);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
