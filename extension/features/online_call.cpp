// quiver.feature_online and quiver.feature_get_online: online reads of a service.
#include "features/online.hpp"

#include "pg/function.hpp"

namespace quiver::features {

Datum convert_argument(Datum value, Oid type, Oid wanted)
{
    if (type == wanted || type == UNKNOWNOID)
    {
        if (type == wanted)
            return value;
        Oid input, io_parameter;
        getTypeInputInfo(wanted, &input, &io_parameter);
        return OidInputFunctionCall(input, DatumGetCString(value), io_parameter, -1);
    }
    if (wanted == INT8OID && type == INT4OID)
        return Int64GetDatum(DatumGetInt32(value));
    if (wanted == INT8OID && type == INT2OID)
        return Int64GetDatum(DatumGetInt16(value));
    if (wanted == INT4OID && type == INT2OID)
        return Int32GetDatum(DatumGetInt16(value));
    if (IsBinaryCoercible(type, wanted))
        return value;
    Oid output, input, io_parameter;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    getTypeInputInfo(wanted, &input, &io_parameter);
    return OidInputFunctionCall(input, OidOutputFunctionCall(output, value), io_parameter, -1);
}

namespace {

template <typename T> T *array_of(int count)
{
    return static_cast<T *>(palloc(sizeof(T) * static_cast<std::size_t>(count + 1)));
}

OnlineArguments new_arguments(const OnlineService *service)
{
    return {array_of<Datum>(service->argument_count), array_of<bool>(service->argument_count)};
}

OnlineResult new_result(const OnlineService *service)
{
    const int count = service->feature_count + service->transform_count;
    return {array_of<Datum>(count), array_of<bool>(count), array_of<Status>(count),
            array_of<TimestampTz>(count)};
}

OnlineService *service_argument(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("the feature service is NULL"));
    return online_service(text_to_cstring(PG_GETARG_TEXT_PP(0)));
}

[[noreturn]] void refuse_request()
{
    ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
            errmsg("a request must be a JSON object, or an array of objects"),
            errhint("For example {\"user_id\": 1}."));
}

}  // namespace
}  // namespace quiver::features

using namespace quiver::features;

QUIVER_FUNCTION(feature_online)
{
    OnlineService *service = service_argument(fcinfo);
    const int given = PG_NARGS() - 1;
    if (given != service->argument_count || get_fn_expr_variadic(fcinfo->flinfo))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("feature service \"%s\" is read with %d argument(s), not %d", service->name,
                       service->argument_count, given),
                errhint("quiver.feature_online_arguments lists them: join keys, then inputs."));
    OnlineArguments arguments = new_arguments(service);
    for (int i = 0; i < given; i++)
    {
        arguments.nulls[i] = PG_ARGISNULL(i + 1);
        arguments.values[i] = arguments.nulls[i]
                                  ? Datum{0}
                                  : convert_argument(PG_GETARG_DATUM(i + 1),
                                                     get_fn_expr_argtype(fcinfo->flinfo, i + 1),
                                                     service->argument_types[i]);
    }
    OnlineResult result = new_result(service);
    const TimestampTz now = GetCurrentStatementStartTimestamp();
    OnlineReader reader = begin_online(service);
    read_online(&reader, arguments, now, &result);
    end_online(&reader);
    JsonbParseState *state = nullptr;
    PG_RETURN_JSONB_P(JsonbValueToJsonb(push_result(&state, service, &result, now, false)));
}

QUIVER_FUNCTION(feature_get_online)
{
    OnlineService *service = service_argument(fcinfo);
    if (PG_ARGISNULL(1))
        refuse_request();
    const bool with_status = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
    Jsonb *request = PG_GETARG_JSONB_P(1);
    OnlineArguments arguments = new_arguments(service);
    OnlineResult result = new_result(service);
    const TimestampTz now = GetCurrentStatementStartTimestamp();
    JsonbParseState *state = nullptr;
    if (JB_ROOT_IS_OBJECT(request))
    {
        parse_request(service, &request->root, &arguments);
        OnlineReader reader = begin_online(service);
        read_online(&reader, arguments, now, &result);
        end_online(&reader);
        PG_RETURN_JSONB_P(
            JsonbValueToJsonb(push_result(&state, service, &result, now, with_status)));
    }
    if (!JB_ROOT_IS_ARRAY(request) || JB_ROOT_IS_SCALAR(request))
        refuse_request();
    (void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, nullptr);
    OnlineReader reader = begin_online(service);
    JsonbValue item;
    JsonbIterator *scan = JsonbIteratorInit(&request->root);
    (void) JsonbIteratorNext(&scan, &item, true);
    while (JsonbIteratorNext(&scan, &item, true) != WJB_END_ARRAY)
    {
        CHECK_FOR_INTERRUPTS();
        if (item.type != jbvBinary || (item.val.binary.data->header & JB_FOBJECT) == 0)
            refuse_request();
        parse_request(service, item.val.binary.data, &arguments);
        read_online(&reader, arguments, now, &result);
        (void) push_result(&state, service, &result, now, with_status);
    }
    end_online(&reader);
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, nullptr)));
}
