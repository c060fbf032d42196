// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Evaluate a makedumpfile.conf, and the memory that its names lead to: the types are those
 * of tests/unit/few_types.h.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*
 *	2	bytes of the text
 *	...	the text, then memory; variables are at its first multiples of 64
 */
#include <stdlib.h>

#include "erase/config_eval.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/few_types.h"

#define MEMORY UINT64_C(0xc0100000)
#define VARIABLE_BYTES 64
/* The reads after which memory ends. */
#define READS_MAX 20000

struct fuzz_world {
	struct fuzz_memory memory;
	/* The interface to memory and types, and the data that it uses. */
	struct vmem mem;
	unsigned int reads;
	struct few_types few;
	struct type_lookup types;
};

static int read_some(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct fuzz_world *w = ctx;

	assert(len <= VARIABLE_BYTES);
	if (w->reads++ >= READS_MAX)
		return err_set(-ENOMEM, "it is enough");
	return w->memory.mem.read(w->memory.mem.ctx, va, buf, len);
}

static bool has_module(void *ctx, const char *module)
{
	(void)ctx;
	assert(*module && strcmp(module, "vmlinux"));
	return *module != 'x';
}

static int symbol(void *ctx, const char *module, const char *name, vaddr_t *ret)
{
	(void)ctx, (void)module;
	assert(*name && strlen(name) < CONFIG_BYTES_MAX);
	*ret = MEMORY + (uint64_t)(*name % 16) * VARIABLE_BYTES;
	return *name == 'z' ? err_set(-ENOENT, "there is no symbol %s", name) : 0;
}

static int overwrite(void *ctx, vaddr_t va, uint64_t len, uint8_t fill)
{
	(void)ctx, (void)va;
	assert(len && len <= CONFIG_SIZE_MAX);
	assert(!fill || fill == EVAL_FILL);
	return va % 7 ? 0 : err_set(-EFAULT, "nothing at %#llx", (unsigned long long)va);
}

static void check_outcomes(const struct config_command *c, const struct eval_outcome *outcomes)
{
	for (; c; c = c->next) {
		const struct eval_outcome *o = &outcomes[c->number];

		assert(c->line && *c->text && fuzz_is_clean(c->text) && *c->what.text);
		assert(!o->failed == !*o->why && fuzz_is_clean(o->why));
		assert(o->nr_sizes <= EVAL_SIZES_MAX && !o->nr_sizes == !o->bytes);
		assert(!o->impossible || o->failed);
		check_outcomes(c->body, outcomes);
	}
}

static void evaluate(const struct erase_config *config, unsigned int flags, struct fuzz_input in)
{
	struct eval_outcome *outcomes = calloc(config->nr_commands + 1, sizeof(*outcomes));
	struct fuzz_world w = {
		.few = { .source.ops = &few_ops, .word = flags & FUZZ_32BIT ? 4 : 8 },
	};
	const struct eval_ops world = {
		.mem = &w.mem, .types = &w.types, .has_module = has_module, .symbol = symbol,
		.overwrite = overwrite, .ctx = &w,
	};
	int err;

	assert(outcomes);
	fuzz_memory_init(&w.memory, flags);
	fuzz_memory_add(&w.memory, MEMORY, in);
	w.mem = w.memory.mem;
	w.mem.read = read_some;
	w.mem.ctx = &w;
	type_lookup_init(&w.types, w.few.word);
	type_lookup_add(&w.types, &w.few.source);
	err = eval_config(&world, config, outcomes);
	assert(!err || err == -ENOMEM);
	check_outcomes(config->first, outcomes);
	type_lookup_deinit(&w.types);
	free(outcomes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size }, text;
	unsigned int flags = fuzz_number(&in, 1);
	struct erase_config *config = NULL;
	int err;

	text = fuzz_bytes(&in, fuzz_number(&in, 2));
	err = erase_config_parse(&config, "fuzz", text.size ? (const char *)text.data : "",
				 text.size);
	if (err) {
		assert(err == -EINVAL && !config);
		assert(!strncmp(err_text(err), "fuzz", 4) && fuzz_is_clean(err_text(err)));
		return 0;
	}
	evaluate(config, flags, in);
	erase_config_free(config);
	return 0;
}
