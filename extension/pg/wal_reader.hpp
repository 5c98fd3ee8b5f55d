// Reading logical messages back from WAL, and what the control file says of the last checkpoint.
#pragma once

#include "pg/wal_message.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "access/xlogutils.h"
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "replication/slot.h"
}

namespace quiver::pg {

struct LastCheckpoint
{
    XLogRecPtr redo;  // invalid after a clean shutdown where nothing has to be recovered
    std::int64_t time;  // microseconds since 2000
};

// `follows`: WAL comes from elsewhere, and goes on after a clean shutdown too.
inline LastCheckpoint last_checkpoint(bool follows)
{
    bool is_sound;
    ControlFileData *control = get_controlfile(DataDir, &is_sound);
    LastCheckpoint last{InvalidXLogRecPtr, 0};
    if (is_sound && (follows || control->state != DB_SHUTDOWNED))
        last.redo = control->checkPointCopy.redo;
    last.time = (static_cast<std::int64_t>(control->checkPointCopy.time) -
                 (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) *
                USECS_PER_SEC;
    pfree(control);
    return last;
}

// A resource manager without records: PostgreSQL calls `begin` in the process that recovers, before it replays.
inline void call_before_recovery(const char *name, void (*begin)())
{
    constexpr RmgrId number = 172;
    RmgrData manager{};
    manager.rm_name = name;
    manager.rm_redo = [](XLogReaderState *) { elog(PANIC, "a WAL record that nobody writes"); };
    manager.rm_desc = [](StringInfo, XLogReaderState *) {};
    manager.rm_identify = [](std::uint8_t) -> const char * { return nullptr; };
    manager.rm_startup = begin;
    RegisterCustomRmgr(number, &manager);
}

// Keep WAL from there on, as a replication slot does beside those there are; until release_wal(), or a slot comes, moves or goes.
inline void hold_wal(XLogRecPtr from)
{
    LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
    for (int i = 0; i < max_replication_slots; ++i)
    {
        ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];
        if (!slot->in_use)
            continue;
        SpinLockAcquire(&slot->mutex);
        const XLogRecPtr wanted = slot->data.restart_lsn;
        SpinLockRelease(&slot->mutex);
        if (wanted != InvalidXLogRecPtr && wanted < from)
            from = wanted;
    }
    LWLockRelease(ReplicationSlotControlLock);
    XLogSetReplicationSlotMinimumLSN(from);
}

inline void release_wal() { ReplicationSlotsComputeRequiredLSN(); }

// Calls f(bytes, size) for each message with that prefix from `from` to `limit`; f returns false to stop
// before it. Returns where to go on.
template <class F>
inline XLogRecPtr each_logical_message(XLogRecPtr from, XLogRecPtr limit, std::string_view prefix,
                                       F &&f)
{
    auto *wait = static_cast<ReadLocalXLogPageNoWaitPrivate *>(
        palloc0(sizeof(ReadLocalXLogPageNoWaitPrivate)));
    XLogReaderRoutine routine{};
    routine.page_read = read_local_xlog_page_no_wait;
    routine.segment_open = wal_segment_open;
    routine.segment_close = wal_segment_close;
    XLogReaderState *reader = XLogReaderAllocate(wal_segment_size, nullptr, &routine, wait);
    if (reader == nullptr)
        return from;
    XLogRecPtr next = from;
    if (from < limit && !XLogRecPtrIsInvalid(XLogFindNextRecord(reader, from)))
    {
        char *error;
        while (reader->EndRecPtr < limit && XLogReadRecord(reader, &error) != nullptr)
        {
            if (XLogRecGetRmid(reader) == RM_LOGICALMSG_ID)
            {
                const auto *message =
                    reinterpret_cast<const xl_logical_message *>(XLogRecGetData(reader));
                if (has_prefix(*message, prefix) &&
                    !f(message->message + message->prefix_size, message->message_size))
                    break;
            }
            next = reader->EndRecPtr;
        }
    }
    XLogReaderFree(reader);
    pfree(wait);
    return next;
}

}  // namespace quiver::pg
