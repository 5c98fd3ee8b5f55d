// quiver.audit_verify(), audit_proof(), audit_checkpoint(), audit_status().
#include "audit/sql.hpp"

#include "audit/merkle.hpp"
#include "audit/note.hpp"
#include "audit/reader.hpp"
#include "audit/statement.hpp"
#include "audit/verify.hpp"

#include "pg/function.hpp"
#include "pg/shared_area.hpp"

#include <cinttypes>

namespace quiver::audit {

void require_audit()
{
    if (area_is_there())
        return;
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("the audit is not active"),
            errdetail("The audit's hooks and worker need the library to be preloaded."),
            errhint("Add quiver to shared_preload_libraries and restart the server."));
}

namespace {

constinit SegmentReader reader;

struct Findings
{
    Tuplestorestate *store;
    TupleDesc shape;
};

void put_finding(void *context, const Finding &finding)
{
    const auto *findings = static_cast<const Findings *>(context);
    Datum values[7] = {CStringGetTextDatum(severity_name(finding.severity)),
                       CStringGetTextDatum(problem_name(finding.problem)),
                       Int64GetDatum(static_cast<int64>(finding.segment)),
                       Int64GetDatum(static_cast<int64>(finding.offset)),
                       Int64GetDatum(static_cast<int64>(finding.leaf)),
                       TimestampTzGetDatum(finding.time),
                       CStringGetTextDatum(finding.detail)};
    bool nulls[7] = {
        false, false, finding.segment == 0, finding.segment == 0, false, finding.time == 0, false};
    tuplestore_putvalues(findings->store, findings->shape, values, nulls);
}

void check_interrupts(void *) { CHECK_FOR_INTERRUPTS(); }
void abandon(void *)
{
    verify_abandon();
    reader.close();
}

void release_on_error()
{
    auto *callback = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    callback->func = abandon;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

// The newest note of the log; false if there is none.
bool newest_note(ParsedNote &parsed, char *&text)
{
    SegmentRange range;
    if (!list_segments(audit_directory(), range))
        return false;
    for (std::uint64_t number = range.last; number >= range.first && number > 0; --number)
    {
        char path[max_path];
        segment_path(path, audit_directory(), number, ".notes");
        std::size_t size = 0;
        char *file = read_file(path, size);
        if (file == nullptr)
            continue;
        text = static_cast<char *>(palloc(size + 1));
        std::memcpy(text, file, size + 1);
        std::free(file);
        std::string_view rest{text, size};
        bool found = false;
        while (!rest.empty())
        {
            ParsedNote note;
            const std::size_t used = parse_note(rest, note);
            if (used == 0)
                break;
            parsed = note;
            found = true;
            text = const_cast<char *>(rest.data());
            rest.remove_prefix(used);
        }
        if (found)
            return true;
    }
    return false;
}

bool own_key(PublicKey &key)
{
    char path[max_path];
    snprintf(path, sizeof path, "%s/sign.pub", audit_directory());
    return load_public_key(path, key);
}

}  // namespace

QUIVER_FUNCTION(quiver_audit_verify)
{
    require_audit();
    (void) wait_for_worker(true, 5000);
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    Findings findings{result->setResult, result->setDesc};
    PublicKey key{};
    bool has_key = own_key(key);
    if (!PG_ARGISNULL(0))
    {
        const bytea *given = PG_GETARG_BYTEA_PP(0);
        if (VARSIZE_ANY_EXHDR(given) != key.size())
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("a public key has %zu bytes, not %zu", key.size(),
                           static_cast<std::size_t>(VARSIZE_ANY_EXHDR(given))),
                    errhint("quiver.audit_public_key() gives this server's."));
        std::memcpy(key.data(), VARDATA_ANY(given), key.size());
        has_key = true;
    }
    const bool has_anchors =
        settings.anchor_directory != nullptr && settings.anchor_directory[0] != '\0';
    release_on_error();
    const VerifySummary summary = verify_log({audit_directory(), has_key ? &key : nullptr,
                                              has_anchors ? settings.anchor_directory : nullptr,
                                              put_finding, check_interrupts, &findings});
    Finding last{Severity::info, Problem::summary, 0, 0, summary.records, summary.last_time, {}};
    snprintf(last.detail, sizeof last.detail,
             "%" PRIu64 " segments, %" PRIu64 " records, %" PRIu64 " events, %" PRIu64
             " checkpoints, %" PRIu64 " anchors, %" PRIu64 " events lost: %" PRIu64
             " errors, %" PRIu64 " warnings",
             summary.segments, summary.records, summary.events, summary.checkpoints,
             summary.anchors, summary.lost, summary.errors, summary.warnings);
    put_finding(&findings, last);
    return Datum{0};
}

QUIVER_FUNCTION(quiver_audit_checkpoint)
{
    require_audit();
    if (session.stage != nullptr)
        flush_stage();
    if (!wait_for_worker(true, 5000))
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("the audit's worker did not write a checkpoint within 5 seconds"),
                errhint("See quiver.audit_status() and the server log."));
    ParsedNote note;
    char *text;
    if (!newest_note(note, text))
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(cstring_to_text(text));
}

QUIVER_FUNCTION(quiver_audit_public_key)
{
    require_audit();
    PublicKey key{};
    if (!own_key(key))
        PG_RETURN_NULL();
    auto *bytes = static_cast<bytea *>(palloc(VARHDRSZ + key.size()));
    SET_VARSIZE(bytes, VARHDRSZ + key.size());
    std::memcpy(VARDATA(bytes), key.data(), key.size());
    PG_RETURN_BYTEA_P(bytes);
}

// The audit path of a record, in the tree of the newest checkpoint.
QUIVER_FUNCTION(quiver_audit_proof)
{
    require_audit();
    const auto shard = static_cast<std::uint16_t>(PG_GETARG_INT32(0));
    const auto sequence = static_cast<std::uint64_t>(PG_GETARG_INT64(1));
    (void) wait_for_worker(true, 5000);
    ParsedNote note;
    char *text;
    SegmentRange range;
    if (!newest_note(note, text) || !list_segments(audit_directory(), range) || range.first != 1)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("a proof needs the log from its first segment on, and a checkpoint"));
    release_on_error();
    static std::uint8_t buffer[max_record_bytes];
    std::uint64_t target = note.checkpoint.size;
    ProofBuilder *builder_ = nullptr;
    // The first pass finds the leaf's index, the second makes the path.
    for (int pass = 0; pass < 2; ++pass)
    {
        std::uint64_t index = 0;
        for (std::uint64_t number = range.first; number <= range.last; ++number)
        {
            RecordHead record;
            if (!reader.open(audit_directory(), number) || !reader.has_head())
                break;
            while (index < note.checkpoint.size &&
                   reader.next(record, buffer) == ReadResult::record)
            {
                CHECK_FOR_INTERRUPTS();
                if (pass == 0 && record.shard == shard && record.sequence == sequence)
                    target = index;
                if (pass == 1)
                    builder_->add(index, leaf(record, commitment(record, buffer)));
                ++index;
            }
            reader.close();
        }
        if (pass == 0 && target == note.checkpoint.size)
            ereport(ERROR, errcode(ERRCODE_NO_DATA_FOUND),
                    errmsg("shard %u has no sealed record %" PRIu64, shard, sequence));
        if (pass == 0)
            builder_ =
                new (palloc(sizeof(ProofBuilder))) ProofBuilder{target, note.checkpoint.size};
    }
    const InclusionProof &proof = builder_->finish();
    Digest root;
    const bool holds = proof_root(proof, root) && constant_time_equal(root, note.checkpoint.root);

    TupleDesc shape;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("a row is needed"));
    const auto as_bytea = [](const Digest &digest) {
        auto *bytes = static_cast<bytea *>(palloc(VARHDRSZ + digest.size()));
        SET_VARSIZE(bytes, VARHDRSZ + digest.size());
        std::memcpy(VARDATA(bytes), digest.data(), digest.size());
        return PointerGetDatum(bytes);
    };
    Datum path[max_levels];
    for (unsigned i = 0; i < proof.count; ++i)
        path[i] = as_bytea(proof.path[i]);
    Datum values[6] = {Int64GetDatum(static_cast<int64>(proof.target)),
                       Int64GetDatum(static_cast<int64>(proof.size)),
                       as_bytea(proof.leaf),
                       PointerGetDatum(construct_array(path, static_cast<int>(proof.count),
                                                       BYTEAOID, -1, false, TYPALIGN_INT)),
                       as_bytea(note.checkpoint.root),
                       BoolGetDatum(holds)};
    bool nulls[6] = {};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

QUIVER_FUNCTION(quiver_audit_status)
{
    TupleDesc shape;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("a row is needed"));
    require_audit();
    AreaHead *head = area.head;
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    for (std::uint32_t shard = 0; shard < head->shards; ++shard)
    {
        used += pg_atomic_read_u64(&head->rings[shard].head) -
                pg_atomic_read_u64(&head->rings[shard].tail);
        lost += head->rings[shard].total_lost;
    }
    Datum values[10] = {
        BoolGetDatum(pg_atomic_read_u32(&head->worker) != 0),
        BoolGetDatum(pg_atomic_read_u32(&head->stalled) != 0),
        Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&head->written_events))),
        Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&head->written_bytes))),
        Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&head->synced_leaves))),
        Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&head->sealed_leaves))),
        Int64GetDatum(static_cast<int64>(lost)),
        Int64GetDatum(static_cast<int64>(used)),
        Int64GetDatum(static_cast<int64>(head->ring_bytes * head->shards)),
        Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&head->segment)))};
    bool nulls[10] = {};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

}  // namespace quiver::audit
