// The worker's loop: drain (drain.cpp), write, sync, seal, tidy up.
#include "audit/worker.hpp"

#include "audit/digest.hpp"
#include "audit/drain.hpp"
#include "audit/stage.hpp"
#include "audit/wal.hpp"

#include "pg/checkpoint_hold.hpp"

#include <cinttypes>
#include <csignal>

extern "C" PGDLLEXPORT void quiver_audit_worker(Datum argument);

namespace quiver::audit {
namespace {

constinit std::int64_t last_sync = 0;
constinit std::int64_t last_seal = 0;
constinit std::int64_t last_complaint = 0;
constinit std::int64_t last_tidy = 0;
constinit std::uint64_t seals_done = 0;
// From where WAL may have what no segment has; behind: a checkpoint has begun since, or the server has been started.
constinit WalStart written{};
constinit bool is_behind = false;
constinit pg::CheckpointHold checkpoints{};

constexpr std::int64_t second = 1'000'000;

void complain(const char *what)
{
    pg_atomic_write_u32(&area.head->stalled, 1);
    const std::int64_t now = GetCurrentTimestamp();
    if (now - last_complaint < 5 * second)
        return;
    last_complaint = now;
    ereport(
        LOG, errcode_for_file_access(), errmsg("could not %s the audit log: %m", what),
        errdetail("Events wait in the rings. When those are full, quiver.audit_on_full is \"%s\".",
                  full_policy() == FullPolicy::block   ? "block"
                  : full_policy() == FullPolicy::error ? "error"
                  : full_policy() == FullPolicy::stop  ? "stop"
                                                       : "continue"),
        errhint("Make room in quiver.audit_directory."));
}

// What a full ring has turned away, as a record of its own.
void record_losses()
{
    for (std::uint32_t shard = 0; shard < area.head->shards; ++shard)
    {
        Ring &ring = area.head->rings[shard];
        if (ring.lost == 0 || !log_writer.has_room(4096))
            continue;
        SpinLockAcquire(&ring.lock);
        const std::uint64_t lost = ring.lost;
        const std::int64_t from = ring.lost_from;
        const std::int64_t to = ring.lost_to;
        ring.lost = 0;
        SpinLockRelease(&ring.lock);
        char message[256];
        char first[64];
        strlcpy(first, timestamptz_to_str(from), sizeof first);
        snprintf(message, sizeof message, "%" PRIu64 " events of shard %u lost from %s to %s", lost,
                 shard, first, timestamptz_to_str(to));
        append_own(EventKind::loss, "LOSS", message, lost);
        if (full_policy() == FullPolicy::stop)
        {
            ereport(LOG, errmsg("the audit log has lost events, and quiver.audit_on_full is stop: "
                                "the server shuts down"));
            kill(PostmasterPid, SIGINT);
        }
    }
}

// Rings are given back only for what fsync has covered.
bool sync_log()
{
    if (!log_writer.sync())
        return false;
    last_sync = GetCurrentTimestamp();
    give_rings_back();
    return true;
}

// `wanted` seals have been asked for, of what is in the log by now.
bool seal_if_due(std::int64_t now, bool asked, std::uint64_t wanted)
{
    const bool urgent = wanted != seals_done;
    if (!asked && !urgent &&
        now - last_seal < static_cast<std::int64_t>(settings.checkpoint_ms) * 1000)
        return true;
    if (!log_writer.has_unsealed())
    {
        seals_done = wanted;
        return true;
    }
    if (!log_writer.write() || !sync_log() || !log_writer.checkpoint(false, urgent))
        return false;
    last_seal = now;
    seals_done = wanted;
    return true;
}

void tidy_up(std::int64_t now)
{
    if (now - last_tidy < 10 * second)
        return;
    last_tidy = now;
    const std::uint64_t keep = tend_segments(log_writer.segment());
    if (keep == 0 || !log_writer.has_room(4096))
        return;
    char message[128];
    snprintf(message, sizeof message, "segments before %" PRIu64 " removed by the retention rule",
             keep);
    append_own(EventKind::retention, "RETENTION", message, keep);
    if (log_writer.write() && sync_log() && log_writer.checkpoint(true, true))
        remove_segments_before(keep);
}

// Durable events that no segment has: after a crash, and on a standby the primary's.
void read_wal(std::int64_t now)
{
    static std::int64_t last_read = 0;
    if (wal_is_over() || (RecoveryInProgress() && now - last_read < second / 2))
        return;
    last_read = now;
    const std::uint64_t taken = follow_wal();
    if (!wal_is_over())
        return;
    log_writer.forget_known();
    if (taken == 0 || !log_writer.has_room(4096))
        return;
    char message[96];
    snprintf(message, sizeof message, "%" PRIu64 " records taken up from WAL", taken);
    append_own(EventKind::start, "WAL", message, taken);
}

// One round; with `all` what is in the stages leaves them and is on disk, or `left_all` is false. False if the log cannot be written.
bool write_round(bool last, bool all, bool &left_all)
{
    const std::int64_t now = GetCurrentTimestamp();
    const std::uint64_t asked = pg_atomic_read_u64(&area.head->flush_asked);
    const std::uint64_t seals = pg_atomic_read_u64(&area.head->seal_asked);
    const bool flush = all || asked != pg_atomic_read_u64(&area.head->flush_done);
    const bool due = now - last_sync >= static_cast<std::int64_t>(settings.sync_ms) * 1000;
    // What ends waits for the next fsync at most.
    const std::int64_t wait = all ? 0 : static_cast<std::int64_t>(settings.stage_ms) * 1000;
    left_all = sweep_stages(now - wait, flush || last || due);
    const RingHeads heads = ring_heads();
    bool more;
    read_wal(now);
    do
    {
        record_losses();
        more = drain_rings();
        if (!log_writer.write())
            return false;
        // The rings are given back early when they fill.
        if (more && !sync_log())
            return false;
    } while (more);
    flush_shown(false);
    if ((flush || last || due) && !sync_log())
        return false;
    // What was asked for and is not all there is seen to in the next round.
    const bool has_all = are_drained_to(heads);
    left_all &= has_all;
    if (!seal_if_due(now, last, has_all ? seals : seals_done))
        return false;
    if (flush && has_all)
        pg_atomic_write_u64(&area.head->flush_done, asked);
    const std::uint64_t segment = log_writer.segment();
    if (!log_writer.rotate_if_full())
        return false;
    if (log_writer.segment() != segment)
    {
        flush_shown(true);
        last_tidy = 0;
    }
    erase_if_asked();
    tidy_up(now);
    return true;
}

// Durable events that are in WAL before the redo of a checkpoint are on disk here before it ends, since recovery would not
// come upon them again. A log that cannot be written keeps no checkpoint waiting, but WAL from the last one on that did.
bool work(bool last)
{
    if (!checkpoints.is_held() && durable_is_used() && !RecoveryInProgress())
    {
        checkpoints.hold();
        if (!is_behind)
            written = {checkpoints.redo(), GetCurrentTimestamp()};
    }
    const WalStart next{checkpoints.redo(), GetCurrentTimestamp()};
    const bool waits = checkpoints.waits(next.redo);
    bool left_all;
    const bool all = waits || (is_behind && !RecoveryInProgress());
    const bool good = write_round(last, all, left_all);
    if (all && good && left_all && wal_is_over())
    {
        written = next;
        if (is_behind)
            release_wal();
        is_behind = false;
        checkpoints.let_go(next.redo);
    }
    else if (checkpoints.is_held() && (is_behind || (waits && !good)))
    {
        keep_wal(written, is_behind);
        is_behind = true;
        if (waits && !good)
            checkpoints.let_go(next.redo);
    }
    return good;
}

void reload()
{
    ConfigReloadPending = false;
    const ClassMask before = settings.classes;
    ProcessConfigFile(PGC_SIGHUP);
    if (before == settings.classes)
        return;
    char message[256];
    snprintf(message, sizeof message, "quiver.audit = %s", settings.classes_text);
    append_own(EventKind::policy, "RELOAD", message, 0);
    pg_atomic_fetch_add_u64(&area.head->seal_asked, 1);
}

void begin_work()
{
    log_writer.open();
    written = {area.head->redo, area.head->redo_time};
    begin_wal(written.redo);
    is_behind = !wal_is_over();
    if (is_behind)
        log_writer.learn(written.time);
    Recovered recovered{};
    while (!recover_old_areas(recovered))
    {
        complain("write");
        (void) WaitLatch(MyLatch, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 1000, PG_WAIT_EXTENSION);
    }
    char message[1536];
    snprintf(message, sizeof message,
             "quiver.audit = %s; taken up from an earlier run: %" PRIu64 " records, %" PRIu64
             " stages; %" PRIu64 " unfinished; %" PRIu64 " bytes cut%s%s",
             settings.classes_text, recovered.records, recovered.stages, recovered.unfinished,
             log_writer.torn_bytes(),
             log_writer.moved()[0] != '\0' ? "; a copied log was moved to " : "",
             log_writer.moved());
    append_own(EventKind::start, "START", message, recovered.records);
    if (is_behind)
    {
        snprintf(message, sizeof message, "WAL is read from %X/%X on",
                 static_cast<unsigned>(written.redo >> 32), static_cast<unsigned>(written.redo));
        append_own(EventKind::start, follow_command, message, written.redo);
    }
    (void) (log_writer.write() && sync_log() && log_writer.checkpoint(true, true));
}

// The last events are those of sessions that end now; they are waited for.
void end_work()
{
    for (int i = 0; i < 100 && pg_atomic_read_u32(&area.head->sessions) > 0; ++i)
    {
        (void) work(false);
        pg_usleep(20'000);
    }
    append_own(EventKind::stop, "STOP", "", 0);
    if (!work(true) || !log_writer.checkpoint(false, true))
        complain("write");
}

void run()
{
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    BackgroundWorkerUnblockSignals();
    // However it ends: one that cannot open its log goes by an error, and comes again each second.
    before_shmem_exit([](int, Datum) { pg_atomic_write_u32(&area.head->worker, 0); }, Datum{0});
    begin_work();
    pg_atomic_write_u32(&area.head->worker, static_cast<std::uint32_t>(pg::proc_number()) + 1);
    while (!ShutdownRequestPending)
    {
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending)
            reload();
        const bool good = work(false);
        if (good)
            pg_atomic_write_u32(&area.head->stalled, 0);
        else
            complain("write");
        (void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                         good ? (settings.sync_ms < 50 ? settings.sync_ms : 50) : 500,
                         PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
    }
    end_work();
    // Where the server goes on, it starts the worker again.
    proc_exit(1);
}

}  // namespace

void append_own(EventKind kind, std::string_view command, std::string_view message,
                std::uint64_t rows)
{
    builder.begin(kind, EventClass::none);
    builder.head.start = GetCurrentTimestamp();
    builder.head.outcome = Outcome::done;
    builder.head.rows = rows;
    builder.field(Field::command, command);
    builder.field(Field::message, message);
    const std::size_t length = aligned(builder.size());
    builder.pad(length);
    builder.head.length = static_cast<std::uint32_t>(length);
    static std::uint8_t payload[8 + 4096];
    std::memset(payload, 0, 8);
    payload[0] = 4;
    std::memcpy(payload + 8, &builder.head, sizeof(EventHead));
    std::memcpy(payload + 8 + sizeof(EventHead), builder.fields(), length - sizeof(EventHead));
    RecordHead record{};
    record.time = builder.head.start;
    record.payload = static_cast<std::uint32_t>(8 + length);
    record.events = 1;
    salt_record(record);
    seal_record(record, payload);
    log_writer.append(record, payload, 0);
    show_record(record, payload);
}

void register_worker()
{
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
    worker.bgw_start_time = BgWorkerStart_PostmasterStart;
    worker.bgw_restart_time = 1;
    strlcpy(worker.bgw_name, "quiver audit", sizeof worker.bgw_name);
    strlcpy(worker.bgw_type, "quiver audit", sizeof worker.bgw_type);
    strlcpy(worker.bgw_library_name, "quiver", sizeof worker.bgw_library_name);
    strlcpy(worker.bgw_function_name, "quiver_audit_worker", sizeof worker.bgw_function_name);
    RegisterBackgroundWorker(&worker);
}

void worker_main() { run(); }

}  // namespace quiver::audit

extern "C" void quiver_audit_worker(Datum) { quiver::audit::worker_main(); }
