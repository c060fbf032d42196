/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for secrets of one kind, and what its files share.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "../../makedumpfile.h"
#include "../../btf_info.h"
#include "../../kallsyms.h"
#include "../../extension.h"
#include "../../erase_info.h"

#define MEMBER(mod, s, m) GET_MOD_STRUCT_MEMBER_PTR(mod, s, m)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* Limit of a piece of key material, and of the context of a transform: far above any real size. */
#define SECRET_BYTES_MAX 65536
/* Transforms that one secret can have. */
#define TFMS_MAX 64

/* Addresses of all algorithms of the crypto API, sorted. */
struct algorithms {
	uint64_t *addresses;
	size_t nr, room;
};

struct search {
	/* A symbol of what the kernel does not have; or NULL. */
	const char *absent;
	/* The facts that are missing about things that it has; or "". */
	char unknown[256];
	size_t found, damaged;
	unsigned long long bytes;
	unsigned int tfms; /* seen of one secret */
	char why[256];	   /* the first damage */
	const struct algorithms *algorithms;
};

/* One kind each: a file of its name. */
void find_keys(struct search *s);
void find_dm_crypt(struct search *s);
void find_fscrypt(struct search *s);
void find_tls(struct search *s);
void find_wireguard(struct search *s);

/* search.c */
void record_error(struct search *s, const char *why);
/* Record the error of a function of makedumpfile.h, if it failed. Return whether it did. */
bool failed(struct search *s, int err);
/* Read a member; 0, which no address is, if there is none or it cannot be read. */
uint64_t get(struct search *s, uint64_t base, const struct ktype_info *member);
void erase(struct search *s, uint64_t address, uint64_t len);
void erase_member(struct search *s, uint64_t base, const struct ktype_info *member);
/* Return whether all is there that a search cannot do without. */
bool known(struct search *s, const struct mdf_fact *facts, size_t nr);
/* The same of a symbol. @param evidence a member whose type only a kernel with such a thing has */
bool known_symbol(struct search *s, const struct ksym_info *symbol,
		  const struct ktype_info *evidence);

/* crypto.c */
/* Find the kernel's algorithms. @return whether all were found; addresses are to be freed */
bool find_algorithms(struct algorithms *a);
/* Erase the contexts of a transform and of those that it uses. @param address 0: none */
void erase_tfm(struct search *s, uint64_t address);

/* keyring.c */
/* Keys of a type, and how their payload is erased. */
struct key_type {
	const char *name;
	void (*erase)(struct search *s, uint64_t key, uint64_t payload);
	bool counted; /* by the function itself */
};
/* Search the keyrings. @param types up to one without a name */
void search_keys(struct search *s, const struct key_type *types);

#endif
