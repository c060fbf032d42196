/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For walks that go on where the dump's memory is damaged, and say so in the end.
 */
#ifndef EXTENSION_WALK_H
#define EXTENSION_WALK_H

/** The most steps of a walk. */
#define WALK_STEPS_MAX (1u << 24)

/** The first fault. All 0 if there was none. */
struct damage {
	int err;
	char why[256];
};

/** Take note of an error and of the sentence to it; the first one stays. */
void damage_note(struct damage *d, int err);

/** The errno that was taken note of, with its sentence; or 0. */
int damage_error(const struct damage *d);

#endif
