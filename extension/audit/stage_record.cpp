// Records made of what a stage holds: salted, hashed, and written to WAL in durable mode.
#include "audit/stage.hpp"

#include "audit/digest.hpp"
#include "audit/wal.hpp"
#include "pg/shared_area.hpp"
#include "pg/wal_message.hpp"

#include <cstring>

namespace quiver::audit {
namespace {

// Salts come from a pool, so that the generator is asked once for many records.
constinit std::uint8_t salts[4096]{};
constinit std::size_t salts_left = 0;

// The session's fields and these events, as a record without salt and leaf. The stage is locked.
RecordHead copy_events(const Stage &stage, std::uint32_t from, std::uint32_t to,
                       std::uint8_t *payload)
{
    RecordHead record = stage_record(stage, 0);
    record.first_event = read_as<EventHead>(stage.data + from).number;
    record.payload = stage.session_bytes + to - from;
    record.events = 0;
    for (std::uint32_t at = from; at < to; ++record.events)
        at += read_as<EventHead>(stage.data + at).length;
    std::memcpy(payload, stage.data, stage.session_bytes);
    std::memcpy(payload + stage.session_bytes, stage.data + from, to - from);
    return record;
}

// The stage is locked.
Origin origin_of(const Stage &stage)
{
    Origin origin{{}, stage.wal_next, stage.wal_end};
    if (pg_atomic_read_u64(&area.head->segment) != 0)
    {
        pg_read_barrier();
        std::memcpy(origin.log_id, area.head->log_id, sizeof origin.log_id);
    }
    return origin;
}

}  // namespace

RecordHead stage_record(const Stage &stage, std::int64_t now)
{
    RecordHead record{};
    record.time = now;
    record.session = stage.session;
    record.first_event = stage.first_event;
    record.payload = stage.used;
    record.events = stage.events;
    return record;
}

void salt_record(RecordHead &record)
{
    if (salts_left < sizeof record.salt)
    {
        if (!random_bytes(salts, sizeof salts))
            (void) pg_strong_random(salts, sizeof salts);
        salts_left = sizeof salts;
    }
    salts_left -= sizeof record.salt;
    std::memcpy(record.salt, salts + salts_left, sizeof record.salt);
    // A salt that was used is not kept where another process could find it.
    std::memset(salts + salts_left, 0, sizeof record.salt);
}

void seal_record(RecordHead &record, const std::uint8_t *payload)
{
    record.chain = leaf(record, commitment(record, payload));
}

bool wants_wal(const Stage &stage)
{
    // A WAL sender ends after the last checkpoint, when nothing may be written any more.
    return stage.is_durable != 0 && stage.events != 0 && MyProc != nullptr && XLogInsertAllowed() &&
           !(proc_exit_inprogress && MyBackendType == B_WAL_SENDER);
}

XLogRecPtr log_stage(Stage *stage, bool ended)
{
    static std::uint8_t bytes[sizeof(RecordHead) + stage_data_bytes];
    SpinLockAcquire(&stage->lock);
    const std::uint32_t from =
        stage->logged > stage->session_bytes ? stage->logged : stage->session_bytes;
    const std::uint32_t to =
        ended && stage->open_transaction != 0 ? stage->open_begin : stage->used;
    const bool is_new = from < to;
    RecordHead record{};
    if (is_new)
    {
        record = copy_events(*stage, from, to, bytes + sizeof record);
        const Origin origin = origin_of(*stage);
        std::memcpy(record.chain.data(), &origin, sizeof origin);
        stage->wal_next = record.first_event + record.events;
        stage->logged = to;
    }
    SpinLockRelease(&stage->lock);
    if (!is_new)
        return InvalidXLogRecPtr;
    record.time = GetCurrentTimestamp();
    std::memcpy(bytes, &record, sizeof record);
    const XLogRecPtr end = pg::log_message(message_prefix, reinterpret_cast<const char *>(bytes),
                                           sizeof record + record.payload);
    if (stage->session == record.session)
        stage->wal_end = end;
    return end;
}

bool write_stage_to_wal()
{
    Stage *stage = session.stage;
    // An error that is thrown while WAL is written may bring another event.
    if (!wants_wal(*stage) || LWLockHeldByMe(&stage->wal_lock))
        return false;
    const pg::LightLock lock{&stage->wal_lock, LW_EXCLUSIVE};
    return log_stage(stage, false) != InvalidXLogRecPtr;
}

}  // namespace quiver::audit
