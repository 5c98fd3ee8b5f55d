// Inserting rows into a table of the history, past SQL and executor: heap and indexes, nothing else.
#pragma once

#include "pg/trigger.hpp"

namespace quiver::history {

// Rows are gathered and go into the table a batch at a time. Skipping the destructor after an error is
// harmless: relations, locks and memory belong to the transaction.
class Store
{
public:
    explicit Store(Oid table);
    // Values as of the table's columns; copied.
    void add(const Datum *values, const bool *nulls);
    void close();
    int columns() const { return RelationGetDescr(table_)->natts; }

private:
    void flush();
    void insert_index_entries(TupleTableSlot *slot);

    static constexpr int most_indexes = 16;
    static constexpr int most_rows = 256;

    Relation table_;
    MemoryContext memory_;  // the caller's when the store was opened
    BulkInsertState bulk_ = nullptr;
    MemoryContext batch_;
    int index_count_ = 0;
    Relation indexes_[most_indexes];
    IndexInfo *infos_[most_indexes];
    EState *state_ = nullptr;
    int slot_count_ = 0;
    int used_ = 0;
    Size bytes_ = 0;
    TupleTableSlot *slots_[most_rows];
};

}  // namespace quiver::history
