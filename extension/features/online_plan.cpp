// What a session keeps of feature services: made from the catalogue by quiver.feature_online_parts, thrown
// away when a relation that it rests on is invalidated.
//
// Definitions change rarely and in other sessions, so the trigger feature_invalidate sends a relation
// invalidation of the catalogue table, which reaches every session as those of online tables do.
#include "features/online.hpp"

#include "features/asof_values.hpp"
#include "pg/function.hpp"

#include <algorithm>

namespace quiver::features {
namespace {

constexpr int name_size = 80;  // service@version

struct Entry
{
    char name[name_size];
    OnlineService *service;
};

HTAB *services = nullptr;
bool callback_is_set = false;
Oid service_table = InvalidOid, version_table = InvalidOid;

void mark_stale(Datum, Oid relation)
{
    if (services == nullptr)
        return;
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, services);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
    {
        if (entry->service == nullptr)
            continue;
        bool touched =
            !OidIsValid(relation) || relation == service_table || relation == version_table;
        for (int i = 0; i < entry->service->table_count && !touched; i++)
            touched = entry->service->tables[i].table == relation;
        entry->service->stale |= touched;
    }
}

void free_plans(void *argument)
{
    auto *service = static_cast<OnlineService *>(argument);
    for (int i = 0; i < service->part_count; i++)
        if (service->parts[i].plan != nullptr)
            (void) SPI_freeplan(service->parts[i].plan);
    if (service->transform_plan != nullptr)
        (void) SPI_freeplan(service->transform_plan);
}

// Rows of one of the functions that describe a service. SPI is connected.
SPITupleTable *ask(const char *query, const char *service, int *rows)
{
    Oid types[] = {TEXTOID};
    Datum values[] = {CStringGetTextDatum(service)};
    if (SPI_execute_with_args(query, 1, types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read the catalogue of the feature store");
    *rows = static_cast<int>(SPI_processed);
    return SPI_tuptable;
}

Datum column(SPITupleTable *table, int row, int number, bool *is_null)
{
    return SPI_getbinval(table->vals[row], table->tupdesc, number, is_null);
}

// An array column without NULLs: its elements, and how many.
Datum *elements(SPITupleTable *table, int row, int number, Oid type, int *count)
{
    bool is_null;
    const Datum array = column(table, row, number, &is_null);
    Datum *values = nullptr;
    *count = 0;
    if (is_null)
        return nullptr;
    std::int16_t size;
    bool by_value;
    char align;
    get_typlenbyvalalign(type, &size, &by_value, &align);
    deconstruct_array(DatumGetArrayTypeP(array), type, size, by_value, align, &values, nullptr,
                      count);
    return values;
}

char *keep_text(MemoryContext context, Datum value)
{
    return MemoryContextStrdup(context, TextDatumGetCString(value));
}

template <typename T> T *keep_array(MemoryContext context, int count)
{
    return static_cast<T *>(
        MemoryContextAllocZero(context, sizeof(T) * static_cast<std::size_t>(count + 1)));
}

// The function to_jsonb as if called with an argument of `type`.
void prepare_to_jsonb(MemoryContext context, FmgrInfo *function, Oid type)
{
    MemoryContext previous = MemoryContextSwitchTo(context);
    fmgr_info_cxt(F_TO_JSONB, function, context);
    Const *argument = makeNullConst(type, -1, InvalidOid);
    fmgr_info_set_expr(
        reinterpret_cast<Node *>(makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument),
                                              InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL)),
        function);
    MemoryContextSwitchTo(previous);
}

void describe_feature(MemoryContext context, OnlineFeature *feature, Datum output, Oid type)
{
    feature->output = keep_text(context, output);
    feature->type = type;
    get_typlenbyval(type, &feature->size, &feature->by_value);
    prepare_to_jsonb(context, &feature->to_jsonb, type);
}

// How the index compares and tests its n-th key with an argument of `type`. False if it cannot.
bool prepare_key(OnlineTable *online, Relation index, int n, Oid type)
{
    const Oid family = index->rd_opfamily[n], declared = index->rd_opcintype[n];
    const Oid order = get_opfamily_proc(family, declared, type, BTORDER_PROC);
    const Oid equality = get_opfamily_member(family, declared, type, BTEqualStrategyNumber);
    if (!OidIsValid(order) || !OidIsValid(equality))
        return false;
    const auto column = static_cast<AttrNumber>(n + 1);
    const int options = index->rd_indoption[n] << SK_BT_INDOPTION_SHIFT;
    const Oid collation = index->rd_indcollation[n];
    ScanKeyEntryInitialize(&online->orders[n], options, column, InvalidStrategy, type, collation,
                           order, BoolGetDatum(true));
    ScanKeyEntryInitialize(&online->equalities[n], 0, column, BTEqualStrategyNumber, type,
                           collation, get_opcode(equality), BoolGetDatum(true));
    return true;
}

// Floats are integers as well, but do not lie evenly.
void prepare_guess(OnlineTable *online, Oid stored, Oid asked, Oid family)
{
    const Ordinal kind = ordinal_of(stored, asked, family);
    if (kind == Ordinal::none || kind == Ordinal::float8)
        return;
    online->stored_kind = kind;
    online->asked_kind = ordinal_of(asked, stored, family);
}

// How to look a row up by primary key. False if there is none, or it has no order for an argument's type.
bool prepare_table(OnlineService *service, OnlineTable *online)
{
    Relation table = table_open(online->table, AccessShareLock);
    list_free(RelationGetIndexList(table));
    online->index = table->rd_pkindex;
    bool usable = OidIsValid(online->index);
    if (usable)
    {
        Relation index = index_open(online->index, AccessShareLock);
        online->key_count = std::max(online->place_count, 1);
        usable = IndexRelationGetNumberOfKeyAttributes(index) == online->key_count &&
                 index->rd_rel->relam == BTREE_AM_OID;
        online->orders = keep_array<ScanKeyData>(service->context, online->key_count);
        online->equalities = keep_array<ScanKeyData>(service->context, online->key_count);
        for (int i = 0; i < online->key_count && usable; i++)
        {
            Oid type = online->place_count > 0
                           ? getBaseType(service->argument_types[online->places[i]])
                           : BOOLOID;
            type = type == VARCHAROID ? TEXTOID : type;
            usable = prepare_key(online, index, i, type);
            if (online->place_count == 1 && usable)
                prepare_guess(online, index->rd_opcintype[0], type, index->rd_opfamily[0]);
        }
        index_close(index, AccessShareLock);
    }
    table_close(table, AccessShareLock);
    return usable;
}

// The service's table with these keys, which may be another part's already; -1 if it cannot be looked up in.
int find_table(OnlineService *service, Oid table, const OnlinePart *part)
{
    for (int i = 0; i < service->table_count; i++)
    {
        const OnlineTable *known = &service->tables[i];
        if (known->table == table && known->place_count == part->key_count &&
            std::equal(part->places, part->places + part->key_count, known->places))
            return i;
    }
    OnlineTable *added = &service->tables[service->table_count];
    *added = {};
    added->table = table;
    added->place_count = part->key_count;
    added->places = part->places;
    return prepare_table(service, added) ? service->table_count++ : -1;
}

// Room for the buffers of all blocks, within reason.
void prepare_hints(OnlineService *service)
{
    constexpr int least_bits = 8, most_bits = 16;
    std::uint64_t blocks = 0;
    for (int i = 0; i < service->table_count; i++)
        for (const Oid id : {service->tables[i].table, service->tables[i].index})
        {
            Relation relation = relation_open(id, AccessShareLock);
            blocks += RelationGetNumberOfBlocks(relation);
            relation_close(relation, AccessShareLock);
        }
    service->hint_bits = least_bits;
    while (service->hint_bits < most_bits && std::uint64_t{1} << service->hint_bits < 4 * blocks)
        service->hint_bits++;
    service->hints = keep_array<Buffer>(service->context, 1 << service->hint_bits);
}

void load_arguments(OnlineService *service, const char *name)
{
    int rows, count;
    SPITupleTable *table = ask("SELECT service_name, service_version, names, types, key_count FROM "
                               "quiver.feature_online_arguments($1)",
                               name, &rows);
    bool is_null;
    service->name = keep_text(service->context, column(table, 0, 1, &is_null));
    service->version = DatumGetInt32(column(table, 0, 2, &is_null));
    Datum *names = elements(table, 0, 3, TEXTOID, &count);
    Datum *types = elements(table, 0, 4, OIDOID, &count);
    service->key_count = DatumGetInt32(column(table, 0, 5, &is_null));
    service->argument_count = count;
    service->argument_names = keep_array<char *>(service->context, count);
    service->argument_types = keep_array<Oid>(service->context, count);
    for (int i = 0; i < count; i++)
    {
        service->argument_names[i] = keep_text(service->context, names[i]);
        service->argument_types[i] = DatumGetObjectId(types[i]);
    }
}

void load_parts(OnlineService *service, const char *name)
{
    int rows;
    SPITupleTable *table =
        ask("SELECT p.online::pg_catalog.oid, p.argument_places, p.features, p.outputs, p.ttl_us, "
            "p.statement, p.time_column, (SELECT "
            "pg_catalog.array_agg(k.type::pg_catalog.regtype::pg_catalog.oid "
            "ORDER BY o.n) FROM pg_catalog.unnest(p.outputs) WITH ORDINALITY AS o(name, n) "
            "JOIN quiver.feature_output_types($1) AS k ON k.name OPERATOR(pg_catalog.=) o.name) "
            "FROM quiver.feature_online_parts($1) AS p",
            name, &rows);
    int total = 0;
    for (int row = 0; row < rows; row++)
    {
        int count;
        (void) elements(table, row, 4, TEXTOID, &count);
        total += count;
    }
    service->features = keep_array<OnlineFeature>(service->context, total);
    service->parts = keep_array<OnlinePart>(service->context, rows);
    service->tables = keep_array<OnlineTable>(service->context, rows);
    for (int row = 0; row < rows; row++)
    {
        OnlinePart *part = &service->parts[row];
        bool is_null;
        int count;
        Datum *places = elements(table, row, 2, INT4OID, &part->key_count);
        Datum *columns = elements(table, row, 3, TEXTOID, &count);
        Datum *outputs = elements(table, row, 4, TEXTOID, &part->feature_count);
        Datum *types = elements(table, row, 8, OIDOID, &count);
        part->places = keep_array<int>(service->context, part->key_count);
        for (int i = 0; i < part->key_count; i++)
            part->places[i] = DatumGetInt32(places[i]) - 1;
        part->first_feature = service->feature_count;
        for (int i = 0; i < part->feature_count; i++)
            describe_feature(service->context, &service->features[service->feature_count++],
                             outputs[i], DatumGetObjectId(types[i]));
        const Datum ttl = column(table, row, 5, &is_null);
        part->ttl = is_null ? 0 : DatumGetInt64(ttl);
        part->statement = keep_text(service->context, column(table, row, 6, &is_null));
        const Oid online = DatumGetObjectId(column(table, row, 1, &is_null));
        part->table = OidIsValid(online) ? find_table(service, online, part) : -1;
        if (part->table >= 0)
        {
            part->time_column =
                get_attnum(online, TextDatumGetCString(column(table, row, 7, &is_null)));
            OnlineFeature *features = service->features + part->first_feature;
            for (int i = 0; i < part->feature_count; i++)
                features[i].column = get_attnum(online, TextDatumGetCString(columns[i]));
        }
        service->part_count++;
    }
    prepare_hints(service);
}

void load_transforms(OnlineService *service, const char *name)
{
    int rows, count;
    SPITupleTable *table = ask(
        "SELECT t.statement, t.names, t.inputs, (SELECT pg_catalog.array_agg("
        "f.type::pg_catalog.regtype::pg_catalog.oid ORDER BY f.position) FROM "
        "quiver.feature_transform AS f "
        "WHERE f.service OPERATOR(pg_catalog.=) a.service_name "
        "AND f.version OPERATOR(pg_catalog.=) a.service_version) "
        "FROM quiver.feature_online_arguments($1) AS a, quiver.feature_online_transforms($1) AS t",
        name, &rows);
    if (rows == 0)
        return;
    bool is_null;
    service->transform_statement = keep_text(service->context, column(table, 0, 1, &is_null));
    Datum *names = elements(table, 0, 2, TEXTOID, &service->transform_count);
    Datum *types = elements(table, 0, 4, OIDOID, &count);
    service->transforms = keep_array<OnlineFeature>(service->context, service->transform_count);
    for (int i = 0; i < service->transform_count; i++)
        describe_feature(service->context, &service->transforms[i], names[i],
                         DatumGetObjectId(types[i]));
    Datum *inputs = elements(table, 0, 3, TEXTOID, &service->transform_argument_count);
    service->transform_arguments =
        keep_array<int>(service->context, service->transform_argument_count);
    for (int i = 0; i < service->transform_argument_count; i++)
    {
        char *wanted = TextDatumGetCString(inputs[i]);
        int found = -1;
        for (int a = service->key_count; a < service->argument_count; a++)
            if (strcmp(service->argument_names[a], wanted) == 0)
                found = a;
        for (int f = 0; f < service->feature_count; f++)
            if (strcmp(service->features[f].output, wanted) == 0)
                found = service->argument_count + f;
        if (found < 0)
            elog(ERROR, "transform of service \"%s\" needs \"%s\", which it does not have", name,
                 wanted);
        service->transform_arguments[i] = found;
    }
}

OnlineService *load(const char *name)
{
    // Its own context, which an error frees with the caller's, and which is kept once all is well.
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "feature service", ALLOCSET_SMALL_SIZES);
    auto *service =
        static_cast<OnlineService *>(MemoryContextAllocZero(context, sizeof(OnlineService)));
    service->context = context;
    SPI_connect();
    load_arguments(service, name);
    load_parts(service, name);
    load_transforms(service, name);
    SPI_finish();
    auto *callback = static_cast<MemoryContextCallback *>(
        MemoryContextAlloc(context, sizeof(MemoryContextCallback)));
    callback->func = free_plans;
    callback->arg = service;
    MemoryContextRegisterResetCallback(context, callback);
    return service;
}

}  // namespace

OnlineService *online_service(const char *name)
{
    if (strlen(name) >= name_size)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
                errmsg("feature service \"%s\" does not exist", name));
    if (!callback_is_set)
    {
        CacheRegisterRelcacheCallback(mark_stale, Datum{0});
        callback_is_set = true;
    }
    if (services == nullptr)
    {
        HASHCTL control{};
        control.keysize = name_size;
        control.entrysize = sizeof(Entry);
        services = hash_create("feature services", 16, &control, HASH_ELEM | HASH_STRINGS);
    }
    auto *entry = static_cast<Entry *>(hash_search(services, name, HASH_FIND, nullptr));
    if (entry != nullptr && entry->service != nullptr && !entry->service->stale) [[likely]]
        return entry->service;
    const Oid schema = get_namespace_oid("quiver", false);
    service_table = get_relname_relid("feature_service", schema);
    version_table = get_relname_relid("feature_view_version", schema);
    OnlineService *service = load(name);
    bool found;
    entry = static_cast<Entry *>(hash_search(services, name, HASH_ENTER, &found));
    // Somebody above us may be reading the old one: it goes with the transaction.
    if (found && entry->service != nullptr)
        MemoryContextSetParent(entry->service->context, TopTransactionContext);
    MemoryContextSetParent(service->context, CacheMemoryContext);
    entry->service = service;
    return service;
}

}  // namespace quiver::features

QUIVER_FUNCTION(feature_invalidate)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("feature_invalidate is a trigger"));
    const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    CacheInvalidateRelcache(trigger->tg_relation);
    PG_RETURN_POINTER(nullptr);
}
