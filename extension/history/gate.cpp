// Functions that anyone may call on a table that is theirs, or that they may read: the rights are checked here,
// then the function of the same name with _inner runs with those of the history's keeper. It touches quiver's
// tables only, or makes and drops triggers, so no code of a table's owner runs with these rights.
#include "history/plan.hpp"
#include "pg/function.hpp"

namespace quiver::history {
namespace {

void check_owner(Oid relation)
{
    if (!has_privs_of_role(GetUserId(), keeper()) && !pg::owns_relation(relation, GetUserId()))
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("must be owner of table %s", get_rel_name(relation)));
}

// The history of a table, or of the partitioned table it belongs to; invalid if there is none.
Oid store_of(Oid relation)
{
    Oid argument = REGCLASSOID;
    Datum value = ObjectIdGetDatum(relation);
    Oid store = InvalidOid;
    SPI_connect();
    if (SPI_execute_with_args("SELECT h.store::pg_catalog.oid FROM quiver.history_table h "
                              "WHERE h.relation OPERATOR(pg_catalog.=) $1",
                              1, &argument, &value, nullptr, true, 1) == SPI_OK_SELECT &&
        SPI_processed == 1)
    {
        bool is_null;
        store = DatumGetObjectId(
            SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
    }
    SPI_finish();
    return store;
}

void check_reader(Oid relation)
{
    const Oid user = GetUserId();
    const Oid store = store_of(relation);
    if (!OidIsValid(store))
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("table %s has no history", get_rel_name(relation)),
                errhint("Call quiver.history_enable() for it."));
    if (pg_class_aclcheck(store, user, ACL_SELECT) == ACLCHECK_OK ||
        pg::owns_relation(relation, user))
        return;
    if (pg_class_aclcheck(relation, user, ACL_SELECT) != ACLCHECK_OK)
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("permission denied for the history of table %s", get_rel_name(relation)),
                errhint("SELECT on the whole table, or quiver.history_grant_reader(), allows it."));
    if (check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED)
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("permission denied for the history of table %s", get_rel_name(relation)),
                errdetail(
                    "Row security restricts what this role sees of the table, and it does not hold "
                    "for earlier values."),
                errhint("quiver.history_grant_reader() allows it."));
}

struct Call
{
    StringInfoData text;
    ParamListInfo arguments;
};

Call inner_call(FunctionCallInfo fcinfo)
{
    Call call;
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
    const auto *function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    initStringInfo(&call.text);
    appendStringInfo(&call.text, "SELECT * FROM quiver.%s_inner(", NameStr(function->proname));
    call.arguments = makeParamList(PG_NARGS());
    for (int i = 0; i < PG_NARGS(); ++i)
    {
        appendStringInfo(&call.text, "%s$%d", i == 0 ? "" : ", ", i + 1);
        ParamExternData &argument = call.arguments->params[i];
        argument.value = fcinfo->args[i].value;
        argument.isnull = fcinfo->args[i].isnull;
        argument.pflags = PARAM_FLAG_CONST;
        argument.ptype = function->proargtypes.values[i];
    }
    appendStringInfoChar(&call.text, ')');
    ReleaseSysCache(tuple);
    return call;
}

// Runs the inner function; its rows, or the one value it returns.
Datum run(FunctionCallInfo fcinfo, bool read_only)
{
    Oid caller;
    int security;
    DestReceiver *receiver = nullptr;
    if (fcinfo->flinfo->fn_retset)
    {
        InitMaterializedSRF(fcinfo, 0);
        auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
        receiver = CreateTuplestoreDestReceiver();
        SetTuplestoreDestReceiverParams(receiver, result->setResult, CurrentMemoryContext, false,
                                        nullptr, nullptr);
    }
    Call call = inner_call(fcinfo);
    GetUserIdAndSecContext(&caller, &security);
    SetUserIdAndSecContext(keeper(), security | SECURITY_LOCAL_USERID_CHANGE);
    SPI_connect();
    SPIExecuteOptions options{};
    options.params = call.arguments;
    options.read_only = read_only;
    options.dest = receiver;
    if (SPI_execute_extended(call.text.data, &options) != SPI_OK_SELECT)
        elog(ERROR, "could not run: %s", call.text.data);
    Datum result = 0;
    fcinfo->isnull = true;
    if (receiver == nullptr && SPI_processed == 1)
    {
        result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &fcinfo->isnull);
        const FormData_pg_attribute *column = TupleDescAttr(SPI_tuptable->tupdesc, 0);
        if (!fcinfo->isnull)
            result = SPI_datumTransfer(result, column->attbyval, column->attlen);
    }
    SPI_finish();
    SetUserIdAndSecContext(caller, security);
    return result;
}

Oid table_argument(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("the table must not be null"));
    const Oid relation = PG_GETARG_OID(0);
    if (get_rel_name(relation) == nullptr)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
                errmsg("there is no table with OID %u", relation));
    return relation;
}

}  // namespace
}  // namespace quiver::history

QUIVER_FUNCTION(quiver_history_by_owner)
{
    quiver::history::check_owner(quiver::history::table_argument(fcinfo));
    return quiver::history::run(fcinfo, false);
}

QUIVER_FUNCTION(quiver_history_by_reader)
{
    quiver::history::check_reader(quiver::history::table_argument(fcinfo));
    return quiver::history::run(fcinfo, true);
}

// The plans of all sessions for a table are found anew.
QUIVER_FUNCTION(quiver_history_refresh)
{
    CacheInvalidateRelcacheByRelid(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}
