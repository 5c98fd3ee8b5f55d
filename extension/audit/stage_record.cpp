// Records made of what a stage holds: salted, hashed, and written to WAL in durable mode.
#include "audit/stage.hpp"

#include "audit/digest.hpp"

#include <cstring>

namespace quiver::audit {
namespace {

constexpr char message_prefix[] = "quiver.audit";

// Salts come from a pool, so that the generator is asked once for many records.
constinit std::uint8_t salts[4096]{};
constinit std::size_t salts_left = 0;

// The session's fields and the events from `from` on, as a record without salt and leaf. The stage is locked.
RecordHead copy_events(const Stage &stage, std::uint32_t from, std::uint8_t *payload)
{
    RecordHead record = stage_record(stage, 0);
    record.first_event = read_as<EventHead>(stage.data + from).number;
    record.payload = stage.session_bytes + stage.used - from;
    record.events = 0;
    for (std::uint32_t at = from; at < stage.used; ++record.events)
        at += read_as<EventHead>(stage.data + at).length;
    std::memcpy(payload, stage.data, stage.session_bytes);
    std::memcpy(payload + stage.session_bytes, stage.data + from, stage.used - from);
    return record;
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

bool write_stage_to_wal()
{
    static std::uint8_t bytes[sizeof(RecordHead) + stage_data_bytes];
    Stage *stage = session.stage;
    if (durable() == Durable::off || stage->events == 0 || MyProc == nullptr ||
        !XLogInsertAllowed())
        return false;
    SpinLockAcquire(&stage->lock);
    const std::uint32_t from =
        session.logged_generation == stage->generation && session.logged > stage->session_bytes
            ? session.logged
            : stage->session_bytes;
    const bool is_new = from < stage->used;
    RecordHead record{};
    if (is_new)
        record = copy_events(*stage, from, bytes + sizeof record);
    session.logged_generation = stage->generation;
    session.logged = stage->used;
    SpinLockRelease(&stage->lock);
    if (!is_new)
        return false;
    record.time = GetCurrentTimestamp();
    std::memcpy(bytes, &record, sizeof record);
    (void) QUIVER_LOG_MESSAGE(message_prefix, reinterpret_cast<const char *>(bytes),
                              sizeof record + record.payload);
    return true;
}

}  // namespace quiver::audit
