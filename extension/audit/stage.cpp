// This process's stage: events are appended, found again, and moved into its ring.
#include "audit/stage.hpp"

#include "pg/shared_area.hpp"

#include <algorithm>
#include <cstring>

namespace quiver::audit {

constinit Session session{};

namespace {

// Of the session's fields as they stand in the stage.
constinit Oid known_user = InvalidOid;
constinit char known_application[NAMEDATALEN] = "";
// The worker's: it has met durable events.
constinit bool was_durable = false;

std::uint8_t *put_field(std::uint8_t *at, Field tag, std::string_view value)
{
    const std::size_t size = std::min<std::size_t>(value.size(), 255);
    *at++ = static_cast<std::uint8_t>(tag);
    *at++ = static_cast<std::uint8_t>(size);
    *at++ = 0;
    std::memcpy(at, value.data(), size);
    return at + size;
}

const char *or_empty(const char *text) { return text != nullptr ? text : ""; }

const char *session_user_name(char *fallback)
{
    if (IsTransactionState() && OidIsValid(GetSessionUserId()))
        return or_empty(GetUserNameFromId(GetSessionUserId(), true));
    return fallback;
}

// The fields every record of this session begins with. The stage is empty and locked.
void write_session_fields(Stage *stage, const char *user)
{
    std::uint8_t *at = stage->data + 4;
    const Port *port = MyProcPort;
    at = put_field(at, Field::session_user, user);
    at = put_field(at, Field::database, port != nullptr ? or_empty(port->database_name) : "");
    if (port == nullptr)
        at = put_field(at, Field::client, GetBackendTypeDesc(MyBackendType));
    else
        at = put_field(at, Field::client, or_empty(port->remote_host));
    if (known_application[0] != '\0')
        at = put_field(at, Field::application, known_application);
    // Events lie at multiples of eight.
    for (; (at - stage->data) % 8 != 0; ++at)
        *at = 0;
    const auto size = static_cast<std::uint32_t>(at - stage->data - 4);
    std::memcpy(stage->data, &size, 4);
    stage->session_bytes = size + 4;
    stage->used = stage->session_bytes;
}

// User and application may have changed since the stage was last empty.
void refresh_session_fields(Stage *stage)
{
    const char *application = or_empty(application_name);
    const Oid user = IsTransactionState() ? GetSessionUserId() : known_user;
    if (stage->session_bytes != 0 && user == known_user &&
        std::strcmp(application, known_application) == 0)
        return;
    strlcpy(known_application, application, sizeof known_application);
    known_user = user;
    // Catalogs are read before the lock is taken.
    const char *name = session_user_name(MyProcPort != nullptr
                                             ? const_cast<char *>(or_empty(MyProcPort->user_name))
                                             : const_cast<char *>(""));
    SpinLockAcquire(&stage->lock);
    if (stage->events == 0)
        write_session_fields(stage, name);
    SpinLockRelease(&stage->lock);
}

void empty(Stage *stage)
{
    stage->used = stage->session_bytes;
    stage->events = 0;
    stage->first_event = 0;
    stage->open_begin = stage->session_bytes;
    stage->is_durable = 0;
    stage->logged = 0;
    ++stage->generation;
}

bool has_other_session_fields()
{
    return std::strcmp(or_empty(application_name), known_application) != 0 ||
           (IsTransactionState() && GetSessionUserId() != known_user);
}

void push_stage(Stage *stage, unsigned shard)
{
    RecordHead record = stage_record(*stage, GetCurrentTimestamp());
    salt_record(record);
    seal_record(record, stage->data);
    push_record(shard, record, stage->data);
    empty(stage);
}

// The worker empties a stage that is still due. WAL has what was there when it was written, if it has to: where a
// transaction has ended meanwhile, or the session begun to be durable, it stays: false.
template <class F> bool sweep(Stage *stage, unsigned shard, F &is_due, bool is_logged)
{
    SpinLockAcquire(&stage->lock);
    const std::uint32_t ended = stage->open_transaction != 0 ? stage->open_begin : stage->used;
    const bool has_wal = stage->logged >= ended || ended == stage->session_bytes;
    const bool due = is_due(*stage);
    const bool leaves =
        due && (is_logged ? has_wal : stage->is_durable == 0 || RecoveryInProgress());
    if (leaves)
    {
        if (stage->open_transaction != 0)
            stage->swept_transaction = stage->open_transaction;
        push_stage(stage, shard);
    }
    SpinLockRelease(&stage->lock);
    return leaves || !due;
}

// When a server stops, all sessions end with the worker but those that send WAL: they stay for the last checkpoint.
bool ends_before_worker() { return MyBackendType != B_WAL_SENDER; }

}  // namespace

bool attach_session()
{
    if (session.stage != nullptr)
        return true;
    if (!area_is_there() || MyProc == nullptr || IsParallelWorker() ||
        (MyBackendType != B_BACKEND && MyBackendType != B_WAL_SENDER &&
         MyBackendType != B_BG_WORKER))
        return false;
    const int proc = pg::proc_number();
    if (proc < 0 || static_cast<std::uint64_t>(proc) >= area.head->stages)
        return false;
    Stage *stage = stage_of(proc);
    SpinLockAcquire(&stage->lock);
    // Of a process that is gone, before the worker came.
    if (stage->events != 0)
        push_stage(stage, shard_of(proc));
    stage->session =
        static_cast<std::uint64_t>(MyStartTime) << 32 | static_cast<std::uint32_t>(MyProcPid);
    stage->session_bytes = 0;
    stage->open_transaction = 0;
    stage->swept_transaction = 0;
    stage->wal_next = 1;
    stage->wal_end = InvalidXLogRecPtr;
    empty(stage);
    SpinLockRelease(&stage->lock);
    session = {stage, shard_of(proc), stage->session, 1, 0, false, false, 0, 0};
    known_user = InvalidOid;
    if (ends_before_worker())
        pg_atomic_fetch_add_u32(&area.head->sessions, 1);
    return true;
}

void detach_session()
{
    if (session.stage == nullptr)
        return;
    flush_stage();
    if (XactLastRecEnd != InvalidXLogRecPtr)
        XLogSetAsyncXactLSN(XactLastRecEnd);
    session.stage->session = 0;
    session.stage = nullptr;
    if (ends_before_worker())
        pg_atomic_fetch_sub_u32(&area.head->sessions, 1);
}

EventPlace append_event()
{
    Stage *stage = session.stage;
    const std::size_t length = aligned(builder.size());
    if (stage->used + length > stage_data_bytes ||
        (stage->events != 0 && has_other_session_fields()))
        flush_stage();
    if (stage->events == 0)
        refresh_session_fields(stage);
    // Logins, logouts and settings at the start are in no transaction.
    const bool in_transaction = IsTransactionState() || builder.head.subtransaction != 0 ||
                                builder.head.kind == EventKind::transaction;
    const bool begins = in_transaction && !session.in_transaction;
    if (begins)
    {
        ++session.transaction;
        session.in_transaction = true;
    }

    builder.pad(length);
    builder.head.length = static_cast<std::uint32_t>(length);
    builder.head.transaction = in_transaction ? session.transaction : 0;
    builder.head.number = session.next_event++;
    SpinLockAcquire(&stage->lock);
    const std::uint32_t offset = stage->used;
    if (begins)
    {
        session.generation = stage->generation;
        session.begin = offset;
        stage->open_transaction = session.transaction;
        stage->open_begin = offset;
    }
    std::memcpy(stage->data + offset, &builder.head, sizeof(EventHead));
    std::memcpy(stage->data + offset + sizeof(EventHead), builder.fields(),
                length - sizeof(EventHead));
    if (stage->events == 0)
    {
        stage->first_event = builder.head.number;
        stage->first_time = builder.head.start;
    }
    if (durable() != Durable::off)
        stage->is_durable = 1;
    pg_write_barrier();
    stage->used = offset + static_cast<std::uint32_t>(length);
    ++stage->events;
    const std::uint64_t generation = stage->generation;
    SpinLockRelease(&stage->lock);
    return {generation, offset, true};
}

EventHead *find_event(const EventPlace &place)
{
    if (!place.is_set || place.generation != session.stage->generation)
        return nullptr;
    return reinterpret_cast<EventHead *>(session.stage->data + place.offset);
}

void lock_stage() { SpinLockAcquire(&session.stage->lock); }
void unlock_stage() { SpinLockRelease(&session.stage->lock); }

void flush_stage()
{
    Stage *stage = session.stage;
    if (stage->events == 0)
        return;
    (void) write_stage_to_wal();
    SpinLockAcquire(&stage->lock);
    if (stage->events != 0)
        push_stage(stage, session.shard);
    SpinLockRelease(&stage->lock);
}

bool durable_is_used() { return was_durable || durable() != Durable::off; }

bool sweep_stages(std::int64_t limit, bool ended)
{
    const auto is_due = [limit, ended](const Stage &stage) {
        return stage.events != 0 &&
               (stage.first_time <= limit || (ended && stage.open_transaction == 0));
    };
    XLogRecPtr logged_to = InvalidXLogRecPtr;
    bool all = true;
    for (std::uint64_t i = 0; i < area.head->stages; ++i)
    {
        Stage *stage = &area.stages[i];
        const unsigned shard = shard_of(static_cast<int>(i));
        was_durable |= stage->is_durable != 0;
        if (!is_due(*stage))
            continue;
        if (!ring_has_room(shard))
        {
            all = false;
            continue;
        }
        if (!wants_wal(*stage))
        {
            all &= sweep(stage, shard, is_due, false);
            continue;
        }
        const pg::LightLock lock{&stage->wal_lock, LW_EXCLUSIVE};
        bool leaves = false;
        for (int tries = 0; tries < 10 && !leaves; ++tries)
        {
            const XLogRecPtr end = log_stage(stage, true);
            logged_to = end > logged_to ? end : logged_to;
            leaves = sweep(stage, shard, is_due, true);
        }
        all &= leaves;
    }
    // Nobody's commit will have it flushed.
    if (logged_to != InvalidXLogRecPtr)
        XLogSetAsyncXactLSN(logged_to);
    return all;
}

}  // namespace quiver::audit
