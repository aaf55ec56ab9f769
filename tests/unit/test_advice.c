#include "core/advice.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(advice, for_native_gpus_names_the_va_driver_s_package)
{
	struct machine machine = {
		.node_count = 2,
		.nodes = { { "/dev/dri/renderD128", "amdgpu", true, true, false },
			{ "/dev/dri/renderD129", "xe", true, true, false } },
	};
	struct candidate candidate = { .route = ROUTE_VA, .is_hardware = true };
	char text[256];

	snprintf(candidate.node, sizeof candidate.node, "/dev/dri/renderD128");
	advice_for(&machine, &candidate, "no-va", "", "", text, sizeof text);
	cr_expect_str_eq(text, "apt install mesa-va-drivers");

	snprintf(candidate.node, sizeof candidate.node, "/dev/dri/renderD129");
	advice_for(&machine, &candidate, "no-va", "", "", text, sizeof text);
	cr_expect_str_eq(text, "apt install intel-media-va-driver-non-free");
}

Test(advice, for_a_gstreamer_that_dropped_vaapi_says_who_still_has_it)
{
	struct machine machine = { 0 };
	struct candidate candidate = { .route = ROUTE_VAAPI, .is_hardware = true };
	char text[256];

	advice_for(&machine, &candidate, "no-plugin", "gstreamer1.0-vaapi", "1.28.8", text,
		sizeof text);
	cr_expect_str_eq(text,
		"apt install gstreamer1.0-vaapi, if there is one; GStreamer 1.28 comes without, Debian 13 and Ubuntu 24.04 still have it");
	advice_for(&machine, &candidate, "no-plugin", "gstreamer1.0-vaapi", "1.26.2", text,
		sizeof text);
	cr_expect_str_eq(text, "apt install gstreamer1.0-vaapi");
}

Test(advice, for_crashes_and_hangs_on_windows_is_to_update_the_driver)
{
	struct machine machine = { .is_wsl = true, .has_dxg = true };
	struct candidate candidate = { .route = ROUTE_VAAPI, .is_hardware = true };
	char text[256];

	advice_for(&machine, &candidate, ADVICE_HANG, "", "", text, sizeof text);
	cr_expect_str_eq(
		text, "update the Windows graphics driver; Helix uses another encoder meanwhile");
}

Test(advice, lists_the_windows_drivers_of_all_vendors_when_none_is_known)
{
	char text[128];

	advice_windows_drivers(0, text, sizeof text);

	cr_expect_str_eq(text, "AMD Adrenalin 23.3.1, Intel 31.0.101.4032, NVIDIA 526.47 or newer");
}
