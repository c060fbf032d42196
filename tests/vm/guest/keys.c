// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys that the kernel has: their bytes follow from their number, so the host need not send
 * them, which would leave them in memory as well. User memory with a key's bytes is wiped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fscrypt.h>
#include <linux/genetlink.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/tls.h>
#include <linux/wireguard.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guest.h"

#define KEY_MAX 64
#define SECTORS 2048		/* of each device-mapper device */

struct secret {
	unsigned int number, size;	/* size in bytes */
	unsigned char bytes[KEY_MAX];
};

/* Byte I of key number N: of splitmix64, started at N << 32. */
static void make_secret(struct secret *s, unsigned int number, unsigned int size)
{
	uint64_t state = (uint64_t)number << 32, z = 0;

	s->number = number;
	s->size = size;
	for (unsigned int i = 0; i < size; i++) {
		if (i % 8 == 0) {
			state += 0x9e3779b97f4a7c15ULL;
			z = state;
			z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
			z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
			z ^= z >> 31;
		}
		s->bytes[i] = (unsigned char)(z >> i % 8 * 8);
	}
}

/* Tell that the kernel has it, or why not; wipe it. */
static void tell(const char *kind, struct secret *s, int done)
{
	if (done)
		printf("%s %u %u\n", kind, s->number, s->size);
	else
		fprintf(stderr, "guest: no key of kind %s: %m\n", kind);
	explicit_bzero(s, sizeof(*s));
}

/* --- the keyring ----------------------------------------------------------- */

static void add_to_keyring(const char *type, unsigned int number, unsigned int size)
{
	char name[32];
	struct secret s;

	make_secret(&s, number, size);
	snprintf(name, sizeof(name), "mdf:%u", number);
	tell(type, &s, syscall(SYS_add_key, type, name, s.bytes, (size_t)size,
			       KEY_SPEC_USER_KEYRING) >= 0);
}

/* --- dm-crypt ---------------------------------------------------------------- */

struct dm_request {
	_Alignas(8) struct dm_ioctl head;
	_Alignas(8) struct dm_target_spec target;
	char params[512];
};

static int dm_command(int fd, unsigned long command, struct dm_request *r, const char *name)
{
	r->head.version[0] = DM_VERSION_MAJOR;
	r->head.data_size = sizeof(*r);
	r->head.data_start = offsetof(struct dm_request, target);
	snprintf(r->head.name, sizeof(r->head.name), "%s", name);
	return ioctl(fd, command, r);
}

/* Make a device of one target with the parameters in R; DEV is its number. */
static int dm_device(int fd, const char *name, const char *type, struct dm_request *r,
		     uint64_t *dev)
{
	struct dm_request empty = { 0 };

	if (dm_command(fd, DM_DEV_CREATE, &empty, name))
		return -1;
	*dev = empty.head.dev;
	r->head.target_count = 1;
	r->head.flags = DM_SECURE_DATA_FLAG;
	r->target.length = SECTORS;
	snprintf(r->target.target_type, sizeof(r->target.target_type), "%s", type);
	if (dm_command(fd, DM_TABLE_LOAD, r, name))
		return -1;
	memset(&empty, 0, sizeof(empty));
	return dm_command(fd, DM_DEV_SUSPEND, &empty, name);
}

static void put_hex(char *to, const struct secret *s)
{
	for (unsigned int i = 0; i < s->size; i++) {
		to[2 * i] = "0123456789abcdef"[s->bytes[i] >> 4];
		to[2 * i + 1] = "0123456789abcdef"[s->bytes[i] & 15];
	}
}

/* A crypt device on the device DEV; 0 if the kernel has it. */
static int crypt_device(int fd, const char *cipher, const struct secret *s, uint64_t dev)
{
	struct dm_request r = { 0 };
	char name[32];
	int failed;

	snprintf(r.params, sizeof(r.params), "%s %*s 0 %u:%u 0", cipher, 2 * (int)s->size, "",
		 major(dev), minor(dev));
	put_hex(r.params + strlen(cipher) + 1, s);
	snprintf(name, sizeof(name), "crypt%u", s->number);
	failed = dm_device(fd, name, "crypt", &r, &dev);
	explicit_bzero(&r, sizeof(r));
	return failed;
}

static void add_crypts(void)
{
	/* Two whose keys lie in transforms below that of the device: before 7.0, and since. */
	static const char *const ciphers[] = {
		"aes-xts-plain64", "capi:xts(ecb(aes-generic))-plain64",
		"capi:xts(ecb(aes-lib))-plain64",
	};
	int fd = open("/dev/mapper/control", O_RDWR);
	struct dm_request r = { 0 };
	struct secret s;
	uint64_t dev;

	/* They lie on a device that only knows errors. */
	if (dm_device(fd, "error", "error", &r, &dev))
		perror("guest: device mapper");
	for (unsigned int i = 0; i < ARRAY_SIZE(ciphers); i++) {
		make_secret(&s, 20 + i, 64);
		tell("dm_crypt", &s, !crypt_device(fd, ciphers[i], &s, dev));
	}
	close(fd);
}

/* --- fscrypt ----------------------------------------------------------------- */

/*
 * The kernel keeps the bytes of a key that is known by a descriptor (policies of version 1); of
 * the other kind it keeps only bytes that it derives from them.
 */
static void add_fscrypt_key(int fd, unsigned int type, unsigned int number)
{
	struct {
		struct fscrypt_add_key_arg head;
		unsigned char raw[KEY_MAX];
	} arg = { 0 };
	struct secret s;

	make_secret(&s, number, 64);
	arg.head.key_spec.type = type;
	if (type == FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR)
		memcpy(arg.head.key_spec.u.descriptor, "mdf-test", FSCRYPT_KEY_DESCRIPTOR_SIZE);
	arg.head.raw_size = s.size;
	memcpy(arg.raw, s.bytes, s.size);
	tell("fscrypt", &s, !ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &arg));
	explicit_bzero(&arg, sizeof(arg));
}

static void add_fscrypt(const char *mountpoint)
{
	int fd = open(mountpoint, O_RDONLY | O_DIRECTORY);

	add_fscrypt_key(fd, FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR, 30);
	add_fscrypt_key(fd, FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, 31);
	close(fd);
}

/* --- WireGuard --------------------------------------------------------------- */

struct message {
	_Alignas(4) struct nlmsghdr nl;
	struct genlmsghdr genl;
	char attributes[512];
};

static struct nlattr *put_attribute(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)m + NLMSG_ALIGN(m->nl.nlmsg_len));

	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	m->nl.nlmsg_len = NLMSG_ALIGN(m->nl.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void end_nested(const struct message *m, struct nlattr *a)
{
	a->nla_len = (uint16_t)((const char *)m + m->nl.nlmsg_len - (const char *)a);
}

static void start_message(struct message *m, uint16_t type, uint8_t command)
{
	memset(m, 0, sizeof(*m));
	m->nl.nlmsg_len = offsetof(struct message, attributes);
	m->nl.nlmsg_type = type;
	m->nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	m->genl.cmd = command;
	m->genl.version = 1;
}

/* Send it; 0 if the kernel agrees. ANSWER is what comes first in return. */
static int talk(int fd, const struct message *m, void *answer, size_t size)
{
	const struct nlmsghdr *nl = answer;
	const int *error = (const void *)(nl + 1);

	if (send(fd, m, m->nl.nlmsg_len, 0) < 0 ||
	    recv(fd, answer, size, 0) < (ssize_t)(sizeof(*nl) + sizeof(*error)))
		return -1;
	return nl->nlmsg_type == NLMSG_ERROR ? *error : 0;
}

/* The number of a family of generic netlink: an attribute of the answer. */
static int find_family(int fd, const char *name)
{
	struct message m, answer = { 0 };

	start_message(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put_attribute(&m, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	m.nl.nlmsg_flags = NLM_F_REQUEST;
	if (talk(fd, &m, &answer, sizeof(answer)))
		return -1;
	for (char *p = answer.attributes; p < (char *)&answer + sizeof(answer) - NLA_HDRLEN;) {
		const struct nlattr *a = (void *)p;

		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(uint16_t *)(p + NLA_HDRLEN);
		if (a->nla_len < NLA_HDRLEN)
			break;
		p += NLA_ALIGN(a->nla_len);
	}
	return -1;
}

static void add_wireguard(const char *interface)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct secret private, preshared, public;
	struct nlattr *peers, *peer;
	struct message m, answer;
	int family, done;

	if (fd < 0 || connect(fd, (void *)&kernel, sizeof(kernel)))
		die("netlink");
	make_secret(&private, 40, 32);
	/* As a key of Curve25519 has to be, and the kernel makes it. */
	private.bytes[0] &= 0xf8;
	private.bytes[31] = (private.bytes[31] & 0x7f) | 0x40;
	make_secret(&preshared, 41, 32);
	make_secret(&public, 42, 32);

	family = find_family(fd, WG_GENL_NAME);
	start_message(&m, (uint16_t)family, WG_CMD_SET_DEVICE);
	put_attribute(&m, WGDEVICE_A_IFNAME, interface, strlen(interface) + 1);
	put_attribute(&m, WGDEVICE_A_PRIVATE_KEY, private.bytes, private.size);
	peers = put_attribute(&m, WGDEVICE_A_PEERS | NLA_F_NESTED, NULL, 0);
	peer = put_attribute(&m, 0 | NLA_F_NESTED, NULL, 0);
	put_attribute(&m, WGPEER_A_PUBLIC_KEY, public.bytes, public.size);
	put_attribute(&m, WGPEER_A_PRESHARED_KEY, preshared.bytes, preshared.size);
	end_nested(&m, peer);
	end_nested(&m, peers);
	done = family > 0 && !talk(fd, &m, &answer, sizeof(answer));
	explicit_bzero(&m, sizeof(m));
	explicit_bzero(&answer, sizeof(answer));
	close(fd);
	tell("wireguard", &private, done);
	tell("wireguard", &preshared, done);
}

/* --- TLS ---------------------------------------------------------------------- */

/* A connection of this machine with itself, which stays open; -1 if there is none. */
static int connect_to_self(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int server = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(at);

	if (bind(server, (void *)&at, sizeof(at)) || listen(server, 1) ||
	    getsockname(server, (void *)&at, &len) || connect(fd, (void *)&at, sizeof(at)) ||
	    accept(server, NULL, NULL) < 0)
		return -1;
	return fd;
}

static void add_tls_direction(int fd, int direction, unsigned int number)
{
	struct tls12_crypto_info_aes_gcm_256 info = {
		.info = { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_256 },
	};
	struct secret s;

	make_secret(&s, number, 32);
	memcpy(info.key, s.bytes, s.size);
	tell("tls", &s, !setsockopt(fd, SOL_TLS, direction, &info, sizeof(info)));
	explicit_bzero(&info, sizeof(info));
}

static void add_tls(void)
{
	int fd = connect_to_self();

	if (fd < 0 || setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")))
		perror("guest: tls");
	add_tls_direction(fd, TLS_TX, 50);
	add_tls_direction(fd, TLS_RX, 51);
}

void keys(const char *mountpoint, const char *interface, const char *ready)
{
	add_to_keyring("user", 10, 32);
	add_to_keyring("user", 11, 64);
	add_to_keyring("logon", 12, 64);
	add_crypts();
	add_fscrypt(mountpoint);
	add_wireguard(interface);
	add_tls();
	if (fflush(stdout) || open(ready, O_WRONLY | O_CREAT, 0644) < 0)
		die(ready);
	for (;;)
		pause();
}
