// Verification of a log from its files: every leaf, link, root and signature is computed anew.
//
// Memory is a record, a segment's notes, the anchors and a table of open sessions. The SQL function and
// the stand-alone program both call this.
#pragma once

#include "audit/digest.hpp"

#include <cstddef>

namespace quiver::audit {

enum class Severity : std::uint8_t
{
    info,
    warning,
    error
};

enum class Problem : std::uint8_t
{
    summary,
    altered,  // a record's chain value is not that of its content
    missing,  // records are gone from a shard's sequence
    reordered,
    rewritten,  // chains fit, but a checkpoint's root does not
    cut_tail,
    lost_segment,
    damaged,  // bytes that are no record
    clock_back,
    fork,
    bad_signature,
    unsigned_checkpoint,
    missing_checkpoint,
    not_sealed,  // records after the last checkpoint
    lost_events,  // the loss is recorded
    event_gap,  // numbers of a session are missing
    crashed,  // the log says that a process or server died
    removed,  // segments were removed by the retention rule
    unreadable,
    erased,  // a record's payload, as the log says; or as it does not
};

const char *severity_name(Severity severity);
const char *problem_name(Problem problem);

struct Finding
{
    Severity severity;
    Problem problem;
    std::uint64_t segment;
    std::uint64_t offset;
    std::uint64_t leaf;  // index in the log
    std::int64_t time;  // of the record or checkpoint, 0 if unknown
    char detail[320];
};

struct VerifyRequest
{
    const char *directory;
    const PublicKey *key;  // null: signatures are not judged
    const char *anchors;  // a directory of *.note, or null
    void (*report)(void *context, const Finding &finding);
    void (*each_record)(void *context);  // for interrupts and progress; may be null
    void *context;
};

struct VerifySummary
{
    std::uint64_t segments;
    std::uint64_t records;
    std::uint64_t events;
    std::uint64_t checkpoints;
    std::uint64_t anchors;
    std::uint64_t lost;
    std::uint64_t errors;
    std::uint64_t warnings;
    std::int64_t first_time;
    std::int64_t last_time;
};

VerifySummary verify_log(const VerifyRequest &request);
// Frees what a verification held that an error ended; there is one at a time.
void verify_abandon();

}  // namespace quiver::audit
