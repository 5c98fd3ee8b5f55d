// Having the server's checkpoints wait for this process: for a background worker without a database that has to have written
// something before recovery no longer goes back to the WAL that tells of it.
//
// A checkpoint first says where recovery will begin (its redo), then waits for every virtual transaction that has
// DELAY_CHKPT_START set at that moment (storage/proc.h), looking every 10 ms, and only then writes what makes it the one to begin
// from. Here the flag is always set, and what a checkpoint waits for is that the transaction's number changes.
#pragma once

#include "pg/hooks.hpp"

extern "C" {
#include "storage/proc.h"
}

namespace quiver::pg {

class CheckpointHold
{
public:
    bool is_held() const { return number_ != 0; }

    // Every checkpoint that begins from now on. Not while a standby replays: there the number of a transaction is taken for
    // one that may read what replay removes.
    void hold()
    {
        InitProcessPhase2();  // checkpoints see only who is listed
        passed_ = GetRedoRecPtr();
        let_go(passed_);
        pg_write_barrier();
        MyProc->delayChkptFlags |= DELAY_CHKPT_START;
    }

    // The redo of the last checkpoint that has begun. Whatever WAL had before it, memory has by now.
    static XLogRecPtr redo() { return GetRedoRecPtr(); }
    bool waits(XLogRecPtr redo) const { return is_held() && redo != passed_; }

    // What WAL has before that redo is written.
    void let_go(XLogRecPtr redo)
    {
        passed_ = redo;
        number_ = number_ + 1 != 0 ? number_ + 1 : 1;
#if QUIVER_PROC_NUMBERS
        MyProc->vxid.lxid = number_;
#else
        MyProc->lxid = number_;
#endif
    }

private:
    XLogRecPtr passed_ = InvalidXLogRecPtr;
    LocalTransactionId number_ = 0;
};

}  // namespace quiver::pg
