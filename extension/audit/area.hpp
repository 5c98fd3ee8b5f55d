// The file that all processes map: a stage for each process, and the rings that the worker drains.
//
// Lock order: a stage's wal_lock, held while it is written to WAL, its spinlock, then the ring's; spinlocks are held for a
// copy at most (a stage's while its record is hashed). Producers claim a place under the ring's lock, which writes the place's state word before the
// head moves: between tail and head every place has a length, whoever died. Positions only grow.
// After a crash of a process, or a kill of the postmaster, the file is set aside and the next worker
// takes up what is in it.
#pragma once

#include "audit/settings.hpp"

namespace quiver::audit {

constexpr std::size_t stage_data_bytes = 16 * 1024;
constexpr std::size_t area_head_bytes = 8192;

enum class PlaceState : std::uint32_t
{
    claimed = 1,
    ready = 2
};

// The first bytes of a place in a ring; a record with its payload follows.
struct Place
{
    std::uint32_t length;  // with this, a multiple of 8
    std::uint32_t state;
};
static_assert(sizeof(Place) == 8);

struct alignas(64) Ring
{
    slock_t lock;
    pg_atomic_uint64 head;  // moved under the lock
    pg_atomic_uint64 tail;  // moved by the worker, after fsync
    std::uint64_t lost;  // events, since the worker last asked; under the lock
    std::int64_t lost_from;
    std::int64_t lost_to;
    std::uint64_t total_lost;
};

struct alignas(64) Stage
{
    slock_t lock;
    std::uint32_t used;  // bytes of data, moved last
    std::uint32_t session_bytes;  // of data: the length word and the session's fields
    std::uint32_t events;
    std::uint64_t generation;  // counted up when the stage is emptied
    std::uint32_t
        open_transaction;  // number of the one that has events here and has not ended; 0: none
    std::uint32_t swept_transaction;  // of which the worker has taken events before its end
    std::uint32_t open_begin;  // where its first event lies
    std::uint32_t is_durable;  // WAL has to have the events before they leave
    std::uint32_t logged;  // bytes of data that WAL has, 0: none; claimed under wal_lock
    LWLock wal_lock;  // held by who writes the stage to WAL, taken before the spinlock
    std::uint64_t session;  // 0: no session
    std::uint64_t first_event;
    std::int64_t first_time;
    alignas(8) std::uint8_t data[stage_data_bytes];
    // What WAL has of the session. Behind the data, so that older files read the same.
    std::uint64_t wal_next;  // number after the last event; claimed under wal_lock and the spinlock
    XLogRecPtr wal_end;  // of its message; under wal_lock
};

enum class EraseResult : std::uint32_t
{
    done,
    done_before,
    not_found,
    not_allowed,  // it tells of the audit itself
    failed
};

// What the worker is asked to erase, by one session at a time.
struct EraseRequest
{
    std::uint64_t sequence;
    std::uint32_t shard;
    std::uint32_t events;  // how many that were
    EraseResult result;
    char role[NAMEDATALEN];
    char reason[256];
};

struct AreaHead
{
    char magic[8];
    std::uint32_t version;
    std::uint32_t shards;
    std::uint64_t ring_bytes;
    std::uint64_t stages;
    pg_atomic_uint64 flush_asked;  // a session wants all before on disk
    pg_atomic_uint64 flush_done;
    pg_atomic_uint64 seal_asked;  // and a checkpoint
    pg_atomic_uint64 policy_labels;  // counted up when a security label changes
    pg_atomic_uint32 sessions;  // that a stopping server ends before the worker
    pg_atomic_uint32 worker;  // proc number + 1
    pg_atomic_uint32 stalled;  // the worker cannot write
    int tranche;  // of the locks here
    pg_atomic_uint64 erase_asked;
    pg_atomic_uint64 erase_done;
    EraseRequest erase;
    pg_atomic_uint64 written_events;
    pg_atomic_uint64 written_bytes;
    pg_atomic_uint64 synced_leaves;
    pg_atomic_uint64 sealed_leaves;
    pg_atomic_uint64 segment;
    XLogRecPtr redo;  // of the last checkpoint before this start; invalid after a clean shutdown
    std::int64_t redo_time;
    std::uint8_t parameter_key[32];
    Ring rings[max_shards];
    std::uint8_t log_id[16];  // of the log that the worker has opened; there once `segment` is set
};
static_assert(sizeof(AreaHead) <= area_head_bytes);

struct Area
{
    AreaHead *head;
    Stage *stages;
    std::uint8_t *rings[max_shards];  // each mapped twice, one behind the other
    std::size_t mapped;
};

extern Area area;

inline bool area_is_there() { return area.head != nullptr; }
inline Stage *stage_of(int proc) { return &area.stages[proc]; }
inline unsigned shard_of(int proc) { return static_cast<unsigned>(proc) % area.head->shards; }

const char *audit_directory();  // absolute or below the data directory

// In the postmaster, at start and after each reset: sets an old file aside and maps a new one.
void create_area();
// For the worker: maps a file that was set aside. False if it is none of ours.
bool map_old_area(const char *path, Area &old);
void unmap_area(Area &mapped);

// Claims a place for a record with this payload, copies and publishes it. Counts `record.events` lost and
// returns false if the ring is full. `record.chain` is the leaf.
bool push_record(unsigned shard, RecordHead &record, const std::uint8_t *payload);
// Whether the ring has room for the whole stage of every process that uses it.
bool ring_has_room(unsigned shard);
void wake_worker();

}  // namespace quiver::audit
