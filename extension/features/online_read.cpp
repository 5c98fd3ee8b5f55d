// One online read: what was looked up in online tables, statements for the rest, transforms last.
#include "features/online.hpp"

namespace quiver::features {
namespace {

void put(OnlineResult *result, int place, Status status, TimestampTz time)
{
    result->values[place] = Datum{0};
    result->nulls[place] = true;
    result->statuses[place] = status;
    result->times[place] = time;
}

Status status_at(TimestampTz time, std::int64_t ttl, TimestampTz now)
{
    if (time > now)
        return Status::not_found;
    if (ttl == 0)
        return Status::present;
    return TIMESTAMP_IS_NOBEGIN(time) || time < now - ttl ? Status::expired : Status::present;
}

void read_part(const OnlineRow &row, OnlineService *service, const OnlinePart *part,
               TimestampTz now, OnlineResult *result)
{
    OnlineFeature *features = service->features + part->first_feature;
    Status status = Status::not_found;
    TimestampTz time = 0;
    const int time_place = part->time_column - 1;
    if (row.is_found && !row.nulls[time_place])
    {
        time = DatumGetTimestampTz(row.values[time_place]);
        status = status_at(time, part->ttl, now);
    }
    for (int i = 0; i < part->feature_count; i++)
    {
        const int place = part->first_feature + i;
        put(result, place, status, time);
        if (status != Status::present)
            continue;
        const int column = features[i].column - 1;
        result->nulls[place] = row.nulls[column];
        if (!row.nulls[column])
            result->values[place] =
                datumCopy(row.values[column], features[i].by_value, features[i].size);
    }
}

// SPI is connected; the plan outlives it.
SPIPlanPtr prepared(SPIPlanPtr *plan, const char *statement, int count, Oid *types)
{
    if (*plan == nullptr)
    {
        const int nest = pg::pin_search_path();
        SPIPlanPtr made = SPI_prepare(statement, count, types);
        if (made == nullptr)
            elog(ERROR, "could not prepare a read of features: %s",
                 SPI_result_code_string(SPI_result));
        (void) SPI_keepplan(made);
        *plan = made;
        pg::restore_search_path(nest);
    }
    return *plan;
}

char *nulls_of(const bool *nulls, int count)
{
    auto *flags = static_cast<char *>(palloc(static_cast<std::size_t>(count) + 1));
    for (int i = 0; i < count; i++)
        flags[i] = nulls[i] ? 'n' : ' ';
    flags[count] = '\0';
    return flags;
}

Status status_named(const char *name)
{
    if (strcmp(name, "present") == 0)
        return Status::present;
    if (strcmp(name, "expired") == 0)
        return Status::expired;
    return strcmp(name, "null_key") == 0 ? Status::null_key : Status::not_found;
}

void run_statement(OnlineService *service, OnlinePart *part, const OnlineArguments &arguments,
                   TimestampTz now, OnlineResult *result)
{
    MemoryContext caller = CurrentMemoryContext;
    SPI_connect();
    SPIPlanPtr plan =
        prepared(&part->plan, part->statement, service->argument_count, service->argument_types);
    if (SPI_execute_plan(plan, arguments.values, nulls_of(arguments.nulls, service->argument_count),
                         true, 2) != SPI_OK_SELECT ||
        SPI_processed != 1)
        elog(ERROR, "a read of features returned " UINT64_FORMAT " rows", SPI_processed);
    HeapTuple row = SPI_tuptable->vals[0];
    TupleDesc shape = SPI_tuptable->tupdesc;
    for (int i = 0; i < part->feature_count; i++)
    {
        const int place = part->first_feature + i;
        const OnlineFeature *feature = &service->features[place];
        bool is_null;
        put(result, place, status_named(SPI_getvalue(row, shape, 3 * i + 2)), 0);
        const Datum age = SPI_getbinval(row, shape, 3 * i + 3, &is_null);
        if (!is_null)
            result->times[place] = DatumGetTimestampTz(
                DirectFunctionCall2(timestamptz_mi_interval, TimestampTzGetDatum(now), age));
        const Datum value = SPI_getbinval(row, shape, 3 * i + 1, &result->nulls[place]);
        if (result->nulls[place])
            continue;
        MemoryContext inner = MemoryContextSwitchTo(caller);
        result->values[place] = datumCopy(value, feature->by_value, feature->size);
        MemoryContextSwitchTo(inner);
    }
    SPI_finish();
}

void run_transforms(OnlineService *service, const OnlineArguments &arguments, OnlineResult *result)
{
    const int count = service->transform_argument_count;
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (count + 1)));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * (count + 1)));
    auto *types = static_cast<Oid *>(palloc(sizeof(Oid) * (count + 1)));
    for (int i = 0; i < count; i++)
    {
        const int from = service->transform_arguments[i];
        const bool is_argument = from < service->argument_count;
        const int feature = from - service->argument_count;
        types[i] = is_argument ? service->argument_types[from] : service->features[feature].type;
        values[i] = is_argument ? arguments.values[from] : result->values[feature];
        nulls[i] = is_argument ? arguments.nulls[from] : result->nulls[feature];
    }
    MemoryContext caller = CurrentMemoryContext;
    SPI_connect();
    SPIPlanPtr plan =
        prepared(&service->transform_plan, service->transform_statement, count, types);
    if (SPI_execute_plan(plan, values, nulls_of(nulls, count), true, 2) != SPI_OK_SELECT ||
        SPI_processed != 1)
        elog(ERROR, "transforms of feature service \"%s\" returned no row", service->name);
    MemoryContext inner = MemoryContextSwitchTo(caller);
    for (int i = 0; i < service->transform_count; i++)
    {
        const int place = service->feature_count + i;
        const OnlineFeature *transform = &service->transforms[i];
        put(result, place, Status::present, 0);
        const Datum value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1,
                                          &result->nulls[place]);
        if (!result->nulls[place])
            result->values[place] = datumCopy(value, transform->by_value, transform->size);
    }
    MemoryContextSwitchTo(inner);
    SPI_finish();
}

}  // namespace

void read_online(OnlineReader *reader, const OnlineArguments &arguments, TimestampTz now,
                 OnlineResult *result)
{
    OnlineService *service = reader->service;
    look_up(reader, arguments);
    for (int i = 0; i < service->part_count; i++)
    {
        OnlinePart *part = &service->parts[i];
        bool null_key = false;
        for (int k = 0; k < part->key_count; k++)
            null_key |= arguments.nulls[part->places[k]];
        if (null_key)
        {
            for (int f = 0; f < part->feature_count; f++)
                put(result, part->first_feature + f, Status::null_key, 0);
            continue;
        }
        const OnlineRow *row = part->table < 0 ? nullptr : found_row(*reader, part->table);
        if (row != nullptr)
            read_part(*row, service, part, now, result);
        else
            run_statement(service, part, arguments, now, result);
    }
    if (service->transform_count > 0)
        run_transforms(service, arguments, result);
}

}  // namespace quiver::features
