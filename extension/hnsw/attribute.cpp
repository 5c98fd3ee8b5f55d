// Attributes: which types, and the words and hashes that stand for their values.
#include "hnsw/attribute.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <initializer_list>

namespace quiver::hnsw {

namespace {

AttributeKind kind_of(Oid type)
{
    switch (type)
    {
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case BOOLOID:
    case DATEOID:
    case TIMEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
        return AttributeKind::whole;
    case FLOAT4OID:
    case FLOAT8OID:
        return AttributeKind::real;
    case NUMERICOID:
        return AttributeKind::decimal;
    case TEXTOID:
    case BPCHAROID:
    case UUIDOID:
    case ANYENUMOID:
        return AttributeKind::hash;
    case ANYARRAYOID:
        return AttributeKind::hash_set;
    default:
        return AttributeKind::none;
    }
}

// What is hashed of a column: its elements if it is an array, else what its class is for.
Oid hashed_type(Relation index, int column)
{
    const Oid declared = index->rd_opcintype[column];
    const Oid type = getBaseType(TupleDescAttr(RelationGetDescr(index), column)->atttypid);
    if (declared == ANYARRAYOID)
        return get_base_element_type(type);
    return declared == ANYENUMOID ? type : declared;
}

FmgrInfo *hash_of(Oid type)
{
    TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
    if (!OidIsValid(entry->hash_extended_proc_finfo.fn_oid))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
                errmsg("could not identify an extended hash function for type %s",
                       format_type_be(type)),
                errhint("Columns of an hnsw index behind the first are compared by hashes, unless "
                        "they are numbers or times."));
    return &entry->hash_extended_proc_finfo;
}

bool is_hashed(AttributeKind kind)
{
    return kind == AttributeKind::hash || kind == AttributeKind::hash_set;
}

std::int64_t whole_word(Oid type, Datum value)
{
    switch (type)
    {
    case INT2OID:
        return DatumGetInt16(value);
    case INT4OID:
        return DatumGetInt32(value);
    case OIDOID:
        return DatumGetObjectId(value);
    case BOOLOID:
        return DatumGetBool(value) ? 1 : 0;
    case DATEOID:
        return DatumGetInt32(value);
    default:
        return DatumGetInt64(value);
    }
}

}  // namespace

std::int64_t ordered_word(double value)
{
    if (std::isnan(value))
        return INT64_MAX;
    // Of a negative number the bits grow with its size. Adding 0 makes one zero of the two.
    const auto bits = std::bit_cast<std::int64_t>(value + 0.0);
    return bits >= 0 ? bits : bits ^ INT64_MAX;
}

void HashSet::sign(std::uint32_t hash)
{
    for (const std::uint32_t bit :
         {(hash & 0xFFFF) % signature_bits, (hash >> 16) % signature_bits})
        words[bit / 32] |= 1U << (bit % 32);
}

bool HashSet::is_signed(std::uint32_t hash) const
{
    const std::uint32_t a = (hash & 0xFFFF) % signature_bits;
    const std::uint32_t b = (hash >> 16) % signature_bits;
    return (words[a / 32] >> (a % 32) & words[b / 32] >> (b % 32) & 1) != 0;
}

void HashSet::add(std::uint32_t hash)
{
    if (count < is_signature && may_have(hash))
        return;
    if (count < most)
    {
        words[count++] = hash;
        return;
    }
    if (count == most)
    {
        std::uint32_t all[most];
        std::memcpy(all, words, sizeof all);
        std::memset(words, 0, sizeof words);
        count = is_signature;
        for (const std::uint32_t one : all)
            sign(one);
    }
    sign(hash);
}

bool HashSet::may_have(std::uint32_t hash) const
{
    if (count >= is_signature)
        return is_signed(hash);
    for (std::uint32_t i = 0; i < count; ++i)
        if (words[i] == hash)
            return true;
    return false;
}

void describe_attributes(Relation index, MetaPage *meta)
{
    const int count = IndexRelationGetNumberOfKeyAttributes(index) - 1;
    if (count > max_attributes)
        ereport(ERROR, errcode(ERRCODE_TOO_MANY_COLUMNS),
                errmsg("an hnsw index cannot have more than %d columns behind the first",
                       max_attributes));
    meta->attribute_count = static_cast<std::uint8_t>(count);
    std::uint32_t offset = sizeof(AttributeHeader);
    for (int i = 0; i < count; ++i)
    {
        const Oid type = index->rd_opcintype[i + 1];
        const AttributeKind kind = kind_of(type);
        if (kind == AttributeKind::none)
            ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("column %d of an hnsw index cannot be of type %s", i + 2,
                           format_type_be(type)),
                    errdetail("The first column is what is searched; the others are what rows are "
                              "filtered by."),
                    errhint("Make an index of its own for each column that is searched."));
        if (is_hashed(kind))
            (void) hash_of(hashed_type(index, i + 1));
        meta->attributes[i] = {kind, 0, static_cast<std::uint16_t>(offset),
                               TupleDescAttr(RelationGetDescr(index), i + 1)->atttypid};
        offset += attribute_size(kind);
    }
    meta->attribute_bytes = count == 0 ? 0 : offset;
}

bool attributes_are_sane(const MetaPage &meta)
{
    if (meta.attribute_count > max_attributes)
        return false;
    if (meta.attribute_count == 0)
        return meta.attribute_bytes == 0;
    std::uint32_t offset = sizeof(AttributeHeader);
    for (int i = 0; i < meta.attribute_count; ++i)
    {
        if (meta.attributes[i].kind < AttributeKind::whole ||
            meta.attributes[i].kind > AttributeKind::hash_set ||
            meta.attributes[i].offset != offset)
            return false;
        offset += attribute_size(meta.attributes[i].kind);
    }
    return meta.attribute_bytes == offset;
}

AttributeForm::AttributeForm(Relation index, const MetaPage &meta) : meta_(&meta), columns_{}
{
    for (int i = 0; i < meta.attribute_count; ++i)
    {
        Column &column = columns_[i];
        column.type = hashed_type(index, i + 1);
        column.collation = index->rd_indcollation[i + 1];
        if (is_hashed(meta.attributes[i].kind))
            column.hash = hash_of(column.type);
    }
}

std::int64_t AttributeForm::word(int i, Oid type, Datum value) const
{
    switch (meta_->attributes[i].kind)
    {
    case AttributeKind::whole:
        return whole_word(type, value);
    case AttributeKind::real:
        return ordered_word(type == FLOAT4OID ? static_cast<double>(DatumGetFloat4(value))
                                              : DatumGetFloat8(value));
    case AttributeKind::decimal:
        return ordered_word(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value)));
    default:
        return DatumGetInt64(
            FunctionCall2Coll(columns_[i].hash, columns_[i].collation, value, Int64GetDatum(0)));
    }
}

int AttributeForm::element_hashes(int i, Datum array, std::uint32_t **out, bool *has_null) const
{
    const Column &column = columns_[i];
    ArrayType *elements = DatumGetArrayTypeP(array);
    std::int16_t length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(ARR_ELEMTYPE(elements), &length, &by_value, &alignment);
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(elements, ARR_ELEMTYPE(elements), length, by_value, alignment, &values,
                      &nulls, &count);
    *out = static_cast<std::uint32_t *>(palloc((count + 1) * sizeof(std::uint32_t)));
    *has_null = false;
    int hashed = 0;
    for (int j = 0; j < count; ++j)
    {
        CHECK_FOR_INTERRUPTS();
        if (nulls[j])
        {
            *has_null = true;
            continue;
        }
        const std::uint64_t hash = DatumGetUInt64(
            FunctionCall2Coll(column.hash, column.collation, values[j], Int64GetDatum(0)));
        (*out)[hashed++] = static_cast<std::uint32_t>(hash ^ hash >> 32);
    }
    return hashed;
}

const void *AttributeForm::form(const Datum *values, const bool *isnull) const
{
    if (!any())
        return nullptr;
    auto *record = static_cast<char *>(palloc0(meta_->attribute_bytes));
    auto *header = reinterpret_cast<AttributeHeader *>(record);
    for (int i = 0; i < meta_->attribute_count; ++i)
    {
        if (isnull[i + 1])
        {
            header->nulls = static_cast<std::uint16_t>(header->nulls | 1U << i);
            continue;
        }
        char *to = record + meta_->attributes[i].offset;
        if (meta_->attributes[i].kind != AttributeKind::hash_set)
        {
            const std::int64_t word = this->word(i, columns_[i].type, values[i + 1]);
            std::memcpy(to, &word, sizeof word);
            continue;
        }
        std::uint32_t *hashes;
        bool has_null;
        const int count = element_hashes(i, values[i + 1], &hashes, &has_null);
        HashSet set{};
        for (int j = 0; j < count; ++j)
            set.add(hashes[j]);
        std::memcpy(to, &set, sizeof set);
    }
    return record;
}

}  // namespace quiver::hnsw
