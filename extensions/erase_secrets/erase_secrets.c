// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overwrite key material that a dump should not carry.
 *
 *	makedumpfile --require-extension erase_secrets,strict -d 31 /proc/vmcore dump
 *	makedumpfile --extension erase_secrets,kinds=keyring+dm_crypt -d 31 /proc/vmcore dump
 *
 * kinds=	what to look for, several joined by '+'; all if it is not given:
 *	keyring		payloads of the keys of types user, logon, encrypted and trusted
 *	dm_crypt	keys of encrypted block devices
 *	fscrypt		master keys of encrypted file systems, and keys of open files
 *	tls		keys of TCP connections with TLS in the kernel
 *	wireguard	private, preshared and session keys
 * strict	fail if something was damaged, or its types are not known (that a kernel
 *		has no WireGuard, say, is no failure)
 *
 * Also the copies that the kernel's crypto API made of these keys, such as the key
 * schedules of AES. Those that are left in free memory, or in that of
 * processes, are not found; -d 24 and above leave both out.
 */
#include <stdlib.h>

#include "search.h"

EXTENSION_HELP("overwrite keys and other secrets of the kernel");

static const struct {
	const char *name;
	void (*find)(struct search *s);
	const char *unit; /* what is counted */
} kinds[] = {
	{ "keyring", find_keys, "keys" },
	{ "dm_crypt", find_dm_crypt, "devices" },
	{ "fscrypt", find_fscrypt, "master keys" },
	{ "tls", find_tls, "connections" },
	{ "wireguard", find_wireguard, "interfaces" },
};

/* The kinds to look for: a bit each. */
static unsigned int wanted_kinds(void)
{
	static const char *const words[] = { "keyring",	  "dm_crypt", "fscrypt", "tls",
					     "wireguard", "all",      NULL };
	unsigned int wanted = extension_argument_words("kinds", words), all = 1u << LENGTH(kinds);

	return !wanted || wanted & all ? all - 1 : wanted;
}

/* @return whether all was found that there is */
static bool report(const struct search *s, const char *name, const char *unit)
{
	if (s->unknown[0])
		MSG("%s: not looked for everywhere: %s\n", name, s->unknown);
	if (s->found)
		MSG("%s: %s: %zu, bytes overwritten: %llu\n", name, unit, s->found, s->bytes);
	else if (s->absent)
		MSG("%s: none, as there is no %s\n", name, s->absent);
	else if (!s->unknown[0])
		MSG("%s: none\n", name);
	if (s->damaged)
		MSG("%s: %zu times something could not be read, first: %s\n", name, s->damaged,
		    s->why);
	return !s->damaged && !s->unknown[0];
}

void extension_init(void)
{
	static const char *const keys[] = { "kinds", "strict", NULL };
	struct algorithms algorithms = { NULL, 0, 0 };
	unsigned int wanted;
	bool whole;

	extension_known_keys(keys);
	wanted = wanted_kinds();
	whole = find_algorithms(&algorithms);
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		struct search s = { .algorithms = &algorithms };

		if (!(wanted >> i & 1))
			continue;
		kinds[i].find(&s);
		whole &= report(&s, kinds[i].name, kinds[i].unit);
	}
	free(algorithms.addresses);
	if (!whole && extension_argument("strict"))
		extension_fail("not all key material could be looked at");
}
