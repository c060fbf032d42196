#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut: put the extensions and the file of --config that the configuration of kdump names into
# kdump's image, with the libraries that they are linked with.

named_files() {
	"@SHARED@/extension-files" "@EXTENSIONDIR@" /etc/kdump.conf /etc/default/kdump-tools
}

check() {
	# mkdumprd of kdump-utils sets it; other images get the module by --add only.
	[[ $IN_KDUMP ]] && [[ $(named_files) ]] && return 0
	return 255
}

depends() {
	return 0
}

install() {
	local file

	inst makedumpfile
	while read -r file; do
		[[ -z $file ]] || inst "$file" || derror "makedumpfile: cannot install $file"
	done <<< "$(named_files)"
}
