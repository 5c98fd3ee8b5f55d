// Set-returning functions whose rows come from a statement that another function writes:
// feature_get_historical runs what feature_historical_sql returns, with the caller's rights and snapshot.
//
// Rows are streamed from the executor into the result's tuplestore, so the statement may use parallel
// workers, and its types are compared with the caller's column list before the first row.
#include "pg/query.hpp"

#include "pg/function.hpp"

namespace quiver::features {
namespace {

struct Receiver
{
    DestReceiver base;  // first: the executor sees only this
    Tuplestorestate *store;
    TupleDesc expected;
    int time_column;  // counted for NULLs; 0 for none
    int64 null_times;
    const char *time_name;
};

Receiver *receiver_of(DestReceiver *base) { return reinterpret_cast<Receiver *>(base); }

char *column_list(TupleDesc shape)
{
    StringInfoData list;
    initStringInfo(&list);
    for (int i = 0; i < shape->natts; i++)
    {
        const auto *column = TupleDescAttr(shape, i);
        appendStringInfo(&list, "%s%s %s", i == 0 ? "" : ", ",
                         quote_identifier(NameStr(column->attname)),
                         format_type_with_typemod(column->atttypid, column->atttypmod));
    }
    return list.data;
}

bool same_types(TupleDesc one, TupleDesc other)
{
    if (one->natts != other->natts)
        return false;
    for (int i = 0; i < one->natts; i++)
        if (TupleDescAttr(one, i)->atttypid != TupleDescAttr(other, i)->atttypid)
            return false;
    return true;
}

void start(DestReceiver *base, int, TupleDesc shape)
{
    Receiver *receiver = receiver_of(base);
    if (!same_types(shape, receiver->expected))
        ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
                errmsg("the column list does not fit the result"),
                errdetail("Given: %s.", column_list(receiver->expected)),
                errhint("Write: AS t(%s)", column_list(shape)));
    if (receiver->time_name == nullptr)
        return;
    for (int i = 0; i < shape->natts && receiver->time_column == 0; i++)
        if (strcmp(NameStr(TupleDescAttr(shape, i)->attname), receiver->time_name) == 0)
            receiver->time_column = i + 1;
}

bool receive(TupleTableSlot *slot, DestReceiver *base)
{
    Receiver *receiver = receiver_of(base);
    if (receiver->time_column > 0)
    {
        slot_getsomeattrs(slot, receiver->time_column);
        if (slot->tts_isnull[receiver->time_column - 1])
            receiver->null_times++;
    }
    tuplestore_puttupleslot(receiver->store, slot);
    return true;
}

void nothing(DestReceiver *) {}

// The text that quiver.`builder` returns for the arguments of this call from `first` on.
char *statement_of(FunctionCallInfo fcinfo, const char *builder, int first)
{
    const int count = PG_NARGS() - first;
    Oid types[FUNC_MAX_ARGS];
    LOCAL_FCINFO(call, FUNC_MAX_ARGS);
    for (int i = 0; i < count; i++)
    {
        types[i] = get_fn_expr_argtype(fcinfo->flinfo, first + i);
        call->args[i] = fcinfo->args[first + i];
    }
    List *name = list_make2(makeString(pstrdup("quiver")), makeString(pstrdup(builder)));
    const Oid oid = LookupFuncName(name, count, types, false);
    FmgrInfo function;
    fmgr_info(oid, &function);
    InitFunctionCallInfoData(*call, &function, static_cast<short>(count), PG_GET_COLLATION(),
                             nullptr, nullptr);
    const Datum statement = FunctionCallInvoke(call);
    if (call->isnull)
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("quiver.%s returned no statement", builder));
    return TextDatumGetCString(statement);
}

ReturnSetInfo *result_of(FunctionCallInfo fcinfo)
{
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    if (result == nullptr || !IsA(result, ReturnSetInfo) ||
        (result->allowedModes & SFRM_Materialize) == 0)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("the function returns rows and must be called in FROM"));
    if (result->expectedDesc == nullptr)
        ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
                errmsg("the function must be called in FROM with a column list"),
                errhint("quiver.feature_columns(…) returns the list."));
    return result;
}

// Of a statement whose own names are qualified but for those of pg_catalog; nullptr to have it written
// first. `time_name`: a column whose NULLs are errors.
Datum rows_of(FunctionCallInfo fcinfo, const char *statement, const char *builder, int first,
              const char *time_name)
{
    ReturnSetInfo *result = result_of(fcinfo);
    MemoryContext previous = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
    Tuplestorestate *store = tuplestore_begin_heap(
        (result->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
    TupleDesc expected = CreateTupleDescCopy(result->expectedDesc);
    MemoryContextSwitchTo(previous);

    if (statement == nullptr)
        statement = statement_of(fcinfo, builder, first);
    Receiver receiver{};
    receiver.base.rStartup = start;
    receiver.base.receiveSlot = receive;
    receiver.base.rShutdown = nothing;
    receiver.base.rDestroy = nothing;
    receiver.base.mydest = DestTuplestore;
    receiver.store = store;
    receiver.expected = expected;
    receiver.time_name = time_name;

    const int nest = pg::pin_search_path();
    SPI_connect();
    SPIExecuteOptions options{};
    options.read_only = true;
    options.must_return_tuples = true;
    options.dest = &receiver.base;
    (void) SPI_execute_extended(statement, &options);
    SPI_finish();
    pg::restore_search_path(nest);

    if (receiver.null_times > 0)
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("column \"%s\" of the spine is NULL in " INT64_FORMAT " row(s)", time_name,
                       receiver.null_times),
                errhint("Leave those rows out, or pass on_null_ts => 'null' to get NULL features "
                        "for them."));
    result->returnMode = SFRM_Materialize;
    result->setResult = store;
    result->setDesc = expected;
    return Datum{0};
}

// `first`: arguments before it are not the builder's.
Datum rows_of(FunctionCallInfo fcinfo, const char *builder, int first, const char *time_name)
{
    return rows_of(fcinfo, nullptr, builder, first, time_name);
}

// The spine's time column if its NULLs are errors: `time` and `on_null` are argument positions.
const char *checked_time(FunctionCallInfo fcinfo, int time, int on_null)
{
    if (PG_ARGISNULL(time) || PG_ARGISNULL(on_null))
        return nullptr;
    const char *mode = TextDatumGetCString(PG_GETARG_DATUM(on_null));
    return strcmp(mode, "null") == 0 ? nullptr : TextDatumGetCString(PG_GETARG_DATUM(time));
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;

// Argument positions are those of sql/modules/features/historical.sql.
QUIVER_FUNCTION(feature_get_historical)
{
    return rows_of(fcinfo, "feature_historical_sql", 0, checked_time(fcinfo, 3, 11));
}

QUIVER_FUNCTION(feature_get_historical_as)
{
    return rows_of(fcinfo, "feature_historical_sql", 1, checked_time(fcinfo, 4, 12));
}

QUIVER_FUNCTION(feature_at) { return rows_of(fcinfo, "feature_at_sql", 0, nullptr); }

QUIVER_FUNCTION(feature_replay_dataset)
{
    return rows_of(fcinfo, "feature_replay_sql", 0, nullptr);
}

QUIVER_FUNCTION(asof_join) { return rows_of(fcinfo, "asof_join_sql", 0, nullptr); }

QUIVER_FUNCTION(run_query)
{
    return rows_of(fcinfo, TextDatumGetCString(PG_GETARG_DATUM(0)), nullptr, 0, nullptr);
}
