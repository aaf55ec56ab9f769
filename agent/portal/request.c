#include "request.h"

#include <systemd/sd-bus.h>

#include "sys/log.h"

static int on_close(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct request *request = userdata;
	(void)error;

	int r = sd_bus_reply_method_return(message, "");
	if (r < 0)
		return r;

	request->on_close(request->owner);
	return 1;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Close", "", "", on_close, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int request_init(struct request *request, struct sd_bus_message *call, const char *handle,
	void (*on_closed)(void *owner), void *owner)
{
	*request = (struct request){ .on_close = on_closed, .owner = owner };

	int r = sd_bus_add_object_vtable(sd_bus_message_get_bus(call), &request->object, handle,
		"org.freedesktop.impl.portal.Request", vtable, request);
	if (r < 0)
		return r;

	request->call = sd_bus_message_ref(call);
	return 0;
}

bool request_is_pending(const struct request *request)
{
	return request->call;
}

void request_answer(struct request *request, enum response response)
{
	if (!request->call)
		return;

	int r = respond(request->call, response);
	if (r < 0)
		log_warn("portal: cannot answer %s: error %d",
			sd_bus_message_get_member(request->call), r);
	request_done(request);
}

int request_reply_new(struct request *request, struct sd_bus_message **ret_reply)
{
	sd_bus_message *reply = NULL;

	int r = sd_bus_message_new_method_return(request->call, &reply);
	if (r < 0)
		return r;

	r = sd_bus_message_append(reply, "u", (uint32_t)RESPONSE_SUCCESS);
	if (r < 0) {
		sd_bus_message_unref(reply);
		return r;
	}
	*ret_reply = reply;
	return 0;
}

int request_send(struct request *request, struct sd_bus_message *reply)
{
	int r = sd_bus_send(NULL, reply, NULL);

	sd_bus_message_unref(reply);
	request_done(request);
	return r < 0 ? r : 0;
}

void request_done(struct request *request)
{
	request->object = sd_bus_slot_unref(request->object);
	request->call = sd_bus_message_unref(request->call);
}

int respond(struct sd_bus_message *call, enum response response)
{
	return sd_bus_reply_method_return(call, "ua{sv}", (uint32_t)response, 0);
}
