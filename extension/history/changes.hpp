// The changes of one statement on their way into the history: rows as text, or only what differs.
#pragma once

#include "history/store.hpp"
#include "history/transaction.hpp"

namespace quiver::history {

// The value's portable text, or what stands for it in the history.
text *kept_text(const Plan *plan, Column *column, Datum value);

// Ordinals rise in the order of the calls; within a statement rows must go before others come.
class Changes
{
public:
    explicit Changes(Plan *plan);
    void came(TupleTableSlot *row) { came(row, nullptr); }
    void went(TupleTableSlot *row, char operation) { went(row, operation, nullptr); }
    // False, and nothing kept, if the row has another key now: it moves, by the next two calls.
    bool changed(TupleTableSlot *before, TupleTableSlot *after);
    void moved_from(TupleTableSlot *before, TupleTableSlot *after);
    void moved_to(TupleTableSlot *before, TupleTableSlot *after);
    bool is_same_key(TupleTableSlot *before, TupleTableSlot *after);
    void close();

private:
    void came(TupleTableSlot *row, TupleTableSlot *from);
    void went(TupleTableSlot *row, char operation, TupleTableSlot *to);
    int whole_row(TupleTableSlot *row, Datum *texts);
    Datum key_of(TupleTableSlot *row);
    void add(char operation, Datum key, Datum moved, int count, const Datum *before,
             const bool *no_before, const Datum *after, const bool *no_after);

    Plan *plan_;
    Place place_;
    TimestampTz at_;
    Store store_;
    MemoryContext row_;
    std::int32_t ordinal_ = 0;
    // Room for one row's worth of each, by place in the plan.
    Datum *ids_;
    Datum *before_;
    Datum *after_;
    bool *no_before_;
    bool *no_after_;
};

}  // namespace quiver::history
