// Rows as they are kept: text arrays of the columns that matter.
#include "history/changes.hpp"

#include <cstdio>
#include <cstring>

namespace quiver::history {
namespace {

enum Field
{
    f_at,
    f_transaction,
    f_statement,
    f_ordinal,
    f_operation,
    f_key,
    f_moved,
    f_columns,
    f_before,
    f_after,
    fields,
};

// The partition that holds this moment, or the default one if it has not been made.
Oid partition_of(const Plan *plan, TimestampTz at)
{
    const std::int64_t length = plan->days * USECS_PER_DAY;
    const std::int64_t number = at / length;
    int year;
    int month;
    int day;
    j2date(static_cast<int>(number * plan->days) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
    const char *store = get_rel_name(plan->store);
    if (store == nullptr)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the history of the table is gone"),
                errhint("Call quiver.history_disable() and quiver.history_enable() for it."));
    const Oid schema = get_rel_namespace(plan->store);
    char name[NAMEDATALEN + 16];
    std::snprintf(name, sizeof name, "%s_%04d%02d%02d", store, year, month, day);
    Oid found = get_relname_relid(name, schema);
    if (!OidIsValid(found) || !get_rel_relispartition(found))
    {
        std::snprintf(name, sizeof name, "%s_rest", store);
        found = get_relname_relid(name, schema);
    }
    if (!OidIsValid(found) || !get_rel_relispartition(found))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
                errmsg("the history has no partition for this moment"),
                errdetail("Table %s.%s is missing.", get_namespace_name(schema), name),
                errhint("Call quiver.history_maintain()."));
    return found;
}

text *hashed(const Plan *plan, const char *bytes, std::size_t size)
{
    std::uint8_t digest[PG_SHA256_DIGEST_LENGTH];
    pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
    const auto *value = reinterpret_cast<const std::uint8_t *>(bytes);
    if (hash == nullptr || plan->salt == nullptr || pg_cryptohash_init(hash) < 0 ||
        pg_cryptohash_update(hash, reinterpret_cast<const std::uint8_t *>(VARDATA_ANY(plan->salt)),
                             VARSIZE_ANY_EXHDR(plan->salt)) < 0 ||
        pg_cryptohash_update(hash, value, size) < 0 ||
        pg_cryptohash_final(hash, digest, sizeof digest) < 0)
        ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not hash a value"));
    pg_cryptohash_free(hash);
    char hex[2 * sizeof digest];
    for (std::size_t i = 0; i < sizeof digest; ++i)
    {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    return cstring_to_text_with_len(hex, sizeof hex);
}

bool is_same(const Column &column, Datum a, Datum b)
{
    if (column.by_value)
        return a == b;
    if (column.size == -1)
    {
        auto *one = reinterpret_cast<varlena *>(DatumGetPointer(a));
        auto *other = reinterpret_cast<varlena *>(DatumGetPointer(b));
        // A value out of line that was not touched has the same pointer, and need not be read.
        if (VARATT_IS_EXTERNAL_ONDISK(one) && VARATT_IS_EXTERNAL_ONDISK(other) &&
            std::memcmp(one, other, VARSIZE_EXTERNAL(one)) == 0)
            return true;
    }
    return datum_image_eq(a, b, false, column.size);
}

Datum text_array(const Datum *values, const bool *nulls, int count)
{
    int low = 1;
    return PointerGetDatum(construct_md_array(const_cast<Datum *>(values),
                                              const_cast<bool *>(nulls), 1, &count, &low, TEXTOID,
                                              -1, false, TYPALIGN_INT));
}

template <class T> T *room(int count)
{
    return static_cast<T *>(palloc0(sizeof(T) * static_cast<Size>(count + 1)));
}

}  // namespace

text *kept_text(const Plan *plan, Column *column, Datum value)
{
    if (column->keep == Keep::hash)
    {
        const char *written = OutputFunctionCall(&column->output, value);
        return hashed(plan, written, std::strlen(written));
    }
    if (column->is_text)
        return DatumGetTextPP(value);
    const char *written = OutputFunctionCall(&column->output, value);
    return cstring_to_text(written);
}

Changes::Changes(Plan *plan)
    : plan_(plan),
      place_(next_statement(plan)),
      at_(GetCurrentTimestamp()),
      store_(partition_of(plan, at_)),
      row_(AllocSetContextCreate(CurrentMemoryContext, "quiver history row",
                                 ALLOCSET_DEFAULT_SIZES)),
      ids_(room<Datum>(plan->count)),
      before_(room<Datum>(plan->count)),
      after_(room<Datum>(plan->count)),
      no_before_(room<bool>(plan->count)),
      no_after_(room<bool>(plan->count))
{
    if (store_.columns() != fields)
        elog(ERROR, "a table of the history has %d columns", store_.columns());
}

void Changes::add(char operation, Datum key, Datum moved, int count, const Datum *before,
                  const bool *no_before, const Datum *after, const bool *no_after)
{
    Datum values[fields]{};
    bool nulls[fields]{};
    values[f_at] = TimestampTzGetDatum(at_);
    values[f_transaction] = Int64GetDatum(place_.transaction);
    values[f_statement] = Int32GetDatum(place_.statement);
    values[f_ordinal] = Int32GetDatum(ordinal_++);
    values[f_operation] = CharGetDatum(operation);
    values[f_key] = key;
    values[f_moved] = moved;
    nulls[f_moved] = moved == 0;
    nulls[f_columns] = count == 0;
    if (count != 0)
        values[f_columns] = PointerGetDatum(
            construct_array(ids_, count, INT4OID, sizeof(std::int32_t), true, TYPALIGN_INT));
    nulls[f_before] = before == nullptr || count == 0;
    if (!nulls[f_before])
        values[f_before] = text_array(before, no_before, count);
    nulls[f_after] = after == nullptr || count == 0;
    if (!nulls[f_after])
        values[f_after] = text_array(after, no_after, count);
    store_.add(values, nulls);
}

Datum Changes::key_of(TupleTableSlot *row)
{
    Datum texts[INDEX_MAX_KEYS];
    for (int i = 0; i < plan_->key_count; ++i)
    {
        Column &column = plan_->columns[plan_->key[i]];
        bool is_null;
        const Datum value = slot_getattr(row, column.attribute, &is_null);
        if (is_null)
            ereport(
                ERROR, errcode(ERRCODE_NOT_NULL_VIOLATION),
                errmsg("the key of a table with history must not be null"),
                errhint("Call quiver.history_disable() and quiver.history_enable() for the table's "
                        "new primary key."));
        texts[i] = PointerGetDatum(kept_text(plan_, &column, value));
    }
    return PointerGetDatum(
        construct_array(texts, plan_->key_count, TEXTOID, -1, false, TYPALIGN_INT));
}

// What is not null and not the key's; returns how many columns, with their numbers in ids_.
int Changes::whole_row(TupleTableSlot *row, Datum *texts)
{
    int count = 0;
    for (int i = 0; i < plan_->count; ++i)
    {
        Column &column = plan_->columns[i];
        if (column.keep == Keep::key || column.keep == Keep::nothing)
            continue;
        bool is_null;
        const Datum value = slot_getattr(row, column.attribute, &is_null);
        if (is_null)
            continue;
        ids_[count] = Int32GetDatum(column.id);
        texts[count++] = PointerGetDatum(kept_text(plan_, &column, value));
    }
    return count;
}

void Changes::came(TupleTableSlot *row, TupleTableSlot *from)
{
    MemoryContext caller = MemoryContextSwitchTo(row_);
    const int count = whole_row(row, after_);
    add('I', key_of(row), from != nullptr ? key_of(from) : 0, count, nullptr, nullptr, after_,
        nullptr);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_);
}

void Changes::went(TupleTableSlot *row, char operation, TupleTableSlot *to)
{
    MemoryContext caller = MemoryContextSwitchTo(row_);
    const int count = whole_row(row, before_);
    add(operation, key_of(row), to != nullptr ? key_of(to) : 0, count, before_, nullptr, nullptr,
        nullptr);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_);
}

void Changes::moved_from(TupleTableSlot *before, TupleTableSlot *after)
{
    went(before, 'D', after);
}

void Changes::moved_to(TupleTableSlot *before, TupleTableSlot *after) { came(after, before); }

bool Changes::is_same_key(TupleTableSlot *before, TupleTableSlot *after)
{
    for (int i = 0; i < plan_->key_count; ++i)
    {
        const Column &column = plan_->columns[plan_->key[i]];
        bool null_before;
        bool null_after;
        const Datum one = slot_getattr(before, column.attribute, &null_before);
        const Datum other = slot_getattr(after, column.attribute, &null_after);
        if (null_before != null_after || (!null_before && !is_same(column, one, other)))
            return false;
    }
    return true;
}

bool Changes::changed(TupleTableSlot *before, TupleTableSlot *after)
{
    if (!is_same_key(before, after))
        return false;
    MemoryContext caller = MemoryContextSwitchTo(row_);
    int count = 0;
    for (int i = 0; i < plan_->count; ++i)
    {
        Column &column = plan_->columns[i];
        if (column.keep == Keep::key || column.keep == Keep::nothing)
            continue;
        const Datum one = slot_getattr(before, column.attribute, &no_before_[count]);
        const Datum other = slot_getattr(after, column.attribute, &no_after_[count]);
        if (no_before_[count] == no_after_[count] &&
            (no_before_[count] || is_same(column, one, other)))
            continue;
        ids_[count] = Int32GetDatum(column.id);
        before_[count] = no_before_[count] ? 0 : PointerGetDatum(kept_text(plan_, &column, one));
        after_[count] = no_after_[count] ? 0 : PointerGetDatum(kept_text(plan_, &column, other));
        ++count;
    }
    if (count != 0)
        add('U', key_of(after), 0, count, before_, no_before_, after_, no_after_);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_);
    return true;
}

void Changes::close()
{
    store_.close();
    MemoryContextDelete(row_);
}

}  // namespace quiver::history
