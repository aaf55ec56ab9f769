/* How long something took, as counts in fixed buckets: enough for Prometheus and for percentiles.
 *
 * Threads: main loop only. Plain values; all zeroes = empty. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 20

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* the last one: above all bounds */
	uint64_t count;
	uint64_t sum_us;
};

/* The upper bounds in microseconds, rising. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS];

void histogram_add(struct histogram *histogram, uint64_t us);

/* The value below which the share `quantile` (0..1) lies, interpolated within its bucket; 0 when
 * empty. */
uint64_t histogram_quantile_us(const struct histogram *histogram, double quantile);
