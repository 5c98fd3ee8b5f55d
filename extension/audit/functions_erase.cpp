// quiver.audit_erase(): asks the worker to erase a record, and waits for its answer.
#include "audit/sql.hpp"

#include "audit/statement.hpp"

#include "pg/function.hpp"
#include "pg/index.hpp"
#include "pg/shared_area.hpp"

namespace quiver::audit {
namespace {

constexpr int patience_ms = 30'000;

// One session asks at a time. The lock is the server's own, in no database, where no advisory lock of a user is: so
// who waits for it can be cancelled, and an error gives it back.
LOCKTAG turn_to_ask()
{
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, InvalidOid, 0, 0, 1);
    return tag;
}

bool is_answered(AreaHead *head)
{
    return pg_atomic_read_u64(&head->erase_done) == pg_atomic_read_u64(&head->erase_asked);
}

bool wait_for_answer(AreaHead *head)
{
    for (int waited = 0; waited < patience_ms; waited += 10)
    {
        if (is_answered(head))
            return true;
        CHECK_FOR_INTERRUPTS();
        wake_worker();
        pg_usleep(10'000);
    }
    return is_answered(head);
}

// False if there was no answer. Who asked before and was cancelled may have left a request: it is answered first.
bool ask(AreaHead *head, EraseRequest &request)
{
    if (!wait_for_answer(head))
        return false;
    head->erase = request;
    pg_write_barrier();
    pg_atomic_fetch_add_u64(&head->erase_asked, 1);
    if (!wait_for_answer(head))
        return false;
    pg_read_barrier();
    request = head->erase;
    return true;
}

}  // namespace

QUIVER_FUNCTION(quiver_audit_erase)
{
    require_audit();
    const int32 shard = PG_GETARG_INT32(0);
    const int64 sequence = PG_GETARG_INT64(1);
    const text *reason = PG_GETARG_TEXT_PP(2);
    EraseRequest request{};
    const auto size = static_cast<std::size_t>(VARSIZE_ANY_EXHDR(reason));
    if (size == 0 || size >= sizeof request.reason)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("the reason has 1 to %zu bytes, not %zu", sizeof request.reason - 1, size),
                errhint("Name the request that asks for the erasure."));
    request.sequence = static_cast<std::uint64_t>(sequence);
    request.shard = static_cast<std::uint32_t>(shard);
    strlcpy(request.role, GetUserNameFromId(GetSessionUserId(), false), sizeof request.role);
    std::memcpy(request.reason, VARDATA_ANY(reason), size);
    // The record may be this session's own.
    if (session.stage != nullptr)
        flush_stage();
    (void) wait_for_worker(false, 5000);

    const LOCKTAG turn = turn_to_ask();
    (void) LockAcquire(&turn, ExclusiveLock, false, false);
    const bool answered = ask(area.head, request);
    LockRelease(&turn, ExclusiveLock, false);

    if (!answered || request.result == EraseResult::failed)
        ereport(
            ERROR, errcode(ERRCODE_IO_ERROR),
            errmsg("record %d/%lld could not be erased", shard, static_cast<long long>(sequence)),
            errhint("See quiver.audit_status() and the server log, and try again."));
    if (request.result == EraseResult::not_found)
        ereport(ERROR, errcode(ERRCODE_NO_DATA_FOUND),
                errmsg("the log has no record %d/%lld", shard, static_cast<long long>(sequence)),
                errhint("shard and sequence are columns of quiver.audit_events()."));
    if (request.result == EraseResult::not_allowed)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("record %d/%lld is never erased", shard, static_cast<long long>(sequence)),
                errdetail("It tells of the audit itself: a policy, a loss, a start, an erasure."));
    PG_RETURN_INT64(request.result == EraseResult::done ? request.events : 0);
}

}  // namespace quiver::audit
