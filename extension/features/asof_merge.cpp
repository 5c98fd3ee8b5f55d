// Sort both sides, then walk them together.
#include "features/asof_merge.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

// The spine's columns, then its keys and time.
TupleDesc extended(TupleDesc spine, const AsofPlan &plan)
{
    TupleDesc result = CreateTemplateTupleDesc(spine->natts + plan.key_count + 1);
    for (int i = 1; i <= spine->natts; ++i)
        TupleDescCopyEntry(result, static_cast<AttrNumber>(i), spine, static_cast<AttrNumber>(i));
    for (int i = 0; i <= plan.key_count; ++i)
    {
        auto *value =
            reinterpret_cast<Node *>(i < plan.key_count ? plan.keys[i].spine : plan.spine_time);
        const auto column = static_cast<AttrNumber>(spine->natts + i + 1);
        TupleDescInitEntry(result, column, nullptr, exprType(value), exprTypmod(value), 0);
        TupleDescInitEntryCollation(result, column, exprCollation(value));
    }
    return result;
}

Oid sort_operator(Oid family, Oid type, bool descending)
{
    return get_opfamily_member(family, type, type,
                               descending ? BTGreaterStrategyNumber : BTLessStrategyNumber);
}

}  // namespace

SortMerge::SortMerge(Values &values, const AsofPlan &plan, TupleDesc spine, TupleDesc history,
                     int memory_kilobytes)
    : values_{values},
      spine_columns_{spine->natts},
      spine_{extended(spine, plan)},
      history_{history},
      spine_input_{MakeSingleTupleTableSlot(spine_, &TTSOpsVirtual)},
      spine_row_{MakeSingleTupleTableSlot(spine_, &TTSOpsMinimalTuple)},
      history_row_{MakeSingleTupleTableSlot(history, &TTSOpsMinimalTuple)},
      best_row_{MakeSingleTupleTableSlot(history, &TTSOpsMinimalTuple)}
{
    begin_sorts(plan, std::max(64, memory_kilobytes / 2));
}

void SortMerge::begin_sorts(const AsofPlan &plan, int memory_kilobytes)
{
    const int columns = plan.key_count + 1;
    const auto count = static_cast<std::size_t>(columns);
    auto *spine_columns = static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * count));
    auto *history_columns = static_cast<AttrNumber *>(palloc(sizeof(AttrNumber) * count));
    auto *spine_operators = static_cast<Oid *>(palloc(sizeof(Oid) * count));
    auto *history_operators = static_cast<Oid *>(palloc(sizeof(Oid) * count));
    auto *collations = static_cast<Oid *>(palloc(sizeof(Oid) * count));
    auto *nulls_first = static_cast<bool *>(palloc0(sizeof(bool) * count));
    for (int i = 0; i < columns; ++i)
    {
        const bool is_time = i == plan.key_count;
        const Oid family = is_time ? plan.family : plan.keys[i].family;
        const bool descending = is_time && plan.forward;
        spine_columns[i] = static_cast<AttrNumber>(spine_columns_ + i + 1);
        history_columns[i] = is_time ? plan.seen : plan.keys[i].history;
        spine_operators[i] =
            sort_operator(family, is_time ? plan.spine_type : plan.keys[i].spine_type, descending);
        history_operators[i] = sort_operator(
            family, is_time ? plan.history_type : plan.keys[i].history_type, descending);
        collations[i] = is_time ? plan.collation : plan.keys[i].collation;
    }
    spine_sort_ = tuplesort_begin_heap(spine_, columns, spine_columns, spine_operators, collations,
                                       nulls_first, memory_kilobytes, nullptr, TUPLESORT_NONE);
    history_sort_ =
        tuplesort_begin_heap(history_, columns, history_columns, history_operators, collations,
                             nulls_first, memory_kilobytes, nullptr, TUPLESORT_NONE);
}

void SortMerge::add_spine(TupleTableSlot *row, const Datum *keys, Datum time, bool present)
{
    slot_getallattrs(row);
    ExecClearTuple(spine_input_);
    std::copy_n(row->tts_values, spine_columns_, spine_input_->tts_values);
    std::copy_n(row->tts_isnull, spine_columns_, spine_input_->tts_isnull);
    for (int i = 0; i <= values_.key_count; ++i)
    {
        const int at = spine_columns_ + i;
        spine_input_->tts_isnull[at] = !present;
        spine_input_->tts_values[at] = !present ? 0 : i < values_.key_count ? keys[i] : time;
    }
    ExecStoreVirtualTuple(spine_input_);
    tuplesort_puttupleslot(spine_sort_, spine_input_);
}

void SortMerge::add_history(TupleTableSlot *row)
{
    for (int i = 0; i < values_.key_count; ++i)
    {
        if (slot_attisnull(row, values_.keys[i].history))
            return;
    }
    if (!slot_attisnull(row, values_.seen) && !slot_attisnull(row, values_.time))
        tuplesort_puttupleslot(history_sort_, row);
}

void SortMerge::sort()
{
    tuplesort_performsort(spine_sort_);
    tuplesort_performsort(history_sort_);
    history_left_ = tuplesort_gettupleslot(history_sort_, true, false, history_row_, nullptr);
}

// A history row's keys with those of the spine row at hand.
int SortMerge::compare_keys(TupleTableSlot *history)
{
    for (int i = 0; i < values_.key_count; ++i)
    {
        KeyFunctions &key = values_.keys[i];
        bool is_null;
        const Datum left = slot_getattr(history, key.history, &is_null);
        const Datum right = slot_getattr(spine_row_, spine_columns_ + i + 1, &is_null);
        const int order = DatumGetInt32(FunctionCall2Coll(&key.order, key.collation, left, right));
        if (order != 0)
            return order;
    }
    return 0;
}

bool SortMerge::may_see(TupleTableSlot *history)
{
    bool is_null;
    const Datum seen = slot_getattr(history, values_.seen, &is_null);
    const Datum time = slot_getattr(spine_row_, spine_columns_ + values_.key_count + 1, &is_null);
    const int order =
        DatumGetInt32(FunctionCall2Coll(&values_.time_order, values_.time_collation, seen, time));
    if (order == 0)
        return !values_.strict;
    return values_.forward ? order > 0 : order < 0;
}

bool SortMerge::newer(TupleTableSlot *a, TupleTableSlot *b)
{
    for (int i = -1; i < values_.tie_count; ++i)
    {
        SortSupportData &order = i < 0 ? values_.newest : values_.ties[i].order;
        bool nulls[2];
        const Datum left = slot_getattr(a, order.ssup_attno, &nulls[0]);
        const Datum right = slot_getattr(b, order.ssup_attno, &nulls[1]);
        const int result = ApplySortComparator(left, nulls[0], right, nulls[1], &order);
        if (result != 0)
            return result < 0;
    }
    return false;
}

// Take in all history rows of the spine row's keys that it may see.
void SortMerge::absorb()
{
    while (history_left_)
    {
        CHECK_FOR_INTERRUPTS();
        const int order = compare_keys(history_row_);
        if (order > 0 || (order == 0 && !may_see(history_row_)))
            return;
        if (order == 0 && (!has_best_ || newer(history_row_, best_row_)))
        {
            ExecCopySlot(best_row_, history_row_);
            has_best_ = true;
        }
        history_left_ = tuplesort_gettupleslot(history_sort_, true, false, history_row_, nullptr);
    }
}

TupleTableSlot *SortMerge::next(TupleTableSlot **match)
{
    *match = nullptr;
    if (!tuplesort_gettupleslot(spine_sort_, true, false, spine_row_, nullptr))
        return nullptr;
    if (slot_attisnull(spine_row_, spine_columns_ + values_.key_count + 1))
        return spine_row_;
    if (has_best_ && compare_keys(best_row_) != 0)
        has_best_ = false;
    absorb();
    *match = has_best_ ? best_row_ : nullptr;
    return spine_row_;
}

void SortMerge::end()
{
    for (TupleTableSlot *slot : {spine_row_, history_row_, best_row_, spine_input_})
        ExecClearTuple(slot);
    tuplesort_end(spine_sort_);
    tuplesort_end(history_sort_);
}

}  // namespace quiver::features
