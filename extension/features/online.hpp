// Online reads of a feature service: what is kept of a service for the session, and one read.
//
// A service is a list of parts. A part with an online table is one look-up by its primary key, done here without the
// executor, all of them side by side (online_lookup.cpp); the others, and those that the caller may read only in part
// (row security, column privileges), are statements run through SPI. What is kept holds no relation open and is thrown
// away when any of its tables or a service changes (online_plan.cpp).
#pragma once

#include "pg/index_read.hpp"

#include <cstdint>

namespace quiver::features {

enum class Ordinal;

enum class Status : char
{
    present,
    expired,
    not_found,
    null_key
};

struct OnlineFeature
{
    char *output;
    Oid type;
    AttrNumber column;  // in the online table
    bool by_value;
    std::int16_t size;
    FmgrInfo to_jsonb;  // for types that online_json.cpp does not write itself
};

// A table that is read by its primary key. Parts that lie in one row share it.
struct OnlineTable
{
    Oid table;
    Oid index;
    int key_count;  // of the index
    int place_count;  // 0 for a view without keys, of whose one row the column one_row is true
    int *places;  // of keys among the arguments
    ScanKeyData *orders;  // how the index compares, without values
    ScanKeyData *equalities;  // the same keys as conditions of an index scan
    // Of a single key that is an integer: how it is stored and given
    Ordinal stored_kind;
    Ordinal asked_kind;
    std::size_t page_items;  // on the leaf that was read last
};

struct OnlinePart
{
    int table;  // among the service's; -1: only the statement
    AttrNumber time_column;
    std::int64_t ttl;  // microseconds, 0 for none
    int key_count;
    int *places;  // of keys among the arguments
    int feature_count;
    int first_feature;  // among the service's
    char *statement;
    SPIPlanPtr plan;  // of the statement, made when it is first needed
};

struct OnlineService
{
    MemoryContext context;
    bool stale;
    char *name;
    int version;
    int argument_count;
    int key_count;  // the first arguments; the others are inputs
    char **argument_names;
    Oid *argument_types;
    int table_count;
    OnlineTable *tables;
    // Which buffer a block of theirs was in the last time
    Buffer *hints;
    int hint_bits;
    std::uint32_t pins;
    int part_count;
    OnlinePart *parts;
    int feature_count;
    OnlineFeature *features;
    // Transforms are computed together from arguments and features
    int transform_count;
    OnlineFeature *transforms;
    int transform_argument_count;
    int *transform_arguments;  // below argument_count: an argument; above: a feature
    char *transform_statement;
    SPIPlanPtr transform_plan;
};

struct OnlineArguments
{
    Datum *values;
    bool *nulls;
};

// What was read, for the service's features and then its transforms.
struct OnlineResult
{
    Datum *values;
    bool *nulls;
    Status *statuses;
    TimestampTz *times;  // of the event, 0 where there is none
};

// The service of that name, or name@version. Valid until the end of the transaction.
OnlineService *online_service(const char *name);

// The row of one entity in one table.
struct OnlineRow
{
    bool is_found;
    Datum *values;
    bool *nulls;
};

struct Lookup;

// The tables of a service, open for as many entities as one call reads.
struct OnlineReader
{
    OnlineService *service;
    Snapshot snapshot;
    Lookup *lookups;
};

OnlineReader begin_online(OnlineService *service);
void end_online(OnlineReader *reader);

// Look up the entity's row in all tables. Rows hold until the next call.
void look_up(OnlineReader *reader, const OnlineArguments &arguments);

// The row found in a table; nullptr if the caller may not read the whole table: then the statement tells what may
// be read.
const OnlineRow *found_row(const OnlineReader &reader, int table);

// Read all features of one entity as of `now`.
void read_online(OnlineReader *reader, const OnlineArguments &arguments, TimestampTz now,
                 OnlineResult *result);

// Append {"feature": value, …} to a JSON value that is being built; with status as objects.
JsonbValue *push_result(JsonbParseState **state, OnlineService *service, OnlineResult *result,
                        TimestampTz now, bool with_status);

// The arguments of one request: an object of keys and inputs by name.
void parse_request(OnlineService *service, JsonbContainer *request, OnlineArguments *arguments);

// `value` of `type` as the type of an argument.
Datum convert_argument(Datum value, Oid type, Oid wanted);

}  // namespace quiver::features
