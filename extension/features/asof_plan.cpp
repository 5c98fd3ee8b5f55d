// AsofPlan as the lists that a CustomScan may hold: copied, printed and sent to workers by PostgreSQL.
#include "features/asof.hpp"

#include <initializer_list>

namespace quiver::features {
namespace {

// custom_private is a list of integer and OID lists in this order; custom_exprs one of expression lists.
enum PrivateList
{
    numbers,
    operators,
    key_oids,
    key_columns,
    bound_oids,
    tie_oids,
    tie_numbers,
    payload_numbers,
    output_places,
};

enum ExpressionList
{
    spine_keys,
    spine_time,
    bounds,
    outputs,
    join_quals,
    filters,
    shown,
};

List *integers(std::initializer_list<int> values)
{
    List *list = NIL;
    for (const int value : values)
        list = lappend_int(list, value);
    return list;
}

List *member(List *list, int position) { return static_cast<List *>(list_nth(list, position)); }

template <typename T> T *array_of(int count)
{
    return static_cast<T *>(palloc0(sizeof(T) * static_cast<std::size_t>(count + 1)));
}

}  // namespace

void encode(const AsofPlan &plan, CustomScan *scan)
{
    List *oids = NIL, *columns = NIL, *spine = NIL, *bound_list = NIL, *tie_list = NIL;
    List *tie_flags = NIL, *payload_list = NIL;
    for (int i = 0; i < plan.key_count; ++i)
    {
        const KeyPlan &key = plan.keys[i];
        for (const Oid oid : {key.family, key.history_type, key.spine_type, key.collation})
            oids = lappend_oid(oids, oid);
        columns = lappend_int(columns, key.history);
        spine = lappend(spine, key.spine);
    }
    for (int i = 0; i < plan.bound_count; ++i)
        bound_list = lappend_oid(bound_list, plan.bound_operators[i]);
    for (int i = 0; i < plan.tie_count; ++i)
    {
        const TiePlan &tie = plan.ties[i];
        tie_list = lappend_oid(lappend_oid(tie_list, tie.sort_operator), tie.collation);
        tie_flags = list_concat(tie_flags, integers({tie.nulls_first, tie.history, tie.payload}));
    }
    for (int i = 0; i < plan.payload_count; ++i)
    {
        const Payload &payload = plan.payloads[i];
        payload_list =
            list_concat(payload_list, integers({payload.history, payload.scan, payload.copy}));
    }
    List *times = NIL;
    for (const Oid oid : {plan.family, plan.history_type, plan.spine_type, plan.collation})
        times = lappend_oid(times, oid);
    List *all = integers({static_cast<int>(plan.strategy), plan.inner, plan.strict, plan.forward,
                          plan.spine_columns, plan.scan_columns, plan.time, plan.seen,
                          plan.shared_spine, plan.borrows});
    scan->custom_private =
        list_concat(list_make5(all, times, oids, columns, bound_list),
                    list_make4(tie_list, tie_flags, payload_list, plan.output_places));
    scan->custom_exprs = list_concat(
        list_make5(spine, list_make1(plan.spine_time), plan.bounds, plan.outputs, plan.join_quals),
        list_make2(plan.filters, plan.shown));
}

AsofPlan decode(const CustomScan *scan)
{
    List *lists = scan->custom_private;
    List *expressions = scan->custom_exprs;
    const List *all = member(lists, numbers);
    const List *times = member(lists, operators);
    const List *oids = member(lists, key_oids);
    const List *tie_list = member(lists, tie_oids);
    const List *flags = member(lists, tie_numbers);
    const List *places = member(lists, payload_numbers);

    AsofPlan plan{};
    plan.strategy = static_cast<Strategy>(list_nth_int(all, 0));
    plan.inner = list_nth_int(all, 1) != 0;
    plan.strict = list_nth_int(all, 2) != 0;
    plan.forward = list_nth_int(all, 3) != 0;
    plan.spine_columns = list_nth_int(all, 4);
    plan.scan_columns = list_nth_int(all, 5);
    plan.time = static_cast<AttrNumber>(list_nth_int(all, 6));
    plan.seen = static_cast<AttrNumber>(list_nth_int(all, 7));
    plan.shared_spine = list_nth_int(all, 8) != 0;
    plan.borrows = list_nth_int(all, 9) != 0;
    plan.family = list_nth_oid(times, 0);
    plan.history_type = list_nth_oid(times, 1);
    plan.spine_type = list_nth_oid(times, 2);
    plan.collation = list_nth_oid(times, 3);
    plan.spine_time = static_cast<Expr *>(linitial(member(expressions, spine_time)));

    plan.key_count = list_length(member(lists, key_columns));
    plan.keys = array_of<KeyPlan>(plan.key_count);
    for (int i = 0; i < plan.key_count; ++i)
        plan.keys[i] = KeyPlan{list_nth_oid(oids, 4 * i),
                               list_nth_oid(oids, 4 * i + 1),
                               list_nth_oid(oids, 4 * i + 2),
                               list_nth_oid(oids, 4 * i + 3),
                               static_cast<AttrNumber>(list_nth_int(member(lists, key_columns), i)),
                               static_cast<Expr *>(list_nth(member(expressions, spine_keys), i))};

    plan.bounds = member(expressions, bounds);
    plan.bound_count = list_length(plan.bounds);
    plan.bound_operators = array_of<Oid>(plan.bound_count);
    for (int i = 0; i < plan.bound_count; ++i)
        plan.bound_operators[i] = list_nth_oid(member(lists, bound_oids), i);

    plan.tie_count = list_length(tie_list) / 2;
    plan.ties = array_of<TiePlan>(plan.tie_count);
    for (int i = 0; i < plan.tie_count; ++i)
        plan.ties[i] = TiePlan{list_nth_oid(tie_list, 2 * i), list_nth_oid(tie_list, 2 * i + 1),
                               list_nth_int(flags, 3 * i) != 0,
                               static_cast<AttrNumber>(list_nth_int(flags, 3 * i + 1)),
                               list_nth_int(flags, 3 * i + 2)};

    plan.payload_count = list_length(places) / 3;
    plan.payloads = array_of<Payload>(plan.payload_count);
    for (int i = 0; i < plan.payload_count; ++i)
        plan.payloads[i] =
            Payload{static_cast<AttrNumber>(list_nth_int(places, 3 * i)),
                    list_nth_int(places, 3 * i + 1), list_nth_int(places, 3 * i + 2)};

    plan.output_places = member(lists, output_places);
    plan.outputs = member(expressions, outputs);
    plan.join_quals = member(expressions, join_quals);
    plan.filters = member(expressions, filters);
    plan.shown = member(expressions, shown);
    return plan;
}

}  // namespace quiver::features
