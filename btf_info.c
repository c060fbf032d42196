// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf_info.h"

#include <errno.h>

#include "facts/declare.h"
#include "lib/err.h"
#include "lib/trace.h"

#ifdef HAVE_LIBBPF

#include <bpf/libbpf.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "symbols/module_list.h"
#include "types/btf_print.h"
#include "types/btf_provider.h"
#include "types/btf_scan.h"

INIT_OPT_MOD_SYM(vmlinux, __start_BTF);
INIT_OPT_MOD_SYM(vmlinux, __stop_BTF);

/* Members that one call of btf_info_print() looks at to find some. */
#define PRINT_MEMBERS_MAX 20000000
/* Bytes that it prints; all types of a large kernel and its modules have 20 MB. */
#define PRINT_BYTES_MAX (1u << 30)

struct btf_info {
	const struct vmem *mem;
	struct fact_set *sets;
	size_t nr_sets;
	struct btf_types kernel; /* its btf is NULL: not read */
	bool is_part;		 /* it has only the types that are wanted */
	vaddr_t start;		 /* of the kernel's BTF */
	uint64_t size;		 /* bytes; 0: not found yet */
	/* Declarations of all sets, and the kernel's types; NULL: not up to date. */
	struct btf_provider *wanted;
	struct btf_index index;
	char why[256];
};

bool btf_info_supported(void)
{
	return true;
}

const char *btf_info_library_version(void)
{
	const char *text = libbpf_version_string();

	return text + (*text == 'v');
}

int btf_info_create(struct btf_info **ret, const struct vmem *mem)
{
	struct btf_info *bi = calloc(1, sizeof(*bi));

	if (!bi)
		return err_set(-ENOMEM, "no memory");
	bi->mem = mem;
	libbpf_set_print(NULL);
	*ret = bi;
	return 0;
}

/* Forget what was gathered from the sets. */
static void forget(struct btf_info *bi)
{
	btf_index_deinit(&bi->index);
	btf_provider_destroy(bi->wanted);
	bi->wanted = NULL;
}

void btf_info_destroy(struct btf_info *bi)
{
	if (!bi)
		return;
	forget(bi);
	btf_types_deinit(&bi->kernel);
	free(bi->sets);
	free(bi);
}

int register_ktype_section(struct btf_info *bi, const struct fact_set *set)
{
	struct fact_set *p = reallocarray(bi->sets, bi->nr_sets + 1, sizeof(*p));

	if (!p)
		return err_set(-ENOMEM, "no memory");
	bi->sets = p;
	bi->sets[bi->nr_sets++] = *set;
	forget(bi);
	return 0;
}

const char *btf_info_why(const struct btf_info *bi)
{
	return bi->why;
}

/* Keep the first problem. A lack of BTF is none. */
static void record_error(struct btf_info *bi, const char *problem)
{
	if (!*bi->why)
		snprintf(bi->why, sizeof(bi->why), "%s", problem);
}

static void record_unreadable(struct btf_info *bi, const char *of, const struct btf_types *t)
{
	char text[192];

	if (!t->unreadable)
		return;
	snprintf(text, sizeof(text),
		 "BTF of %s: types in unreadable bytes are unknown [%" PRIu64 "]", of,
		 t->unreadable);
	record_error(bi, text);
}

static int recorded(struct btf_info *bi, int err)
{
	if (err && err != -ENOENT)
		record_error(bi, err_text(err));
	return err;
}

/* --- the kernel ----------------------------------------------------------------- */

static int find_kernel(struct btf_info *bi)
{
	vaddr_t end;

	if (bi->size)
		return 0;
	if (!MOD_SYM_EXIST(vmlinux, __start_BTF) || !MOD_SYM_EXIST(vmlinux, __stop_BTF))
		return btf_scan(bi->mem, &bi->start, &bi->size);
	bi->start = GET_MOD_SYM(vmlinux, __start_BTF);
	end = GET_MOD_SYM(vmlinux, __stop_BTF);
	if (end < bi->start)
		return err_set(-EBADMSG, "__stop_BTF %#" PRIx64 " is below __start_BTF %#" PRIx64,
			       end, bi->start);
	bi->size = end - bi->start;
	return 0;
}

static void unload_kernel(struct btf_info *bi)
{
	forget(bi);
	btf_types_deinit(&bi->kernel);
}

/* Load all types. */
static int load_kernel(struct btf_info *bi)
{
	int err;

	if (bi->kernel.btf && !bi->is_part)
		return 0;
	unload_kernel(bi);
	bi->is_part = false;
	err = find_kernel(bi);
	if (!err)
		err = btf_types_load(&bi->kernel, bi->mem, bi->start, bi->size, NULL);
	if (err)
		TRACE(BTF, "the kernel's types: %s", err_text(err));
	else
		TRACE(BTF, "the kernel's types: %" PRIu64 " bytes at %#" PRIx64 ", %u types",
		      bi->size, bi->start, bi->kernel.end - bi->kernel.first);
	return err;
}

/* Gather what is wanted. */
static int gather(struct btf_info *bi)
{
	return bi->wanted ? 0 : btf_provider_create(&bi->wanted, bi->sets, bi->nr_sets);
}

/* Gather what is wanted, and find it in the kernel's types. */
static int prepare(struct btf_info *bi)
{
	int err = gather(bi);

	if (!err && !bi->index.heads)
		err = btf_index_init(&bi->index, btf_provider_names(bi->wanted), &bi->kernel, NULL);
	if (err)
		forget(bi);
	return err;
}

static int try_kernel(struct btf_info *bi)
{
	int err = prepare(bi);

	if (!err)
		btf_provider_try(bi->wanted, "vmlinux", &bi->kernel, &bi->index);
	return err;
}

/* Load the types that are wanted, unless all are loaded. Returns whether they answer. */
static bool try_part(struct btf_info *bi)
{
	int err;

	if (bi->kernel.btf && !bi->is_part)
		return false;
	unload_kernel(bi);
	err = gather(bi);
	if (!err)
		err = find_kernel(bi);
	if (!err)
		err = btf_types_load_part(&bi->kernel, bi->mem, bi->start, bi->size,
					  btf_provider_all_names(bi->wanted));
	bi->is_part = !err;
	if (!err)
		err = try_kernel(bi);
	if (err)
		TRACE(BTF, "the kernel's types cannot be read in part: %s", err_text(err));
	else
		TRACE(BTF, "the kernel's types: %" PRIu64 " bytes at %#" PRIx64 ", %u types read",
		      bi->size, bi->start, bi->kernel.end - bi->kernel.first);
	return !err && !*btf_provider_why(bi->wanted);
}

int init_kernel_btf(struct btf_info *bi)
{
	int err = 0;

	/* Others may have filled in something since. */
	forget(bi);
	if (!try_part(bi)) {
		/* The whole tells what is wrong. */
		err = load_kernel(bi);
		if (!err)
			err = try_kernel(bi);
	}
	if (err)
		return recorded(bi, err);
	btf_provider_fill(bi->wanted, "vmlinux");
	record_unreadable(bi, "vmlinux", &bi->kernel);
	record_error(bi, btf_provider_why(bi->wanted));
	return 0;
}

/* --- modules -------------------------------------------------------------------- */

static int load_module(const struct btf_info *bi, const struct kmodule *m, struct btf_types *t)
{
	int err = btf_types_load(t, bi->mem, m->btf, m->btf_size, &bi->kernel);

	TRACE(BTF, "types of module %s: %s", m->name, err ? err_text(err) : "loaded");
	return err ? err_prefix(err, "module %s", m->name) : 0;
}

static int try_module(struct btf_info *bi, const char *name, const struct kmodule *m)
{
	struct btf_index index;
	struct btf_types types;
	int err = load_module(bi, m, &types);

	if (err)
		return err;
	record_unreadable(bi, m->name, &types);
	err = btf_index_init(&index, btf_provider_names(bi->wanted), &types, &bi->index);
	if (!err) {
		btf_provider_try(bi->wanted, name, &types, &index);
		btf_index_deinit(&index);
	}
	btf_types_deinit(&types);
	return err;
}

/* The module itself is read for what the kernel does not have. @param m NULL: not loaded */
static int init_module(struct btf_info *bi, const char *name, const struct kmodule *m)
{
	int err = 0;

	btf_provider_try(bi->wanted, name, &bi->kernel, &bi->index);
	if (m && m->btf && !btf_provider_complete(bi->wanted, name))
		err = try_module(bi, name, m);
	btf_provider_fill(bi->wanted, name);
	return recorded(bi, err);
}

/* Return whether types of a module are wanted that has some. */
static bool reads_modules(const struct btf_info *bi, const struct module_list *modules)
{
	const char *name;

	for (size_t i = 0; (name = btf_provider_module(bi->wanted, i)); i++) {
		const struct kmodule *m = module_list_find(modules, name);

		if (m && m->btf)
			return true;
	}
	return false;
}

int init_module_btf(struct btf_info *bi, const struct module_list *modules)
{
	char text[sizeof(bi->why)] = "";
	const char *name;
	int first = 0, err;

	if (!bi->kernel.btf)
		return err_set(-ENOENT, "types of modules need those of the kernel");
	err = gather(bi);
	/* Types of a module are numbered after those of the kernel. */
	if (!err && reads_modules(bi, modules))
		err = load_kernel(bi);
	if (!err)
		err = prepare(bi);
	if (err)
		return recorded(bi, err);
	for (size_t i = 0; (name = btf_provider_module(bi->wanted, i)); i++) {
		err = init_module(bi, name, module_list_find(modules, name));
		if (err && !first) {
			first = err;
			snprintf(text, sizeof(text), "%s", err_text(err));
		}
	}
	record_error(bi, btf_provider_why(bi->wanted));
	return first ? err_set(first, "%s", text) : 0;
}

int btf_info_types(struct btf_info *bi, const struct btf_types **ret)
{
	int err = load_kernel(bi);

	*ret = &bi->kernel;
	return recorded(bi, err);
}

/* --- printing ------------------------------------------------------------------- */

/* Texts that were printed, by their hashes. */
struct seen {
	uint64_t *hashes; /* 0: free */
	size_t nr, room;  /* room is a power of two, or 0 */
};

/* The types to print, and the progress. */
struct printing {
	struct btf_info *bi;
	char *name;	  /* without the path */
	const char *path; /* or NULL */
	bool pattern;
	const char *module; /* NULL: the kernel's types */
	int (*print)(void *ctx, const char *text);
	void *ctx;
	int count;
	int result; /* of print(), if it ended this */
	uint64_t budget;
	uint64_t bytes;
	struct seen seen;
};

static uint64_t hash_text(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return h ? h : 1;
}

static bool seen_insert(struct seen *s, uint64_t hash)
{
	size_t i = hash & (s->room - 1);

	while (s->hashes[i]) {
		if (s->hashes[i] == hash)
			return false;
		i = (i + 1) & (s->room - 1);
	}
	s->hashes[i] = hash;
	s->nr++;
	return true;
}

static int seen_grow(struct seen *s)
{
	struct seen more = { .room = s->room ? s->room * 2 : 1024 };

	more.hashes = calloc(more.room, sizeof(*more.hashes));
	if (!more.hashes)
		return err_set(-ENOMEM, "no memory");
	for (size_t i = 0; i < s->room; i++) {
		if (s->hashes[i])
			seen_insert(&more, s->hashes[i]);
	}
	free(s->hashes);
	*s = more;
	return 0;
}

/* Return whether a type has the name, and is of a kind that is printed. */
static bool matches(const struct printing *p, const struct btf_types *t, uint32_t id)
{
	uint32_t name_off;
	unsigned int kind;
	const char *name;

	if (!btype_peek(t, id, &kind, &name_off))
		return false;
	switch (kind) {
	case BTYPE_ENUM:
	case BTYPE_ENUM64:
		if (p->path)
			return false;
		/* fall through */
	case BTYPE_TYPEDEF:
		if (p->pattern)
			return false;
		/* fall through */
	case BTYPE_STRUCT:
	case BTYPE_UNION:
		break;
	default:
		return false;
	}
	name = btype_name(t, name_off);
	return *name && (p->pattern ? !fnmatch(p->name, name, 0) : !strcmp(p->name, name));
}

/* A typedef of the struct of its own name has no members but those. */
static bool is_twin(const struct btf_types *t, const struct btype *type)
{
	struct btype r;

	return type->kind == BTYPE_TYPEDEF && !btype_strip(t, type->id, &r) &&
	       !strcmp(btype_name(t, r.name_off), btype_name(t, type->name_off));
}

static int text_of(struct printing *p, const struct btf_types *t, uint32_t id,
		   struct btf_text *text)
{
	struct btype_member m;
	struct btype r;
	int err = btype_get(t, id, &r);

	if (err)
		return err;
	if (!p->path)
		return btf_print_type(text, t, &r);
	if (is_twin(t, &r))
		return -ENOENT;
	err = btype_find_member(t, id, p->path, &p->budget, &m);
	return err ? err : btf_print_member(text, t, p->pattern ? &r : NULL, &m);
}

/* Return 1 to print it, 0 for a copy of one that was printed (modules have some), or -ENOMEM. */
static int is_news(struct printing *p, const char *text)
{
	int err = p->seen.nr * 2 >= p->seen.room ? seen_grow(&p->seen) : 0;

	if (err)
		return err;
	return seen_insert(&p->seen, hash_text(text)) || !p->module;
}

static int print_one(struct printing *p, const struct btf_types *t, uint32_t id)
{
	struct btf_text text = { 0 };
	size_t comment;
	int err = 0;

	if (p->module)
		err = btf_text_add(&text, "/* module %s */\n", p->module);
	comment = text.len;
	if (!err)
		err = text_of(p, t, id, &text);
	if (!err && text.len > comment) {
		err = is_news(p, text.buf + comment);
		if (err > 0) {
			p->count++;
			p->bytes += text.len;
			p->result = p->print(p->ctx, text.buf);
			err = 0;
		}
	}
	btf_text_deinit(&text);
	return err;
}

/* Print what matches. Damage in one type is no reason not to print another one. */
static int print_all(struct printing *p, const struct btf_types *t)
{
	for (uint32_t id = t->first; !p->result && id < t->end; id++) {
		int err = matches(p, t, id) ? print_one(p, t, id) : 0;

		if (p->bytes > PRINT_BYTES_MAX)
			return err_set(-EBADMSG, "types make more than %u MiB of text",
				       PRINT_BYTES_MAX >> 20);
		if (err == -ENOMEM)
			return err;
		if (err && err != -ENOENT)
			record_error(p->bi, err_text(err));
	}
	return p->result;
}

static int print_modules(struct printing *p, const struct module_list *modules)
{
	int err = 0;

	for (size_t i = 0; !err && i < modules->nr; i++) {
		const struct kmodule *m = &modules->modules[i];
		struct btf_types types;

		if (!m->btf)
			continue;
		err = load_module(p->bi, m, &types);
		if (err == -ENOMEM)
			return err;
		if (recorded(p->bi, err)) {
			err = 0;
			continue;
		}
		p->module = m->name;
		err = print_all(p, &types);
		btf_types_deinit(&types);
	}
	return err;
}

int btf_info_print(struct btf_info *bi, const struct module_list *modules, const char *name,
		   int (*print)(void *ctx, const char *text), void *ctx)
{
	_cleanup_free_ char *copy = strdup(name);
	char *dot = copy ? strchr(copy, '.') : NULL;
	struct printing p = {
		.bi = bi,
		.name = copy,
		.print = print,
		.ctx = ctx,
		.budget = PRINT_MEMBERS_MAX,
	};
	int err = copy ? load_kernel(bi) : err_set(-ENOMEM, "no memory");

	if (err)
		return recorded(bi, err);
	if (dot) {
		*dot = '\0';
		p.path = dot + 1;
	}
	p.pattern = strpbrk(copy, "*?[");
	err = print_all(&p, &bi->kernel);
	if (!err && modules)
		err = print_modules(&p, modules);
	free(p.seen.hashes);
	if (!err && !p.count)
		return err_set(-ENOENT, "no %s %s in the dump's BTF", p.path ? "member" : "type",
			       name);
	return err ? err : p.count;
}

#else

bool btf_info_supported(void)
{
	return false;
}

const char *btf_info_library_version(void)
{
	return NULL;
}

int btf_info_create(struct btf_info **ret, const struct vmem *mem)
{
	(void)ret, (void)mem;
	return err_set(-ENOTSUP, "built without libbpf: cannot read types from the dump");
}

void btf_info_destroy(struct btf_info *bi)
{
	(void)bi;
}

int register_ktype_section(struct btf_info *bi, const struct fact_set *set)
{
	(void)bi, (void)set;
	return -ENOTSUP;
}

int init_kernel_btf(struct btf_info *bi)
{
	(void)bi;
	return -ENOTSUP;
}

int init_module_btf(struct btf_info *bi, const struct module_list *modules)
{
	(void)bi, (void)modules;
	return -ENOTSUP;
}

const char *btf_info_why(const struct btf_info *bi)
{
	(void)bi;
	return "";
}

int btf_info_types(struct btf_info *bi, const struct btf_types **ret)
{
	(void)bi, (void)ret;
	return -ENOTSUP;
}

int btf_info_print(struct btf_info *bi, const struct module_list *modules, const char *name,
		   int (*print)(void *ctx, const char *text), void *ctx)
{
	(void)bi, (void)modules, (void)name, (void)print, (void)ctx;
	return -ENOTSUP;
}

#endif
