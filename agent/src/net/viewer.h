/* One viewer: one WebSocket, what waits to be written to it, and what the agent keeps beside it.
 *
 * Threads: main loop only. Ownership: the server's; valid from `hello` to `left`. */
#pragma once

#include "core/packet.h"
#include "sp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct viewer;

/* Queue a small message; it is copied. A viewer that does not read what it is sent (256 KiB) is
 * closed. */
void viewer_send(struct viewer *viewer, const uint8_t *bytes, size_t size);

/* Queue a picture, behind all small messages; takes its own reference. Its frame number is the next
 * of this viewer's, and is returned. */
uint32_t viewer_send_packet(struct viewer *viewer, struct packet *packet);

/* Pictures that wait for the socket. */
size_t viewer_waiting(const struct viewer *viewer);

/* Say BYE and close. `left` follows from the loop. */
void viewer_close(struct viewer *viewer, enum sp_bye reason, const char *text);

enum sp_role viewer_role(const struct viewer *viewer);

/* A small number for logs and status. */
uint32_t viewer_id(const struct viewer *viewer);

/* Round trip of the last PING, 0 = none yet. */
uint64_t viewer_rtt_us(const struct viewer *viewer);

/* The agent's own data: viewer_data_size bytes of server_options, zeroed at first. */
void *viewer_data(struct viewer *viewer);
