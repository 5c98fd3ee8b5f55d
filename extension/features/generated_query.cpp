// A set-returning function that only runs a generated statement becomes that statement in the plan.
//
// PostgreSQL inlines SQL functions with a fixed body, and from 19 has a request for others. Until then the
// planner's request to simplify a call is the place: it comes once for each function in FROM before
// subqueries are pulled up, and a second time when expressions are prepared. At the first, the call becomes
// one of the statement's text, so that names mean what they mean now; at the second, its range table entry
// becomes a subquery. Where the call is not in FROM, or its arguments are not constants, it stays a call,
// which runs the same statement.
#include "pg/planner.hpp"
#include "pg/query.hpp"

#include "pg/function.hpp"

namespace quiver::features {
namespace {

constexpr const char *suffix = "_sql";

// An entry of FROM that is a call of the same function, with the same arguments if they are given.
// Default arguments are filled in only while the call is simplified.
RangeTblEntry *entry_of(const Query *query, const FuncExpr *call, const List *arguments)
{
    ListCell *cell;
    foreach (cell, query->rtable)
    {
        auto *entry = lfirst_node(RangeTblEntry, cell);
        if (entry->rtekind != RTE_FUNCTION || entry->funcordinality ||
            list_length(entry->functions) != 1)
            continue;
        const auto *function = linitial_node(RangeTblFunction, entry->functions);
        if (!IsA(function->funcexpr, FuncExpr))
            continue;
        const auto *candidate = castNode(FuncExpr, function->funcexpr);
        if (candidate->funcid == call->funcid &&
            (arguments == NIL ? !entry->lateral : equal(candidate->args, arguments)))
            return entry;
    }
    return nullptr;
}

bool all_constant(const List *arguments)
{
    ListCell *cell;
    foreach (cell, arguments)
        if (!IsA(static_cast<Node *>(lfirst(cell)), Const))
            return false;
    return true;
}

// What the function's builder writes for these arguments; nullptr if it has none or writes nothing.
char *statement_for(const FuncExpr *call)
{
    const int count = list_length(call->args);
    Oid types[FUNC_MAX_ARGS];
    LOCAL_FCINFO(builder, FUNC_MAX_ARGS);
    for (int i = 0; i < count; i++)
    {
        const auto *argument = list_nth_node(Const, call->args, i);
        types[i] = argument->consttype;
        builder->args[i] = {argument->constvalue, argument->constisnull};
    }
    char *name = get_func_name(call->funcid);
    if (name == nullptr)
        return nullptr;
    List *qualified = list_make2(makeString(get_namespace_name(get_func_namespace(call->funcid))),
                                 makeString(psprintf("%s%s", name, suffix)));
    const Oid oid = LookupFuncName(qualified, count, types, true);
    if (!OidIsValid(oid))
        return nullptr;
    FmgrInfo function;
    fmgr_info(oid, &function);
    InitFunctionCallInfoData(*builder, &function, static_cast<short>(count), InvalidOid, nullptr,
                             nullptr);
    const Datum statement = FunctionCallInvoke(builder);
    return builder->isnull ? nullptr : TextDatumGetCString(statement);
}

// The statement as a query, analysed and rewritten for the caller. Its names are those of pg_catalog.
Query *query_of(const char *statement)
{
    const int nest = pg::pin_search_path();
    List *parsed = pg_parse_query(statement);
    List *queries = list_length(parsed) != 1
                        ? NIL
                        : pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, parsed),
                                                             statement, nullptr, 0, nullptr);
    pg::restore_search_path(nest);
    if (list_length(queries) != 1)
        return nullptr;
    auto *query = linitial_node(Query, queries);
    return query->commandType == CMD_SELECT && query->rowMarks == NIL ? query : nullptr;
}

char *column_list(const List *targets)
{
    StringInfoData list;
    initStringInfo(&list);
    ListCell *cell;
    foreach (cell, targets)
    {
        const auto *target = lfirst_node(TargetEntry, cell);
        if (target->resjunk)
            continue;
        auto *value = reinterpret_cast<Node *>(target->expr);
        appendStringInfo(&list, "%s%s %s", list.len == 0 ? "" : ", ",
                         quote_identifier(target->resname),
                         format_type_with_typemod(exprType(value), exprTypmod(value)));
    }
    return list.data;
}

// The caller's column list has to be what the statement gives.
void check_columns(const RangeTblFunction *function, const Query *query)
{
    int column = 0;
    bool fits = true;
    ListCell *cell;
    foreach (cell, query->targetList)
    {
        const auto *target = lfirst_node(TargetEntry, cell);
        if (target->resjunk)
            continue;
        fits &= column < list_length(function->funccoltypes) &&
                list_nth_oid(function->funccoltypes, column) ==
                    exprType(reinterpret_cast<Node *>(target->expr));
        column++;
    }
    if (!fits || column != list_length(function->funccoltypes))
        ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
                errmsg("the column list does not fit the result"),
                errhint("Write: AS t(%s)", column_list(query->targetList)));
}

// First: the call of the statement's text in place of the call that writes it.
Node *written(const FuncExpr *call)
{
    char *statement = statement_for(call);
    if (statement == nullptr)
        return nullptr;
    const Oid text = TEXTOID;
    List *name = list_make2(makeString(pstrdup("quiver")), makeString(pstrdup("run_query")));
    const Oid runner = LookupFuncName(name, 1, &text, true);
    if (!OidIsValid(runner))
        return nullptr;
    auto *argument = makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
                               CStringGetTextDatum(statement), false, false);
    FuncExpr *result = makeFuncExpr(runner, RECORDOID, list_make1(argument), InvalidOid, InvalidOid,
                                    COERCE_EXPLICIT_CALL);
    result->funcretset = true;
    return reinterpret_cast<Node *>(result);
}

// Second: the entry becomes a subquery. The call stays with it for whoever asks what it was.
void become_subquery(PlannerInfo *root, const FuncExpr *call)
{
    RangeTblEntry *entry = entry_of(root->parse, call, call->args);
    if (entry == nullptr)
        return;
    Query *query = query_of(TextDatumGetCString(linitial_node(Const, call->args)->constvalue));
    if (query == nullptr)
        return;
    check_columns(linitial_node(RangeTblFunction, entry->functions), query);
    entry->rtekind = RTE_SUBQUERY;
    entry->subquery = query;
    entry->security_barrier = false;
    entry->lateral = false;
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;

QUIVER_FUNCTION(generated_query_support)
{
    auto *request = reinterpret_cast<Node *>(PG_GETARG_POINTER(0));
    if (!IsA(request, SupportRequestSimplify))
        PG_RETURN_POINTER(nullptr);
    auto *simplify = reinterpret_cast<SupportRequestSimplify *>(request);
    const FuncExpr *call = simplify->fcall;
    if (simplify->root == nullptr || !ActiveSnapshotSet() || !call->funcretset ||
        !all_constant(call->args))
        PG_RETURN_POINTER(nullptr);
    const char *name = get_func_name(call->funcid);
    if (name != nullptr && strcmp(name, "run_query") == 0)
    {
        become_subquery(simplify->root, call);
        PG_RETURN_POINTER(nullptr);
    }
    RangeTblEntry *entry = entry_of(simplify->root->parse, call, NIL);
    Node *result = entry != nullptr ? written(call) : nullptr;
    // Without it the planner takes the entry for prepared and does not ask a second time.
    if (result != nullptr)
        entry->lateral = true;
    PG_RETURN_POINTER(result);
}
