// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The language of makedumpfile.conf(5): the result of each construct, and the error
 * about each mistake, with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "erase/config.h"
#include "lib/err.h"

static struct erase_config *parse(const char *text)
{
	struct erase_config *config;
	int err = erase_config_parse(&config, "conf", text, strlen(text));

	if (err)
		fail_msg("%s: %s", text, err_text(err));
	return config;
}

static void check_wrong(const char *text, const char *sentence)
{
	struct erase_config *config = NULL;

	if (erase_config_parse(&config, "conf", text, strlen(text)) != -EINVAL)
		fail_msg("nothing is wrong with: %s", text);
	assert_null(config);
	assert_string_equal(err_text(-EINVAL), sentence);
}

static void test_empty(void **state)
{
	static const char *const texts[] = {
		"", "\n", "# nothing", " \t# erase x\n#\n\n", "[a]\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct erase_config *config = parse(texts[i]);

		assert_null(config->first);
		assert_int_equal(config->nr_commands, 0);
		erase_config_free(config);
	}
	erase_config_free(NULL);
}

static void test_erase(void **state)
{
	struct erase_config *config = parse("erase jiffies\n"
					    "erase init_task.comm size 16 # of 16\n"
					    "erase a.b.c size 4K\nerase a size 2m\n"
					    "erase a size 0x10\nerase a size n.m\n"
					    "erase a.size nullify\nerase a\n.b  size\n\n8 erase z");
	static const struct {
		const char *what, *size_path;
		unsigned int line;
		uint64_t size;
		bool nullify;
	} expected[] = {
		{ "jiffies", NULL, 1, 0, false },
		{ "init_task.comm", NULL, 2, 16, false },
		{ "a.b.c", NULL, 3, 4096, false },
		{ "a", NULL, 4, 2 << 20, false },
		{ "a", NULL, 5, 16, false },
		{ "a", "n.m", 6, 0, false },
		{ "a.size", NULL, 7, 0, true },
		{ "a .b", NULL, 8, 8, false },
		{ "z", NULL, 11, 0, false },
	};
	const struct config_command *c = config->first;

	(void)state;
	assert_int_equal(config->nr_commands, 9);
	for (unsigned int i = 0; i < 9; i++, c = c->next) {
		assert_false(c->is_loop);
		assert_int_equal(c->number, i);
		assert_null(c->module);
		assert_string_equal(c->what.text, expected[i].what);
		assert_int_equal(c->line, expected[i].line);
		assert_int_equal(c->size, expected[i].size);
		assert_int_equal(c->nullify, expected[i].nullify);
		if (expected[i].size_path)
			assert_string_equal(c->size_path.text, expected[i].size_path);
		else
			assert_null(c->size_path.first);
	}
	assert_null(c);
	c = config->first->next->next;
	assert_string_equal(c->text, "erase a.b.c size 4K");
	assert_string_equal(c->what.first->name, "a");
	assert_string_equal(c->what.first->next->name, "b");
	assert_string_equal(c->what.first->next->next->name, "c");
	assert_null(c->what.first->next->next->next);
	erase_config_free(config);
}

static void test_casts(void **state)
{
	struct erase_config *config = parse(
		"erase (struct task_struct)init_task.comm\n"
		"erase (union u **)a.(unsigned  long # x\n int)b.c\n"
		"erase a.(char*[3] [5])b\nerase (enum e)x size (u32)n");
	const struct config_command *c = config->first;
	const struct config_step *s = c->what.first;

	(void)state;
	assert_string_equal(c->what.text, "(struct task_struct)init_task.comm");
	assert_int_equal(s->cast->tag, TYPE_STRUCT);
	assert_string_equal(s->cast->name, "task_struct");
	assert_int_equal(s->cast->stars, 0);
	assert_int_equal(s->cast->nr_dims, 0);
	assert_null(s->next->cast);
	c = c->next;
	s = c->what.first;
	assert_string_equal(c->what.text, "(union u **)a.(unsigned long int)b.c");
	assert_int_equal(s->cast->tag, TYPE_UNION);
	assert_int_equal(s->cast->stars, 2);
	assert_int_equal(s->next->cast->tag, TYPE_PLAIN);
	assert_string_equal(s->next->cast->name, "unsigned long int");
	s = c->next->what.first->next;
	assert_int_equal(s->cast->stars, 1);
	assert_int_equal(s->cast->nr_dims, 2);
	assert_int_equal(s->cast->dims[0], 3);
	assert_int_equal(s->cast->dims[1], 5);
	c = c->next->next;
	assert_int_equal(c->what.first->cast->tag, TYPE_ENUM);
	assert_string_equal(c->size_path.first->cast->name, "u32");
	erase_config_free(config);
}

static void test_loops(void **state)
{
	struct erase_config *config = parse(
		"for a in array\n\terase a\nendfor\n"
		"for v in vm.list via next.more erase v.x erase v.y endfor\n"
		"for t in (struct list_head)tasks within task:a.tasks # all\n"
		"\tfor s in t.threads within task:node\n\terase s.comm\n\terase t.comm\n\tendfor\n"
		"endfor\nerase end\n");
	const struct config_command *c = config->first, *inner;

	(void)state;
	assert_true(c->is_loop);
	assert_int_equal(c->how, LOOP_ARRAY);
	assert_string_equal(c->variable, "a");
	assert_string_equal(c->what.text, "array");
	assert_string_equal(c->body->what.text, "a");
	assert_null(c->body->next);
	c = c->next;
	assert_int_equal(c->how, LOOP_VIA);
	assert_string_equal(c->text, "for v in vm.list via next.more");
	assert_string_equal(c->link.text, "next.more");
	assert_string_equal(c->body->next->what.text, "v.y");
	c = c->next;
	assert_int_equal(c->how, LOOP_WITHIN);
	assert_string_equal(c->within, "task");
	assert_string_equal(c->link.text, "a.tasks");
	assert_int_equal(c->line, 5);
	inner = c->body;
	assert_true(inner->is_loop);
	assert_int_equal(inner->line, 6);
	assert_string_equal(inner->body->next->what.text, "t.comm");
	assert_string_equal(c->next->what.text, "end");
	assert_int_equal(config->nr_commands, 10);
	erase_config_free(config);
}

static void test_sections(void **state)
{
	struct erase_config *config = parse(
		"erase a\n [vmlinux] # the kernel\nerase b\n[nfs-layout]erase c\n"
		"[ext4 ]\n[ vmlinux ]\nerase d");
	const char *modules[] = { NULL, NULL, "nfs_layout", NULL };
	const struct config_command *c = config->first;

	(void)state;
	for (int i = 0; i < 4; i++, c = c->next) {
		assert_int_equal(c->what.text[0], "abcd"[i]);
		if (modules[i])
			assert_string_equal(c->module, modules[i]);
		else
			assert_null(c->module);
	}
	assert_string_equal(config->sections->module, "nfs_layout");
	assert_int_equal(config->sections->line, 4);
	assert_string_equal(config->sections->next->module, "ext4");
	assert_null(config->sections->next->next);
	erase_config_free(config);
}

#define SIZE "a size in bytes (1 to 1024M; K and M are units) is expected, not "

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *sentence;
	} wrong[] = {
		{ "foo", "conf:1: \"erase\", \"for\" or \"[\" is expected, not \"foo\"" },
		{ "\n\nERASE a",
		  "conf:3: \"erase\", \"for\" or \"[\" is expected, not \"ERASE\"" },
		{ "erase a\nb", "conf:2: \"erase\", \"for\" or \"[\" is expected, not \"b\"" },
		{ "endfor", "conf:1: \"erase\", \"for\" or \"[\" is expected, not \"endfor\"" },
		{ "erase \x01", "conf:1: a symbol is expected, not \"?\"" },
		{ "erase", "conf:1: the file ends where a symbol is expected" },
		{ "erase\nfor x in y", "conf:2: a symbol is expected, not \"for\"" },
		{ "erase 5", "conf:1: a symbol is expected, not \"5\"" },
		{ "erase *a", "conf:1: a symbol is expected, not \"*\"" },
		{ "erase &a", "conf:1: a symbol is expected, not \"&\"" },
		{ "erase a.", "conf:1: the file ends where a member is expected" },
		{ "erase a.3", "conf:1: a member is expected, not \"3\"" },
		{ "erase a..b", "conf:1: a member is expected, not \".\"" },
		{ "erase a[3]", "conf:1: a section begins on a line of its own" },
		{ "erase a->b", "conf:1: \"erase\", \"for\" or \"[\" is expected, not \"-\"" },
		{ "erase a size", "conf:1: the file ends where a size in bytes (1 to 1024M; K "
				  "and M are units) is expected" },
		{ "erase a size 0", "conf:1: " SIZE "\"0\"" },
		{ "erase a size -1", "conf:1: " SIZE "\"-\"" },
		{ "erase a size 4G", "conf:1: " SIZE "\"4G\"" },
		{ "erase a size 4KB", "conf:1: " SIZE "\"4KB\"" },
		{ "erase a size 1025M", "conf:1: " SIZE "\"1025M\"" },
		{ "erase a size 99999999999999999999", "conf:1: " SIZE "\"99999999999999999999\"" },
		{ "erase a size 0x", "conf:1: " SIZE "\"0x\"" },
		{ "erase a size\nerase b", "conf:2: " SIZE "\"erase\"" },
		{ "erase a nullify size 4",
		  "conf:1: \"erase\", \"for\" or \"[\" is expected, not \"size\"" },
		{ "erase a size 4 nullify",
		  "conf:1: \"erase\", \"for\" or \"[\" is expected, not \"nullify\"" },
		{ "erase ()a", "conf:1: the name of a type is expected, not \")\"" },
		{ "erase (struct)a", "conf:1: the name of a type is expected, not \")\"" },
		{ "erase (struct a b)c", "conf:1: \")\" is expected, not \"b\"" },
		{ "erase (char *", "conf:1: the file ends where \")\" is expected" },
		{ "erase (char [])a", "conf:1: a number of elements is expected, not \"]\"" },
		{ "erase (char [0])a", "conf:1: a number of elements is expected, not \"0\"" },
		{ "erase (char [3K])a", "conf:1: a number of elements is expected, not \"3K\"" },
		{ "erase (char [4294967296])a",
		  "conf:1: a number of elements is expected, not \"4294967296\"" },
		{ "erase (char [3)a", "conf:1: \"]\" is expected, not \")\"" },
		{ "erase (char *****)a", "conf:1: a type has too many stars" },
		{ "erase (char [1][2][3][4])a", "conf:1: a type has too many brackets" },
		{ "erase ((char *)a).b", "conf:1: the name of a type is expected, not \"(\"" },
		{ "for 1 in a", "conf:1: a variable is expected, not \"1\"" },
		{ "for a\nb", "conf:2: \"in\" is expected, not \"b\"" },
		{ "for a in", "conf:1: the file ends where a symbol is expected" },
		{ "for a in b via\nendfor", "conf:2: a member is expected, not \"endfor\"" },
		{ "for a in b via (char *)c", "conf:1: a member is expected, not \"(\"" },
		{ "for a in b within c", "conf:1: the file ends where \":\" is expected" },
		{ "for a in b within c.d:e", "conf:1: \":\" is expected, not \".\"" },
		{ "for a in b\nendfor",
		  "conf:2: \"erase\" or \"for\" is expected, not \"endfor\"" },
		{ "for a in b\nerase a\n", "conf:3: the loop of line 1 has no \"endfor\"" },
		{ "for a in b erase a\n[m]\nendfor",
		  "conf:2: the loop of line 1 has no \"endfor\"" },
		{ "for a in b\nerase c\nendfor", "conf:2: \"erase\" in a loop begins with the "
						 "loop's variable, a, not with c" },
		{ "for a in b\nfor a in c\nerase a endfor endfor",
		  "conf:2: a is the variable of a loop around this one" },
		{ "for a in b\nerase (char *)a.c\nendfor",
		  "conf:2: the type of a is known; a cast in front of a member tells that of the "
		  "member: a.(...)member" },
		{ "[", "conf:1: the file ends where the name of a module is expected" },
		{ "[]", "conf:1: the name of a module is expected, not \"]\"" },
		{ "[\na]", "conf:2: the name of a module is expected, not \"]\"" },
		{ "[a", "conf:1: the name of a module ends with \"]\" on its line" },
		{ "[a b]", "conf:1: the name of a module ends with \"]\" on its line" },
		{ "[a\n]", "conf:1: the name of a module ends with \"]\" on its line" },
		{ "[a.ko]", "conf:1: the name of a module ends with \"]\" on its line" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_wrong(wrong[i].text, wrong[i].sentence);
}

static void test_limits(void **state)
{
	struct erase_config *config;
	char text[4096] = "";

	(void)state;
	for (int i = 0; i < CONFIG_DEPTH_MAX; i++)
		sprintf(text + strlen(text), "for v%d in x\n", i);
	strcat(text, "erase v0\n");
	for (int i = 0; i < CONFIG_DEPTH_MAX; i++)
		strcat(text, "endfor\n");
	erase_config_free(parse(text));
	text[0] = '\0';
	for (int i = 0; i <= CONFIG_DEPTH_MAX; i++)
		sprintf(text + strlen(text), "for v%d in x\n", i);
	check_wrong(text, "conf:9: loops are too deep in each other");
	assert_int_equal(erase_config_parse(&config, "conf", "erase a\0b", 9), -EINVAL);
	assert_string_equal(err_text(-EINVAL), "conf is no text");
}

/* A file that cannot be read, that is too large, and one that can. */
static void test_files(void **state)
{
	char path[] = "/tmp/test_config_parse.XXXXXX";
	struct erase_config *config;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "erase a", 7), 7);
	assert_int_equal(erase_config_read(&config, path), 0);
	assert_string_equal(config->first->what.text, "a");
	erase_config_free(config);
	assert_int_equal(ftruncate(fd, CONFIG_BYTES_MAX + 1), 0);
	assert_int_equal(erase_config_read(&config, path), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(erase_config_read(&config, path), -ENOENT);
	assert_int_equal(erase_config_read(&config, "/"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_erase),
		cmocka_unit_test(test_casts),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
