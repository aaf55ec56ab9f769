#include "core/histogram.h"

const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS] = { 50, 100, 200, 350, 500, 750, 1000, 1500,
	2000, 3000, 5000, 7500, 10000, 15000, 20000, 33000, 50000, 100000, 250000, 1000000 };

void histogram_add(struct histogram *histogram, uint64_t us)
{
	size_t i = 0;

	while (i < HISTOGRAM_BUCKETS && us > histogram_bounds_us[i])
		i++;
	histogram->counts[i]++;
	histogram->count++;
	histogram->sum_us += us;
}

uint64_t histogram_quantile_us(const struct histogram *histogram, double quantile)
{
	double wanted = quantile * (double)histogram->count;
	double below = 0;

	if (histogram->count == 0)
		return 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		double here = (double)histogram->counts[i];

		if (here > 0 && below + here >= wanted) {
			double low = i ? (double)histogram_bounds_us[i - 1] : 0;
			double high = (double)histogram_bounds_us[i];

			return (uint64_t)(low + (high - low) * (wanted - below) / here);
		}
		below += here;
	}
	return histogram_bounds_us[HISTOGRAM_BUCKETS - 1];
}
