#include "core/silence.h"

void silence_heard(struct silence *s)
{
	s->was_heard = true;
	s->is_excused = false;
}

void silence_excuse(struct silence *s)
{
	s->is_excused = true;
}

bool silence_tick(struct silence *s)
{
	s->ticks = s->was_heard || s->is_excused ? 0 : s->ticks + 1;
	s->was_heard = false;
	return s->ticks >= SILENCE_TICKS;
}
