/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Types of the crashed kernel: where a member lies, how large a struct is, how
 * many elements an array has, what an enumerator's value is.
 *
 * Declared like symbols (kallsyms.h), next to their use:
 *
 *	INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
 *	...
 *	offset = GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, task_struct, comm) / 8;
 *
 * Offsets are in BITS, sizes in bytes.
 */
#ifndef BTF_INFO_H
#define BTF_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KTYPE_HIDDEN_ __attribute__((visibility("hidden")))

/* The linker makes an array of the pointers: nothing may lie between them. */
#ifdef __clang__
#define KTYPE_BARE_ __attribute__((no_sanitize("address")))
#else
#define KTYPE_BARE_
#endif

/**
 * One declared struct, or member of one. Extensions own such records: the
 * layout never changes. What a provider does not know stays 0 (VMCOREINFO has
 * no member sizes).
 */
struct ktype_info {
	const char *modname;
	const char *struct_name;
	const char *member_name;	/**< NULL: the struct itself */
	/** Whether the declaring code can do nothing without it. */
	bool struct_required : 1;
	bool member_required : 1;
	uint32_t member_bit_offset;	/**< from the start of the struct, bits */
	uint32_t member_bit_sz;		/**< width of a bit field, bits; else 0 */
	uint32_t member_size;		/**< bytes */
	uint32_t struct_size;		/**< bytes */
	/** Negative until a provider has filled in the rest. */
	int index;
};

#define INIT_KTYPE_(name, mod, s, m, required)					\
	extern struct ktype_info name KTYPE_HIDDEN_;				\
	struct ktype_info name = {						\
		.modname = #mod, .struct_name = #s, .member_name = m,		\
		.struct_required = required, .member_required = required,	\
		.index = -1,							\
	};									\
	static struct ktype_info *const _ptr##name				\
		KTYPE_BARE_ __attribute__((used, section(".init_ktypes"))) = &name

/** Declare a member the code cannot do without, at file scope. */
#define INIT_MOD_STRUCT_MEMBER(mod, s, m) \
	INIT_KTYPE_(_kmember_##mod##_##s##_##m, mod, s, #m, true)
/** Declare a member that may be missing: ask MOD_STRUCT_MEMBER_EXIST(). */
#define INIT_OPT_MOD_STRUCT_MEMBER(mod, s, m) \
	INIT_KTYPE_(_kmember_##mod##_##s##_##m, mod, s, #m, false)
/** Use a member that another file of the same program declared. */
#define DECLARE_MOD_STRUCT_MEMBER(mod, s, m) \
	extern struct ktype_info _kmember_##mod##_##s##_##m KTYPE_HIDDEN_

/** Offset of the member in bits. */
#define GET_MOD_STRUCT_MEMBER_MOFF(mod, s, m) (_kmember_##mod##_##s##_##m.member_bit_offset)
/** Size of the member in bytes. */
#define GET_MOD_STRUCT_MEMBER_MSIZE(mod, s, m) (_kmember_##mod##_##s##_##m.member_size)
/** Size of the struct in bytes. */
#define GET_MOD_STRUCT_MEMBER_SSIZE(mod, s, m) (_kmember_##mod##_##s##_##m.struct_size)
/** The member's record. */
#define GET_MOD_STRUCT_MEMBER_PTR(mod, s, m) (&_kmember_##mod##_##s##_##m)
/** Whether the member was found. */
#define MOD_STRUCT_MEMBER_EXIST(mod, s, m) TYPE_EXIST(GET_MOD_STRUCT_MEMBER_PTR(mod, s, m))
#define TYPE_EXIST(p) ((p)->index >= 0)

/** Declare a struct whose size is needed. */
#define INIT_MOD_STRUCT(mod, s) INIT_KTYPE_(_kstruct_##mod##_##s, mod, s, 0, true)
#define INIT_OPT_MOD_STRUCT(mod, s) INIT_KTYPE_(_kstruct_##mod##_##s, mod, s, 0, false)
#define DECLARE_MOD_STRUCT(mod, s) extern struct ktype_info _kstruct_##mod##_##s KTYPE_HIDDEN_
/** Size of the struct in bytes. */
#define GET_MOD_STRUCT_SSIZE(mod, s) (_kstruct_##mod##_##s.struct_size)
/** Whether the struct was found. */
#define MOD_STRUCT_EXIST(mod, s) TYPE_EXIST(&_kstruct_##mod##_##s)

/**
 * One declared number: an enumerator (PG_lru), or a constant that only
 * VMCOREINFO tells (phys_base).
 */
struct knum_info {
	const char *modname;
	const char *name;
	bool required;
	int64_t value;
	/** Negative until a provider has filled in the value. */
	int index;
};

#define INIT_KNUM_(mod, num, req)						\
	extern struct knum_info _knum_##mod##_##num KTYPE_HIDDEN_;		\
	struct knum_info _knum_##mod##_##num = {				\
		.modname = #mod, .name = #num, .required = req, .index = -1,	\
	};									\
	static struct knum_info *const _ptr_knum_##mod##_##num			\
		KTYPE_BARE_ __attribute__((used, section(".init_knums"))) = &_knum_##mod##_##num

/** Declare a number the code cannot do without, or one that may be missing. */
#define INIT_MOD_NUM(mod, num) INIT_KNUM_(mod, num, true)
#define INIT_OPT_MOD_NUM(mod, num) INIT_KNUM_(mod, num, false)
#define DECLARE_MOD_NUM(mod, num) extern struct knum_info _knum_##mod##_##num KTYPE_HIDDEN_
/** The number's value. */
#define GET_MOD_NUM(mod, num) (_knum_##mod##_##num.value)
/** Whether the number was found. */
#define MOD_NUM_EXIST(mod, num) (_knum_##mod##_##num.index >= 0)

/** One declared array: a member, or a variable if member is NULL. */
struct klen_info {
	const char *modname;
	const char *name;		/**< the struct, or the variable */
	const char *member;
	bool required;
	uint64_t value;			/**< number of elements */
	/** Negative until a provider has filled in the value. */
	int index;
};

#define INIT_KLEN_(rec, mod, n, m, req)						\
	extern struct klen_info rec KTYPE_HIDDEN_;				\
	struct klen_info rec = {						\
		.modname = #mod, .name = #n, .member = m, .required = req,	\
		.index = -1,							\
	};									\
	static struct klen_info *const _ptr##rec				\
		KTYPE_BARE_ __attribute__((used, section(".init_klens"))) = &rec

/** Declare an array member whose number of elements is needed. */
#define INIT_MOD_MEMBER_LEN(mod, s, m) INIT_KLEN_(_klen_##mod##_##s##_##m, mod, s, #m, true)
#define INIT_OPT_MOD_MEMBER_LEN(mod, s, m) INIT_KLEN_(_klen_##mod##_##s##_##m, mod, s, #m, false)
#define GET_MOD_MEMBER_LEN(mod, s, m) (_klen_##mod##_##s##_##m.value)
#define MOD_MEMBER_LEN_EXIST(mod, s, m) (_klen_##mod##_##s##_##m.index >= 0)

/** Declare an array variable whose number of elements is needed. */
#define INIT_MOD_VAR_LEN(mod, v) INIT_KLEN_(_klenvar_##mod##_##v, mod, v, 0, true)
#define INIT_OPT_MOD_VAR_LEN(mod, v) INIT_KLEN_(_klenvar_##mod##_##v, mod, v, 0, false)
#define GET_MOD_VAR_LEN(mod, v) (_klenvar_##mod##_##v.value)
#define MOD_VAR_LEN_EXIST(mod, v) (_klenvar_##mod##_##v.index >= 0)

/**
 * One declared way from a struct down to a member of a member:
 * mm_struct.mm_mt.ma_root. Every step but the last leads to a struct or union
 * that is embedded (no pointer is followed).
 */
struct kpath_info {
	const char *modname;
	const char *path;		/**< STRUCT.MEMBER[.MEMBER]... */
	bool required;
	uint32_t bit_offset;		/**< of the last member in the struct, bits */
	uint32_t bit_sz;		/**< width of a bit field, bits; else 0 */
	uint32_t size;			/**< of the last member, bytes */
	/** Negative until a provider has filled in the rest. */
	int index;
};

#define INIT_KPATH_(mod, id, p, req)						\
	extern struct kpath_info _kpath_##mod##_##id KTYPE_HIDDEN_;		\
	struct kpath_info _kpath_##mod##_##id = {				\
		.modname = #mod, .path = p, .required = req, .index = -1,	\
	};									\
	static struct kpath_info *const _ptr_kpath_##mod##_##id			\
		KTYPE_BARE_ __attribute__((used, section(".init_kpaths"))) = &_kpath_##mod##_##id

/**
 * Declare a path under a name of your own:
 * INIT_MOD_PATH(vmlinux, mm_root, "mm_struct.mm_mt.ma_root").
 */
#define INIT_MOD_PATH(mod, id, path) INIT_KPATH_(mod, id, path, true)
#define INIT_OPT_MOD_PATH(mod, id, path) INIT_KPATH_(mod, id, path, false)
#define DECLARE_MOD_PATH(mod, id) extern struct kpath_info _kpath_##mod##_##id KTYPE_HIDDEN_
/** Offset of the last member in bits. */
#define GET_MOD_PATH_OFF(mod, id) (_kpath_##mod##_##id.bit_offset)
/** Size of the last member in bytes. */
#define GET_MOD_PATH_SIZE(mod, id) (_kpath_##mod##_##id.size)
/** Whether the whole path was found. */
#define MOD_PATH_EXIST(mod, id) (_kpath_##mod##_##id.index >= 0)

/* --- the dump's own types ------------------------------------------------------ */

struct btf_types;
struct fact_set;
struct module_list;
struct vmem;

/**
 * Types of the crashed kernel and its modules, from BTF in the dump. Not thread-safe.
 * As with symbols nothing that goes wrong here is a reason not to make a dump. In a
 * program built without libbpf, creating one fails and the rest cannot be reached.
 */
struct btf_info;

/** Whether the program was built with libbpf. */
bool btf_info_supported(void);

/** @param mem borrowed @return 0; -ENOTSUP without libbpf; -ENOMEM; with a sentence */
int btf_info_create(struct btf_info **ret, const struct vmem *mem)
	__attribute__((warn_unused_result));
void btf_info_destroy(struct btf_info *bi);

/**
 * Have the types, numbers, lengths and paths of a set resolved by the calls of
 * init_kernel_btf() and init_module_btf() that follow.
 * @param set borrowed, as far as its records go @return 0 or -ENOMEM
 */
int register_ktype_section(struct btf_info *bi, const struct fact_set *set)
	__attribute__((warn_unused_result));

/**
 * Read the kernel's BTF, between the symbols __start_BTF and __stop_BTF or else found
 * by scanning the image, and fill in what is registered for vmlinux and still missing.
 *
 * A declared struct is a struct, union or typedef of that name (one that leads to a
 * struct or union, else one of any kind with a size), in this order; never a forward
 * declaration, never a function. Members are sought in unnamed members too. Where
 * several have the name, the one with most of the members that are declared
 * counts; where several are equal in that but differ in what is asked, none does, and
 * the declaration becomes FACT_AMBIGUOUS.
 * A number is an enumerator of an enum of either width, named or not. A length is of
 * an array member; of a variable only as far as BTF has variables (per-CPU ones).
 *
 * The length of a flexible array is not known.
 *
 * A record that was filled in before, by VMCOREINFO, but lacks a size gets it, if it
 * agrees about the offset.
 *
 * @return 0; -ENOENT if there is no BTF; -EBADMSG if it is damaged; -EFAULT; -ENOMEM;
 * with a sentence
 */
int init_kernel_btf(struct btf_info *bi) __attribute__((warn_unused_result));

/**
 * Fill in what is registered for modules; only those named in a declaration are
 * read. A type is sought in vmlinux first, unless only the module has the members that
 * are asked for, so those of vmlinux are found even if the module is not loaded. The
 * kernel's BTF has been read before.
 * @param modules borrowed for the call
 * @return as init_kernel_btf(); a module that is not loaded, or has no BTF, is no error
 */
int init_module_btf(struct btf_info *bi, const struct module_list *modules)
	__attribute__((warn_unused_result));

/**
 * What was wrong where, in one sentence; "" if nothing was, or if there is no BTF.
 * Borrowed from @p bi.
 */
const char *btf_info_why(const struct btf_info *bi);

/**
 * The kernel's types (types/btf.h), read now if they were not.
 * @param[out] ret borrowed from @p bi
 * @return as init_kernel_btf()
 */
int btf_info_types(struct btf_info *bi, const struct btf_types **ret)
	__attribute__((warn_unused_result));

/**
 * Print types as C with offsets and sizes, for people.
 *
 * @param name NAME of a struct, union, enum or typedef, or STRUCT.MEMBER[.MEMBER]...;
 * NAME may be a shell pattern and then stands for all structs and unions that match
 * @param modules whose types are printed too, but for copies of what was printed before;
 * their BTF is read as needed; NULL: none
 * @param print is called with the text of each type (ends with a newline); returns 0 to go
 * on; anything else ends it and is returned
 * @return number of types printed; -ENOENT if there is none, with a sentence; -errno
 */
int btf_info_print(struct btf_info *bi, const struct module_list *modules, const char *name,
		   int (*print)(void *ctx, const char *text), void *ctx)
	__attribute__((warn_unused_result));

#endif
