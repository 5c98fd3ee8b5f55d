// The as-of join by sorting: both sides in order of key and time, one pass over each.
//
// tuplesort keeps to its memory and spills; the pass holds one spine row and two history rows.
#pragma once

#include "features/asof_values.hpp"

namespace quiver::features {

class SortMerge
{
public:
    // `memory_kilobytes` is for both sorts together. Slots and sorts live in the current context.
    SortMerge(Values &values, const AsofPlan &plan, TupleDesc spine, TupleDesc history,
              int memory_kilobytes);

    // `keys` and `time` of the row; nullptr if one of them is NULL.
    void add_spine(TupleTableSlot *row, const Datum *keys, Datum time, bool present);
    // Rows with NULL among keys or time do not come in.
    void add_history(TupleTableSlot *row);
    void sort();

    // The next spine row, or nullptr; `*match` becomes its history row, or nullptr.
    TupleTableSlot *next(TupleTableSlot **match);
    // Frees what the sorts hold, memory and files.
    void end();

private:
    void begin_sorts(const AsofPlan &plan, int memory_kilobytes);
    [[nodiscard]] int compare_keys(TupleTableSlot *history);
    [[nodiscard]] bool may_see(TupleTableSlot *history);
    [[nodiscard]] bool newer(TupleTableSlot *a, TupleTableSlot *b);
    void absorb();

    Values &values_;
    int spine_columns_;
    TupleDesc spine_;
    TupleDesc history_;
    Tuplesortstate *spine_sort_ = nullptr;
    Tuplesortstate *history_sort_ = nullptr;
    TupleTableSlot *spine_input_;
    TupleTableSlot *spine_row_;
    TupleTableSlot *history_row_;
    TupleTableSlot *best_row_;
    bool history_left_ = false;
    bool has_best_ = false;
};

}  // namespace quiver::features
