// Run aggregates over windows as nodeAgg.c would: transition by transition, state in a context of its own.
#include "features/window_general.hpp"

#include "pg/aggregate.hpp"

namespace quiver::features {

struct GeneralAggregate
{
    pg::AggregateFunctions functions;
    AggState *caller;  // what the functions see as the node that calls them
    ExprContext *state;
    FunctionCallInfo transition;
    FunctionCallInfo final;
};

namespace {

void begin_state(GeneralAggregate *aggregate, Datum *value, bool *is_null)
{
    const pg::AggregateFunctions &functions = aggregate->functions;
    ResetExprContext(aggregate->state);
    *is_null = functions.initial_is_null;
    *value = functions.initial;
    if (*is_null || functions.state_by_value)
        return;
    MemoryContext caller = MemoryContextSwitchTo(aggregate->state->ecxt_per_tuple_memory);
    *value = datumCopy(functions.initial, false, functions.state_length);
    MemoryContextSwitchTo(caller);
}

// A state that the function has made anew belongs to the state's context from then on.
Datum keep_state(GeneralAggregate *aggregate, Datum value)
{
    const pg::AggregateFunctions &functions = aggregate->functions;
    MemoryContext caller = MemoryContextSwitchTo(aggregate->state->ecxt_per_tuple_memory);
    value = datumCopy(value, functions.state_by_value, functions.state_length);
    MemoryContextSwitchTo(caller);
    return value;
}

bool has_null(const FunctionCallInfoBaseData *call, int count)
{
    for (int i = 1; i <= count; ++i)
    {
        if (call->args[i].isnull)
            return true;
    }
    return false;
}

// With the temporary context current; the state comes first among the arguments.
void advance(GeneralAggregate *aggregate, int count, Datum *value, bool *is_null, bool *is_begun)
{
    pg::AggregateFunctions &functions = aggregate->functions;
    FunctionCallInfo call = aggregate->transition;
    if (functions.transition.fn_strict)
    {
        if (has_null(call, count))
            return;
        if (!*is_begun && *is_null)
        {
            *value = keep_state(aggregate, call->args[1].value);
            *is_null = false;
            *is_begun = true;
            return;
        }
        if (*is_null)
            return;
    }
    *is_begun = true;
    call->args[0].value = *value;
    call->args[0].isnull = *is_null;
    call->isnull = false;
    const Datum result = FunctionCallInvoke(call);
    const bool moved = !functions.state_by_value && result != *value && !call->isnull;
    *value = moved ? keep_state(aggregate, result) : result;
    *is_null = call->isnull;
}

Datum finish(GeneralAggregate *aggregate, Datum value, bool *is_null)
{
    pg::AggregateFunctions &functions = aggregate->functions;
    if (!OidIsValid(functions.final.fn_oid))
        return value;
    FunctionCallInfo call = aggregate->final;
    if (functions.final.fn_strict && (*is_null || functions.final_arguments > 1))
    {
        *is_null = true;
        return 0;
    }
    for (int i = 0; i < functions.final_arguments; ++i)
        call->args[i] = NullableDatum{0, true};
    call->args[0].value = value;
    call->args[0].isnull = *is_null;
    call->isnull = false;
    const Datum result = FunctionCallInvoke(call);
    *is_null = call->isnull;
    return result;
}

}  // namespace

GeneralAggregate *prepare_general(const WindowAggregate &window, EState *estate)
{
    auto *aggregate = static_cast<GeneralAggregate *>(palloc0(sizeof(GeneralAggregate)));
    pg::look_up_aggregate(window.aggregate, &aggregate->functions);
    aggregate->state = CreateExprContext(estate);
    aggregate->caller = makeNode(AggState);
    aggregate->caller->ss.ps.state = estate;
    aggregate->caller->curaggcontext = aggregate->state;
    aggregate->caller->tmpcontext = aggregate->state;
    const auto room = [](int arguments) {
        return static_cast<FunctionCallInfo>(
            palloc0(SizeForFunctionCallInfo(static_cast<std::size_t>(arguments))));
    };
    auto *caller = reinterpret_cast<Node *>(aggregate->caller);
    const int count = list_length(window.columns) + 1;
    aggregate->transition = room(count);
    InitFunctionCallInfoData(*aggregate->transition, &aggregate->functions.transition,
                             static_cast<short>(count), window.aggregate->inputcollid, caller,
                             nullptr);
    aggregate->final = room(aggregate->functions.final_arguments);
    InitFunctionCallInfoData(*aggregate->final, &aggregate->functions.final,
                             static_cast<short>(aggregate->functions.final_arguments),
                             window.aggregate->inputcollid, caller, nullptr);
    return aggregate;
}

Datum fold_generally(GeneralAggregate *aggregate, const Run *arguments, int count,
                     const Run *filter, std::uint64_t rows, bool *is_null)
{
    Datum value;
    bool is_begun = false;
    begin_state(aggregate, &value, is_null);
    is_begun = !*is_null;
    for (std::uint64_t row = 0; row < rows; ++row)
    {
        if (filter != nullptr && (filter->is_null(row) || !DatumGetBool(filter->values[row])))
            continue;
        for (int i = 0; i < count; ++i)
        {
            aggregate->transition->args[i + 1].value = arguments[i].values[row];
            aggregate->transition->args[i + 1].isnull = arguments[i].is_null(row);
        }
        advance(aggregate, count, &value, is_null, &is_begun);
        if (row % 1024 == 1023)
            CHECK_FOR_INTERRUPTS();
    }
    return finish(aggregate, value, is_null);
}

}  // namespace quiver::features
