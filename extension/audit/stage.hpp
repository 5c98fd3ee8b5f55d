// A process's stage: events are written here, completed in place, and leave as one record.
#pragma once

#include "audit/area.hpp"

#include <string_view>

namespace quiver::audit {

// An event in the making: a head and its fields in a buffer of this process.
class EventBuilder
{
public:
    EventHead head;

    void begin(EventKind kind, EventClass klass);
    // Nothing is added when there is no room; `is_full` says so then.
    bool field(Field tag, std::string_view value);
    bool field(Field tag, std::string_view first, std::string_view second);
    bool is_full() const { return is_full_; }
    std::size_t size() const { return sizeof(EventHead) + used_; }
    const std::uint8_t *fields() const { return bytes_; }
    // For writing a field's value in place: room, then how much was used.
    char *open_field(std::size_t &room);
    void close_field(Field tag, std::size_t used);
    // Forget the fields after the first `kept` bytes.
    std::size_t mark() const { return used_; }
    void cut(std::size_t kept)
    {
        used_ = kept;
        is_full_ = false;
    }
    // Zeros up to `size` with the head.
    void pad(std::size_t size)
    {
        while (sizeof(EventHead) + used_ < size)
            bytes_[used_++] = 0;
    }

private:
    static constexpr std::size_t room = 12 * 1024;
    std::uint8_t bytes_[room + 8];
    std::size_t used_;
    bool is_full_;
};

extern EventBuilder builder;

// Where an event lies, so that it can be completed there if its stage was not emptied since.
struct EventPlace
{
    std::uint64_t generation;
    std::uint32_t offset;
    bool is_set;
};

// This process's session; made by the first event.
struct Session
{
    Stage *stage;
    unsigned shard;
    std::uint64_t id;
    std::uint64_t next_event;
    std::uint32_t transaction;  // current
    bool in_transaction;  // it has events
    bool is_urgent;  // one of them has to be sealed when the transaction ends
    std::uint64_t
        generation;  // of the stage, at its first event: events left before its end if not now
    std::uint32_t begin;  // where that event lies
};
extern Session session;

// False where there is nothing to write to: no preload, the postmaster, a parallel or auxiliary process.
bool attach_session();
void detach_session();

// Appends the builder's event; the stage is emptied first if it does not fit.
EventPlace append_event();
// Where the event is, or nullptr if it has left. Only between lock_stage() and unlock_stage().
EventHead *find_event(const EventPlace &place);
void lock_stage();
void unlock_stage();
// Empties the stage into the ring; takes the lock. In durable mode WAL has it before.
void flush_stage();
// Whether WAL may be written now, and has to have what the stage holds.
bool wants_wal(const Stage &stage);
// Writes what the stage holds and WAL has not, with `ended` not what belongs to the open transaction. Returns the end of
// the message; invalid where there is nothing to write. write_stage_to_wal() takes the stage's wal_lock.
XLogRecPtr log_stage(Stage *stage, bool ended);
bool write_stage_to_wal();
// Sets the outcome of the transaction in its events.
void end_transaction(Outcome outcome, TransactionId xid);
// The transaction is over. Its events stay, so that many make one record, until the stage is nearly full or the worker
// takes them.
void leave_transaction();
// Marks events of subtransactions from `first` on as rolled back.
void roll_back_subtransactions(SubTransactionId first);

// For the worker: takes what has waited since before `limit`; with `ended`, also all stages of which no transaction is open.
// False if one of these had to stay.
bool sweep_stages(std::int64_t limit, bool ended);
// Whether events have to be in WAL by the configuration, or were by a session's settings when the worker came upon them.
bool durable_is_used();
// A record of what a stage holds; its payload are the stage's data.
RecordHead stage_record(const Stage &stage, std::int64_t now);
void salt_record(RecordHead &record);
void seal_record(RecordHead &record, const std::uint8_t *payload);

}  // namespace quiver::audit
