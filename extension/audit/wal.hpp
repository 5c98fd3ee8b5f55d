// Taking events up from WAL.
#pragma once

#include "pg/hooks.hpp"

#include <cstdint>
#include <string_view>

namespace quiver::audit {

// With two zeros, so that no SQL function writes it: what has it is the audit's.
constexpr std::string_view message_prefix{"quiver.audit\0", 14};

// Has the checkpoint at the end of a crash recovery leave the WAL that the worker is to read. While libraries are preloaded.
void keep_wal_for_recovery();
// Where the last checkpoint before this start began, or invalid after a clean shutdown.
void begin_wal(XLogRecPtr redo);

// Where reading back begins, and since when, in microseconds since 2000: at the redo of the last checkpoint, or before it if a
// start before this one had not read all. Invalid if there is nothing to read.
struct WalStart
{
    XLogRecPtr redo;
    std::int64_t time;
};
WalStart last_wal_start();
void keep_wal_start(const WalStart &start);
void forget_wal_start();
// Reads on; returns how many records were taken. On a standby again and again, otherwise until recovery is
// over and what it has replayed is read.
std::uint64_t follow_wal();
bool wal_is_over();
// Has the server leave WAL from there on, and begin there after the next crash; again and again, since slots that come or move
// forget it.
void keep_wal(const WalStart &from, bool again);
// What WAL had is on disk.
void release_wal();

}  // namespace quiver::audit
