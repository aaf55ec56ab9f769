#include "sp_tunnel.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Two ends, and beside each slot what a socket would have: bytes to say, and what it heard. */
struct socket {
	bool is_open, has_ended, heard_end, was_reset, is_stalled;
	size_t to_say, said, heard;
};

struct end {
	struct sp_tunnel tunnel;
	uint8_t *memory;
	struct socket sockets[SP_TUNNEL_CHANNELS];
	int error;
};

static struct end launcher, agent;
static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static void set_up(void)
{
	struct end *ends[] = { &launcher, &agent };

	random_state = 1;
	for (size_t i = 0; i < 2; i++) {
		ends[i]->memory = calloc(1, SP_TUNNEL_MEMORY);
		cr_assert_not_null(ends[i]->memory);
		sp_tunnel_init(&ends[i]->tunnel, i ? SP_TUNNEL_ACCEPTER : SP_TUNNEL_OPENER,
			ends[i]->memory);
	}
}

static void tear_down(void)
{
	free(launcher.memory);
	free(agent.memory);
}

TestSuite(sp_tunnel, .init = set_up, .fini = tear_down);

static uint8_t byte_at(size_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7);
}

static void on_event(struct end *e, const struct sp_tunnel_event *event)
{
	struct socket *s = &e->sockets[event->slot];

	switch (event->type) {
	case SP_TUNNEL_EVENT_NONE:
	case SP_TUNNEL_EVENT_GREETED:
	case SP_TUNNEL_EVENT_READABLE:
	case SP_TUNNEL_EVENT_WRITABLE: break;
	case SP_TUNNEL_EVENT_OPENED:
		cr_assert_not(s->is_open, "the slot of a socket that is still there was given out");
		*s = (struct socket){ .is_open = true };
		break;
	case SP_TUNNEL_EVENT_RESET:
		s->was_reset = s->is_open;
		s->is_open = false;
		break;
	}
}

static void feed(struct end *e, const uint8_t *bytes, size_t size)
{
	struct sp_tunnel_event event;

	for (size_t at = 0; at < size && e->error == 0;) {
		int used = sp_tunnel_receive(&e->tunnel, bytes + at, size - at, &event);

		if (used < 0) {
			e->error = used;
			return;
		}
		cr_assert_gt(used, 0);
		at += (size_t)used;
		on_event(e, &event);
	}
}

static void close_if_done(struct socket *s)
{
	if (s->heard_end && s->has_ended)
		s->is_open = false;
}

static bool hear(struct end *e, unsigned slot, size_t at_most)
{
	struct socket *s = &e->sockets[slot];
	const uint8_t *bytes;
	size_t size = sp_tunnel_peek(&e->tunnel, slot, &bytes);

	if (!s->is_open || s->is_stalled)
		return false;
	size = size < at_most ? size : at_most;
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(bytes[i], byte_at(s->heard + i), "at %zu", s->heard + i);
	sp_tunnel_take(&e->tunnel, slot, size);
	s->heard += size;
	if (!sp_tunnel_at_end(&e->tunnel, slot))
		return size > 0;
	sp_tunnel_take_end(&e->tunnel, slot);
	s->heard_end = true;
	close_if_done(s);
	return true;
}

static bool say(struct end *e, unsigned slot, size_t at_most)
{
	struct socket *s = &e->sockets[slot];
	uint8_t *space;

	if (!s->is_open || s->to_say == 0)
		return false;
	size_t room = sp_tunnel_send_begin(&e->tunnel, slot, &space);
	if (room == 0)
		return false;
	room = room < at_most ? room : at_most;
	room = room < s->to_say ? room : s->to_say;
	for (size_t i = 0; i < room; i++)
		space[i] = byte_at(s->said + i);
	sp_tunnel_send_end(&e->tunnel, slot, room);
	s->said += room;
	s->to_say -= room;
	return true;
}

static void end_of(struct end *e, unsigned slot)
{
	sp_tunnel_end(&e->tunnel, slot);
	e->sockets[slot].has_ended = true;
	close_if_done(&e->sockets[slot]);
}

/* Bytes of one end's output to the other one; false when there are none. */
static bool carry(struct end *from, struct end *to, size_t at_most)
{
	uint8_t bytes[SP_TUNNEL_OUTPUT];
	const uint8_t *output;
	size_t size = sp_tunnel_output(&from->tunnel, &output);

	size = size < at_most ? size : at_most;
	if (size == 0)
		return false;
	memcpy(bytes, output, size);
	sp_tunnel_written(&from->tunnel, size);
	feed(to, bytes, size);
	return true;
}

/* Until nothing moves any more. `chunk`: at most that many bytes at once, at random. */
static void run(uint32_t chunk)
{
	for (bool moved = true; moved;) {
		moved = carry(&launcher, &agent, 1 + random_below(chunk));
		moved |= carry(&agent, &launcher, 1 + random_below(chunk));
		for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++) {
			moved |= hear(&launcher, i, 1 + random_below(chunk));
			moved |= hear(&agent, i, 1 + random_below(chunk));
			moved |= say(&launcher, i, 1 + random_below(chunk));
			moved |= say(&agent, i, 1 + random_below(chunk));
		}
	}
	cr_assert_eq(launcher.error, 0, "%d", launcher.error);
	cr_assert_eq(agent.error, 0, "%d", agent.error);
}

static unsigned open_one(void)
{
	int slot = sp_tunnel_open(&launcher.tunnel);

	cr_assert_geq(slot, 0);
	cr_assert_not(launcher.sockets[slot].is_open);
	launcher.sockets[slot] = (struct socket){ .is_open = true };
	run(4096);
	/* Both ends take the lowest free slot, and in these tests free them in the same order. */
	cr_assert(agent.sockets[slot].is_open);
	return (unsigned)slot;
}

static unsigned channels_in_use(const struct end *e)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++)
		count += e->tunnel.channels[i].is_used;
	return count;
}

Test(sp_tunnel, greets_before_anything_else)
{
	cr_expect_not(sp_tunnel_is_greeted(&launcher.tunnel));

	run(1);

	cr_expect(sp_tunnel_is_greeted(&launcher.tunnel));
	cr_expect(sp_tunnel_is_greeted(&agent.tunnel));
}

Test(sp_tunnel, carries_both_ways_in_pieces_of_any_size)
{
	static const uint32_t chunks[] = { 7, 100, 5000, 100000 };

	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		unsigned slot = open_one();
		size_t size = i == 0 ? 20000 : 1000000;

		launcher.sockets[slot].to_say = size;
		agent.sockets[slot].to_say = size + 1;
		run(chunks[i]);
		cr_expect_eq(agent.sockets[slot].heard, size);
		cr_expect_eq(launcher.sockets[slot].heard, size + 1);

		end_of(&launcher, slot);
		end_of(&agent, slot);
		run(chunks[i]);
		cr_expect_eq(channels_in_use(&launcher), 0);
		cr_expect_eq(channels_in_use(&agent), 0);
	}
}

Test(sp_tunnel, carries_an_end_on_its_own)
{
	unsigned slot = open_one();

	launcher.sockets[slot].to_say = 10;
	run(100);
	end_of(&launcher, slot);
	run(100);
	cr_expect(agent.sockets[slot].heard_end);
	cr_expect_not(launcher.sockets[slot].heard_end);

	agent.sockets[slot].to_say = 500000;
	run(10000);
	cr_expect_eq(launcher.sockets[slot].heard, 500000);
	end_of(&agent, slot);
	run(100);
	cr_expect_eq(channels_in_use(&launcher) + channels_in_use(&agent), 0);
}

Test(sp_tunnel, lets_others_pass_a_socket_that_takes_nothing)
{
	unsigned stalled = open_one(), other = open_one();

	agent.sockets[stalled].is_stalled = true;
	launcher.sockets[stalled].to_say = 10 * SP_TUNNEL_WINDOW;
	launcher.sockets[other].to_say = 3 * SP_TUNNEL_WINDOW;
	run(20000);
	cr_expect_eq(launcher.sockets[stalled].said, SP_TUNNEL_WINDOW);
	cr_expect_eq(agent.sockets[other].heard, 3 * SP_TUNNEL_WINDOW);

	agent.sockets[stalled].is_stalled = false;
	run(20000);
	cr_expect_eq(agent.sockets[stalled].heard, 10 * SP_TUNNEL_WINDOW);
}

Test(sp_tunnel, keeps_an_end_behind_a_full_window)
{
	unsigned slot = open_one();

	agent.sockets[slot].is_stalled = true;
	launcher.sockets[slot].to_say = SP_TUNNEL_WINDOW;
	run(20000);
	cr_assert_eq(launcher.sockets[slot].said, SP_TUNNEL_WINDOW);
	end_of(&launcher, slot);
	run(20000);
	cr_expect_not(agent.tunnel.channels[slot].end_received);

	agent.sockets[slot].is_stalled = false;
	run(20000);
	cr_expect_eq(agent.sockets[slot].heard, SP_TUNNEL_WINDOW);
	cr_expect(agent.sockets[slot].heard_end);
}

Test(sp_tunnel, does_not_wait_for_the_pipe)
{
	unsigned slot = open_one();

	launcher.sockets[slot].to_say = SP_TUNNEL_WINDOW;
	while (say(&launcher, slot, SP_TUNNEL_MAX_DATA))
		;

	cr_expect_leq(launcher.sockets[slot].said, SP_TUNNEL_OUTPUT);
	cr_expect_not(sp_tunnel_may_send(&launcher.tunnel, slot));
	run(20000);
	cr_expect_eq(agent.sockets[slot].heard, SP_TUNNEL_WINDOW);
}

Test(sp_tunnel, tells_the_other_side_of_a_reset_and_drops_what_was_under_way)
{
	unsigned slot = open_one();

	agent.sockets[slot].to_say = 100000;
	while (say(&agent, slot, SP_TUNNEL_MAX_DATA))
		;
	sp_tunnel_reset(&launcher.tunnel, slot);
	launcher.sockets[slot].is_open = false;
	run(1000);

	cr_expect(agent.sockets[slot].was_reset);
	cr_expect_eq(launcher.sockets[slot].heard, 0);
	cr_expect_eq(channels_in_use(&launcher) + channels_in_use(&agent), 0);
}

Test(sp_tunnel, keeps_the_rest_of_a_frame_from_the_next_channel_of_its_slot)
{
	unsigned slot = open_one();

	agent.sockets[slot].to_say = 1000;
	say(&agent, slot, 1000);
	carry(&agent, &launcher, SP_TUNNEL_HEADER_SIZE + 500);
	sp_tunnel_reset(&launcher.tunnel, slot);
	launcher.sockets[slot].is_open = false;
	carry(&launcher, &agent, SP_TUNNEL_OUTPUT);
	cr_assert_eq(sp_tunnel_open(&launcher.tunnel), (int)slot);
	launcher.sockets[slot] = (struct socket){ .is_open = true };
	run(1000);

	cr_expect_eq(launcher.sockets[slot].heard, 0);
	cr_expect(launcher.sockets[slot].is_open);
	cr_expect(agent.sockets[slot].is_open);
}

Test(sp_tunnel, survives_resets_from_both_sides_at_once)
{
	unsigned slot = open_one();

	sp_tunnel_reset(&launcher.tunnel, slot);
	sp_tunnel_reset(&agent.tunnel, slot);
	launcher.sockets[slot].is_open = agent.sockets[slot].is_open = false;
	run(3);

	cr_expect_eq(channels_in_use(&launcher) + channels_in_use(&agent), 0);
	cr_expect_eq(open_one(), slot);
}

Test(sp_tunnel, forgets_a_channel_that_was_reset_before_its_open_went)
{
	int slot = sp_tunnel_open(&launcher.tunnel);

	sp_tunnel_reset(&launcher.tunnel, (unsigned)slot);
	run(100);

	cr_expect_eq(channels_in_use(&agent), 0);
	cr_expect_eq(agent.tunnel.last_id, 0);
}

Test(sp_tunnel, has_a_fixed_number_of_channels)
{
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++)
		cr_assert_eq(open_one(), i);
	cr_expect_eq(sp_tunnel_open(&launcher.tunnel), SP_TUNNEL_ERROR_FULL);

	end_of(&launcher, 5);
	end_of(&agent, 5);
	run(100);
	cr_expect_eq(open_one(), 5);
}

/* The opener must not give out a slot's successor while the accepter still delivers to its socket.
 */
Test(sp_tunnel, holds_a_channel_until_the_other_side_has_delivered_all)
{
	for (unsigned i = 0; i < SP_TUNNEL_CHANNELS; i++)
		open_one();
	agent.sockets[9].is_stalled = true;
	launcher.sockets[9].to_say = 100;
	run(100);
	end_of(&launcher, 9);
	end_of(&agent, 9);
	run(100);
	cr_expect_not(launcher.sockets[9].is_open);
	cr_expect_eq(sp_tunnel_open(&launcher.tunnel), SP_TUNNEL_ERROR_FULL);

	agent.sockets[9].is_stalled = false;
	run(100);
	cr_expect_eq(agent.sockets[9].heard, 100);
	cr_expect_eq(open_one(), 9);
}

/* Everything at once, for long enough that every order of things has come. */
Test(sp_tunnel, keeps_every_byte_in_order_whatever_happens)
{
	for (int round = 0; round < 3000; round++) {
		unsigned slot = random_below(SP_TUNNEL_CHANNELS);
		struct end *e = random_below(2) ? &launcher : &agent;
		struct socket *s = &e->sockets[slot];

		switch (random_below(6)) {
		case 0: {
			int opened = sp_tunnel_open(&launcher.tunnel);
			if (opened >= 0)
				launcher.sockets[opened] = (struct socket){ .is_open = true };
			break;
		}
		case 1: s->is_stalled = !s->is_stalled; break;
		case 2:
			if (s->is_open && s->to_say == 0 && !s->has_ended)
				end_of(e, slot);
			break;
		case 3:
			if (s->is_open && random_below(4) == 0) {
				sp_tunnel_reset(&e->tunnel, slot);
				s->is_open = false;
			}
			break;
		default:
			if (s->is_open && !s->has_ended)
				s->to_say += random_below(SP_TUNNEL_WINDOW * 2);
			break;
		}
		for (int i = 0; i < 8; i++) {
			carry(&launcher, &agent, 1 + random_below(30000));
			carry(&agent, &launcher, 1 + random_below(30000));
			say(e, slot, 1 + random_below(30000));
			hear(&launcher, random_below(SP_TUNNEL_CHANNELS), 100000);
			hear(&agent, random_below(SP_TUNNEL_CHANNELS), 100000);
		}
		cr_assert_eq(launcher.error, 0);
		cr_assert_eq(agent.error, 0, "%d", agent.error);
	}
}
