/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The data that mdf_for_each_frame() keeps from its first call on.
 */
#ifndef EXTENSION_FRAMES_H
#define EXTENSION_FRAMES_H

struct extension_frames;

/** @param f may be NULL */
void extension_frames_free(struct extension_frames *f);

#endif
