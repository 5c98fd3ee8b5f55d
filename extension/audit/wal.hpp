// Taking events up from WAL.
#pragma once

#include "pg/hooks.hpp"

#include <cstdint>

namespace quiver::audit {

// Has the checkpoint at the end of a crash recovery leave the WAL that the worker is to read. While libraries are preloaded.
void keep_wal_for_recovery();
// Where the last checkpoint before this start began, or invalid after a clean shutdown.
void begin_wal(XLogRecPtr redo);
// Reads on; returns how many records were taken. On a standby again and again, otherwise until recovery is
// over and what it has replayed is read.
std::uint64_t follow_wal();
bool wal_is_over();

}  // namespace quiver::audit
