/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Declaring facts of the crashed kernel: addresses of symbols, offsets and sizes of struct
 * members, values of enumerators, lengths of arrays.
 *
 * Code declares a fact at file scope, next to its use, and reads it there:
 *
 *	INIT_MOD_SYM(vmlinux, init_task);
 *	INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
 *	...
 *	vaddr = GET_MOD_SYM(vmlinux, init_task);
 *	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, task_struct, comm))
 *		offset = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, task_struct, comm);
 *
 * A declaration is a record, and a pointer to it in a section of its kind (.init_ksyms,
 * .init_ktypes, ...). Before the dump is filtered, providers fill the records: VMCOREINFO
 * first, then the dump's own kallsyms and BTF, then a vmlinux given with -x.
 *
 * Any number of files of one program, or of one extension, may declare the same fact: the
 * linker merges their records into one (they are weak). The records are hidden, too: an
 * extension's record is its own, even if the program declares the same fact. Files that
 * declare the same fact should agree whether it is required; the first file linked decides.
 *
 * The first argument is the module's name as in the kernel's struct module, or vmlinux for
 * the kernel itself. Offsets are in BITS, sizes in bytes.
 *
 * The records belong to the file that declares them. Their layout is the binary interface
 * between the program and extensions: it never changes.
 */
#ifndef FACTS_DECLARE_H
#define FACTS_DECLARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FACT_RECORD_ __attribute__((weak, visibility("hidden")))

/* The linker makes an array of the pointers: nothing may lie between them. */
#ifdef __clang__
#define FACT_BARE_ __attribute__((no_sanitize("address")))
#else
#define FACT_BARE_
#endif

/* In the order of the source; clang keeps it anyway. */
#if defined(__GNUC__) && !defined(__clang__)
#define FACT_ORDER_ __attribute__((no_reorder))
#else
#define FACT_ORDER_
#endif

/* Leave a pointer to a record in a section; writable, since the program keeps each fact once. */
#define FACT_POINTER_(type, record, kind) \
	static type *_ptr##record FACT_BARE_ FACT_ORDER_ \
		__attribute__((used, section(FACT_SECTION_(kind)))) = &record
#define FACT_SECTION_(kind) ".init_" kind

/** One declared symbol. Extensions own such records: the layout never changes. */
struct ksym_info {
	const char *modname;
	const char *symname;
	/** True if the declaring code can do nothing without it. */
	bool sym_required;
	/** Run-time virtual address (KASLR included). */
	uint64_t value;
	/** Negative until a provider has filled in the value. */
	int index;
};

#define INIT_KSYM_(mod, sym, required) \
	extern struct ksym_info _ksym_##mod##_##sym FACT_RECORD_; \
	struct ksym_info _ksym_##mod##_##sym = { \
		.modname = #mod, \
		.symname = #sym, \
		.sym_required = required, \
		.value = 0, \
		.index = -1, \
	}; \
	FACT_POINTER_(struct ksym_info, _ksym_##mod##_##sym, "ksyms")

/** Declare a symbol the code cannot do without, at file scope. */
#define INIT_MOD_SYM(mod, sym) INIT_KSYM_(mod, sym, true)
/** Declare a symbol that may be missing: ask MOD_SYM_EXIST() before use. */
#define INIT_OPT_MOD_SYM(mod, sym) INIT_KSYM_(mod, sym, false)

/** The symbol's address. */
#define GET_MOD_SYM(mod, sym) (_ksym_##mod##_##sym.value)
/** The symbol's record. */
#define GET_MOD_SYM_PTR(mod, sym) (&_ksym_##mod##_##sym)
/** True if the symbol was found. */
#define MOD_SYM_EXIST(mod, sym) SYM_EXIST(GET_MOD_SYM_PTR(mod, sym))
#define SYM_EXIST(p) ((p)->index >= 0)

/**
 * One declared struct, or member of one. Extensions own such records: the
 * layout never changes. A field that a provider does not know stays 0 (VMCOREINFO
 * has no member sizes).
 */
struct ktype_info {
	const char *modname;
	const char *struct_name;
	const char *member_name; /**< NULL: the struct itself */
	/** True if the declaring code can do nothing without it. */
	bool struct_required : 1;
	bool member_required : 1;
	uint32_t member_bit_offset; /**< from the start of the struct, bits */
	uint32_t member_bit_sz;	    /**< width of a bit field, bits; else 0 */
	uint32_t member_size;	    /**< bytes */
	uint32_t struct_size;	    /**< bytes */
	/** Negative until a provider has filled in the rest. */
	int index;
};

#define INIT_KTYPE_(name, mod, s, m, required) \
	extern struct ktype_info name FACT_RECORD_; \
	struct ktype_info name = { \
		.modname = #mod, \
		.struct_name = #s, \
		.member_name = m, \
		.struct_required = required, \
		.member_required = required, \
		.member_bit_offset = 0, \
		.member_bit_sz = 0, \
		.member_size = 0, \
		.struct_size = 0, \
		.index = -1, \
	}; \
	FACT_POINTER_(struct ktype_info, name, "ktypes")

/** Declare a member the code cannot do without, at file scope. */
#define INIT_MOD_STRUCT_MEMBER(mod, s, m) INIT_KTYPE_(_kmember_##mod##_##s##_##m, mod, s, #m, true)
/** Declare a member that may be missing: ask MOD_STRUCT_MEMBER_EXIST(). */
#define INIT_OPT_MOD_STRUCT_MEMBER(mod, s, m) \
	INIT_KTYPE_(_kmember_##mod##_##s##_##m, mod, s, #m, false)

/** Offset of the member in bits. */
#define GET_MOD_STRUCT_MEMBER_MOFF(mod, s, m) (_kmember_##mod##_##s##_##m.member_bit_offset)
/** Offset of the member in bytes, rounded down if it is a bit field. */
#define GET_MOD_STRUCT_MEMBER_OFF(mod, s, m) (GET_MOD_STRUCT_MEMBER_MOFF(mod, s, m) / 8)
/** Size of the member in bytes. */
#define GET_MOD_STRUCT_MEMBER_MSIZE(mod, s, m) (_kmember_##mod##_##s##_##m.member_size)
/** Size of the struct in bytes. */
#define GET_MOD_STRUCT_MEMBER_SSIZE(mod, s, m) (_kmember_##mod##_##s##_##m.struct_size)
/** The member's record. */
#define GET_MOD_STRUCT_MEMBER_PTR(mod, s, m) (&_kmember_##mod##_##s##_##m)
/** True if the member was found. */
#define MOD_STRUCT_MEMBER_EXIST(mod, s, m) TYPE_EXIST(GET_MOD_STRUCT_MEMBER_PTR(mod, s, m))
#define TYPE_EXIST(p) ((p)->index >= 0)

/** Declare a struct whose size is needed. */
#define INIT_MOD_STRUCT(mod, s) INIT_KTYPE_(_kstruct_##mod##_##s, mod, s, 0, true)
#define INIT_OPT_MOD_STRUCT(mod, s) INIT_KTYPE_(_kstruct_##mod##_##s, mod, s, 0, false)
/** Size of the struct in bytes. */
#define GET_MOD_STRUCT_SSIZE(mod, s) (_kstruct_##mod##_##s.struct_size)
/** True if the struct was found. */
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

#define INIT_KNUM_(mod, num, req) \
	extern struct knum_info _knum_##mod##_##num FACT_RECORD_; \
	struct knum_info _knum_##mod##_##num = { \
		.modname = #mod, \
		.name = #num, \
		.required = req, \
		.value = 0, \
		.index = -1, \
	}; \
	FACT_POINTER_(struct knum_info, _knum_##mod##_##num, "knums")

/** Declare a number the code cannot do without, or one that may be missing. */
#define INIT_MOD_NUM(mod, num) INIT_KNUM_(mod, num, true)
#define INIT_OPT_MOD_NUM(mod, num) INIT_KNUM_(mod, num, false)
/** The number's value. */
#define GET_MOD_NUM(mod, num) (_knum_##mod##_##num.value)
/** True if the number was found. */
#define MOD_NUM_EXIST(mod, num) (_knum_##mod##_##num.index >= 0)

/** One declared array: a member, or a variable if member is NULL. */
struct klen_info {
	const char *modname;
	const char *name; /**< the struct, or the variable */
	const char *member;
	bool required;
	uint64_t value; /**< number of elements */
	/** Negative until a provider has filled in the value. */
	int index;
};

#define INIT_KLEN_(rec, mod, n, m, req) \
	extern struct klen_info rec FACT_RECORD_; \
	struct klen_info rec = { \
		.modname = #mod, \
		.name = #n, \
		.member = m, \
		.required = req, \
		.value = 0, \
		.index = -1, \
	}; \
	FACT_POINTER_(struct klen_info, rec, "klens")

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
	const char *path; /**< STRUCT.MEMBER[.MEMBER]... */
	bool required;
	uint32_t bit_offset; /**< of the last member in the struct, bits */
	uint32_t bit_sz;     /**< width of a bit field, bits; else 0 */
	uint32_t size;	     /**< of the last member, bytes */
	/** Negative until a provider has filled in the rest. */
	int index;
};

/* Static: files may give one name to different paths. */
#define INIT_KPATH_(mod, id, p, req) \
	static struct kpath_info _kpath_##mod##_##id = { \
		.modname = #mod, \
		.path = p, \
		.required = req, \
		.bit_offset = 0, \
		.bit_sz = 0, \
		.size = 0, \
		.index = -1, \
	}; \
	FACT_POINTER_(struct kpath_info, _kpath_##mod##_##id, "kpaths")

/**
 * Declare a path under a name of the file's own:
 * INIT_MOD_PATH(vmlinux, mm_root, "mm_struct.mm_mt.ma_root").
 */
#define INIT_MOD_PATH(mod, id, path) INIT_KPATH_(mod, id, path, true)
#define INIT_OPT_MOD_PATH(mod, id, path) INIT_KPATH_(mod, id, path, false)
/** Offset of the last member in bits. */
#define GET_MOD_PATH_OFF(mod, id) (_kpath_##mod##_##id.bit_offset)
/** Size of the last member in bytes. */
#define GET_MOD_PATH_SIZE(mod, id) (_kpath_##mod##_##id.size)
/** The path's record. */
#define GET_MOD_PATH_PTR(mod, id) (&_kpath_##mod##_##id)
/** True if the whole path was found. */
#define MOD_PATH_EXIST(mod, id) (_kpath_##mod##_##id.index >= 0)

/*
 * Facts that another file of the same extension declares, for sources that were written for
 * upstream's interface; declaring a fact twice does the same.
 */
#define DECLARE_MOD_SYM(mod, sym) \
	extern struct ksym_info _ksym_##mod##_##sym __attribute__((visibility("hidden")))
#define DECLARE_MOD_STRUCT(mod, s) \
	extern struct ktype_info _kstruct_##mod##_##s __attribute__((visibility("hidden")))
#define DECLARE_MOD_STRUCT_MEMBER(mod, s, m) \
	extern struct ktype_info _kmember_##mod##_##s##_##m __attribute__((visibility("hidden")))

#endif
