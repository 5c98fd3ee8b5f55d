// The distances between a query's value and the sample of a column's, as the planner asks for them.
#include "types/sampled_distances.hpp"

#include "types/dense.hpp"
#include "types/distance_support.hpp"
#include "types/sparsevec.hpp"
#include "types/value_sample.hpp"

#include "pg/function.hpp"

#include <algorithm>
#include <cmath>

extern "C" {
extern PGDLLEXPORT Datum vector_to_halfvec(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum halfvec_to_vector(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum halfvec(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum vector(PG_FUNCTION_ARGS);
}

namespace quiver::types {

namespace {

// Where the query's value is not known, of how many values of the sample the distances are taken.
constexpr int assumed_queries = 8;

// Infinity, for arithmetic.
constexpr double farthest = 1e300;

// A distance call with its column told from the other side.
struct Call
{
    Oid function;
    DistanceType type;
    Node *column;
    Node *query;
};

bool take_apart(Expr *expression, Call *call)
{
    auto *node = reinterpret_cast<Node *>(expression);
    List *arguments = NIL;
    if (IsA(node, OpExpr))
    {
        call->function = get_opcode(castNode(OpExpr, node)->opno);
        arguments = castNode(OpExpr, node)->args;
    }
    else if (IsA(node, FuncExpr))
    {
        call->function = castNode(FuncExpr, node)->funcid;
        arguments = castNode(FuncExpr, node)->args;
    }
    if (list_length(arguments) != 2)
        return false;
    call->type = distance_type(expression);
    call->column = static_cast<Node *>(linitial(arguments));
    call->query = static_cast<Node *>(lsecond(arguments));
    if (!contain_var_clause(call->column))
        std::swap(call->column, call->query);
    return contain_var_clause(call->column) && !contain_var_clause(call->query);
}

// The argument of a cast between vector and halfvec or to a number of dimensions; null if it is none.
Node *below_cast(Node *node)
{
    if (IsA(node, RelabelType))
        return reinterpret_cast<Node *>(castNode(RelabelType, node)->arg);
    if (!IsA(node, FuncExpr))
        return nullptr;
    FmgrInfo function;
    fmgr_info(castNode(FuncExpr, node)->funcid, &function);
    constexpr PGFunction casts[] = {vector_to_halfvec, halfvec_to_vector, ::halfvec, ::vector};
    if (std::find(std::begin(casts), std::end(casts), function.fn_addr) == std::end(casts))
        return nullptr;
    return static_cast<Node *>(linitial(castNode(FuncExpr, node)->args));
}

// Whether a distance takes the values of a sample, or what they are easily made into.
bool fits(const ValueSample &sample, const Call &call, Oid sampled_type)
{
    if (sample.form == SampleForm::halves)
        return call.type == DistanceType::vector || call.type == DistanceType::halfvec;
    return sampled_type == exprType(call.column);
}

// The sample of a column, or of an expression that is an index's or that casts one.
bool sample_of(PlannerInfo *root, const Call &call, ValueSample *sample, double *null_share)
{
    for (Node *node = call.column; node != nullptr; node = below_cast(node))
    {
        VariableStatData variable;
        examine_variable(root, node, 0, &variable);
        const bool found = HeapTupleIsValid(variable.statsTuple) && variable.acl_ok &&
                           read_value_sample(variable.statsTuple, sample);
        if (found)
            *null_share =
                reinterpret_cast<Form_pg_statistic>(GETSTRUCT(variable.statsTuple))->stanullfrac;
        ReleaseVariableStats(variable);
        if (found)
            return fits(*sample, call, exprType(node));
    }
    return false;
}

// A value of the sample as the distance takes it.
Datum as_argument(const ValueSample &sample, int i, DistanceType type)
{
    const bool wants_vector = type == DistanceType::vector;
    if (sample.form == SampleForm::halves && wants_vector)
        return DirectFunctionCall2(halfvec_to_vector, sample.values[i], Int32GetDatum(-1));
    return sample.values[i];
}

// Whether two values have the same dimensions, so that their distance is no error.
bool are_comparable(Datum a, Datum b, DistanceType type)
{
    const auto *left = reinterpret_cast<const varlena *>(DatumGetPointer(a));
    const auto *right = reinterpret_cast<const varlena *>(DatumGetPointer(b));
    switch (type)
    {
    case DistanceType::sparsevec:
        return reinterpret_cast<const SparseVector *>(left)->dim ==
               reinterpret_cast<const SparseVector *>(right)->dim;
    case DistanceType::bit:
        return VARBITLEN(reinterpret_cast<const VarBit *>(left)) ==
               VARBITLEN(reinterpret_cast<const VarBit *>(right));
    default:
        return VARSIZE(left) == VARSIZE(right);
    }
}

void add_distances(const Call &call, const ValueSample &sample, Datum query, int skipped,
                   SampledDistances *distances)
{
    FmgrInfo function;
    fmgr_info(call.function, &function);
    for (int i = 0; i < sample.count; ++i)
    {
        if (i == skipped)
            continue;
        const Datum value = as_argument(sample, i, call.type);
        if (!are_comparable(value, query, call.type))
            continue;
        const double distance = DatumGetFloat8(FunctionCall2(&function, value, query));
        distances->total += sample.weight(i);
        if (std::isnan(distance))
            distances->unordered += sample.weight(i);
        else if (sample.weight(i) > 0)
            distances->items[distances->count++] = {std::clamp(distance, -farthest, farthest),
                                                    sample.weight(i)};
    }
}

// The distances from a query's value, or, where that is a parameter nobody knows yet, from some of the sample.
SampledDistances distances_to(PlannerInfo *root, const Call &call, const ValueSample &sample)
{
    Node *query = estimate_expression_value(root, call.query);
    const bool is_known = IsA(query, Const);
    const int queries = is_known ? 1 : std::min(assumed_queries, sample.count);
    SampledDistances distances{};
    distances.items = static_cast<kernels::WeightedDistance *>(palloc(
        sizeof(kernels::WeightedDistance) * static_cast<std::size_t>(queries * sample.count)));
    if (is_known)
    {
        const auto *constant = castNode(Const, query);
        if (!constant->constisnull)
            add_distances(call, sample, PointerGetDatum(PG_DETOAST_DATUM(constant->constvalue)), -1,
                          &distances);
        return distances;
    }
    for (int i = 0; i < queries; ++i)
    {
        CHECK_FOR_INTERRUPTS();
        const int chosen = i * sample.count / queries;
        add_distances(call, sample, as_argument(sample, chosen, call.type), chosen, &distances);
    }
    return distances;
}

}  // namespace

bool sampled_distances(PlannerInfo *root, Expr *expression, SampledDistances *distances)
{
    Call call;
    ValueSample sample;
    double null_share;
    if (!take_apart(expression, &call) || !sample_of(root, call, &sample, &null_share))
        return false;
    *distances = distances_to(root, call, sample);
    distances->null_share = null_share;
    return true;
}

}  // namespace quiver::types
