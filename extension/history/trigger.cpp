// The trigger function of tables with history: one call for each statement.
#include "history/changes.hpp"
#include "pg/function.hpp"

namespace quiver::history {
namespace {

// A transition table, read from its beginning; close() gives its slot back.
class Rows
{
public:
    Rows(Tuplestorestate *rows, Relation relation)
        : rows_(rows),
          slot_(MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsMinimalTuple)),
          pointer_(tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND))
    {
        rewind();
    }
    void rewind()
    {
        tuplestore_select_read_pointer(rows_, pointer_);
        tuplestore_rescan(rows_);
    }
    TupleTableSlot *next()
    {
        tuplestore_select_read_pointer(rows_, pointer_);
        return tuplestore_gettupleslot(rows_, true, false, slot_) ? slot_ : nullptr;
    }
    void close() { ExecDropSingleTupleTableSlot(slot_); }
    std::int64_t count() const { return tuplestore_tuple_count(rows_); }

private:
    Tuplestorestate *rows_;
    TupleTableSlot *slot_;
    int pointer_;
};

void keep_inserted(Changes &changes, Rows &rows)
{
    while (TupleTableSlot *row = rows.next())
    {
        CHECK_FOR_INTERRUPTS();
        changes.came(row);
    }
}

void keep_deleted(Changes &changes, Rows &rows)
{
    while (TupleTableSlot *row = rows.next())
    {
        CHECK_FOR_INTERRUPTS();
        changes.went(row, 'D');
    }
}

// Both transition tables have the rows in one order. Where a trigger of a partition has dropped a row
// on its way they do not, and rows go and come.
void keep_updated(Changes &changes, Rows &before, Rows &after)
{
    if (before.count() != after.count())
    {
        keep_deleted(changes, before);
        keep_inserted(changes, after);
        return;
    }
    bool any_moved = false;
    for (;;)
    {
        TupleTableSlot *old_row = before.next();
        TupleTableSlot *new_row = after.next();
        if (old_row == nullptr || new_row == nullptr)
            break;
        CHECK_FOR_INTERRUPTS();
        if (changes.changed(old_row, new_row))
            continue;
        any_moved = true;
        changes.moved_from(old_row, new_row);
    }
    if (!any_moved)
        return;
    before.rewind();
    after.rewind();
    for (;;)
    {
        TupleTableSlot *old_row = before.next();
        TupleTableSlot *new_row = after.next();
        if (old_row == nullptr || new_row == nullptr)
            break;
        if (!changes.is_same_key(old_row, new_row))
            changes.moved_to(old_row, new_row);
    }
}

// Before TRUNCATE, which holds the table alone. A partitioned table has no rows of its own.
void keep_truncated(Changes &changes, Relation relation)
{
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TableScanDesc scan = table_beginscan(relation, snapshot, 0, nullptr);
    TupleTableSlot *row = table_slot_create(relation, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, row))
    {
        CHECK_FOR_INTERRUPTS();
        changes.went(row, 'T');
    }
    ExecDropSingleTupleTableSlot(row);
    table_endscan(scan);
    UnregisterSnapshot(snapshot);
}

void keep_tables(Changes &changes, const TriggerData *trigger)
{
    if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
    {
        Rows rows{trigger->tg_newtable, trigger->tg_relation};
        keep_inserted(changes, rows);
        return rows.close();
    }
    Rows before{trigger->tg_oldtable, trigger->tg_relation};
    if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
        keep_deleted(changes, before);
    else
    {
        Rows after{trigger->tg_newtable, trigger->tg_relation};
        keep_updated(changes, before, after);
        after.close();
    }
    before.close();
}

bool has_rows(const TriggerData *trigger)
{
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
        return RELKIND_HAS_TABLE_AM(trigger->tg_relation->rd_rel->relkind);
    return (trigger->tg_newtable != nullptr && tuplestore_tuple_count(trigger->tg_newtable) != 0) ||
           (trigger->tg_oldtable != nullptr && tuplestore_tuple_count(trigger->tg_oldtable) != 0);
}

void keep(const TriggerData *trigger)
{
    Relation relation = trigger->tg_relation;
    Changes changes{find_plan(RelationGetRelid(relation))};
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
        keep_truncated(changes, relation);
    else
        keep_tables(changes, trigger);
    changes.close();
}

}  // namespace
}  // namespace quiver::history

QUIVER_FUNCTION(quiver_history_trigger)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("quiver.history_trigger() is called by triggers only"),
                errhint("Call quiver.history_enable(), which makes them."));
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    const TriggerEvent event = trigger->tg_event;
    if (!TRIGGER_FIRED_FOR_STATEMENT(event) ||
        (TRIGGER_FIRED_BY_INSERT(event) && trigger->tg_newtable == nullptr) ||
        (TRIGGER_FIRED_BY_DELETE(event) && trigger->tg_oldtable == nullptr) ||
        (TRIGGER_FIRED_BY_UPDATE(event) &&
         (trigger->tg_newtable == nullptr || trigger->tg_oldtable == nullptr)))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("quiver.history_trigger() wants a statement trigger with transition tables"),
                errhint("Call quiver.history_enable(), which makes it."));
    if (quiver::history::has_rows(trigger))
        quiver::pg::with_portable_text([trigger] { quiver::history::keep(trigger); });
    PG_RETURN_POINTER(nullptr);  // and not null, which triggers must not return
}
