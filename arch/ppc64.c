// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64, in both byte orders: POWER with the radix or the hash MMU.
 *
 * All memory, and the kernel image in it, is mapped linearly. That is enough to read the
 * kernel's symbols and types, which tell the rest: which MMU it is, and how large its page
 * tables are. Linux has the same kind of tables for both, always big-endian. The hash MMU has no
 * tables for vmemmap alone; a list says where each piece of it is.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/search.h"

/* The linear map begins here; physical addresses are what is left without the top bits. */
#define PAGE_OFFSET UINT64_C(0xc000000000000000)
#define REGION UINT64_C(0xf000000000000000)
/* Its end, if the kernel does not tell: with the hash MMU and pages of 4 KiB; else. */
#define LINEAR_END_4K UINT64_C(0xc000100000000000)
#define LINEAR_END UINT64_C(0xc008000000000000)

/* Bytes searched for an image whose end is unknown, and the largest size of an image. */
#define IMAGE_SIZE (UINT64_C(256) << 20)
#define IMAGE_SIZE_MAX (UINT64_C(1) << 30)

#define PTE_PRESENT (UINT64_C(1) << 63)
#define PTE_LEAF (UINT64_C(1) << 62)
#define PTE_ADDR UINT64_C(0x001fffffffffffff)
/* Bits besides the address in an entry that points to a table. */
#define TABLE_FLAGS UINT64_C(0xc0000000000000ff)
/* Without the radix MMU these say that it points to something else. */
#define TABLE_ODD UINT64_C(0xff)

#define LEVELS 4
#define LEAF_LEVELS 3
#define INDEX_BITS_MAX 15

#define MMU_FTR_HPTE_TABLE UINT32_C(0x1)
#define MMU_FTR_TYPE_RADIX UINT32_C(0x40)

/* Entries of mmu_psize_defs; Linux has 16 sizes today, from 4 KiB to 64 GiB. */
#define PSIZES_MAX 64
#define PIECE_SHIFT_MIN 12
#define PIECE_SHIFT_MAX 36
/* Pieces of 16 MiB: of 16 PiB of memory; small ones, as in small machines: of 64 TiB. */
#define PIECES_MAX (1u << 20)

INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);
INIT_OPT_MOD_SYM(vmlinux, _end);
INIT_OPT_MOD_NUM(vmlinux, RADIX_MMU);
INIT_OPT_MOD_SYM(vmlinux, cur_cpu_spec);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, cpu_spec, mmu_features);
INIT_OPT_MOD_SYM(vmlinux, __kernel_virt_start);
INIT_OPT_MOD_SYM(vmlinux, __pte_index_size);
INIT_OPT_MOD_SYM(vmlinux, __pmd_index_size);
INIT_OPT_MOD_SYM(vmlinux, __pud_index_size);
INIT_OPT_MOD_SYM(vmlinux, __pgd_index_size);
INIT_OPT_MOD_SYM(vmlinux, vmemmap_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vmemmap_backing, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vmemmap_backing, phys);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vmemmap_backing, virt_addr);
INIT_OPT_MOD_SYM(vmlinux, mmu_vmemmap_psize);
INIT_OPT_MOD_SYM(vmlinux, mmu_psize_defs);
INIT_OPT_MOD_STRUCT(vmlinux, mmu_psize_def);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mmu_psize_def, shift);

/* A piece of the memory map. */
struct piece {
	vaddr_t vaddr;
	paddr_t paddr;
};

/* arch.state */
struct ppc64_state {
	bool radix;
	vaddr_t linear_end;
	/* Bits of an address that are the slot in a table of each level, from 1 on. */
	unsigned int bits[LEVELS + 1];
	unsigned int va_bits; /* with those of the offset in a page: all that count */
	bool list_damaged;    /* there may be more pieces */
	unsigned int piece_shift;
	size_t nr_pieces, room;
	struct piece pieces[]; /* sorted */
};

static int ppc64_init(struct arch *a, const struct arch_mem *mem)
{
	struct ppc64_state *s = calloc(1, sizeof(*s));

	(void)mem;
	if (!s)
		return err_set(-ENOMEM, "no memory");
	/* Nothing that is needed before finish() is so far up. */
	s->linear_end = LINEAR_END_4K;
	a->state = s;
	a->pte_addr_mask = PTE_ADDR;
	/* Not 0 if it is itself a kernel that was there for a crash. */
	if (MOD_SYM_EXIST(vmlinux, _stext))
		a->phys_base = GET_MOD_SYM(vmlinux, _stext) & ~REGION;
	return 0;
}

static bool is_linear(const struct ppc64_state *s, vaddr_t va, uint64_t len)
{
	return va >= PAGE_OFFSET && range_fits(va, len, s->linear_end);
}

static int read_linear(const struct arch *a, const struct arch_mem *mem, vaddr_t va, void *buf,
		       size_t len)
{
	if (!is_linear(a->state, va, len))
		return err_set(-EFAULT, "%#" PRIx64 " is not in the linear map", va);
	return mem->read(mem->ctx, va & ~REGION, buf, len);
}

static int read_u32(const struct arch *a, const struct arch_mem *mem, vaddr_t va, uint32_t *ret)
{
	uint8_t raw[4];
	int err = read_linear(a, mem, va, raw, sizeof(raw));

	if (!err)
		*ret = load_u32(raw, a->swap);
	return err;
}

static int read_u64(const struct arch *a, const struct arch_mem *mem, vaddr_t va, uint64_t *ret)
{
	uint8_t raw[8];
	int err = read_linear(a, mem, va, raw, sizeof(raw));

	if (!err)
		*ret = load_u64(raw, a->swap);
	return err;
}

/* Variables in which the kernel keeps the sizes of its tables. */
static bool read_sizes(const struct arch *a, const struct arch_mem *mem, unsigned int *bits)
{
	static const struct ksym_info *const symbols[] = {
		NULL,
		GET_MOD_SYM_PTR(vmlinux, __pte_index_size),
		GET_MOD_SYM_PTR(vmlinux, __pmd_index_size),
		GET_MOD_SYM_PTR(vmlinux, __pud_index_size),
		GET_MOD_SYM_PTR(vmlinux, __pgd_index_size),
	};

	uint64_t value, sum = a->page_shift;

	for (unsigned int level = 1; level <= LEVELS; level++) {
		const struct ksym_info *sym = symbols[level];

		if (!SYM_EXIST(sym) || read_u64(a, mem, sym->value, &value) || !value ||
		    value > INDEX_BITS_MAX)
			return false;
		bits[level] = value;
		sum += value;
	}
	/* The region is not in the tables. */
	return sum <= 60;
}

/*
 * The radix MMU has the linear map in its tables, and there it comes first. Without, where the
 * memory map is can be known from its list only.
 */
static bool tables_tell(const struct arch *a, const struct arch_mem *mem, bool *radix)
{
	vaddr_t root;
	uint64_t first;

	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return false;
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (!is_linear(a->state, root, sizeof(first)) ||
	    arch_read_entry(mem, root & ~REGION, true, PAGE_OFFSET, LEVELS, &first))
		return false;
	*radix = first & PTE_PRESENT;
	return *radix || MOD_SYM_EXIST(vmlinux, vmemmap_list);
}

static int find_mmu(struct arch *a, const struct arch_mem *mem)
{
	struct ppc64_state *s = a->state;
	uint32_t features;
	uint64_t spec;

	if (MOD_NUM_EXIST(vmlinux, RADIX_MMU)) {
		s->radix = GET_MOD_NUM(vmlinux, RADIX_MMU);
		return 0;
	}
	if (MOD_SYM_EXIST(vmlinux, cur_cpu_spec) &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, cpu_spec, mmu_features) &&
	    !read_u64(a, mem, GET_MOD_SYM(vmlinux, cur_cpu_spec), &spec) &&
	    !read_u32(a, mem, spec + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, cpu_spec, mmu_features),
		      &features)) {
		s->radix = features & MMU_FTR_TYPE_RADIX;
		if (s->radix || features & MMU_FTR_HPTE_TABLE)
			return 0;
		return err_set(-ENOTSUP, "the MMU is neither radix nor hash (features %#x)",
			       features);
	}
	/* The top table was always smaller with the hash MMU. */
	if (read_sizes(a, mem, s->bits)) {
		s->radix = s->bits[LEVELS] == 13;
		return 0;
	}
	if (tables_tell(a, mem, &s->radix))
		return 0;
	return err_set(-ENOENT, "NUMBER(RADIX_MMU) is missing, and so is what else would tell "
				"the MMU: cur_cpu_spec or __pgd_index_size");
}

/*
 * The radix MMU has tables of the same sizes ever since there is one. With hash they have
 * changed from one version to the next, but not since the kernel exports the MMU in use.
 */
static bool find_sizes(const struct arch *a, const struct arch_mem *mem)
{
	static const unsigned int radix_4k[LEVELS + 1] = { 0, 9, 9, 9, 13 };
	static const unsigned int radix_64k[LEVELS + 1] = { 0, 5, 9, 9, 13 };
	static const unsigned int hash_4k[LEVELS + 1] = { 0, 9, 7, 9, 9 };
	static const unsigned int hash_64k[LEVELS + 1] = { 0, 8, 10, 10, 8 };
	struct ppc64_state *s = a->state;
	const unsigned int *known;

	if (!s->radix && read_sizes(a, mem, s->bits))
		return true;
	if (!s->radix && !MOD_NUM_EXIST(vmlinux, RADIX_MMU))
		return false;
	if (a->page_shift == 16)
		known = s->radix ? radix_64k : hash_64k;
	else
		known = s->radix ? radix_4k : hash_4k;
	memcpy(s->bits, known, sizeof(s->bits));
	return true;
}

static int find_tables(struct arch *a, const struct arch_mem *mem)
{
	struct ppc64_state *s = a->state;
	vaddr_t root, virt_start;

	if (a->page_shift != 12 && a->page_shift != 16)
		return err_set(-ENOTSUP,
			       "cannot translate addresses with pages of %" PRIu64 " bytes",
			       UINT64_C(1) << a->page_shift);
	s->linear_end = a->page_shift == 16 || s->radix ? LINEAR_END : LINEAR_END_4K;
	if (MOD_SYM_EXIST(vmlinux, __kernel_virt_start) &&
	    !read_u64(a, mem, GET_MOD_SYM(vmlinux, __kernel_virt_start), &virt_start) &&
	    virt_start >= LINEAR_END_4K && virt_start >> 60 <= 0xd)
		s->linear_end = virt_start;
	/* Without them there is still the linear map, and the memory map of the hash MMU. */
	if (!find_sizes(a, mem))
		return 0;
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (!is_linear(s, root, 1) || root % 4096)
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	a->root = root & ~REGION;
	a->levels = LEVELS;
	s->va_bits = a->page_shift;
	for (unsigned int level = 1; level <= LEVELS; level++)
		s->va_bits += s->bits[level];
	return 0;
}

/* Find the size of the pieces of the memory map. */
static int find_piece_size(const struct arch *a, const struct arch_mem *mem)
{
	const struct {
		bool exists;
		const char *name;
	} needs[] = {
		{ MOD_STRUCT_MEMBER_EXIST(vmlinux, vmemmap_backing, list),
		  "OFFSET(vmemmap_backing.list)" },
		{ MOD_STRUCT_MEMBER_EXIST(vmlinux, vmemmap_backing, phys),
		  "OFFSET(vmemmap_backing.phys)" },
		{ MOD_STRUCT_MEMBER_EXIST(vmlinux, vmemmap_backing, virt_addr),
		  "OFFSET(vmemmap_backing.virt_addr)" },
		{ MOD_SYM_EXIST(vmlinux, mmu_vmemmap_psize), "SYMBOL(mmu_vmemmap_psize)" },
		{ MOD_SYM_EXIST(vmlinux, mmu_psize_defs), "SYMBOL(mmu_psize_defs)" },
		{ MOD_STRUCT_EXIST(vmlinux, mmu_psize_def), "SIZE(mmu_psize_def)" },
		{ MOD_STRUCT_MEMBER_EXIST(vmlinux, mmu_psize_def, shift),
		  "OFFSET(mmu_psize_def.shift)" },
	};
	struct ppc64_state *s = a->state;
	uint32_t psize, shift;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!needs[i].exists)
			return err_set(-ENOENT, "%s is missing", needs[i].name);
	}
	err = read_u32(a, mem, GET_MOD_SYM(vmlinux, mmu_vmemmap_psize), &psize);
	if (err)
		return err_prefix(err, "mmu_vmemmap_psize");
	if (psize >= PSIZES_MAX)
		return err_set(-EBADMSG, "mmu_vmemmap_psize %u is invalid", psize);
	err = read_u32(a, mem,
		       GET_MOD_SYM(vmlinux, mmu_psize_defs) +
			       psize * (uint64_t)GET_MOD_STRUCT_SSIZE(vmlinux, mmu_psize_def) +
			       GET_MOD_STRUCT_MEMBER_OFF(vmlinux, mmu_psize_def, shift),
		       &shift);
	if (err)
		return err_prefix(err, "mmu_psize_defs");
	if (shift < PIECE_SHIFT_MIN || shift > PIECE_SHIFT_MAX)
		return err_set(-EBADMSG, "mmu_psize_defs[%u].shift %u is invalid", psize, shift);
	s->piece_shift = shift;
	return 0;
}

static int read_piece(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
		      struct piece *ret, vaddr_t *next)
{
	int err = read_u64(a, mem,
			   va + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, vmemmap_backing, virt_addr),
			   &ret->vaddr);

	if (!err)
		err = read_u64(a, mem,
			       va + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, vmemmap_backing, phys),
			       &ret->paddr);
	if (!err)
		err = read_u64(a, mem,
			       va + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, vmemmap_backing, list),
			       next);
	return err;
}

/* @return 0, also if it cannot be one; -ENOMEM */
static int add_piece(struct arch *a, const struct piece *p)
{
	struct ppc64_state *s = a->state;
	uint64_t mask = (UINT64_C(1) << s->piece_shift) - 1;

	if (p->vaddr < s->linear_end || p->vaddr & mask || p->paddr & mask ||
	    p->paddr & ~PTE_ADDR) {
		s->list_damaged = true;
		return 0;
	}
	if (s->nr_pieces == s->room) {
		size_t room = s->room ? s->room * 2 : 64;

		s = realloc(s, sizeof(*s) + room * sizeof(s->pieces[0]));
		if (!s)
			return err_set(-ENOMEM, "no memory for %zu pieces of vmemmap", room);
		s->room = room;
		a->state = s;
	}
	s->pieces[s->nr_pieces++] = *p;
	return 0;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	return (x->paddr > y->paddr) - (x->paddr < y->paddr);
}

/* Sort them for the search; what is there twice counts once. */
static void sort_pieces(struct ppc64_state *s)
{
	size_t n = 0;

	qsort(s->pieces, s->nr_pieces, sizeof(s->pieces[0]), compare_pieces);
	for (size_t i = 0; i < s->nr_pieces; i++) {
		if (!n || s->pieces[i].vaddr != s->pieces[n - 1].vaddr)
			s->pieces[n++] = s->pieces[i];
	}
	s->list_damaged |= n < s->nr_pieces;
	s->nr_pieces = n;
}

/*
 * Read the list of pieces. A piece that is wrong or unreadable is left unmapped.
 * @return 0 or -ENOMEM
 */
static int read_pieces(struct arch *a, const struct arch_mem *mem)
{
	struct ppc64_state *s;
	vaddr_t va, seen = 0;
	int err = read_u64(a, mem, GET_MOD_SYM(vmlinux, vmemmap_list), &va);

	for (unsigned int n = 0; !err && va; n++) {
		struct piece p;

		if (va == seen || n == PIECES_MAX) {
			err = -EBADMSG;
			break;
		}
		/* Remember an element, in ever longer steps: a loop comes back to it. */
		if (!(n & (n - 1)))
			seen = va;
		err = read_piece(a, mem, va, &p, &va);
		if (!err)
			err = add_piece(a, &p);
	}
	if (err == -ENOMEM)
		return err;
	s = a->state;
	s->list_damaged |= err != 0;
	sort_pieces(s);
	return 0;
}

static int ppc64_finish(struct arch *a, const struct arch_mem *mem)
{
	const struct ppc64_state *s = a->state;
	int err = find_mmu(a, mem);

	if (!err)
		err = find_tables(a, mem);
	/* A kernel without the list has no vmemmap. */
	if (err || s->radix || !MOD_SYM_EXIST(vmlinux, vmemmap_list))
		return err;
	err = find_piece_size(a, mem);
	return err ? err : read_pieces(a, mem);
}

static bool in_pieces(const struct ppc64_state *s, vaddr_t va)
{
	const struct piece *last;

	if (!s->nr_pieces || va < s->pieces[0].vaddr)
		return false;
	last = &s->pieces[s->nr_pieces - 1];
	return va < last->vaddr || va - last->vaddr < UINT64_C(1) << s->piece_shift;
}

/* The piece of an address that is not below the first one. */
static int translate_in_piece(const struct ppc64_state *s, vaddr_t va, struct arch_run *ret)
{
	uint64_t size = UINT64_C(1) << s->piece_shift;
	size_t next = SEARCH_FIRST(1, s->nr_pieces, i, s->pieces[i].vaddr <= va);

	if (va - s->pieces[next - 1].vaddr < size) {
		*ret = arch_run_within(va, size, s->pieces[next - 1].paddr);
		return 0;
	}
	*ret = (struct arch_run){ .len = s->pieces[next].vaddr - va };
	return err_set(-EFAULT, "%#" PRIx64 " is not in the list of vmemmap", va);
}

static int walk(const struct arch *a, const struct arch_mem *mem, vaddr_t va, struct arch_run *ret)
{
	const struct ppc64_state *s = a->state;
	unsigned int shift = s->va_bits;
	paddr_t table = a->root;

	for (unsigned int level = LEVELS;; level--) {
		uint64_t slot, entry;
		int err;

		shift -= s->bits[level];
		slot = va >> shift & ((UINT64_C(1) << s->bits[level]) - 1);
		*ret = arch_run_within(va, UINT64_C(1) << shift, 0);
		err = arch_read_entry(mem, table + slot * sizeof(entry), true, va, level, &entry);
		if (err)
			return err;
		if (level == 1 || entry & PTE_LEAF) {
			if (!(entry & PTE_PRESENT) || level > LEAF_LEVELS)
				return arch_not_mapped(va, level, entry);
			*ret = arch_run_within(va, UINT64_C(1) << shift, entry & a->pte_addr_mask);
			return 0;
		}
		/* Older kernels with the hash MMU have no flags in pointers to tables. */
		if (!entry || (s->radix ? !(entry & PTE_PRESENT) : entry & TABLE_ODD))
			return arch_not_mapped(va, level, entry);
		table = entry & ~TABLE_FLAGS;
	}
}

/* The range derived from page tables ends where the pieces begin: use the pieces first. */
static void end_at_pieces(const struct ppc64_state *s, vaddr_t va, struct arch_run *run)
{
	if (s->nr_pieces && va < s->pieces[0].vaddr)
		run->len = min_u64(run->len, s->pieces[0].vaddr - va);
}

static int not_an_address(vaddr_t va, uint64_t len, struct arch_run *ret)
{
	*ret = (struct arch_run){ .len = len };
	return err_set(-EFAULT, "%#" PRIx64 " is outside all that page tables can map", va);
}

static int ppc64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			   struct arch_run *ret)
{
	const struct ppc64_state *s = a->state;
	vaddr_t base = a->user ? 0 : s->linear_end & REGION;
	int err;

	if (!a->user && is_linear(s, va, 1)) {
		*ret = (struct arch_run){ .paddr = va & ~REGION, .len = s->linear_end - va };
		return 0;
	}
	if (!a->user && va < PAGE_OFFSET)
		return not_an_address(va, PAGE_OFFSET - va, ret);
	if (!a->user && in_pieces(s, va))
		return translate_in_piece(s, va, ret);
	if (!a->levels) {
		*ret = arch_run_within(va, UINT64_C(1) << a->page_shift, 0);
		return err_set(-EFAULT,
			       "%#" PRIx64 " is not in the linear map, and "
			       "SYMBOL(__pte_index_size) is missing",
			       va);
	}
	if ((va - base) >> s->va_bits)
		err = not_an_address(va, -va, ret);
	else
		err = walk(a, mem, va, ret);
	if (!a->user)
		end_at_pieces(s, va, ret);
	if (err && s->list_damaged && !a->user)
		err = err_prefix(err, "vmemmap_list is damaged");
	return err;
}

static int ppc64_init_user(struct arch *a, const struct arch_mem *mem)
{
	(void)mem;
	if (!a->levels)
		return err_set(-ENOTSUP, "SYMBOL(__pte_index_size) is missing");
	return 0;
}

static void ppc64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	uint64_t page = UINT64_C(1) << a->page_shift;
	vaddr_t text = 0, known;

	*start = *end = 0;
	if (MOD_SYM_EXIST(vmlinux, _stext))
		text = GET_MOD_SYM(vmlinux, _stext);
	if (text < PAGE_OFFSET || text >= LINEAR_END_4K - IMAGE_SIZE_MAX)
		return;
	*start = text & ~(page - 1);
	/*
	 * All around the image is mapped, too. Rather too much of that counts as image than
	 * too little: free pages and pages of processes can be recognised nevertheless.
	 */
	*end = *start + IMAGE_SIZE;
	if (!MOD_SYM_EXIST(vmlinux, _end))
		return;
	known = (GET_MOD_SYM(vmlinux, _end) + page - 1) & ~(page - 1);
	if (known > text && known - text <= IMAGE_SIZE_MAX)
		*end = known;
}

const struct arch_ops ppc64_arch_ops = {
	.name = "ppc64",
	.name_little_endian = "ppc64le",
	.machine = EM_PPC64,
	.page_size = 65536,
	.section_size_bits = 24,
	.max_physmem_bits = 51,
	.init = ppc64_init,
	.finish = ppc64_finish,
	.init_user = ppc64_init_user,
	.translate = ppc64_translate,
	.kernel_image = ppc64_kernel_image,
};
