// Online reads as JSON: the request's keys and inputs, the response's values.
#include "features/online.hpp"

#include <cmath>

namespace quiver::features {
namespace {

JsonbValue text_value(const char *text, int size)
{
    JsonbValue value{};
    value.type = jbvString;
    value.val.string.val = const_cast<char *>(text);
    value.val.string.len = size;
    return value;
}

JsonbValue text_value(const char *text) { return text_value(text, static_cast<int>(strlen(text))); }

JsonbValue numeric_value(Datum numeric)
{
    JsonbValue value{};
    value.type = jbvNumeric;
    value.val.numeric = DatumGetNumeric(numeric);
    return value;
}

JsonbValue number_value(const char *digits)
{
    return numeric_value(DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
                                             ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

// What to_jsonb makes of a number: its shortest digits, or text where JSON has no number.
JsonbValue float_value(double number, const char *digits)
{
    return std::isfinite(number) ? number_value(digits) : text_value(digits);
}

JsonbValue json_value(OnlineFeature *feature, Datum datum)
{
    switch (feature->type)
    {
    case BOOLOID: {
        JsonbValue value{};
        value.type = jbvBool;
        value.val.boolean = DatumGetBool(datum);
        return value;
    }
    case INT2OID:
        return numeric_value(NumericGetDatum(int64_to_numeric(DatumGetInt16(datum))));
    case INT4OID:
        return numeric_value(NumericGetDatum(int64_to_numeric(DatumGetInt32(datum))));
    case INT8OID:
        return numeric_value(NumericGetDatum(int64_to_numeric(DatumGetInt64(datum))));
    case FLOAT4OID:
        return float_value(DatumGetFloat4(datum),
                           DatumGetCString(DirectFunctionCall1(float4out, datum)));
    case FLOAT8OID:
        return float_value(DatumGetFloat8(datum),
                           DatumGetCString(DirectFunctionCall1(float8out, datum)));
    case TEXTOID:
    case VARCHAROID: {
        text *string = DatumGetTextPP(datum);
        return text_value(VARDATA_ANY(string), static_cast<int>(VARSIZE_ANY_EXHDR(string)));
    }
    default:
        break;
    }
    Jsonb *json = DatumGetJsonbP(FunctionCall1(&feature->to_jsonb, datum));
    JsonbValue value{};
    if (JB_ROOT_IS_SCALAR(json))
        (void) JsonbExtractScalar(&json->root, &value);
    else
    {
        value.type = jbvBinary;
        value.val.binary.data = &json->root;
        value.val.binary.len = static_cast<int>(VARSIZE(json) - VARHDRSZ);
    }
    return value;
}

void push_value(JsonbParseState **state, JsonbIteratorToken token, JsonbValue value)
{
    (void) pushJsonbValue(state, token, &value);
}

const char *status_text(Status status)
{
    switch (status)
    {
    case Status::present:
        return "present";
    case Status::expired:
        return "expired";
    case Status::not_found:
        return "not_found";
    case Status::null_key:
        return "null_key";
    }
    return "";
}

void push_feature(JsonbParseState **state, OnlineFeature *feature, const OnlineResult *result,
                  int place, TimestampTz now, bool with_status)
{
    JsonbValue null_value{};
    null_value.type = jbvNull;
    const JsonbValue value =
        result->nulls[place] ? null_value : json_value(feature, result->values[place]);
    push_value(state, WJB_KEY, text_value(feature->output));
    if (!with_status)
    {
        push_value(state, WJB_VALUE, value);
        return;
    }
    (void) pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
    push_value(state, WJB_KEY, text_value("value"));
    push_value(state, WJB_VALUE, value);
    push_value(state, WJB_KEY, text_value("status"));
    push_value(state, WJB_VALUE, text_value(status_text(result->statuses[place])));
    const TimestampTz time = result->times[place];
    if (time != 0)
    {
        push_value(state, WJB_KEY, text_value("event_ts"));
        push_value(
            state, WJB_VALUE,
            text_value(JsonEncodeDateTime(static_cast<char *>(palloc(MAXDATELEN + 1)),
                                          TimestampTzGetDatum(time), TIMESTAMPTZOID, nullptr)));
        if (!TIMESTAMP_NOT_FINITE(time))
        {
            push_value(state, WJB_KEY, text_value("age_seconds"));
            push_value(
                state, WJB_VALUE,
                number_value(psprintf("%.6f", static_cast<double>(now - time) / USECS_PER_SEC)));
        }
    }
    (void) pushJsonbValue(state, WJB_END_OBJECT, nullptr);
}

}  // namespace

JsonbValue *push_result(JsonbParseState **state, OnlineService *service, OnlineResult *result,
                        TimestampTz now, bool with_status)
{
    (void) pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
    for (int i = 0; i < service->feature_count; i++)
        push_feature(state, &service->features[i], result, i, now, with_status);
    for (int i = 0; i < service->transform_count; i++)
        push_feature(state, &service->transforms[i], result, service->feature_count + i, now,
                     with_status);
    return pushJsonbValue(state, WJB_END_OBJECT, nullptr);
}

void parse_request(OnlineService *service, JsonbContainer *request, OnlineArguments *arguments)
{
    StringInfoData missing;
    initStringInfo(&missing);
    for (int i = 0; i < service->argument_count; i++)
    {
        const char *name = service->argument_names[i];
        JsonbValue found;
        if (getKeyJsonValueFromContainer(request, name, static_cast<int>(strlen(name)), &found) ==
            nullptr)
        {
            appendStringInfo(&missing, "%s%s", missing.len > 0 ? ", " : "", name);
            continue;
        }
        arguments->nulls[i] = found.type == jbvNull;
        arguments->values[i] = Datum{0};
        if (arguments->nulls[i])
            continue;
        // By its text, as in quiver.feature_push; a string is itself, not its JSON.
        char *written = found.type == jbvString
                            ? pnstrdup(found.val.string.val, found.val.string.len)
                        : found.type == jbvBinary
                            ? JsonbToCString(nullptr, found.val.binary.data, found.val.binary.len)
                            : nullptr;
        if (written == nullptr)
        {
            Jsonb *scalar = JsonbValueToJsonb(&found);
            written = JsonbToCString(nullptr, &scalar->root, VARSIZE(scalar));
        }
        Oid input, io_parameter;
        getTypeInputInfo(service->argument_types[i], &input, &io_parameter);
        arguments->values[i] = OidInputFunctionCall(input, written, io_parameter, -1);
    }
    if (missing.len > 0)
        ereport(
            ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
            errmsg("the request for feature service \"%s\" lacks %s", service->name, missing.data),
            errhint("A request is an object of join keys and inputs; "
                    "quiver.feature_online_arguments lists them."));
}

}  // namespace quiver::features
