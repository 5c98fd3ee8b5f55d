// WindowPlan as the lists that a CustomScan may hold: an AsofPlan's, and some more behind them.
#include "features/window.hpp"

namespace quiver::features {
namespace {

// After the lists of encode(): in custom_private, and in custom_exprs.
constexpr int private_lists = 9;
constexpr int expression_lists = 7;
constexpr int numbers_each = 2;  // kind and filter of an aggregate

}  // namespace

void encode_windows(const WindowPlan &plan, CustomScan *scan)
{
    encode(plan.join, scan);
    List *all = list_make5_int(plan.known, plan.known_strict, plan.computed_place, plan.count,
                               plan.sequence);
    List *strict = NIL, *numbers = NIL, *columns = NIL, *nodes = NIL, *fractions = NIL;
    for (int i = 0; i < plan.bound_count; ++i)
        strict = lappend_int(strict, plan.bounds_strict[i]);
    for (int i = 0; i < plan.count; ++i)
    {
        const WindowAggregate &aggregate = plan.aggregates[i];
        numbers =
            lappend_int(lappend_int(numbers, static_cast<int>(aggregate.kind)), aggregate.filter);
        columns = lappend(columns, aggregate.columns);
        nodes = lappend(nodes, aggregate.aggregate);
        fractions = lappend(fractions, makeConst(FLOAT8OID, -1, InvalidOid, sizeof(double),
                                                 Float8GetDatum(aggregate.fraction), false, true));
    }
    scan->custom_private = list_concat(
        scan->custom_private,
        list_concat(list_make5(all, strict, numbers, columns, nodes), list_make1(fractions)));
    scan->custom_exprs =
        lappend(scan->custom_exprs, plan.known_by != nullptr ? list_make1(plan.known_by) : NIL);
}

WindowPlan decode_windows(const CustomScan *scan)
{
    WindowPlan plan{};
    plan.join = decode(scan);
    const auto list = [scan](int at) {
        return static_cast<List *>(list_nth(scan->custom_private, private_lists + at));
    };
    auto *known_by = static_cast<List *>(list_nth(scan->custom_exprs, expression_lists));
    plan.known = list_nth_int(list(0), 0);
    plan.known_strict = list_nth_int(list(0), 1) != 0;
    plan.computed_place = list_nth_int(list(0), 2);
    plan.count = list_nth_int(list(0), 3);
    plan.sequence = list_nth_int(list(0), 4);
    plan.known_by = known_by != NIL ? static_cast<Expr *>(linitial(known_by)) : nullptr;
    plan.bound_count = list_length(list(1));
    plan.bounds_strict =
        static_cast<bool *>(palloc0(sizeof(bool) * static_cast<std::size_t>(plan.bound_count + 1)));
    for (int i = 0; i < plan.bound_count; ++i)
        plan.bounds_strict[i] = list_nth_int(list(1), i) != 0;
    plan.aggregates = static_cast<WindowAggregate *>(
        palloc0(sizeof(WindowAggregate) * static_cast<std::size_t>(plan.count + 1)));
    for (int i = 0; i < plan.count; ++i)
    {
        WindowAggregate &aggregate = plan.aggregates[i];
        aggregate.kind = static_cast<WindowKind>(list_nth_int(list(2), numbers_each * i));
        aggregate.filter = list_nth_int(list(2), numbers_each * i + 1);
        aggregate.columns = static_cast<List *>(list_nth(list(3), i));
        aggregate.aggregate = list_nth_node(Aggref, list(4), i);
        aggregate.fraction = DatumGetFloat8(castNode(Const, list_nth(list(5), i))->constvalue);
    }
    return plan;
}

}  // namespace quiver::features
