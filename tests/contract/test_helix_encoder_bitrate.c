/* What a new bitrate does to the real helix-encoder, in real time, with pictures that could take
 * any bitrate: text that scrolls under a grain that a high quantiser wipes away. */
#include "core/link.h"
#include "lib/va_child.h"
#include "sys/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FPS 60

static const struct picture_format format = { PIXEL_BGRX, 640, 360 };

static uint32_t hash(uint32_t a, uint32_t b)
{
	uint32_t h = a * 2654435761u ^ b * 2246822519u;

	h ^= h >> 15;
	h *= 2246822519u;
	return h ^ h >> 13;
}

/* Lines of 16 rows, of dots that could be letters, five rows further up each time. */
static void draw(struct test_picture *picture, uint32_t number)
{
	uint32_t grain = number * 2654435761u | 1;

	for (uint32_t y = 0; y < format.height_px; y++) {
		uint8_t *pixel = picture->pixels + (size_t)y * picture->stride_bytes;
		uint32_t row = y + 5 * number;

		for (uint32_t x = 0; x < format.width_px; x++, pixel += 4) {
			bool is_ink =
				row % 16 < 11 && hash(x / 2, row / 2 ^ row / 16 << 8) % 4 == 0;

			grain ^= grain << 13;
			grain ^= grain >> 17;
			grain ^= grain << 5;
			memset(pixel, (is_ink ? 40 : 200) + (int)(grain >> 27), 3);
		}
	}
}

/* The same pictures for several encoders at once. */
struct feed {
	struct encoder_child *children[4];
	const char *elements[4];
	size_t count;
	double bits[4]; /* since the last feed_many() */
	unsigned keys[4];
	struct test_picture picture;
	uint32_t number;
	uint64_t due_us; /* the next picture's time */
};

static void feed_init(struct feed *f)
{
	*f = (struct feed){ .due_us = clock_now_us() };
	test_picture_init(&f->picture, &format, 1);
}

static void feed_add(
	struct feed *f, struct encoder_child *child, const char *element, uint32_t kbit)
{
	struct link_message m = encoder_child_configure(child, element, &format, kbit);

	cr_assert_eq(m.type, LINK_READY, "%s: %s", element,
		m.type == LINK_FAILED ? m.failed.text : "no answer");
	encoder_child_add(child, &f->picture);
	f->children[f->count] = child;
	f->elements[f->count++] = element;
}

static void feed_one(struct feed *f)
{
	struct link_encode job = {
		.sequence = ++f->number,
		.buffer = f->picture.id,
		.pts_us = f->due_us,
		.damage = { .everything = true },
	};

	draw(&f->picture, f->number);
	for (size_t i = 0; i < f->count; i++) {
		struct link_message m;

		cr_assert(encoder_child_encode(f->children[i], &job, &m), "%s: %s", f->elements[i],
			m.type == LINK_FAILED ? m.failed.text : "no answer");
		f->bits[i] += m.packet.size_bytes * 8.0;
		f->keys[i] += m.packet.key;
	}
	f->due_us += USEC_PER_SEC / FPS;
}

/* Each picture when its time has come. */
static void feed_many(struct feed *f, int count)
{
	for (size_t i = 0; i < f->count; i++)
		f->bits[i] = f->keys[i] = 0;
	while (count-- > 0) {
		struct timespec due = {
			.tv_sec = (time_t)(f->due_us / USEC_PER_SEC),
			.tv_nsec = (long)(f->due_us % USEC_PER_SEC * 1000),
		};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		feed_one(f);
	}
}

static void expect_to_hold(struct feed *f, uint32_t kbit, unsigned max_keys)
{
	struct link_message m = { .type = LINK_BITRATE, .bitrate = { kbit } };

	for (size_t i = 0; i < f->count; i++)
		encoder_child_send(f->children[i], &m, -1);
	feed_many(f, FPS);
	for (size_t i = 0; i < f->count; i++) {
		double measured = f->bits[i] / 1000;

		cr_expect(measured > kbit * 0.85 && measured < kbit * 1.15,
			"%s: %.0f kbit/s for %u", f->elements[i], measured, kbit);
		cr_expect_leq(f->keys[i], max_keys, "%s: %u", f->elements[i], f->keys[i]);
	}
}

static void expect_to_follow(struct feed *f, unsigned max_keys)
{
	f->due_us = clock_now_us();
	feed_many(f, FPS);
	expect_to_hold(f, 1000, max_keys);
	feed_many(f, 2); /* more than a second after the last change the next one is granted */
	expect_to_hold(f, 8000, max_keys);
}

Test(encoder_bitrate, is_held_over_the_second_after_each_change_by_software_without_an_idr)
{
	struct encoder_child x264, openh264;
	struct feed f;

	feed_init(&f);
	encoder_child_start(&x264);
	encoder_child_start(&openh264);
	feed_add(&f, &x264, "x264enc", 4000);
	feed_add(&f, &openh264, "openh264enc", 4000);
	expect_to_follow(&f, 0);

	test_picture_done(&f.picture);
	cr_expect_eq(encoder_child_stop(&x264), 0);
	cr_expect_eq(encoder_child_stop(&openh264), 0);
}

Test(encoder_bitrate, is_held_over_the_second_after_each_change_by_hardware)
{
	struct va_child children[VA_WAYS];
	struct feed f;

	feed_init(&f);
	for (enum va_way way = 0; way < VA_WAYS; way++) {
		va_child_start(&children[way], way, "once");
		feed_add(&f, &children[way].child, va_way_element(way), 4000);
	}
	expect_to_follow(&f, 1);

	test_picture_done(&f.picture);
	for (enum va_way way = 0; way < VA_WAYS; way++)
		cr_expect_eq(va_child_stop(&children[way]), 0);
}

/* OpenH264 takes a picture's share from the time since the one before. */
Test(encoder_bitrate, is_not_saved_up_over_a_pause)
{
	struct encoder_child x264, openh264;
	struct feed f;

	feed_init(&f);
	encoder_child_start(&x264);
	encoder_child_start(&openh264);
	feed_add(&f, &x264, "x264enc", 4000);
	feed_add(&f, &openh264, "openh264enc", 4000);
	for (int i = 0; i < FPS; i++)
		feed_one(&f);
	f.due_us += 10 * USEC_PER_SEC;
	for (size_t i = 0; i < f.count; i++)
		f.bits[i] = 0;
	for (int i = 0; i < FPS / 3; i++)
		feed_one(&f);

	for (size_t i = 0; i < f.count; i++)
		cr_expect_lt(f.bits[i] * 3 / 1000, 8000, "%s: %.0f kbit/s", f.elements[i],
			f.bits[i] * 3 / 1000);
	test_picture_done(&f.picture);
	cr_expect_eq(encoder_child_stop(&x264), 0);
	cr_expect_eq(encoder_child_stop(&openh264), 0);
}
