// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/vmcoreinfo_choice.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/find_vmcoreinfo.h"
#include "kernel/kcore.h"
#include "kernel/segment_check.h"
#include "kernel/vmcoreinfo_writer.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/trace.h"

INIT_OPT_MOD_SYM(vmlinux, init_uts_ns);
INIT_OPT_MOD_SYM(vmlinux, linux_banner);
INIT_OPT_MOD_SYM(vmlinux, vmlinux_build_id);

#define BUILD_ID_BYTES 20

/* Results of checking a text against the dump's memory, the worst first. */
enum proof {
	PROOF_REFUTED, /* it leads to another kernel */
	PROOF_NONE,    /* addresses cannot be translated */
	PROOF_TRANSLATES,
	PROOF_KERNEL, /* they lead to the kernel that the text is of */
	PROOF_ENOUGH, /* and all is known that is needed */
};

/* VMCOREINFO to open a kernel with. */
struct attempt {
	char name[PATH_MAX + 64];
	char *text; /* in place of the dump's note; NULL: none */
	size_t size;
	const char *info_path; /* and this file; or NULL */
	bool is_note;	       /* text is that of the note, and there is no file */
	enum proof proof;
	bool silent;   /* it does not say where the kernel's release is */
	char why[256]; /* it is not proven */
};

/* The candidates for the text of a dump. */
struct chooser {
	struct vmcore *vc;
	const struct kernel_choice *choice;
	const char *note; /* borrowed; NULL: the dump has none */
	size_t note_size;
	struct attempt best;
};

/* Read the release from "Linux version RELEASE (...". */
static bool read_banner(const struct kernel *k, struct vmcore_reader *r, struct kdump_utsname *uts)
{
	static const char start[] = "Linux version ";
	char text[sizeof(start) + UTS_LEN], *end;

	if (!MOD_SYM_EXIST(vmlinux, linux_banner) ||
	    kernel_read(k, r, GET_MOD_SYM(vmlinux, linux_banner), text, sizeof(text)) ||
	    memcmp(text, start, sizeof(start) - 1))
		return false;
	text[sizeof(text) - 1] = '\0';
	end = strchr(text + sizeof(start) - 1, ' ');
	if (!end)
		return false;
	*end = '\0';
	snprintf(uts->release, sizeof(uts->release), "%.*s", UTS_LEN - 1, text + sizeof(start) - 1);
	return true;
}

/*
 * Return whether the memory has another build id than the text. Several stable kernels export
 * one that begins with the name of the note that it is of, "GNU": it tells nothing.
 */
static bool other_build(const struct kernel *k, struct vmcore_reader *r)
{
	char hex[2 * BUILD_ID_BYTES + 1];
	uint8_t id[BUILD_ID_BYTES];
	const char *text;
	size_t len;

	if (!vmcoreinfo_find(&k->info, "BUILD-ID", &text, &len) || len != 2 * BUILD_ID_BYTES ||
	    !memcmp(text, "474e5500", 8) || !MOD_SYM_EXIST(vmlinux, vmlinux_build_id) ||
	    kernel_read(k, r, GET_MOD_SYM(vmlinux, vmlinux_build_id), id, sizeof(id)))
		return false;
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	return strncmp(hex, text, len);
}

static enum proof refute(struct attempt *a, const char *what, const char *is, const char *says)
{
	snprintf(a->why, sizeof(a->why), "it leads to a kernel of another %s%s%s%s", what, is,
		 says[0] ? " than " : "", says);
	return PROOF_REFUTED;
}

static enum proof prove_kernel(const struct kernel *k, struct vmcore_reader *r, struct attempt *a)
{
	struct kdump_utsname uts;
	bool told = kernel_utsname(k, r, NULL, &uts) || read_banner(k, r, &uts);

	if (told && k->release[0] && strcmp(uts.release, k->release))
		return refute(a, "release, ", uts.release, k->release);
	if (other_build(k, r))
		return refute(a, "build id", "", "");
	a->silent = !told && !MOD_SYM_EXIST(vmlinux, init_uts_ns);
	if (told || a->silent)
		return PROOF_KERNEL;
	snprintf(a->why, sizeof(a->why), "the kernel's release is not where it says");
	return PROOF_TRANSLATES;
}

static enum proof prove(const struct kernel *k, const struct kernel_choice *c, struct attempt *a)
{
	struct vmcore_reader *r;
	enum proof proof;
	int err;

	if (k->translation_err) {
		snprintf(a->why, sizeof(a->why), "%s", k->translation_why);
		return PROOF_NONE;
	}
	if (vmcore_reader_create(&r, k->vc))
		return PROOF_NONE;
	proof = prove_kernel(k, r, a);
	vmcore_reader_destroy(r);
	if (proof < PROOF_KERNEL)
		return proof;
	if (k->warnings[KERNEL_CONTRADICTION][0]) {
		snprintf(a->why, sizeof(a->why), "BTF has another %.*s",
			 (int)strcspn(k->warnings[KERNEL_CONTRADICTION], " "),
			 k->warnings[KERNEL_CONTRADICTION]);
		return PROOF_KERNEL;
	}
	err = c->needs ? c->needs(k, c->ctx) : 0;
	if (err)
		snprintf(a->why, sizeof(a->why), "%s", err_text(err));
	return err ? PROOF_KERNEL : PROOF_ENOUGH;
}

/* Try one, and keep the better one; takes over the text. @return 1: it is proven */
static int attempt(struct chooser *c, struct attempt *a)
{
	struct vmcore trial = *c->vc;
	struct kernel *k;
	int err = 0;

	trial.notes = NULL;
	trial.notes_size = 0;
	trial.vmcoreinfo = NULL;
	trial.vmcoreinfo_size = 0;
	if (a->text)
		err = vmcore_set_vmcoreinfo(&trial, a->text, a->size);
	if (!err)
		err = kernel_open(&k, &trial, a->info_path, NULL);
	if (!err) {
		a->proof = prove(k, c->choice, a);
		/* A text that is not proven wrong is kept, but not preferred. */
		if (a->silent && a->proof > PROOF_TRANSLATES)
			a->proof = PROOF_TRANSLATES;
		kernel_close(k);
	} else {
		a->proof = PROOF_REFUTED;
		snprintf(a->why, sizeof(a->why), "%s", err_text(err));
	}
	free(trial.notes);
	TRACE(FACTS, "VMCOREINFO of %s: %s", a->name, a->proof == PROOF_ENOUGH ? "proven" : a->why);
	DEBUG_MSG("VMCOREINFO of %s: %s\n", a->name, a->proof == PROOF_ENOUGH ? "proven" : a->why);
	if (err != -ENOMEM && a->proof > c->best.proof) {
		free(c->best.text);
		c->best = *a;
	} else {
		free(a->text);
	}
	return err == -ENOMEM ? err : c->best.proof == PROOF_ENOUGH;
}

/* Try a text with the -i FILE and without. */
static int attempt_both(struct chooser *c, struct attempt *with)
{
	struct attempt without = *with;
	int ret;

	if (!c->choice->info_path)
		return attempt(c, with);
	without.text = malloc(with->size);
	if (!without.text)
		ret = err_set(-ENOMEM, "no memory for VMCOREINFO");
	else
		memcpy(without.text, with->text, with->size);
	with->info_path = c->choice->info_path;
	ret = without.text ? attempt(c, with) : -ENOMEM;
	if (ret) {
		free(without.text);
		return ret;
	}
	return attempt(c, &without);
}

static int attempt_memory(void *ctx, paddr_t pa, char *text, size_t size)
{
	struct chooser *c = ctx;
	struct attempt a = { .text = text, .size = size };

	/* Another copy of what has been tried already. */
	if (c->note && size == c->note_size && !memcmp(text, c->note, size)) {
		free(text);
		return 0;
	}
	snprintf(a.name, sizeof(a.name), "memory at %#" PRIx64, pa);
	return attempt_both(c, &a);
}

static int attempt_note(struct chooser *c)
{
	struct attempt a = { .name = "the note", .size = c->note_size, .is_note = true };

	a.text = malloc(c->note_size);
	if (!a.text)
		return err_set(-ENOMEM, "no memory for VMCOREINFO");
	memcpy(a.text, c->note, c->note_size);
	return attempt(c, &a);
}

static int attempt_file(struct chooser *c)
{
	struct attempt a = { .info_path = c->choice->info_path };

	snprintf(a.name, sizeof(a.name), "%s", a.info_path);
	return attempt(c, &a);
}

/* Look for something better than what was tried first, which err kept from being opened. */
static int find_better(struct chooser *c, int err)
{
	int ret = 0;

	if (c->note && c->choice->info_path)
		ret = attempt_file(c);
	if (!ret && c->note && (c->choice->info_path || err))
		ret = attempt_note(c);
	if (!ret)
		ret = vmcoreinfo_for_each(c->vc, true, attempt_memory, c);
	return ret < 0 ? ret : 0;
}

/* Put what was believed into the dump where it is not what its note says. */
static int update_note(struct kernel *k)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err;

	if (!k->file.size && !(k->info.size && memchr(k->info.text, '\0', k->info.size)))
		return 0;
	err = vmcoreinfo_text(k, &text, &size);
	/* A text that other programs cannot use is not written into the dump. */
	if (err)
		return err == -ENOMEM ? err : 0;
	if (size == k->info.size && !memcmp(text, k->info.text, size))
		return 0;
	err = vmcore_set_vmcoreinfo(k->vc, text, size);
	if (!err)
		k->info = (struct vmcoreinfo){ k->vc->vmcoreinfo, k->vc->vmcoreinfo_size };
	return err;
}

static int finish(struct kernel **k)
{
	int err;

	segment_check(*k);
	err = update_note(*k);
	if (err) {
		kernel_close(*k);
		*k = NULL;
	}
	return err;
}

/* Open the kernel with the best text instead of the first. */
static int open_best(struct kernel **ret, const struct chooser *c, const struct attempt *first)
{
	const struct attempt *best = &c->best;
	int err = best->text ? vmcore_set_vmcoreinfo(c->vc, best->text, best->size) :
			       vmcore_drop_vmcoreinfo(c->vc);

	if (!err)
		err = kernel_open(ret, c->vc, best->info_path, c->choice->vmlinux_path);
	if (!err)
		snprintf((*ret)->warnings[KERNEL_VMCOREINFO], KERNEL_WARNING_BYTES,
			 "using VMCOREINFO of %.200s instead of %.200s: %s", best->name,
			 first->name, first->why);
	return err;
}

/*
 * Open the kernel after the first attempt was not good enough.
 * @param failed why the kernel could not even be opened, or 0: -ESTALE
 */
static int open_better(struct kernel **ret, struct vmcore *vc, const struct kernel_choice *choice,
		       struct attempt *first, int failed)
{
	struct chooser c = {
		.vc = vc,
		.choice = choice,
		.note = vc->vmcoreinfo,
		.note_size = vc->vmcoreinfo_size,
		.best.proof = first->proof,
	};
	int err;

	snprintf(first->name, sizeof(first->name), "%s%s%s", c.note ? "the note" : "",
		 c.note && choice->info_path ? " and " : "",
		 choice->info_path ? choice->info_path : "");
	err = find_better(&c, failed);
	/* The note is right, or the best text does without the file: that is of another kernel. */
	if (!err && failed &&
	    (!c.best.name[0] || c.best.is_note || (choice->info_path && !c.best.info_path)))
		err = err_set(failed, "%s", first->why);
	if (!err && c.best.name[0])
		err = open_best(ret, &c, first);
	else if (!err)
		err = kernel_open(ret, vc, choice->info_path, choice->vmlinux_path);
	free(c.best.text);
	return err;
}

/* Return whether there is anything to compare, and something to compare it with. */
static bool can_choose(const struct vmcore *vc, const struct kernel_choice *choice, bool had_note)
{
	const struct arch_ops *ops = arch_find(vc->machine);

	return choice->search && (had_note || choice->info_path) && !vmcore_is_kcore(vc) && ops &&
	       ops->translate;
}

/* Open the kernel without its types if that is enough. @return whether it is; else *ret is NULL */
static bool open_enough(struct kernel **ret, struct vmcore *vc, const struct kernel_choice *choice)
{
	struct attempt a = { .proof = PROOF_REFUTED };

	*ret = NULL;
	if (!choice->enough || choice->info_path || choice->vmlinux_path ||
	    kernel_open_untyped(ret, vc))
		return false;
	if (prove(*ret, choice, &a) == PROOF_ENOUGH && !a.silent &&
	    choice->enough(*ret, choice->ctx))
		return true;
	kernel_close(*ret);
	*ret = NULL;
	return false;
}

int kernel_open_proven(struct kernel **ret, struct vmcore *vc, const struct kernel_choice *choice)
{
	struct attempt first = { .proof = PROOF_REFUTED };
	int err = vmcore_is_kcore(vc) ? kcore_add_vmcoreinfo(vc, KCORE_VMCOREINFO) : 0;
	bool had_note = vc->vmcoreinfo;

	if (!err)
		err = vmcoreinfo_search(vc, choice->search && !choice->info_path);
	if (err)
		return err;
	if (can_choose(vc, choice, had_note) && open_enough(ret, vc, choice))
		return finish(ret);
	err = kernel_open(ret, vc, choice->info_path, choice->vmlinux_path);
	if ((err && err != -ESTALE) || !can_choose(vc, choice, had_note))
		return err ? err : finish(ret);
	if (err)
		snprintf(first.why, sizeof(first.why), "%s", err_text(err));
	else
		first.proof = prove(*ret, choice, &first);
	if (first.proof < PROOF_ENOUGH) {
		if (!err)
			kernel_close(*ret);
		*ret = NULL;
		err = open_better(ret, vc, choice, &first, err);
	}
	return err ? err : finish(ret);
}
