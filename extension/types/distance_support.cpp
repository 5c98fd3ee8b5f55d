// The cost of one distance call, from the widths of its arguments and where they are stored.
#include "types/distance_support.hpp"

#include "pg/function.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace quiver::types {
namespace {

// How values of a type are laid out and how fast they are compared.
struct TypeProfile
{
    double header;  // bytes before the elements, length word included
    double bytes_per_dim;  // 0: the type modifier says nothing about the size (sparsevec)
    double bytes_per_unit;  // bytes of one argument compared in the time of one cpu_operator_cost
    double unknown_bytes;  // size assumed of a value nothing is known about
};

// Measured by bench/planner/run.sh. The dense kernels keep up with the memory that delivers the
// rows, so all of them run at its speed; half of that time is left to seq_page_cost, which the
// planner charges for the same bytes. Matching two lists of indices takes several times as long.
constexpr double dense_bytes_per_unit = 64;
constexpr double sparse_bytes_per_unit = 12;
constexpr TypeProfile vector_profile{8, 4, dense_bytes_per_unit, 8 + 4 * 768};
constexpr TypeProfile halfvec_profile{8, 2, dense_bytes_per_unit, 8 + 2 * 768};
constexpr TypeProfile tinyvec_profile{8, 1, dense_bytes_per_unit, 8 + 1 * 768};
constexpr TypeProfile bit_profile{8, 0.125, dense_bytes_per_unit, 8 + 96};
constexpr TypeProfile sparsevec_profile{16, 0, sparse_bytes_per_unit, 16 + 8 * 128};

// Units of cpu_operator_cost. A call from an expression, its dimension check included.
constexpr double call_units = 2;
// Finding a value's first chunk; then each chunk. Right after the last one, where a scan finds nearly
// all (docs/toast_fetch.md), it takes 60; through the TOAST table's index, which orders that do not
// follow the table need, 300. The planner does not know which it will be.
constexpr double fetch_units = 100;
constexpr double chunk_units = 25;

// A stored width up to this is that of pointers to values kept elsewhere; a value below the least
// toast_tuple_target is never moved.
constexpr double pointer_width = 18;
constexpr double least_moved_bytes = 128;

// One argument of a call.
struct Argument
{
    double bytes = 0;  // size of the value; 0 if unknown
    double stored_width = 0;  // average size within the row, from statistics; 0 if unknown
    bool may_move_out = false;  // a column whose storage allows long values out of line
};

// Whether a plain column's values may leave the row when the row is long.
bool column_may_move_out(PlannerInfo *root, const Var *column)
{
    if (column->varlevelsup != 0 || column->varattno <= 0 || column->varno <= 0 ||
        static_cast<int>(column->varno) >= root->simple_rel_array_size)
        return false;
    const RangeTblEntry *entry = planner_rt_fetch(column->varno, root);
    if (entry->rtekind != RTE_RELATION)
        return false;
    HeapTuple tuple =
        SearchSysCache2(ATTNUM, ObjectIdGetDatum(entry->relid), Int16GetDatum(column->varattno));
    if (!HeapTupleIsValid(tuple))
        return false;
    const char storage = reinterpret_cast<Form_pg_attribute>(GETSTRUCT(tuple))->attstorage;
    ReleaseSysCache(tuple);
    return storage == TYPSTORAGE_EXTERNAL || storage == TYPSTORAGE_EXTENDED;
}

// Average width within the row, from ANALYZE; 0 without statistics.
double stored_width(PlannerInfo *root, Node *expression)
{
    VariableStatData variable;
    examine_variable(root, expression, 0, &variable);
    double width = 0;
    if (HeapTupleIsValid(variable.statsTuple))
        width = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(variable.statsTuple))->stawidth;
    ReleaseVariableStats(variable);
    return width;
}

Argument examine(PlannerInfo *root, Node *expression, const TypeProfile &profile)
{
    Argument argument;
    if (IsA(expression, Const))
    {
        const auto *constant = reinterpret_cast<const Const *>(expression);
        if (!constant->constisnull)
            argument.bytes = static_cast<double>(toast_raw_datum_size(constant->constvalue));
        return argument;
    }
    const std::int32_t typmod = exprTypmod(expression);
    if (typmod > 0 && profile.bytes_per_dim > 0)
        argument.bytes = profile.header + profile.bytes_per_dim * typmod;
    while (IsA(expression, RelabelType))
        expression = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(expression)->arg);
    if (root != nullptr && IsA(expression, Var))
    {
        argument.stored_width = stored_width(root, expression);
        argument.may_move_out = column_may_move_out(root, reinterpret_cast<Var *>(expression));
    }
    return argument;
}

// The size of a value whose argument does not tell it: that of the other argument, for types whose
// arguments must be alike; else what the row holds, unless that is a pointer; else a guess.
double settle_bytes(const Argument &argument, const Argument &other, const TypeProfile &profile)
{
    if (argument.bytes > 0)
        return argument.bytes;
    if (other.bytes > 0 && profile.bytes_per_dim > 0)
        return other.bytes;
    if (argument.stored_width > pointer_width)
        return argument.stored_width;
    if (argument.stored_width > 0)
        return std::max<double>(profile.unknown_bytes, TOAST_TUPLE_THRESHOLD);
    return profile.unknown_bytes;
}

// The share of rows whose value has to be fetched from the TOAST table. The average stored width
// lies between the pointer's and the value's, the nearer to the pointer the more are out of line.
double fetched_share(const Argument &argument, double bytes)
{
    if (bytes < least_moved_bytes)
        return 0;
    if (argument.stored_width > 0)
        return std::clamp((bytes - argument.stored_width) / (bytes - pointer_width), 0.0, 1.0);
    return argument.may_move_out && bytes > TOAST_TUPLE_THRESHOLD ? 1 : 0;
}

// Fetching one value: CPU for finding it and for the chunks, and the pages they fill. A scan
// meets values in the order they were written, so pages are charged as sequential, which is what
// the same bytes would have cost inside the table.
double fetch_cost(double bytes)
{
    const double chunks = bytes / static_cast<double>(TOAST_MAX_CHUNK_SIZE);
    const double pages = bytes / (BLCKSZ - SizeOfPageHeaderData);
    return (fetch_units + chunk_units * chunks) * cpu_operator_cost + pages * seq_page_cost;
}

double call_cost(PlannerInfo *root, List *arguments, const TypeProfile &profile)
{
    const Argument examined[2] = {
        examine(root, static_cast<Node *>(linitial(arguments)), profile),
        examine(root, static_cast<Node *>(lsecond(arguments)), profile),
    };
    double compared = 0;
    double cost = call_units * cpu_operator_cost;
    for (int i = 0; i < 2; ++i)
    {
        const double bytes = settle_bytes(examined[i], examined[1 - i], profile);
        compared += bytes;
        cost += fetched_share(examined[i], bytes) * fetch_cost(bytes);
    }
    return cost + compared / 2 / profile.bytes_per_unit * cpu_operator_cost;
}

// The arguments of a function call or operator; empty for any other node.
List *call_arguments(const Node *node)
{
    if (node != nullptr && IsA(node, FuncExpr))
        return reinterpret_cast<const FuncExpr *>(node)->args;
    if (node != nullptr && IsA(node, OpExpr))
        return reinterpret_cast<const OpExpr *>(node)->args;
    return NIL;
}

Datum answer(FunctionCallInfo fcinfo, const TypeProfile &profile)
{
    auto *request = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
    if (!IsA(request, SupportRequestCost))
        PG_RETURN_POINTER(nullptr);
    auto *cost = reinterpret_cast<SupportRequestCost *>(request);
    List *arguments = call_arguments(cost->node);
    if (list_length(arguments) != 2)
        PG_RETURN_POINTER(nullptr);
    cost->startup = 0;
    cost->per_tuple = call_cost(cost->root, arguments, profile);
    PG_RETURN_POINTER(cost);
}

}  // namespace
}  // namespace quiver::types

QUIVER_FUNCTION(vector_distance_support)
{
    return quiver::types::answer(fcinfo, quiver::types::vector_profile);
}

QUIVER_FUNCTION(halfvec_distance_support)
{
    return quiver::types::answer(fcinfo, quiver::types::halfvec_profile);
}

QUIVER_FUNCTION(tinyvec_distance_support)
{
    return quiver::types::answer(fcinfo, quiver::types::tinyvec_profile);
}

QUIVER_FUNCTION(bit_distance_support)
{
    return quiver::types::answer(fcinfo, quiver::types::bit_profile);
}

QUIVER_FUNCTION(sparsevec_distance_support)
{
    return quiver::types::answer(fcinfo, quiver::types::sparsevec_profile);
}

namespace quiver::types {

DistanceType distance_type(const Expr *expression)
{
    const auto *node = reinterpret_cast<const Node *>(expression);
    Oid function = InvalidOid;
    if (IsA(node, FuncExpr))
        function = reinterpret_cast<const FuncExpr *>(node)->funcid;
    else if (IsA(node, OpExpr))
        function = get_opcode(reinterpret_cast<const OpExpr *>(node)->opno);
    const RegProcedure support = OidIsValid(function) ? get_func_support(function) : InvalidOid;
    if (!OidIsValid(support))
        return DistanceType::none;
    FmgrInfo call;
    fmgr_info(support, &call);
    constexpr PGFunction ours[] = {vector_distance_support, halfvec_distance_support,
                                   tinyvec_distance_support, bit_distance_support,
                                   sparsevec_distance_support};
    const auto *found = std::find(std::begin(ours), std::end(ours), call.fn_addr);
    return found == std::end(ours) ? DistanceType::none
                                   : static_cast<DistanceType>(found - std::begin(ours) + 1);
}

}  // namespace quiver::types
