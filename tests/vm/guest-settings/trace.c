// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trace: attach programs of BPF to a tracepoint and a function, and leave them there.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BTF_MAX (32UL << 20)

static const struct bpf_insn insns[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int bpf(int command, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (ret < 0) {
		perror("bpf");
		exit(1);
	}
	return ret;
}

/* The bytes of a type of BTF after its header. */
static size_t more_bytes(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return n * 8;
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return n * 12;
	default:
		return 0;
	}
}

/* The number of the type of a function of the kernel, which is there. */
static uint32_t number_of(const char *function)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY);
	char *data = malloc(BTF_MAX), *at, *end, *names;
	const struct btf_header *head = (const void *)data;
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, data + len, BTF_MAX - len)) > 0)
		len += n;
	at = data + head->hdr_len + head->type_off;
	end = at + head->type_len;
	names = data + head->hdr_len + head->str_off;
	for (uint32_t number = 1; at < end; number++) {
		const struct btf_type *t = (const void *)at;

		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC &&
		    !strcmp(names + t->name_off, function))
			return number;
		at += sizeof(*t) + more_bytes(t);
	}
	fprintf(stderr, "no function %s\n", function);
	exit(1);
}

static void attach(union bpf_attr *program, const char *tracepoint, const char *pin)
{
	union bpf_attr open = { 0 }, attr = { 0 };

	program->insns = (uintptr_t)insns;
	program->insn_cnt = sizeof(insns) / sizeof(insns[0]);
	program->license = (uintptr_t)"GPL";
	open.raw_tracepoint.name = (uintptr_t)tracepoint;
	open.raw_tracepoint.prog_fd = bpf(BPF_PROG_LOAD, program);
	attr.bpf_fd = bpf(BPF_RAW_TRACEPOINT_OPEN, &open);
	attr.pathname = (uintptr_t)pin;
	bpf(BPF_OBJ_PIN, &attr);
}

int main(void)
{
	union bpf_attr function = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.prog_name = "at_mkdir",
	};
	union bpf_attr tracepoint = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.prog_name = "at_switch",
	};

	function.attach_btf_id = number_of("vfs_mkdir");
	attach(&function, NULL, "/sys/fs/bpf/at_mkdir");
	attach(&tracepoint, "sched_switch", "/sys/fs/bpf/at_switch");
}
