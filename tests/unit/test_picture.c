#include "core/picture.h"

#include <criterion/criterion.h>

static const struct picture_format vga = { PIXEL_BGRX, 640, 480 };

static struct picture_damage damage_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	return (struct picture_damage){ .count = 1, .rects[0] = { x, y, width, height } };
}

static bool covers(const struct picture_damage *damage, uint32_t x, uint32_t y)
{
	for (uint32_t i = 0; i < damage->count; i++) {
		const struct picture_rect *r = &damage->rects[i];

		if (x >= r->x && y >= r->y && x - r->x < r->width && y - r->y < r->height)
			return true;
	}
	return damage->everything;
}

Test(picture, formats_are_equal_only_in_pixel_and_size)
{
	struct picture_format other = vga;

	cr_expect(picture_format_equal(&vga, &other));
	other.pixel = PIXEL_RGBX;
	cr_expect_not(picture_format_equal(&vga, &other));
	other = vga;
	other.width_px++;
	cr_expect_not(picture_format_equal(&vga, &other));
	other = vga;
	other.height_px--;
	cr_expect_not(picture_format_equal(&vga, &other));
}

Test(picture, a_format_needs_a_known_pixel_and_a_size_within_the_limit)
{
	struct picture_format largest = { PIXEL_RGBX, PICTURE_MAX_DIMENSION,
		PICTURE_MAX_DIMENSION };
	struct picture_format wrong[] = {
		{ 0, 640, 480 },
		{ 3, 640, 480 },
		{ PIXEL_BGRX, 0, 480 },
		{ PIXEL_BGRX, 640, 0 },
		{ PIXEL_BGRX, PICTURE_MAX_DIMENSION + 1, 480 },
		{ PIXEL_BGRX, 640, PICTURE_MAX_DIMENSION + 1 },
	};

	cr_expect(picture_format_is_valid(&vga));
	cr_expect(picture_format_is_valid(&largest));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		cr_expect_not(picture_format_is_valid(&wrong[i]), "format %zu", i);
}

Test(picture, no_rectangles_are_no_damage_but_everything_is)
{
	struct picture_damage nothing = { 0 }, everything = { .everything = true };

	cr_expect(picture_damage_is_empty(&nothing));
	cr_expect_not(picture_damage_is_empty(&everything));
}

Test(picture, an_empty_rectangle_adds_nothing)
{
	struct picture_damage damage = { 0 };

	picture_damage_add_rect(&damage, &(struct picture_rect){ 5, 5, 0, 10 });
	picture_damage_add_rect(&damage, &(struct picture_rect){ 5, 5, 10, 0 });

	cr_expect(picture_damage_is_empty(&damage));
}

Test(picture, a_rectangle_within_another_is_not_kept_twice)
{
	struct picture_damage damage = damage_of(10, 10, 100, 100);

	picture_damage_add_rect(&damage, &(struct picture_rect){ 20, 20, 10, 10 });
	cr_expect_eq(damage.count, 1);
	picture_damage_add_rect(&damage, &(struct picture_rect){ 0, 0, 200, 200 });

	cr_expect_eq(damage.count, 1);
	cr_expect_eq(damage.rects[0].width, 200);
}

Test(picture, too_many_rectangles_become_their_bounding_box)
{
	struct picture_damage damage = { 0 };

	for (uint32_t i = 0; i <= PICTURE_MAX_RECTS; i++)
		picture_damage_add_rect(
			&damage, &(struct picture_rect){ i * 20 + 3, i * 10 + 7, 5, 5 });

	cr_assert_eq(damage.count, 1);
	cr_expect_eq(damage.rects[0].x, 3);
	cr_expect_eq(damage.rects[0].y, 7);
	cr_expect_eq(damage.rects[0].width, PICTURE_MAX_RECTS * 20 + 5);
	cr_expect_eq(damage.rects[0].height, PICTURE_MAX_RECTS * 10 + 5);
}

Test(picture, damage_is_never_lost_however_it_is_added)
{
	struct picture_damage sum = { 0 };
	uint32_t state = 1;

	for (int i = 0; i < 500; i++) {
		state = state * 1664525 + 1013904223;
		uint32_t x = state >> 8 & 511, y = state >> 17 & 255;
		struct picture_damage more = damage_of(x, y, 1 + i % 40, 1 + i % 30);

		picture_damage_add(&sum, &more);
		cr_assert(covers(&sum, x, y));
		cr_assert(covers(&sum, x + i % 40, y + i % 30));
		cr_assert_leq(sum.count, PICTURE_MAX_RECTS);
	}
}

Test(picture, everything_swallows_rectangles_before_and_after)
{
	struct picture_damage damage = damage_of(1, 2, 3, 4);
	struct picture_damage everything = { .everything = true }, more = damage_of(5, 6, 7, 8);

	picture_damage_add(&damage, &everything);
	picture_damage_add(&damage, &more);

	cr_expect(damage.everything);
	cr_expect_eq(damage.count, 0);
}

Test(picture, clipping_cuts_at_the_edges_and_drops_what_is_outside)
{
	struct picture_damage damage = {
		.count = 4,
		.rects = { { 600, 470, 100, 100 }, { 640, 0, 10, 10 }, { 0, 480, 10, 10 },
			{ 10, 10, UINT32_MAX, UINT32_MAX } },
	};

	picture_damage_clip(&damage, &vga);

	cr_assert_eq(damage.count, 2);
	cr_expect_eq(damage.rects[0].width, 40);
	cr_expect_eq(damage.rects[0].height, 10);
	cr_expect_eq(damage.rects[1].width, 630);
	cr_expect_eq(damage.rects[1].height, 470);
}

Test(picture, a_rectangle_that_reaches_beyond_32_bits_still_covers_what_it_covers)
{
	struct picture_damage damage = damage_of(100, 100, UINT32_MAX, UINT32_MAX);

	for (uint32_t i = 0; i < PICTURE_MAX_RECTS; i++)
		picture_damage_add_rect(&damage, &(struct picture_rect){ i, i * 2, 1, 1 });
	picture_damage_clip(&damage, &vga);

	cr_expect(covers(&damage, 0, 0));
	cr_expect(covers(&damage, 639, 479));
}
