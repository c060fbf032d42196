/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Declarations about types, grouped by name, and the choice among the definitions that a
 * source of types (BTF, DWARF) has for one name.
 *
 * A source looks up the names, and offers each definition that it finds:
 *
 *	request_group_begin(g);
 *	... set trial of each request of g that the definition answers ...
 *	request_group_offer(g, preference);
 *
 * The best definition is the one that answers the most requests; of equally good ones the one
 * that the source prefers. If definitions that are equally good differ in an answer, the
 * request is ambiguous.
 */
#ifndef FACTS_REQUEST_H
#define FACTS_REQUEST_H

#include "facts/facts.h"
#include "facts/member.h"

/** Kinds of names: each has a name space of its own. */
enum request_kind {
	REQUEST_TYPE,	  /**< a struct, its members, paths, and lengths of array members */
	REQUEST_NUMBER,	  /**< an enumerator */
	REQUEST_VARIABLE, /**< the length of an array variable */
};

/** The answer of a definition to one request of kind REQUEST_TYPE. */
struct fact_answer {
	bool known;
	struct member_place at; /**< of the member, if there is one */
	uint32_t struct_size;	/**< bytes */
};

/** One declaration: exactly one of the records is not NULL. */
struct fact_request {
	const char *member; /**< or a path of members; NULL: the type itself */
	struct ktype_info *type;
	struct klen_info *len;
	struct kpath_info *path;
	struct knum_info *num;
	struct fact_answer trial; /**< of the definition at hand */
	struct fact_answer best;
	bool differs; /**< an equally good definition has another answer */
};

/** A number or a length, of which there can be several. */
struct number_answer {
	bool known, differs;
	int64_t value;
};

/** All that is declared of one name of one module. */
struct request_group {
	const char *module;
	enum request_kind kind;
	const char *name;
	struct fact_request *requests;
	size_t nr;
	bool asked;			 /**< something is missing */
	unsigned int rank;		 /**< of the best definition so far; 0: none */
	struct number_answer any, named; /**< REQUEST_NUMBER, REQUEST_VARIABLE (any) */
};

/** Sorted by module, kind and name. */
struct fact_requests {
	struct fact_request *requests;
	struct request_group *groups;
	size_t nr_groups;
	const char **modules; /**< that something is asked of, without vmlinux */
	size_t nr_modules;
	char *paths; /**< names of the types that paths begin with */
};

/** Gather declarations. @param sets their records are borrowed @return 0 or -ENOMEM */
int fact_requests_init(struct fact_requests *rs, const struct fact_set *sets, size_t nr)
	__attribute__((warn_unused_result));
void fact_requests_deinit(struct fact_requests *rs);

/** The groups of one module and kind. @param[out] nr their number */
struct request_group *fact_requests_of(const struct fact_requests *rs, const char *module,
				       enum request_kind kind, size_t *nr);

/** Find a name among groups of one module and kind. @return NULL: nothing is asked of it */
struct request_group *request_group_find(struct request_group *groups, size_t nr, const char *name);

/** Begin with a definition: no trial has an answer but that the type exists. */
void request_group_begin(struct request_group *g, uint32_t struct_size);

/** Compare the trials with the best definition so far. @param preference 0 to 7 */
void request_group_offer(struct request_group *g, unsigned int preference);

/** Offer an enumerator. @param named whether its enum has a name */
void request_group_offer_number(struct request_group *g, int64_t value, bool named);

/** Offer the length of an array variable. */
void request_group_offer_length(struct request_group *g, uint64_t length);

/** @return true if each request of a group has an answer */
bool request_group_complete(const struct request_group *g);

/**
 * Fill in the records of a module that have an answer, as far as other sources left them
 * empty, and mark ambiguous ones.
 */
void fact_requests_fill(struct fact_requests *rs, const char *module, enum fact_source source);

#endif
