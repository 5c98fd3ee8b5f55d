// Reloptions, settings, and what an index becomes from them.
#include "hnsw/options.hpp"

#include "hnsw/attribute.hpp"
#include "hnsw/code_copy.hpp"
#include "hnsw/filter_cost.hpp"
#include "hnsw/layout.hpp"
#include "hnsw/space.hpp"

#include <cstring>

namespace quiver::hnsw {

namespace {

constexpr int default_m = 16, least_m = 2, most_m = 100;
constexpr int default_ef_construction = 64, least_ef_construction = 4, most_ef_construction = 1000;
constexpr int default_ef_search = 40, least_ef_search = 1, most_ef_search = 1000;

relopt_kind option_kind;

const config_enum_entry iterative_scan_options[] = {
    {"off", static_cast<int>(IterativeScan::off), false},
    {"relaxed_order", static_cast<int>(IterativeScan::relaxed_order), false},
    {"strict_order", static_cast<int>(IterativeScan::strict_order), false},
    {nullptr, 0, false},
};

relopt_enum_elt_def quantizer_names[] = {
    {"none", static_cast<int>(Quantizer::none)},
    {"rabitq", static_cast<int>(Quantizer::rabitq)},
    {nullptr, 0},
};
constexpr int bits_auto = 0;
relopt_enum_elt_def bits_names[] = {
    {"auto", bits_auto}, {"1", 1}, {"2", 2}, {"4", 4}, {"8", 8}, {nullptr, 0},
};
relopt_enum_elt_def rerank_names[] = {
    {"index", static_cast<int>(Rerank::index)},
    {"heap", static_cast<int>(Rerank::heap)},
    {nullptr, 0},
};

// With few dimensions an estimate's error is large, and a code small all the same (docs/quantizer.md).
int auto_bits(std::uint32_t dims) { return dims < 64 ? 8 : 4; }

constexpr int most_coded_dims = 16000;

// Of the classes without codes; as pgvector's, in bytes the same for all.
int most_dims(ValueKind kind)
{
    switch (kind)
    {
    case ValueKind::f32:
        return 2000;
    case ValueKind::f16:
        return 4000;
    case ValueKind::i8:
        return 8000;
    case ValueKind::bits:
        return 64000;
    case ValueKind::sparse:
        break;
    }
    return 1'000'000'000;
}

}  // namespace

int ef_search = default_ef_search;
int iterative_scan = static_cast<int>(IterativeScan::off);
int max_scan_tuples = 20000;
double scan_mem_multiplier = 1;

bytea *parse_options(Datum reloptions, bool validate)
{
    static const relopt_parse_elt table[] = {
        {"m", RELOPT_TYPE_INT, offsetof(Options, m)},
        {"ef_construction", RELOPT_TYPE_INT, offsetof(Options, ef_construction)},
        {"quantizer", RELOPT_TYPE_ENUM, offsetof(Options, quantizer)},
        {"bits", RELOPT_TYPE_ENUM, offsetof(Options, bits)},
        {"rerank", RELOPT_TYPE_ENUM, offsetof(Options, rerank)},
    };
    return static_cast<bytea *>(build_reloptions(reloptions, validate, option_kind, sizeof(Options),
                                                 table, lengthof(table)));
}

void describe_index(Relation index, MetaPage *meta)
{
    const auto *options = reinterpret_cast<const Options *>(index->rd_options);
    std::memset(meta, 0, sizeof *meta);
    meta->magic = MetaPage::expected_magic;
    meta->version = MetaPage::current_version;
    meta->m = static_cast<std::uint16_t>(options != nullptr ? options->m : default_m);
    meta->ef_construction = static_cast<std::uint16_t>(
        options != nullptr ? options->ef_construction : default_ef_construction);
    meta->max_level = static_cast<std::uint8_t>(max_level(meta->m));
    meta->free_head = no_vertex;
    meta->entry = no_vertex;
    meta->identity = pg_prng_uint64(&pg_global_prng_state);

    const FormData_pg_attribute *column = TupleDescAttr(RelationGetDescr(index), 0);
    if (column->atttypid == VARBITOID)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("type not supported for hnsw index"));
    space_of_index(index, &meta->value_kind, &meta->metric);
    const int dims = column->atttypmod;
    if (dims < 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("column does not have dimensions"));
    const bool coded =
        options != nullptr && options->quantizer != static_cast<int>(Quantizer::none);
    if (coded && !can_code(meta->value_kind, meta->metric))
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("quantizer \"rabitq\" does not support this operator class"),
                errdetail("Codes are made of vector and halfvec, under Euclidean, cosine and inner "
                          "product distance."),
                errhint("Create the index without quantizer."));
    const int most = coded ? most_coded_dims : most_dims(meta->value_kind);
    if (dims > most)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("column cannot have more than %d dimensions for hnsw index", most));
    if (meta->ef_construction < 2 * meta->m)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("ef_construction must be greater than or equal to 2 * m"));
    meta->dims = static_cast<std::uint32_t>(dims);
    meta->value_bytes = make_space(meta->value_kind, meta->metric, meta->dims).slot_bytes();
    if (coded)
    {
        meta->quantizer = Quantizer::rabitq;
        meta->rerank = static_cast<Rerank>(options->rerank);
        meta->code_bits = static_cast<std::uint8_t>(
            options->bits != bits_auto ? options->bits : auto_bits(meta->dims));
        meta->code_bytes =
            static_cast<std::uint32_t>(kernels::code_record_bytes(meta->dims, meta->code_bits));
        meta->rotation_seed = pg_prng_uint64(&pg_global_prng_state);
        meta->centre_pages =
            static_cast<std::uint32_t>(centre_room(*meta) * sizeof(float) / storage::page_payload);
        if (meta->rerank == Rerank::heap)
            meta->value_bytes = 0;
    }
    describe_attributes(index, meta);
    meta->vertices_per_chunk = choose_vertices_per_chunk(sizes_of(*meta));
}

void define_options()
{
    option_kind = add_reloption_kind();
    add_int_reloption(option_kind, "m", "Max number of connections", default_m, least_m, most_m,
                      AccessExclusiveLock);
    add_int_reloption(
        option_kind, "ef_construction", "Size of the dynamic candidate list for construction",
        default_ef_construction, least_ef_construction, most_ef_construction, AccessExclusiveLock);

    add_enum_reloption(option_kind, "quantizer", "Codes that a search compares by", quantizer_names,
                       static_cast<int>(Quantizer::none),
                       "Valid values are \"none\" and \"rabitq\".", AccessExclusiveLock);
    add_enum_reloption(option_kind, "bits", "Bits of a code for each dimension", bits_names,
                       bits_auto, "Valid values are \"auto\", \"1\", \"2\", \"4\" and \"8\".",
                       AccessExclusiveLock);
    add_enum_reloption(option_kind, "rerank", "Where exact distances come from", rerank_names,
                       static_cast<int>(Rerank::index), "Valid values are \"index\" and \"heap\".",
                       AccessExclusiveLock);

    DefineCustomIntVariable(
        "hnsw.ef_search", "Sets the size of the dynamic candidate list for search",
        "Valid range is 1..1000.", &ef_search, default_ef_search, least_ef_search, most_ef_search,
        PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("hnsw.iterative_scan", "Sets the mode for iterative scans", nullptr,
                             &iterative_scan, static_cast<int>(IterativeScan::off),
                             iterative_scan_options, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    // Approximate, and without effect on the first search.
    DefineCustomIntVariable(
        "hnsw.max_scan_tuples", "Sets the max number of tuples to visit for iterative scans",
        nullptr, &max_scan_tuples, 20000, 1, INT_MAX, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomRealVariable(
        "hnsw.scan_mem_multiplier", "Sets the multiple of work_mem to use for iterative scans",
        nullptr, &scan_mem_multiplier, 1, 1, 1000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    define_copy_settings();
    define_filter_settings();
    MarkGUCPrefixReserved("hnsw");
}

}  // namespace quiver::hnsw
