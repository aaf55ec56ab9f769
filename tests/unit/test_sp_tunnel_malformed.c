/* What a wrong or malicious program would send through the tunnel. */
#include "sp_tunnel.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct end {
	struct sp_tunnel tunnel;
	uint8_t *memory;
	int error; /* the first that sp_tunnel_receive() gave */
};

static struct end launcher, agent;

static void start(struct end *e, enum sp_tunnel_role role)
{
	e->error = 0;
	sp_tunnel_init(&e->tunnel, role, e->memory);
}

static void set_up(void)
{
	launcher.memory = calloc(1, SP_TUNNEL_MEMORY);
	agent.memory = calloc(1, SP_TUNNEL_MEMORY);
	cr_assert(launcher.memory && agent.memory);
	start(&launcher, SP_TUNNEL_OPENER);
	start(&agent, SP_TUNNEL_ACCEPTER);
}

static void tear_down(void)
{
	free(launcher.memory);
	free(agent.memory);
}

TestSuite(sp_tunnel_malformed, .init = set_up, .fini = tear_down);

static void feed(struct end *e, const uint8_t *bytes, size_t size)
{
	struct sp_tunnel_event event;

	for (size_t at = 0; at < size && e->error == 0;) {
		int used = sp_tunnel_receive(&e->tunnel, bytes + at, size - at, &event);

		if (used < 0)
			e->error = used;
		at += used > 0 ? (size_t)used : 0;
	}
}

static void greet_by_hand(struct end *e)
{
	feed(e, (const uint8_t *)"helix-tunnel\1\0\0\0", SP_TUNNEL_GREETING_SIZE);
	cr_assert_eq(e->error, 0);
}

static void frame_by_hand(struct end *e, uint32_t type, uint32_t id, uint32_t size, size_t body)
{
	uint32_t fields[] = { type, id, size };
	uint8_t bytes[SP_TUNNEL_HEADER_SIZE];
	static const uint8_t zeroes[2 * SP_TUNNEL_MAX_DATA];

	for (int i = 0; i < SP_TUNNEL_HEADER_SIZE; i++)
		bytes[i] = (uint8_t)(fields[i / 4] >> (8 * (i % 4)));
	feed(e, bytes, sizeof bytes);
	feed(e, zeroes, body);
}

Test(sp_tunnel_malformed, notices_another_program_at_its_first_wrong_byte)
{
	feed(&launcher, (const uint8_t *)"h", 1);
	cr_expect_eq(launcher.error, 0);
	feed(&launcher, (const uint8_t *)"ost key verification failed\n", 28);

	cr_expect_eq(launcher.error, SP_TUNNEL_ERROR_GREETING);
	cr_expect_not(sp_tunnel_is_greeted(&launcher.tunnel));
}

Test(sp_tunnel_malformed, notices_another_version)
{
	feed(&launcher, (const uint8_t *)"helix-tunnel\2\0\0\0", SP_TUNNEL_GREETING_SIZE);

	cr_expect_eq(launcher.error, SP_TUNNEL_ERROR_VERSION);
}

Test(sp_tunnel_malformed, refuses_frames_that_there_are_not)
{
	static const struct {
		uint32_t type, size;
	} cases[] = {
		{ 0, 0 },
		{ 6, 0 },
		{ 0x101, 0 },
		{ SP_TUNNEL_OPEN, 1 },
		{ SP_TUNNEL_DATA, 0 },
		{ SP_TUNNEL_DATA, SP_TUNNEL_MAX_DATA + 1 },
		{ SP_TUNNEL_DATA, UINT32_MAX },
		{ SP_TUNNEL_END, 1 },
		{ SP_TUNNEL_RESET, 4 },
		{ SP_TUNNEL_CREDIT, 0 },
		{ SP_TUNNEL_CREDIT, SP_TUNNEL_WINDOW + 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		start(&agent, SP_TUNNEL_ACCEPTER);
		greet_by_hand(&agent);
		frame_by_hand(&agent, SP_TUNNEL_OPEN, 1, 0, 0);
		cr_assert_eq(agent.error, 0);
		frame_by_hand(&agent, cases[i].type, cases[i].type == SP_TUNNEL_OPEN ? 2 : 1,
			cases[i].size, 0);
		cr_expect_eq(agent.error, SP_TUNNEL_ERROR_FRAME, "case %zu: %d", i, agent.error);
	}
}

Test(sp_tunnel_malformed, refuses_frames_of_channels_that_never_were)
{
	greet_by_hand(&agent);
	frame_by_hand(&agent, SP_TUNNEL_END, 1, 0, 0);

	cr_expect_eq(agent.error, SP_TUNNEL_ERROR_CHANNEL);
}

Test(sp_tunnel_malformed, refuses_an_id_twice_or_out_of_order)
{
	greet_by_hand(&agent);
	frame_by_hand(&agent, SP_TUNNEL_OPEN, 1, 0, 0);
	frame_by_hand(&agent, SP_TUNNEL_OPEN, 1, 0, 0);
	cr_expect_eq(agent.error, SP_TUNNEL_ERROR_CHANNEL);

	greet_by_hand(&launcher);
	frame_by_hand(&launcher, SP_TUNNEL_OPEN, 1, 0, 0);
	cr_expect_eq(launcher.error, SP_TUNNEL_ERROR_CHANNEL);
}

Test(sp_tunnel_malformed, refuses_more_channels_than_there_are)
{
	greet_by_hand(&agent);
	for (uint32_t id = 1; id <= SP_TUNNEL_CHANNELS; id++)
		frame_by_hand(&agent, SP_TUNNEL_OPEN, id, 0, 0);
	cr_expect_eq(agent.error, 0);
	frame_by_hand(&agent, SP_TUNNEL_OPEN, SP_TUNNEL_CHANNELS + 1, 0, 0);

	cr_expect_eq(agent.error, SP_TUNNEL_ERROR_CHANNEL);
}

Test(sp_tunnel_malformed, refuses_more_than_the_window)
{
	greet_by_hand(&agent);
	frame_by_hand(&agent, SP_TUNNEL_OPEN, 1, 0, 0);
	for (uint32_t i = 0; i < SP_TUNNEL_WINDOW / SP_TUNNEL_MAX_DATA; i++)
		frame_by_hand(&agent, SP_TUNNEL_DATA, 1, SP_TUNNEL_MAX_DATA, SP_TUNNEL_MAX_DATA);
	cr_expect_eq(agent.error, 0);
	frame_by_hand(&agent, SP_TUNNEL_DATA, 1, 1, 1);

	cr_expect_eq(agent.error, SP_TUNNEL_ERROR_WINDOW);
}

Test(sp_tunnel_malformed, refuses_credit_for_what_was_not_sent)
{
	greet_by_hand(&agent);
	frame_by_hand(&agent, SP_TUNNEL_OPEN, 1, 0, 0);
	frame_by_hand(&agent, SP_TUNNEL_CREDIT, 1, 1, 0);

	cr_expect_eq(agent.error, SP_TUNNEL_ERROR_WINDOW);
}

Test(sp_tunnel_malformed, refuses_bytes_behind_the_end)
{
	greet_by_hand(&agent);
	frame_by_hand(&agent, SP_TUNNEL_OPEN, 1, 0, 0);
	frame_by_hand(&agent, SP_TUNNEL_END, 1, 0, 0);
	frame_by_hand(&agent, SP_TUNNEL_DATA, 1, 1, 1);

	cr_expect_eq(agent.error, SP_TUNNEL_ERROR_CHANNEL);
}

Test(sp_tunnel_malformed, stays_broken)
{
	struct sp_tunnel_event event;
	const uint8_t byte = 'h';

	feed(&agent, (const uint8_t *)"x", 1);

	cr_expect_eq(sp_tunnel_receive(&agent.tunnel, &byte, 1, &event), SP_TUNNEL_ERROR_GREETING);
	cr_expect_eq(event.type, SP_TUNNEL_EVENT_NONE);
}

Test(sp_tunnel_malformed, has_words_for_every_error)
{
	for (int error = SP_TUNNEL_ERROR_FULL; error <= 0; error++)
		cr_expect_neq(strcmp(sp_tunnel_error_string((enum sp_tunnel_error)error),
				      "unknown error"),
			0);
	cr_expect_str_eq(sp_tunnel_error_string((enum sp_tunnel_error)1), "unknown error");
}
