// Rows put together from text: a row with some of its columns as they were, and a value's portable text.
#include "history/changes.hpp"
#include "pg/function.hpp"

#include <cstring>

namespace quiver::history {
namespace {

struct Texts
{
    Datum *values;
    bool *nulls;
    int count;
};

Texts texts_of(Datum array)
{
    Texts texts;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &texts.values,
                      &texts.nulls, &texts.count);
    return texts;
}

Datum value_of(const Column &column, Datum written)
{
    Oid input;
    Oid element;
    getTypeInputInfo(column.type, &input, &element);
    return OidInputFunctionCall(input, TextDatumGetCString(written), element, column.modifier);
}

HeapTuple patched(FunctionCallInfo fcinfo, Oid type)
{
    TupleDesc shape = lookup_rowtype_tupdesc(type, -1);
    const Plan *plan = find_plan(get_typ_typrelid(type));
    auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * static_cast<Size>(shape->natts)));
    auto *nulls = static_cast<bool *>(palloc(static_cast<Size>(shape->natts)));
    std::memset(nulls, 1, static_cast<std::size_t>(shape->natts));
    if (!PG_ARGISNULL(0))
    {
        HeapTupleHeader base = PG_GETARG_HEAPTUPLEHEADER(0);
        HeapTupleData tuple{};
        tuple.t_len = HeapTupleHeaderGetDatumLength(base);
        tuple.t_data = base;
        heap_deform_tuple(&tuple, shape, values, nulls);
    }
    for (int i = 0; i < plan->count; ++i)
        if (plan->columns[i].keep == Keep::hash || plan->columns[i].keep == Keep::nothing)
            nulls[plan->columns[i].attribute - 1] = true;
    const bool nothing = PG_ARGISNULL(1) || PG_ARGISNULL(2);
    const Texts texts = nothing ? Texts{} : texts_of(PG_GETARG_DATUM(2));
    const ArrayType *ids = nothing ? nullptr : PG_GETARG_ARRAYTYPE_P(1);
    if (!nothing &&
        (ARR_HASNULL(ids) || ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids)) != texts.count))
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("there must be a value for each column"));
    for (int k = 0; k < texts.count; ++k)
        for (int i = 0; i < plan->count; ++i)
        {
            const Column &column = plan->columns[i];
            if (column.id != reinterpret_cast<const std::int32_t *>(ARR_DATA_PTR(ids))[k] ||
                column.keep == Keep::hash || column.keep == Keep::nothing)
                continue;
            nulls[column.attribute - 1] = texts.nulls[k];
            if (!texts.nulls[k])
                values[column.attribute - 1] = value_of(column, texts.values[k]);
        }
    HeapTuple result = heap_form_tuple(shape, values, nulls);
    ReleaseTupleDesc(shape);
    return result;
}

}  // namespace
}  // namespace quiver::history

QUIVER_FUNCTION(quiver_history_patch)
{
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
    if (!OidIsValid(type) || !OidIsValid(get_typ_typrelid(type)))
        ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("a row of a table is expected"),
                errhint("Write NULL::schema.table."));
    HeapTuple result = nullptr;
    quiver::pg::with_portable_text([&] { result = quiver::history::patched(fcinfo, type); });
    PG_RETURN_DATUM(HeapTupleGetDatum(result));
}

QUIVER_FUNCTION(quiver_history_text)
{
    const Oid type = get_fn_expr_argtype(fcinfo->flinfo, 0);
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    const char *written = nullptr;
    quiver::pg::with_portable_text(
        [&] { written = OidOutputFunctionCall(output, PG_GETARG_DATUM(0)); });
    PG_RETURN_TEXT_P(cstring_to_text(written));
}
