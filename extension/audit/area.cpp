// Making, mapping and filling the shared file.
#include "audit/area.hpp"

#include "audit/digest.hpp"
#include "audit/wal.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quiver::audit {

constinit Area area{};

namespace {

constexpr char area_magic[8] = {'Q', 'V', 'R', 'A', 'R', 'E', 'A', '3'};

std::size_t page_aligned(std::size_t bytes) { return (bytes + 8191) & ~std::size_t{8191}; }

std::size_t stages_bytes(std::size_t stages)
{
    return page_aligned(area_head_bytes + stages * sizeof(Stage));
}

[[noreturn]] void refuse(const char *what, const char *path)
{
    ereport(FATAL, errcode_for_file_access(), errmsg("could not %s \"%s\": %m", what, path),
            errhint("quiver.audit_directory must be writable for the server, with room for its "
                    "rings. Without audit, take quiver out of shared_preload_libraries."));
    pg_unreachable();
}

// Head and stages as they lie, each ring twice.
bool map_file(int descriptor, std::size_t stages, unsigned shards, std::size_t ring_bytes,
              Area &mapped)
{
    mapped.mapped = stages_bytes(stages);
    void *low = mmap(nullptr, mapped.mapped, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (low == MAP_FAILED)
        return false;
    mapped.head = static_cast<AreaHead *>(low);
    mapped.stages = reinterpret_cast<Stage *>(static_cast<std::uint8_t *>(low) + area_head_bytes);
    for (unsigned shard = 0; shard < shards; ++shard)
    {
        void *room = mmap(nullptr, 2 * ring_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED)
            return false;
        const auto offset = static_cast<off_t>(mapped.mapped + shard * ring_bytes);
        for (std::size_t half = 0; half < 2; ++half)
            if (mmap(static_cast<std::uint8_t *>(room) + half * ring_bytes, ring_bytes,
                     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor,
                     offset) == MAP_FAILED)
                return false;
        mapped.rings[shard] = static_cast<std::uint8_t *>(room);
    }
    return true;
}

void set_up(AreaHead *head, std::size_t stages, std::size_t ring_bytes)
{
    head->version = format_version;
    head->shards = static_cast<std::uint32_t>(settings.shards);
    head->ring_bytes = ring_bytes;
    head->stages = stages;
    if (!random_bytes(head->parameter_key, sizeof head->parameter_key))
        ereport(FATAL, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random bytes"));
    const WalStart last = last_wal_start();
    head->redo = last.redo;
    head->redo_time = last.time;
    for (pg_atomic_uint64 *counter :
         {&head->flush_asked, &head->flush_done, &head->seal_asked, &head->policy_labels,
          &head->written_events, &head->written_bytes, &head->synced_leaves, &head->sealed_leaves,
          &head->segment, &head->erase_asked, &head->erase_done})
        pg_atomic_init_u64(counter, 0);
    for (pg_atomic_uint32 *counter : {&head->sessions, &head->worker, &head->stalled})
        pg_atomic_init_u32(counter, 0);
    for (Ring &ring : head->rings)
    {
        SpinLockInit(&ring.lock);
        pg_atomic_init_u64(&ring.head, 0);
        pg_atomic_init_u64(&ring.tail, 0);
    }
    head->tranche = LWLockNewTrancheId();
    LWLockRegisterTranche(head->tranche, "quiver_audit");
    for (std::size_t i = 0; i < stages; ++i)
    {
        SpinLockInit(&area.stages[i].lock);
        LWLockInitialize(&area.stages[i].wal_lock, head->tranche);
    }
    std::memcpy(head->magic, area_magic, sizeof area_magic);
}

// ring.1, ring.2, ...: the worker takes them up in this order.
void set_aside(const char *path)
{
    char old[MAXPGPATH + 16];
    struct stat entry;
    for (int i = 1; i < 1000; ++i)
    {
        std::snprintf(old, sizeof old, "%s.%03d", path, i);
        if (stat(old, &entry) != 0)
        {
            if (rename(path, old) != 0 && errno != ENOENT)
                refuse("rename", path);
            return;
        }
    }
}

}  // namespace

const char *audit_directory() { return settings.directory; }

void create_area()
{
    if (area_is_there())
        unmap_area(area);
    const char *directory = audit_directory();
    if (mkdir(directory, S_IRWXU) != 0 && errno != EEXIST)
        refuse("create directory", directory);
    char path[MAXPGPATH];
    std::snprintf(path, sizeof path, "%s/ring", directory);
    set_aside(path);

    // Processes that run statements are numbered below MaxBackends.
    const auto stages = static_cast<std::size_t>(MaxBackends);
    const std::size_t ring_bytes = page_aligned(static_cast<std::size_t>(settings.ring_kb) * 1024);
    const auto shards = static_cast<unsigned>(settings.shards);
    const std::size_t total = stages_bytes(stages) + shards * ring_bytes;
    const std::size_t needed = 2 * (stages / shards + 1) * max_record_bytes / 4;
    if (settings.on_full != static_cast<int>(FullPolicy::keep_going) && ring_bytes < needed)
        ereport(
            FATAL, errcode(ERRCODE_CONFIG_FILE_ERROR),
            errmsg("quiver.audit_ring_size of %d kB is too small for %zu processes in %u shards",
                   settings.ring_kb, stages, shards),
            errhint("Set quiver.audit_ring_size to at least %zu kB.", needed / 1024));

    const int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        refuse("create", path);
    // All blocks now: writing to a page that finds no block later would be a SIGBUS.
    const int failure = posix_fallocate(descriptor, 0, static_cast<off_t>(total));
    if (failure != 0)
    {
        errno = failure;
        unlink(path);
        refuse("reserve room for", path);
    }
    if (!map_file(descriptor, stages, shards, ring_bytes, area))
        refuse("map", path);
    close(descriptor);
    set_up(area.head, stages, ring_bytes);
}

bool map_old_area(const char *path, Area &old)
{
    const int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    AreaHead head;
    struct stat entry;
    bool mapped = fstat(descriptor, &entry) == 0 &&
                  pread(descriptor, &head, sizeof head, 0) == static_cast<ssize_t>(sizeof head) &&
                  std::memcmp(head.magic, area_magic, sizeof area_magic) == 0 &&
                  head.version == format_version && head.shards >= 1 && head.shards <= max_shards &&
                  head.stages < 1'000'000 && head.ring_bytes % 8192 == 0 &&
                  stages_bytes(head.stages) + head.shards * head.ring_bytes ==
                      static_cast<std::size_t>(entry.st_size);
    if (mapped)
        mapped = map_file(descriptor, head.stages, head.shards, head.ring_bytes, old);
    close(descriptor);
    return mapped;
}

void unmap_area(Area &mapped)
{
    const unsigned shards = mapped.head->shards;
    const std::size_t ring_bytes = mapped.head->ring_bytes;
    for (unsigned shard = 0; shard < shards; ++shard)
        munmap(mapped.rings[shard], 2 * ring_bytes);
    munmap(mapped.head, mapped.mapped);
    mapped = {};
}

bool push_record(unsigned shard, RecordHead &record, const std::uint8_t *payload)
{
    Ring &ring = area.head->rings[shard];
    const std::uint64_t size = area.head->ring_bytes;
    record.shard = static_cast<std::uint16_t>(shard);
    record.length = static_cast<std::uint32_t>(aligned(sizeof(RecordHead) + record.payload));
    const std::uint64_t length = sizeof(Place) + record.length;

    SpinLockAcquire(&ring.lock);
    const std::uint64_t head = pg_atomic_read_u64(&ring.head);
    const std::uint64_t used = head - pg_atomic_read_u64(&ring.tail);
    if (used + length > size)
    {
        ring.lost_from = ring.lost == 0 ? record.time : ring.lost_from;
        ring.lost_to = record.time;
        ring.lost += record.events;
        ring.total_lost += record.events;
        SpinLockRelease(&ring.lock);
        return false;
    }
    std::uint8_t *at = area.rings[shard] + head % size;
    auto *place = reinterpret_cast<Place *>(at);
    place->length = static_cast<std::uint32_t>(length);
    place->state = static_cast<std::uint32_t>(PlaceState::claimed);
    // The state word before the head, for a reader that comes after our death.
    pg_write_barrier();
    pg_atomic_write_u64(&ring.head, head + length);
    SpinLockRelease(&ring.lock);

    std::memcpy(at + sizeof(Place), &record, sizeof record);
    std::memcpy(at + sizeof(Place) + sizeof record, payload, record.payload);
    const std::size_t end = sizeof(RecordHead) + record.payload;
    std::memset(at + sizeof(Place) + end, 0, record.length - end);
    pg_write_barrier();
    place->state = static_cast<std::uint32_t>(PlaceState::ready);
    // A worker that sleeps wakes by itself soon enough, unless the ring fills quickly.
    if (used < size / 4 && used + length >= size / 4)
        wake_worker();
    return true;
}

bool ring_has_room(unsigned shard)
{
    const Ring &ring = area.head->rings[shard];
    const std::uint64_t used = pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&ring.head)) -
                               pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&ring.tail));
    const std::uint64_t processes = area.head->stages / area.head->shards + 1;
    const std::uint64_t most = stage_data_bytes + sizeof(RecordHead) + sizeof(Place) + 64;
    return used + processes * most <= area.head->ring_bytes;
}

void wake_worker()
{
    const std::uint32_t worker = pg_atomic_read_u32(&area.head->worker);
    if (worker != 0)
        pg::wake_proc(static_cast<int>(worker) - 1);
}

}  // namespace quiver::audit
