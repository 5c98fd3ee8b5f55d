// How transactions and subtransactions end, in the events of theirs that are still in the stage.
#include "audit/stage.hpp"

namespace quiver::audit {
namespace {

// Of this process's transaction. The stage is locked.
template <class F> void each_event(Stage *stage, F &&f)
{
    const std::uint32_t first =
        session.generation == stage->generation ? session.begin : stage->session_bytes;
    for (std::uint32_t at = first; at < stage->used;)
    {
        auto *event = reinterpret_cast<EventHead *>(stage->data + at);
        if (event->transaction == session.transaction)
            f(*event);
        at += event->length;
    }
}

}  // namespace

void end_transaction(Outcome outcome, TransactionId xid)
{
    Stage *stage = session.stage;
    SpinLockAcquire(&stage->lock);
    each_event(stage, [&](EventHead &event) {
        event.xid = xid;
        if (event.outcome == Outcome::done ||
            ((event.outcome == Outcome::committed || event.outcome == Outcome::prepared) &&
             outcome == Outcome::rolled_back))
            event.outcome = outcome;
        else if (event.outcome == Outcome::running && outcome == Outcome::rolled_back)
            event.outcome = Outcome::failed;
    });
    SpinLockRelease(&stage->lock);
}

void leave_transaction()
{
    Stage *stage = session.stage;
    session.in_transaction = false;
    // Room for the next transaction, so that its events seldom lie in two records.
    constexpr std::size_t spare = 4096;
    if (session.is_urgent || stage->used > stage_data_bytes - spare)
        flush_stage();
    stage->open_transaction = 0;
    if (!session.is_urgent)
        return;
    session.is_urgent = false;
    pg_atomic_fetch_add_u64(&area.head->seal_asked, 1);
    wake_worker();
}

void roll_back_subtransactions(SubTransactionId first)
{
    Stage *stage = session.stage;
    SpinLockAcquire(&stage->lock);
    each_event(stage, [&](EventHead &event) {
        if (event.subtransaction >= first && event.outcome == Outcome::done)
            event.outcome = Outcome::rolled_back;
    });
    SpinLockRelease(&stage->lock);
}

}  // namespace quiver::audit
