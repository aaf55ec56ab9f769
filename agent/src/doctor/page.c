#include "doctor/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 100 /* columns; longer lines are folded */

static const struct {
	const char *mark, *colour;
} looks[] = {
	[FINDING_GOOD] = { "ok", "\033[32m" },
	[FINDING_NOTE] = { "note", "\033[36m" },
	[FINDING_WARN] = { "warn", "\033[33m" },
	[FINDING_BAD] = { "BAD", "\033[31m" },
};

static bool has_colours(void)
{
	const char *without = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(without && *without);
}

/* Prints words from `column` on; further lines begin at `indent`. */
static void print_folded(const char *text, size_t column, size_t indent)
{
	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > indent && column + 1 + length > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_finding(const struct finding *finding, bool colours)
{
	const char *mark = looks[finding->level].mark;

	if (colours)
		printf("  %s%-5s\033[0m ", looks[finding->level].colour, mark);
	else
		printf("  %-5s ", mark);
	print_folded(finding->text, 8, 8);
	if (!*finding->advice)
		return;
	printf("        -> ");
	print_folded(finding->advice, 11, 11);
}

void page_print(const struct judgement *judgement)
{
	bool colours = has_colours();

	for (const char *const *topic = judgement_topics; *topic; topic++) {
		bool has_title = false;

		for (size_t i = 0; i < judgement->count; i++) {
			const struct finding *finding = &judgement->findings[i];

			if (strcmp(finding->topic, *topic) != 0)
				continue;
			if (!has_title)
				printf("%s\n", *topic);
			has_title = true;
			print_finding(finding, colours);
		}
	}
	putchar('\n');
	puts(judgement->verdict);
	if (*judgement->help)
		printf("What may help: %s.\n", judgement->help);
}

const char *page_state_name(enum verdict_state state)
{
	static const char *const names[] = { "untried", "works", "failed", "impossible" };

	return names[state];
}

size_t page_rank(const struct probe_results *results, size_t candidate)
{
	for (size_t i = 0; i < results->working; i++)
		if (results->order[i] == candidate)
			return i + 1;
	return 0;
}

static void print_encoder(const struct examination *x, size_t i)
{
	const struct verdict *v = &x->results.verdicts[i];
	size_t rank = page_rank(&x->results, i);
	char driver[32], adapter[64];

	if (!rank) {
		printf(" - %-24s %s%s%s\n", v->name, page_state_name(v->state),
			*v->problem ? ": " : "", v->problem);
		if (*v->advice)
			printf("   %-24s -> %s\n", "", v->advice);
		return;
	}
	snprintf(driver, sizeof driver, "%s",
		x->candidates.items[i].is_hardware ? "hardware" : "software");
	if (*v->driver)
		verdict_driver(v->driver, driver, sizeof driver);
	verdict_adapter(v->driver, adapter, sizeof adapter);
	printf("%2zu %-24s works  p50 %5.1f ms  p95 %5.1f ms  %4.0f fps  %s%s%s%s\n", rank, v->name,
		v->p50_us / 1000.0, v->p95_us / 1000.0, v->fps, driver, *adapter ? " (" : "",
		adapter, *adapter ? ")" : "");
}

void page_print_encoders(const struct examination *x)
{
	for (size_t i = 0; i < x->results.working; i++)
		print_encoder(x, x->results.order[i]);
	for (size_t i = 0; i < x->candidates.count; i++)
		if (!page_rank(&x->results, i))
			print_encoder(x, i);
}
