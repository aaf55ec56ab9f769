#include "vardict.h"

#include <stdint.h>
#include <string.h>
#include <systemd/sd-bus.h>

static struct vardict_field *find(struct vardict_field *fields, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(fields[i].key, key))
			return &fields[i];
	return NULL;
}

static int read_value(sd_bus_message *message, struct vardict_field *field)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, field->type);
	if (r < 0)
		return r;

	if (field->type[0] == '(') {
		int32_t *pair = field->value;
		r = sd_bus_message_read(message, field->type, &pair[0], &pair[1]);
	} else {
		r = sd_bus_message_read_basic(message, field->type[0], field->value);
	}
	if (r < 0)
		return r;

	field->found = true;
	return sd_bus_message_exit_container(message);
}

static int read_entry(sd_bus_message *message, struct vardict_field *fields, size_t n_fields)
{
	const char *key, *type;

	int r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &key);
	if (r < 0)
		return r;

	r = sd_bus_message_peek_type(message, NULL, &type);
	if (r < 0)
		return r;

	struct vardict_field *field = find(fields, n_fields, key);
	if (field && !strcmp(field->type, type))
		r = read_value(message, field);
	else
		r = sd_bus_message_skip(message, "v");
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int vardict_read(struct sd_bus_message *message, struct vardict_field *fields, size_t n_fields)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r < 0)
		return r;

	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		r = read_entry(message, fields, n_fields);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}
