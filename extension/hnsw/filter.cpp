// From scan keys to tests of attribute records.
#include "hnsw/filter.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace quiver::hnsw {

namespace {

std::int64_t word_at(const char *value)
{
    std::int64_t word;
    std::memcpy(&word, value, sizeof word);
    return word;
}

std::uint16_t nulls_of(const char *record)
{
    std::uint16_t nulls;
    std::memcpy(&nulls, record, sizeof nulls);
    return nulls;
}

// The type of a key's value, or of its elements, where it is that of the class.
Oid value_type(Relation index, const ScanKeyData &key)
{
    return OidIsValid(key.sk_subtype) ? key.sk_subtype : index->rd_opcintype[key.sk_attno - 1];
}

}  // namespace

Filter::Filter(Relation index, const MetaPage &meta, const ScanKeyData *keys, int count)
    : record_bytes_(meta.attribute_bytes)
{
    const AttributeForm form{index, meta};
    for (int i = 0; i < count; ++i)
    {
        ScanKeyData key = keys[i];
        key.sk_subtype = value_type(index, keys[i]);
        add(form, meta, key);
    }
    join_ranges();
    for (const Condition &condition : conditions_)
        // NULL passes no test but that for it.
        if (condition.test != Test::null)
            unwanted_ |= condition.null_bit;
    // What is tested fastest, and is likely to pass the fewest, comes first.
    std::sort(conditions_.begin(), conditions_.end(), [](const Condition &a, const Condition &b) {
        const auto rank = [](const Condition &c) {
            return c.test == Test::range ? (c.low == c.high ? 0 : 1) : 2;
        };
        return rank(a) < rank(b);
    });
}

void Filter::add(const AttributeForm &form, const MetaPage &meta, const ScanKeyData &key)
{
    const int column = key.sk_attno - 2;
    if (column < 0)
    {
        // Rows without a value are not in the index.
        never_ = never_ || (key.sk_flags & SK_SEARCHNOTNULL) == 0;
        return;
    }
    if (column >= meta.attribute_count)
        elog(ERROR, "hnsw index has no column %d", key.sk_attno);
    Condition condition{};
    condition.null_bit = static_cast<std::uint16_t>(1U << column);
    condition.offset = meta.attributes[column].offset;
    if ((key.sk_flags & (SK_SEARCHNULL | SK_SEARCHNOTNULL)) != 0)
        condition.test = (key.sk_flags & SK_SEARCHNULL) != 0 ? Test::null : Test::not_null;
    else if ((key.sk_flags & SK_ISNULL) != 0)
    {
        never_ = true;
        return;
    }
    else if (meta.attributes[column].kind == AttributeKind::hash_set)
        add_elements(form, column, key, &condition);
    else
    {
        lossy_ = lossy_ || meta.attributes[column].kind == AttributeKind::hash ||
                 meta.attributes[column].kind == AttributeKind::decimal;
        if ((key.sk_flags & SK_SEARCHARRAY) != 0)
            add_any_of(form, column, key, &condition);
        else
            add_range(meta.attributes[column].kind, static_cast<Strategy>(key.sk_strategy),
                      form.word(column, key.sk_subtype, key.sk_argument), &condition);
    }
    conditions_.push_back(condition);
}

void Filter::add_range(AttributeKind kind, Strategy strategy, std::int64_t word, Condition *out)
{
    // Numbers that differ may have the same nearest double.
    const bool rounded = kind == AttributeKind::decimal;
    out->test = Test::range;
    out->low = INT64_MIN;
    out->high = INT64_MAX;
    switch (strategy)
    {
    case Strategy::less:
        never_ = never_ || (!rounded && word == INT64_MIN);
        out->high = rounded || word == INT64_MIN ? word : word - 1;
        return;
    case Strategy::less_equal:
        out->high = word;
        return;
    case Strategy::equal:
        out->low = out->high = word;
        return;
    case Strategy::greater_equal:
        out->low = word;
        return;
    case Strategy::greater:
        never_ = never_ || (!rounded && word == INT64_MAX);
        out->low = rounded || word == INT64_MAX ? word : word + 1;
        return;
    default:
        elog(ERROR, "unrecognized strategy number: %d", static_cast<int>(strategy));
    }
}

// BETWEEN is two conditions, and one test.
void Filter::join_ranges()
{
    std::size_t kept = 0;
    for (const Condition &condition : conditions_)
    {
        Condition *before = std::find_if(
            conditions_.begin(), conditions_.begin() + kept, [&condition](const Condition &other) {
                return other.test == Test::range && other.offset == condition.offset;
            });
        if (condition.test != Test::range || before == conditions_.begin() + kept)
        {
            conditions_[kept++] = condition;
            continue;
        }
        before->low = std::max(before->low, condition.low);
        before->high = std::min(before->high, condition.high);
        never_ = never_ || before->low > before->high;
    }
    conditions_.resize(kept);
}

// = ANY is a set; of another operator one of the array's values decides.
void Filter::add_any_of(const AttributeForm &form, int column, const ScanKeyData &key,
                        Condition *out)
{
    ArrayType *array = DatumGetArrayTypeP(key.sk_argument);
    std::int16_t length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &values, &nulls,
                      &count);
    auto *words = static_cast<std::int64_t *>(palloc((count + 1) * sizeof(std::int64_t)));
    int kept = 0;
    for (int i = 0; i < count; ++i)
        if (!nulls[i])
            words[kept++] = form.word(column, key.sk_subtype, values[i]);
    if (kept == 0)
    {
        never_ = true;
        return;
    }
    std::sort(words, words + kept);
    const auto strategy = static_cast<Strategy>(key.sk_strategy);
    const AttributeKind kind = form.kind(column);
    if (strategy == Strategy::less || strategy == Strategy::less_equal)
        add_range(kind, strategy, words[kept - 1], out);
    else if (strategy != Strategy::equal)
        add_range(kind, strategy, words[0], out);
    else
    {
        out->test = Test::set;
        out->words = words;
        out->count = static_cast<int>(std::unique(words, words + kept) - words);
    }
}

void Filter::add_elements(const AttributeForm &form, int column, const ScanKeyData &key,
                          Condition *out)
{
    if ((key.sk_flags & SK_SEARCHARRAY) != 0)
        elog(ERROR, "unsupported condition on an array column of an hnsw index");
    lossy_ = true;
    std::uint32_t *hashes;
    bool has_null;
    out->count = form.element_hashes(column, key.sk_argument, &hashes, &has_null);
    out->hashes = hashes;
    const bool overlap = static_cast<Strategy>(key.sk_strategy) == Strategy::overlap;
    out->test = overlap ? Test::overlap : Test::contains;
    // NULL is in no array; no array has an element in common with an empty one.
    never_ = never_ || (overlap ? out->count == 0 : has_null);
}

bool Filter::passes(const Condition &condition, std::uint32_t nulls, const char *value)
{
    const bool is_null = (nulls & condition.null_bit) != 0;
    if (condition.test == Test::null)
        return is_null;
    if (is_null || condition.test == Test::not_null)
        return !is_null;
    if (condition.test == Test::range)
    {
        const std::int64_t word = word_at(value);
        return word >= condition.low && word <= condition.high;
    }
    if (condition.test == Test::set)
        return std::binary_search(condition.words, condition.words + condition.count,
                                  word_at(value));
    HashSet set;
    std::memcpy(&set, value, sizeof set);
    const auto may_have = [&set](std::uint32_t hash) { return set.may_have(hash); };
    const std::uint32_t *end = condition.hashes + condition.count;
    return condition.test == Test::overlap ? std::any_of(condition.hashes, end, may_have)
                                           : std::all_of(condition.hashes, end, may_have);
}

bool Filter::passes(const void *record) const
{
    const auto *bytes = static_cast<const char *>(record);
    for (const Condition &condition : conditions_)
        if (!passes(condition, nulls_of(bytes), bytes + condition.offset))
            return false;
    return !never_;
}

bool Filter::passes_on_page(Graph &graph, Vertex vertex) const
{
    alignas(8) char record[most_attribute_bytes];
    graph.read_attributes(vertex, record);
    return passes(record);
}

// `good`: those that are of interest, of which some stay.
void Filter::test(const AttributeColumns &columns, const Condition &condition, Vertex first,
                  std::size_t blocks, std::uint64_t *good)
{
    // Up to here each value of a set is looked for in turn.
    constexpr int few = 16;
    const kernels::FilterKernels &kernels = kernels::active->filter;
    const char *column = columns.column(condition.offset);
    const auto *words = reinterpret_cast<const std::int64_t *>(column) + first;
    switch (condition.test)
    {
    case Test::not_null:
        return;  // its mark says so
    case Test::range:
        kernels.in_range(words, blocks, condition.low, condition.high, good);
        return;
    case Test::set:
        if (condition.count > few)
            break;
        kernels.in_set(words, blocks, condition.words, static_cast<std::size_t>(condition.count),
                       good);
        return;
    default:
        break;
    }
    const bool is_set = condition.test == Test::overlap || condition.test == Test::contains;
    const std::size_t size = is_set ? sizeof(HashSet) : sizeof(std::int64_t);
    for (std::size_t b = 0; b < blocks; ++b, first += 64)
        for (std::uint64_t among = good[b]; among != 0; among &= among - 1)
        {
            const auto i = static_cast<unsigned>(std::countr_zero(among));
            const std::uint32_t nulls = columns.mark(first + i) & condition.null_bit;
            if (!passes(condition, nulls, column + (first + i) * size))
                good[b] &= ~(std::uint64_t{1} << i);
        }
}

void Filter::test(const AttributeColumns &columns, Vertex first, std::size_t blocks,
                  std::uint64_t *good, std::uint64_t *absent) const
{
    kernels::active->filter.marked(columns.marks + first, blocks, unwanted_, good, absent);
    // Entries are published by their marks.
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    for (const Condition &condition : conditions_)
        test(columns, condition, first, blocks, good);
    if (never_)
        std::fill_n(good, blocks, std::uint64_t{0});
}

int Filter::select(const char *records, int count, std::uint16_t *out) const
{
    if (never_ || conditions_.empty())
        return 0;
    int kept = 0;
    const Condition &first = conditions_[0];
    const std::size_t stride = record_bytes_;
    if (first.test == Test::range)
        for (int i = 0; i < count; ++i)
        {
            const char *record = records + static_cast<std::size_t>(i) * stride;
            const std::int64_t word = word_at(record + first.offset);
            const bool good = (word >= first.low) & (word <= first.high) &
                              ((nulls_of(record) & first.null_bit) == 0);
            out[kept] = static_cast<std::uint16_t>(i);
            kept += good ? 1 : 0;
        }
    else
        for (int i = 0; i < count; ++i)
        {
            const char *record = records + static_cast<std::size_t>(i) * stride;
            if (passes(first, nulls_of(record), record + first.offset))
                out[kept++] = static_cast<std::uint16_t>(i);
        }
    for (std::size_t c = 1; c < conditions_.size(); ++c)
    {
        const int before = kept;
        kept = 0;
        for (int i = 0; i < before; ++i)
        {
            const char *record = records + out[i] * stride;
            if (passes(conditions_[c], nulls_of(record), record + conditions_[c].offset))
                out[kept++] = out[i];
        }
    }
    return kept;
}

}  // namespace quiver::hnsw
