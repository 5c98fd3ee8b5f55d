// Events that are in WAL and in no segment: after a crash of the machine, and on a standby, where the
// primary's come by replication. Only durable events are there.
#include "audit/wal.hpp"

#include "audit/stage.hpp"
#include "audit/payload.hpp"
#include "audit/worker.hpp"

#include "pg/wal_reader.hpp"

namespace quiver::audit {
namespace {

constinit XLogRecPtr position = InvalidXLogRecPtr;
constinit std::uint64_t taken = 0;
constinit bool is_over = true;

enum class Verdict
{
    take,
    wait,
    skip
};

// The outcome that was written before the commit record is put right by what became of the transaction.
Verdict settle(std::uint8_t *payload, std::uint32_t size, bool at_end)
{
    std::uint32_t at = 4 + read_as<std::uint32_t>(payload);
    for (; at + sizeof(EventHead) <= size;)
    {
        auto event = read_as<EventHead>(payload + at);
        if (event.length < sizeof(EventHead) || event.length > size - at)
            return Verdict::skip;
        const bool is_open = event.outcome == Outcome::running || event.outcome == Outcome::done;
        if (event.outcome == Outcome::committed && event.xid != 0)
        {
            if (!TransactionIdDidCommit(event.xid))
            {
                if (!TransactionIdDidAbort(event.xid) && !at_end)
                    return Verdict::wait;
                event.outcome = Outcome::rolled_back;
            }
        }
        else if (is_open && at_end && event.subtransaction != 0)
            event.outcome = Outcome::crashed;
        std::memcpy(payload + at, &event, sizeof event);
        at += event.length;
    }
    return Verdict::take;
}

// The message's payload, with its origin before the session's fields. Returns the bytes, 0 if they are none.
std::uint32_t copy_payload(const RecordHead &record, const std::uint8_t *from, std::uint8_t *to)
{
    constexpr std::uint32_t field_bytes = field_head + sizeof(Origin);
    constexpr std::uint32_t more = aligned(field_bytes);
    constexpr Origin none{};
    if (record.payload < 8 || record.payload > max_record_bytes - sizeof record - more)
        return 0;
    const auto session_bytes = read_as<std::uint32_t>(from);
    if (session_bytes > record.payload - 4)
        return 0;
    // Of a server that did not say.
    if (std::memcmp(record.chain.data(), none.log_id, sizeof none.log_id) == 0)
    {
        std::memcpy(to, from, record.payload);
        return record.payload;
    }
    const std::uint32_t size = session_bytes + more;
    std::memcpy(to, &size, 4);
    to += 4;
    to[0] = static_cast<std::uint8_t>(Field::origin);
    to[1] = sizeof(Origin);
    to[2] = 0;
    std::memcpy(to + field_head, record.chain.data(), sizeof(Origin));
    std::memcpy(to + field_bytes, from + 4, session_bytes);
    std::memset(to + field_bytes + session_bytes, 0, more - field_bytes);
    std::memcpy(to + size, from + 4 + session_bytes, record.payload - 4 - session_bytes);
    return record.payload + more;
}

// False if the message has to be read again later.
bool take_message(const char *bytes, std::size_t size, bool at_end)
{
    static std::uint8_t payload[max_record_bytes];
    if (size < sizeof(RecordHead))
        return true;
    auto record = read_as<RecordHead>(reinterpret_cast<const std::uint8_t *>(bytes));
    if (record.payload != size - sizeof(RecordHead) ||
        log_writer.knows(record.session, record.first_event))
        return true;
    record.payload = copy_payload(
        record, reinterpret_cast<const std::uint8_t *>(bytes) + sizeof record, payload);
    if (record.payload == 0)
        return true;
    const Verdict verdict = settle(payload, record.payload, at_end);
    if (verdict != Verdict::take)
        return verdict == Verdict::skip;
    if (!log_writer.has_room(max_record_bytes) && !(log_writer.write() && log_writer.sync()))
        return false;
    record.shard = 0;
    std::memset(record.salt, 0, sizeof record.salt);
    salt_record(record);
    seal_record(record, payload);
    log_writer.append(record, payload, record_recovered);
    show_record(record, payload);
    ++taken;
    return true;
}

}  // namespace

void keep_wal_for_recovery()
{
    pg::call_before_recovery("quiver audit", [] {
        // Where WAL comes from elsewhere recovery does not end by itself.
        if (area_is_there() && area.head->redo != InvalidXLogRecPtr && !ArchiveRecoveryRequested)
            keep_wal({area.head->redo, area.head->redo_time}, false);
    });
}

void begin_wal(XLogRecPtr redo)
{
    position = redo;
    is_over = redo == InvalidXLogRecPtr;
}

std::uint64_t follow_wal()
{
    if (is_over)
        return 0;
    const bool in_recovery = RecoveryInProgress();
    const XLogRecPtr limit = GetXLogReplayRecPtr(nullptr);
    if (limit == InvalidXLogRecPtr || (in_recovery && !HotStandbyActive()))
    {
        is_over = is_over || (limit == InvalidXLogRecPtr && !in_recovery);
        return 0;
    }
    taken = 0;
    const bool good = pg::quietly([&] {
        position = pg::each_logical_message(position, limit, message_prefix,
                                            [in_recovery](const char *bytes, std::size_t size) {
                                                return take_message(bytes, size, !in_recovery);
                                            });
    });
    if (!good)
        ereport(
            LOG,
            errmsg("the audit could not read WAL from %X/%X on",
                   static_cast<unsigned>(position >> 32), static_cast<unsigned>(position)),
            errdetail("Events of durable transactions that are in no segment are not recovered."));
    is_over = !in_recovery || !good;
    return taken;
}

void keep_wal(const WalStart &from, bool again)
{
    pg::hold_wal(from.redo);
    if (!again)
        keep_wal_start(from);
}

void release_wal()
{
    pg::release_wal();
    forget_wal_start();
}

bool wal_is_over() { return is_over; }

}  // namespace quiver::audit
