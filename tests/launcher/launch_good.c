#include "launch_good.h"

#include "check.h"
#include "fake_platform.h"

struct options plain(void)
{
	return (struct options){ .name = "Helix", .manifest = FAKE_URL };
}

void check_good(int exit_code)
{
	CHECK_NUMBER(exit_code, 0);
	CHECK(fake.views > 0);
	CHECK(!fake.is_home_lost);
	CHECK(!fake.is_endless);
	CHECK(!fake.is_running);
	CHECK(!fake.is_view_open);
	CHECK(!fake.has_tunnel);
	CHECK(!fake.was_token_shown);
	CHECK(fake.is_registered);
	CHECK_TEXT(fake.home, fake.truth);
	CHECK(!fake_find(FAKE_DATA "\\home.tar"));
}
