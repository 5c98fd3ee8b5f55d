// From the rings into the log's buffer, by the worker alone.
#pragma once

#include "audit/area.hpp"

namespace quiver::audit {

// Where each ring ends, at some moment.
struct RingHeads
{
    std::uint64_t at[max_shards];
};
RingHeads ring_heads();

// Moves what is ready. True if the buffer is full before the rings are empty. A process that has claimed a place and not yet filled it
// holds up what is behind: false as well, so ask are_drained_to().
bool drain_rings();
bool are_drained_to(const RingHeads &heads);

// What was drained is on disk: the rings have its room again.
void give_rings_back();

}  // namespace quiver::audit
