// quiver.feature_describe: what a user's query is, without running it.
#include "features/query_text.hpp"

#include "pg/function.hpp"

namespace quiver::features {

Query *analyse_select(const char *text)
{
    List *statements = pg_parse_query(text);
    if (list_length(statements) != 1)
        ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR),
                errmsg("a query must be one SELECT, not %d statements", list_length(statements)));
    auto *raw = static_cast<RawStmt *>(linitial(statements));
    if (!IsA(raw->stmt, SelectStmt) ||
        reinterpret_cast<SelectStmt *>(raw->stmt)->intoClause != nullptr)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("a query of the feature store must be a SELECT that writes nothing"));
    Query *query = parse_analyze_fixedparams(raw, text, nullptr, 0, nullptr);
    if (query->commandType != CMD_SELECT || query->hasModifyingCTE || query->rowMarks != NIL)
        ereport(
            ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
            errmsg("a query of the feature store must be a SELECT that writes and locks nothing"));
    return query;
}

char *canonical_text(Query *query)
{
    const int nest = pg::pin_search_path();
    char *text = pg_get_querydef(query, false);
    pg::restore_search_path(nest);
    return text;
}

namespace {

char volatility(Query *query)
{
    Node *node = reinterpret_cast<Node *>(query);
    if (contain_volatile_functions(node))
        return 'v';
    return contain_mutable_functions(node) ? 's' : 'i';
}

ArrayType *array_of(Datum *values, int count, Oid type)
{
    const bool is_oid = type == OIDOID;
    return construct_array(values, count, type, is_oid ? static_cast<int>(sizeof(Oid)) : -1, is_oid,
                           TYPALIGN_INT);
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;
namespace pg = quiver::pg;

// feature_describe(query text): (sql, columns, types, type_names, volatility, aggregates, subqueries)
QUIVER_FUNCTION(feature_describe)
{
    TupleDesc shape;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "feature_describe must return a row");
    Query *query = analyse_select(text_to_cstring(PG_GETARG_TEXT_PP(0)));

    const int most = list_length(query->targetList);
    auto *names = static_cast<Datum *>(palloc(sizeof(Datum) * (most + 1)));
    auto *types = static_cast<Datum *>(palloc(sizeof(Datum) * (most + 1)));
    auto *type_names = static_cast<Datum *>(palloc(sizeof(Datum) * (most + 1)));
    int count = 0;
    const int nest = pg::pin_search_path();  // so that types outside pg_catalog are qualified
    for (int i = 0; i < most; i++)
    {
        auto *entry = static_cast<TargetEntry *>(list_nth(query->targetList, i));
        if (entry->resjunk)
            continue;
        Node *expression = reinterpret_cast<Node *>(entry->expr);
        const Oid type = exprType(expression);
        names[count] = CStringGetTextDatum(entry->resname);
        types[count] = ObjectIdGetDatum(type);
        type_names[count] =
            CStringGetTextDatum(format_type_with_typemod(type, exprTypmod(expression)));
        count++;
    }
    pg::restore_search_path(nest);

    const char kind = volatility(query);
    const bool aggregates = query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs;
    const bool subqueries = query->hasSubLinks;
    Datum values[] = {
        CStringGetTextDatum(canonical_text(query)),
        PointerGetDatum(array_of(names, count, TEXTOID)),
        PointerGetDatum(array_of(types, count, OIDOID)),
        PointerGetDatum(array_of(type_names, count, TEXTOID)),
        CharGetDatum(kind),
        BoolGetDatum(aggregates),
        BoolGetDatum(subqueries),
    };
    bool nulls[7] = {};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

// feature_nearest(word text, known text[]): the known word that is least mistyped, or NULL.
QUIVER_FUNCTION(feature_nearest)
{
    const text *word = PG_GETARG_TEXT_PP(0);
    const int size = VARSIZE_ANY_EXHDR(word);
    constexpr int most = 255;  // what core's distance accepts
    Datum *known;
    bool *nulls;
    int count;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &known, &nulls,
                      &count);
    int best = -1, best_distance = 0;
    for (int i = 0; i < count && size <= most; i++)
    {
        if (nulls[i])
            continue;
        const text *candidate = DatumGetTextPP(known[i]);
        const int length = VARSIZE_ANY_EXHDR(candidate);
        if (length > most)
            continue;
        const int distance = varstr_levenshtein(VARDATA_ANY(word), size, VARDATA_ANY(candidate),
                                                length, 1, 1, 1, true);
        if (best < 0 || distance < best_distance)
        {
            best = i;
            best_distance = distance;
        }
    }
    // Further away than half of the word is another word.
    if (best < 0 || best_distance > (size + 1) / 2)
        PG_RETURN_NULL();
    PG_RETURN_DATUM(known[best]);
}
