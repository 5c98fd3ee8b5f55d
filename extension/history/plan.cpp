// Plans: read by quiver.history_plan(), which also writes down columns that are new, renamed or gone.
#include "history/plan.hpp"

namespace quiver::history {
namespace {

constinit HTAB *plans = nullptr;
constinit MemoryContext kept = nullptr;
constinit SPIPlanPtr question = nullptr;

struct Entry
{
    Oid relation;
    MemoryContext memory;
    Plan *plan;
};

void forget(Datum, Oid relation)
{
    if (plans == nullptr)
        return;
    if (OidIsValid(relation))
    {
        auto *entry = static_cast<Entry *>(hash_search(plans, &relation, HASH_FIND, nullptr));
        if (entry != nullptr && entry->plan != nullptr)
            entry->plan->is_good = false;
        return;
    }
    HASH_SEQ_STATUS all;
    hash_seq_init(&all, plans);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&all)))
        if (entry->plan != nullptr)
            entry->plan->is_good = false;
}

void make_tables()
{
    kept = AllocSetContextCreate(CacheMemoryContext, "quiver history", ALLOCSET_SMALL_SIZES);
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(Entry);
    control.hcxt = kept;
    plans =
        hash_create("quiver history plans", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    CacheRegisterRelcacheCallback(forget, 0);
}

Datum field(int number, bool *is_null = nullptr)
{
    bool missing;
    const Datum value =
        SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, &missing);
    if (is_null != nullptr)
        *is_null = missing;
    else if (missing)
        elog(ERROR, "the plan of a history has no field %d", number);
    return value;
}

template <class T> const T *elements(Datum datum, int *count)
{
    const ArrayType *array = DatumGetArrayTypeP(datum);
    *count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    return reinterpret_cast<const T *>(ARR_DATA_PTR(array));
}

void read_columns(Plan *plan, MemoryContext memory)
{
    Relation relation = table_open(plan->relation, NoLock);
    TupleDesc shape = RelationGetDescr(relation);
    int count;
    const auto *attributes = elements<std::int16_t>(field(5), &count);
    const auto *ids = elements<std::int32_t>(field(6), &count);
    const char *modes = TextDatumGetCString(field(7));
    plan->count = count;
    plan->columns = static_cast<Column *>(
        MemoryContextAllocZero(memory, sizeof(Column) * static_cast<Size>(count)));
    for (int i = 0; i < count; ++i)
    {
        Column &column = plan->columns[i];
        const FormData_pg_attribute *attribute = TupleDescAttr(shape, attributes[i] - 1);
        column.attribute = attributes[i];
        column.id = ids[i];
        column.keep = static_cast<Keep>(modes[i]);
        column.size = attribute->attlen;
        column.by_value = attribute->attbyval;
        column.type = attribute->atttypid;
        column.modifier = attribute->atttypmod;
        column.is_text =
            column.type == TEXTOID || column.type == VARCHAROID || column.type == BPCHAROID;
        Oid output;
        bool is_varlena;
        getTypeOutputInfo(column.type, &output, &is_varlena);
        fmgr_info_cxt(output, &column.output, memory);
    }
    const auto *key = elements<std::int16_t>(field(8), &plan->key_count);
    plan->key = static_cast<int *>(
        MemoryContextAlloc(memory, sizeof(int) * static_cast<Size>(plan->key_count)));
    for (int i = 0; i < plan->key_count; ++i)
        for (int place = 0; place < count; ++place)
            if (plan->columns[place].attribute == key[i])
                plan->key[i] = place;
    table_close(relation, NoLock);
}

Plan *read_plan(Oid relation, MemoryContext memory)
{
    Oid caller;
    int security;
    GetUserIdAndSecContext(&caller, &security);
    SetUserIdAndSecContext(keeper(), security | SECURITY_LOCAL_USERID_CHANGE);
    SPI_connect();
    if (question == nullptr)
    {
        Oid type = OIDOID;
        SPIPlanPtr made = SPI_prepare("SELECT * FROM quiver.history_plan($1)", 1, &type);
        if (made == nullptr || SPI_keepplan(made) != 0)
            elog(ERROR, "could not prepare the plan of histories");
        question = made;
    }
    Datum argument = ObjectIdGetDatum(relation);
    if (SPI_execute_plan(question, &argument, nullptr, false, 1) != SPI_OK_SELECT ||
        SPI_processed != 1)
        elog(ERROR, "the plan of a history was not found");
    auto *plan = static_cast<Plan *>(MemoryContextAllocZero(memory, sizeof(Plan)));
    plan->relation = relation;
    plan->store = DatumGetObjectId(field(1));
    plan->transactions = DatumGetObjectId(field(2));
    plan->sequence = DatumGetObjectId(field(3));
    plan->days = DatumGetInt32(field(4));
    read_columns(plan, memory);
    bool no_salt;
    const Datum salt = field(9, &no_salt);
    if (!no_salt)
    {
        MemoryContext before = MemoryContextSwitchTo(memory);
        plan->salt = DatumGetByteaPCopy(salt);
        MemoryContextSwitchTo(before);
    }
    SPI_finish();
    SetUserIdAndSecContext(caller, security);
    return plan;
}

}  // namespace

Oid keeper()
{
    const Oid schema = get_namespace_oid("quiver", false);
    HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for schema %u", schema);
    const Oid owner = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
    ReleaseSysCache(tuple);
    return owner;
}

Plan *find_plan(Oid relation)
{
    if (plans == nullptr)
        make_tables();
    bool found;
    auto *entry = static_cast<Entry *>(hash_search(plans, &relation, HASH_ENTER, &found));
    if (!found)
    {
        entry->memory = nullptr;
        entry->plan = nullptr;
    }
    if (entry->plan != nullptr && entry->plan->is_good)
        return entry->plan;
    if (entry->memory != nullptr)
        MemoryContextDelete(entry->memory);
    entry->memory = nullptr;
    entry->plan = nullptr;
    entry->memory = AllocSetContextCreate(kept, "quiver history plan", ALLOCSET_SMALL_SIZES);
    MemoryContext memory = entry->memory;
    Plan *plan = read_plan(relation, memory);
    // Reading may have made room in the table.
    entry = static_cast<Entry *>(hash_search(plans, &relation, HASH_FIND, nullptr));
    plan->is_good = true;
    entry->plan = plan;
    return plan;
}

}  // namespace quiver::history
