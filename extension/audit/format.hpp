// The bytes of the audit trail: segments, records, events (docs/audit_format.md). No PostgreSQL here:
// the stand-alone verifier reads them too.
//
// Persisted. A change is a new format version, never an edit. All numbers are little-endian.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace quiver::audit {

static_assert(std::endian::native == std::endian::little, "the trail is little-endian");

constexpr std::uint32_t format_version = 1;
constexpr std::size_t max_shards = 16;
constexpr std::size_t digest_bytes = 32;
constexpr std::size_t max_levels = 64;
constexpr std::size_t segment_head_bytes = 4096;
constexpr std::size_t max_record_bytes = 128 * 1024;

using Digest = std::array<std::uint8_t, digest_bytes>;

// The first 4096 bytes of a segment: where the log stood when it was begun.
struct SegmentHead
{
    char magic[8];
    std::uint32_t version;
    std::uint32_t shards;
    std::uint64_t system_id;  // of the database cluster
    std::uint8_t log_id[16];  // random, one for each log
    std::uint64_t number;  // 1, 2, ...
    std::uint64_t first_leaf;  // leaves of the log before this segment
    std::int64_t created;  // microseconds since 2000-01-01 UTC, as all times here
    std::uint64_t shard_next[max_shards];
    Digest shard_head[max_shards];
    Digest frontier[max_levels];  // Merkle frontier of first_leaf leaves, lowest level first
};

constexpr char segment_magic[8] = {'Q', 'V', 'R', 'A', 'U', 'D', 'I', 'T'};

static_assert(std::is_trivially_copyable_v<SegmentHead> && sizeof(SegmentHead) <= 4096);
static_assert(offsetof(SegmentHead, number) == 40 && offsetof(SegmentHead, shard_next) == 64);
static_assert(offsetof(SegmentHead, shard_head) == 192 && offsetof(SegmentHead, frontier) == 704);

enum RecordFlag : std::uint8_t
{
    record_erased = 1,  // the payload is its commitment and zeros; the salt is zeros
    record_recovered = 2,  // taken up by a later server: from a stage, a ring or WAL
};

// Before each record's payload. `length` counts this head, the payload and padding to 8 bytes.
struct RecordHead
{
    std::uint32_t length;
    std::uint8_t flags;  // not hashed
    std::uint8_t reserved;
    std::uint16_t shard;
    std::uint64_t sequence;  // in the shard, from 1
    std::int64_t time;  // when the record was made
    std::uint64_t session;  // start in seconds since 1970 << 32 | process id: log_line_prefix %c
    std::uint64_t first_event;  // the session's number of the first event in it
    std::uint32_t payload;  // bytes
    std::uint32_t events;
    std::uint8_t salt[16];
    Digest chain;
};

static_assert(std::is_trivially_copyable_v<RecordHead> && sizeof(RecordHead) == 96);
static_assert(offsetof(RecordHead, sequence) == 8 && offsetof(RecordHead, salt) == 48);

enum class EventKind : std::uint8_t
{
    statement = 1,
    utility = 2,
    function = 3,
    object = 4,  // one that a utility command created, altered, dropped or truncated
    login = 5,
    logout = 6,
    failure = 7,  // a statement that failed before it was begun
    policy = 8,  // a quiver.audit* setting was changed
    completion = 9,  // rows, duration and outcome of a statement whose event was written before
    transaction = 10,  // outcome of a transaction, events of which were written before
    loss = 11,  // `rows` events were lost
    start = 12,
    stop = 13,
    retention = 14,  // segments were removed by the retention rule
    erasure = 15,  // the payload of a record was erased; `rows` is the number of its events
};

enum class EventClass : std::uint8_t
{
    none = 0,
    read = 1,
    write = 2,
    function = 3,
    role = 4,
    ddl = 5,
    misc = 6,
    misc_set = 7,
    login = 8,
    failed = 9,
    policy = 10,
};

enum class Outcome : std::uint8_t
{
    running = 0,
    done = 1,  // the statement ended; its transaction had not
    committed = 2,
    rolled_back = 3,
    failed = 4,
    denied = 5,
    prepared = 6,
    crashed = 7,  // the process or the server ended in the middle
};

enum EventFlag : std::uint8_t
{
    event_continued = 1,  // more actions of the same statement
    event_text_cut = 2,
};

struct EventHead
{
    std::uint32_t length;  // with the fields that follow
    EventKind kind;
    EventClass klass;
    Outcome outcome;
    std::uint8_t flags;
    std::uint64_t number;  // in the session, from 1; a gap is a loss
    std::uint32_t statement;  // in the session; 0 outside of statements
    std::uint32_t substatement;  // 0 for the client's own
    std::uint32_t transaction;  // in the session
    std::uint32_t subtransaction;  // 1 is the top
    std::int64_t start;
    std::uint64_t duration;  // microseconds
    std::uint64_t rows;
    std::uint32_t xid;  // 0 if none
    char sqlstate[5];  // zeros if none
    std::uint8_t reserved[3];
};

static_assert(std::is_trivially_copyable_v<EventHead> && sizeof(EventHead) == 72);

// Fields after an event head or in a session part: tag, length in two bytes, bytes.
enum class Field : std::uint8_t
{
    session_user = 1,
    database = 2,
    client = 3,
    application = 4,
    current_user = 5,
    context = 6,  // quiver.audit_context
    command = 7,
    text = 8,
    action = 9,
    parameters = 10,
    message = 11,
    setting = 12,
    old_name = 13,
    sealed = 14,  // parameters, to a public key: envelope.hpp
    origin = 15,  // of a record that was taken up from WAL
};

constexpr std::size_t field_head = 3;

// Of a start event: `rows` is where in WAL the reading begins.
constexpr std::string_view follow_command = "FOLLOW";

enum class Verb : std::uint8_t
{
    none = 0,
    select = 1,
    insert = 2,
    update = 3,
    delete_ = 4,
    truncate = 5,
    lock_rows = 6,
    execute = 7,
    create = 8,
    alter = 9,
    drop = 10,
    copy_to = 11,
    copy_from = 12,
    lock_table = 13,
    maintain = 14,
};

enum ActionFlag : std::uint8_t
{
    action_by_grant = 1,
    action_by_label = 2,
    action_definer = 4,  // checked as another role than the current user: view owner
};

// An action field: this head, the object's type, a zero, its name, a zero, then each column's name and a zero.
struct ActionHead
{
    Verb verb;
    EventClass klass;
    std::uint8_t flags;
    std::uint8_t reserved;
};
static_assert(sizeof(ActionHead) == 4);

// Whose events came by WAL, and what WAL has of their session before them.
struct Origin
{
    std::uint8_t log_id[16];  // of the log of the session's own server
    std::uint64_t next;  // number after the last event that WAL has before; 1: it has none
    std::uint64_t before;  // where in WAL the message with that event ends; 0: there is none
};
// In WAL it takes the place of the chain, which is made where the record is taken up.
static_assert(std::is_trivially_copyable_v<Origin> && sizeof(Origin) == digest_bytes);

template <class T> T read_as(const std::uint8_t *at)
{
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}

// std::string_view::substr() without its exception.
constexpr std::string_view slice(std::string_view text, std::size_t from,
                                 std::size_t size = std::string_view::npos)
{
    if (from > text.size())
        return {};
    const std::size_t left = text.size() - from;
    return {text.data() + from, size < left ? size : left};
}

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

const char *kind_name(EventKind kind);
const char *class_name(EventClass klass);
const char *outcome_name(Outcome outcome);
const char *verb_name(Verb verb);

}  // namespace quiver::audit
