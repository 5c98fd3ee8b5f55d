// Inserting into a history's table and its indexes.
#include "history/store.hpp"

namespace quiver::history {

Store::Store(Oid table)
    : table_(table_open(table, RowExclusiveLock)),
      memory_(CurrentMemoryContext),
      batch_(AllocSetContextCreate(CurrentMemoryContext, "quiver history batch",
                                   ALLOCSET_DEFAULT_SIZES))
{
    List *indexes = RelationGetIndexList(table_);
    ListCell *cell;
    foreach (cell, indexes)
    {
        if (index_count_ == most_indexes)
            ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("history table \"%s\" has more than %d indexes",
                           RelationGetRelationName(table_), most_indexes));
        Relation index = index_open(lfirst_oid(cell), RowExclusiveLock);
        indexes_[index_count_] = index;
        infos_[index_count_++] = BuildIndexInfo(index);
    }
    list_free(indexes);
}

void Store::add(const Datum *values, const bool *nulls)
{
    MemoryContext before = MemoryContextSwitchTo(memory_);
    if (used_ == slot_count_)
        slots_[slot_count_++] =
            MakeSingleTupleTableSlot(RelationGetDescr(table_), &TTSOpsHeapTuple);
    TupleTableSlot *slot = slots_[used_++];
    ExecClearTuple(slot);
    MemoryContextSwitchTo(batch_);
    HeapTuple tuple = heap_form_tuple(RelationGetDescr(table_), const_cast<Datum *>(values),
                                      const_cast<bool *>(nulls));
    MemoryContextSwitchTo(before);
    bytes_ += tuple->t_len;
    tuple->t_tableOid = RelationGetRelid(table_);
    ExecStoreHeapTuple(tuple, slot, false);
    slot->tts_tableOid = RelationGetRelid(table_);
    if (used_ == most_rows || bytes_ > 1024 * 1024)
        flush();
}

void Store::insert_index_entries(TupleTableSlot *slot)
{
    for (int i = 0; i < index_count_; ++i)
    {
        IndexInfo *info = infos_[i];
        if (!info->ii_ReadyForInserts)
            continue;
        if (info->ii_Expressions != NIL || info->ii_Predicate != NIL)
        {
            if (state_ == nullptr)
            {
                MemoryContext before = MemoryContextSwitchTo(memory_);
                state_ = CreateExecutorState();
                MemoryContextSwitchTo(before);
            }
            GetPerTupleExprContext(state_)->ecxt_scantuple = slot;
            if (info->ii_Predicate != NIL && info->ii_PredicateState == nullptr)
                info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, state_);
            if (!ExecQual(info->ii_PredicateState, GetPerTupleExprContext(state_)))
                continue;
        }
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        FormIndexDatum(info, slot, state_, values, nulls);
        index_insert(indexes_[i], values, nulls, &slot->tts_tid, table_,
                     info->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
    }
}

void Store::flush()
{
    if (used_ == 0)
        return;
    const CommandId command = GetCurrentCommandId(true);
    MemoryContext before = MemoryContextSwitchTo(batch_);
    if (used_ == 1)
        table_tuple_insert(table_, slots_[0], command, 0, nullptr);
    else
    {
        if (bulk_ == nullptr)
        {
            MemoryContextSwitchTo(memory_);
            bulk_ = GetBulkInsertState();
            MemoryContextSwitchTo(batch_);
        }
        table_multi_insert(table_, slots_, used_, command, 0, bulk_);
    }
    for (int i = 0; i < used_; ++i)
    {
        insert_index_entries(slots_[i]);
        ExecClearTuple(slots_[i]);
    }
    MemoryContextSwitchTo(before);
    MemoryContextReset(batch_);
    used_ = 0;
    bytes_ = 0;
}

void Store::close()
{
    flush();
    for (int i = 0; i < slot_count_; ++i)
        ExecDropSingleTupleTableSlot(slots_[i]);
    for (int i = 0; i < index_count_; ++i)
    {
        pg::end_index_inserts(indexes_[i], infos_[i]);
        index_close(indexes_[i], NoLock);
    }
    if (state_ != nullptr)
        FreeExecutorState(state_);
    if (bulk_ != nullptr)
        FreeBulkInsertState(bulk_);
    MemoryContextDelete(batch_);
    table_close(table_, NoLock);
}

}  // namespace quiver::history
