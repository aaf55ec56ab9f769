#include "encoder/link_reader.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A reader and the socket pair that it reads from. */
struct link_end {
	struct link_reader reader;
	int ours, theirs;
	struct link_message message;
	struct packet *packet;
};

static void begin(struct link_end *end)
{
	int pair[2];

	*end = (struct link_end){ 0 };
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	end->ours = pair[0];
	end->theirs = pair[1];
}

static void done(struct link_end *end)
{
	link_reader_done(&end->reader);
	close(end->ours);
	if (end->theirs >= 0)
		close(end->theirs);
}

static int next(struct link_end *end)
{
	return link_reader_next(&end->reader, end->ours, &end->message, &end->packet);
}

static void give(struct link_end *end, const void *bytes, size_t size)
{
	cr_assert_eq(write(end->theirs, bytes, size), (ssize_t)size);
}

static size_t write_ready(uint8_t *bytes, uint32_t generation)
{
	struct link_message message = {
		.type = LINK_READY,
		.ready = { .generation = generation, .encoder = "x264enc" },
	};

	return (size_t)link_write(bytes, LINK_MAX_SMALL, &message);
}

static size_t write_packet(uint8_t *bytes, const char *unit)
{
	struct link_message message = {
		.type = LINK_PACKET,
		.packet = { .key = true, .sequence = 5, .size_bytes = (uint32_t)strlen(unit) },
	};
	size_t size = (size_t)link_write(bytes, LINK_MAX_SMALL, &message);

	memcpy(bytes + size, unit, strlen(unit));
	return size + strlen(unit);
}

Test(link_reader, takes_messages_that_come_together_one_by_one)
{
	uint8_t bytes[3 * LINK_MAX_SMALL];
	struct link_end end;
	begin(&end);
	size_t size = write_ready(bytes, 1);
	size += write_packet(bytes + size, "unit");
	size += write_ready(bytes + size, 2);

	give(&end, bytes, size);

	cr_expect_eq(next(&end), 1);
	cr_expect_eq(end.message.ready.generation, 1);
	cr_expect_null(end.packet);
	cr_expect_eq(next(&end), 1);
	cr_expect_eq(end.message.type, LINK_PACKET);
	cr_expect_eq(end.message.packet.sequence, 5);
	cr_expect(end.message.packet.key);
	cr_expect_eq(end.packet->unit_size, 4);
	cr_expect_arr_eq(end.packet->unit, "unit", 4);
	cr_expect_eq(next(&end), 1);
	cr_expect_eq(end.message.ready.generation, 2);
	cr_expect_eq(next(&end), 0);
	packet_unref(end.packet);
	done(&end);
}

Test(link_reader, waits_for_the_last_byte_of_a_message)
{
	uint8_t bytes[2 * LINK_MAX_SMALL];
	struct link_end end;
	begin(&end);
	size_t ready_size = write_ready(bytes, 1);
	size_t size = ready_size + write_packet(bytes + ready_size, "unit");

	for (size_t i = 0; i < size; i++) {
		cr_assert_eq(next(&end), 0, "before byte %zu", i);
		give(&end, bytes + i, 1);
		if (i + 1 == ready_size || i + 1 == size)
			cr_assert_eq(next(&end), 1, "after byte %zu", i);
	}

	cr_expect_arr_eq(end.packet->unit, "unit", 4);
	packet_unref(end.packet);
	done(&end);
}

Test(link_reader, tells_the_end_after_what_came_before_it)
{
	uint8_t bytes[LINK_MAX_SMALL];
	struct link_end end;
	begin(&end);
	give(&end, bytes, write_ready(bytes, 1));
	close(end.theirs);
	end.theirs = -1;

	cr_expect_eq(next(&end), 1);
	cr_expect_eq(next(&end), -EPIPE);
	cr_expect_eq(next(&end), -EPIPE);
	done(&end);
}

Test(link_reader, an_end_with_our_words_unread_is_an_end_too)
{
	struct link_end end;
	begin(&end);
	cr_assert_eq(write(end.ours, "unread", 6), 6);
	close(end.theirs);
	end.theirs = -1;

	cr_expect_eq(next(&end), -EPIPE);
	done(&end);
}

Test(link_reader, forgets_a_packet_that_was_never_completed)
{
	uint8_t bytes[LINK_MAX_SMALL];
	struct link_end end;
	begin(&end);
	give(&end, bytes, write_packet(bytes, "unit") - 1);

	cr_expect_eq(next(&end), 0);
	link_reader_done(&end.reader);
	give(&end, bytes, write_ready(bytes, 3));

	cr_expect_eq(next(&end), 1);
	cr_expect_eq(end.message.ready.generation, 3);
	cr_expect_null(end.packet);
	done(&end);
}

Test(link_reader, refuses_what_is_no_message_and_what_is_too_large)
{
	const uint32_t too_large[2] = { LINK_MAX_MESSAGE + 1, LINK_PACKET };
	struct link_end end;

	begin(&end);
	give(&end, "nonsense", 8);
	cr_expect_eq(next(&end), -EBADMSG);
	done(&end);
	begin(&end);
	give(&end, too_large, sizeof too_large);
	cr_expect_eq(next(&end), -EMSGSIZE);
	done(&end);
}
