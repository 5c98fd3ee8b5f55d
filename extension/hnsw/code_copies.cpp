// Which indexes have a copy of their codes: the table in shared memory, and what this session has mapped.
#include "hnsw/code_copy.hpp"

#include "pg/shared_area.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <new>

namespace quiver::hnsw {

namespace {

constexpr int most_copies = 32;
constexpr std::int64_t idle_seconds = 60;

// A file holds the codes of one index. Fields change under the table's lock; `serial` and `used` are also
// read and written without.
struct CopySlot
{
    std::uint64_t serial;  // names the file; 0: free
    std::uint64_t identity;
    pg::FileNode file;
    std::uint32_t capacity;
    std::uint64_t bytes;
    std::int64_t used;  // when, in seconds
};

struct CopyTable
{
    bool ready;
    int tranche;
    LWLock lock;
    std::uint64_t last_serial;
    std::uint64_t bytes;
    CopySlot slots[most_copies];
};

// What this session has mapped, by the table's slot.
struct Mapped
{
    std::uint64_t serial;
    std::uint64_t identity;
    pg::FileNode file;
    MemoryContext context;
    CodeCopy copy;
};

constinit CopyTable *table = nullptr;
constinit bool no_table = false;
constinit Mapped mapped[most_copies] = {};
constinit int copy_memory = -1;  // kB
constinit bool use_copies = true;

CopyTable *open_table()
{
    if (table != nullptr || no_table)
        return table;
    auto *found =
        static_cast<CopyTable *>(pg::shared_area("quiver hnsw copies", sizeof(CopyTable)));
    if (found == nullptr)
    {
        ereport(DEBUG1, errmsg_internal("no shared memory for copies of hnsw codes"));
        no_table = true;
        return nullptr;
    }
    {
        const pg::LightLock lock{AddinShmemInitLock, LW_EXCLUSIVE};
        if (!found->ready)
        {
            found->tranche = LWLockNewTrancheId();
            LWLockInitialize(&found->lock, found->tranche);
            found->ready = true;
        }
    }
    LWLockRegisterTranche(found->tranche, "quiver_hnsw_copies");
    return table = found;
}

std::uint64_t allowed_bytes()
{
    if (copy_memory >= 0)
        return static_cast<std::uint64_t>(copy_memory) * 1024;
    return static_cast<std::uint64_t>(NBuffers) * BLCKSZ / 4;
}

std::int64_t now() { return GetCurrentStatementStartTimestamp() / USECS_PER_SEC; }

void path_of(std::uint64_t serial, char *path)
{
    char name[32];
    snprintf(name, sizeof name, "copy.%llu", static_cast<unsigned long long>(serial));
    storage::MappedMemory::kept_path(name, path);
}

bool is_of(const CopySlot &slot, const pg::FileNode &file, std::uint64_t identity)
{
    return slot.serial != 0 && slot.identity == identity && slot.file == file;
}

void unmap(Mapped *one)
{
    if (one->context != nullptr)
        MemoryContextDelete(one->context);
    *one = {};
}

// The table is locked, exclusively.
void drop(CopySlot *slot)
{
    char path[storage::MappedMemory::path_bytes];
    path_of(slot->serial, path);
    unlink(path);
    table->bytes -= slot->bytes;
    *slot = {};
}

// Make room for so many bytes and find a free slot; null if those in use would have to go. The table is
// locked, exclusively.
CopySlot *make_room(std::uint64_t bytes)
{
    const std::uint64_t most = allowed_bytes();
    if (bytes > most)
        return nullptr;
    for (;;)
    {
        CopySlot *free = nullptr, *oldest = nullptr;
        for (CopySlot &slot : table->slots)
            if (slot.serial == 0)
                free = &slot;
            else if (oldest == nullptr || slot.used < oldest->used)
                oldest = &slot;
        if (free != nullptr && table->bytes + bytes <= most)
            return free;
        if (oldest == nullptr || oldest->used + idle_seconds > now())
            return nullptr;
        drop(oldest);
    }
}

// Map the file of what is, or is to be, the table's entry `at`; or make it. The table is locked.
CodeCopy *map(const MetaPage &meta, const CopySlot &slot, int at, bool make)
{
    Mapped &one = mapped[at];
    unmap(&one);
    MemoryContext context =
        AllocSetContextCreate(TopMemoryContext, "hnsw copy", ALLOCSET_SMALL_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    char path[storage::MappedMemory::path_bytes];
    path_of(slot.serial, path);
    const CopyLayout layout = copy_layout(meta, slot.capacity);
    storage::MappedMemory *memory = make ? storage::MappedMemory::create_kept(path, layout.bytes)
                                         : storage::MappedMemory::attach_kept(path, layout.bytes);
    MemoryContextSwitchTo(caller);
    if (memory == nullptr)
    {
        ereport(DEBUG1, errmsg_internal("could not map file \"%s\": %m", path));
        MemoryContextDelete(context);
        return nullptr;
    }
    one = {slot.serial, slot.identity, slot.file, context, CodeCopy{layout, memory->base()}};
    return &one.copy;
}

CodeCopy *make_copy(const MetaPage &meta, const pg::FileNode &file)
{
    constexpr std::uint64_t most = no_vertex - 1;
    const std::uint64_t wanted = std::uint64_t{meta.vertex_count} + meta.vertex_count / 8 + 4096;
    const auto capacity = static_cast<std::uint32_t>(std::min(wanted, most));
    const std::uint64_t bytes = copy_layout(meta, capacity).bytes;
    if (bytes > allowed_bytes())
        return nullptr;
    const pg::LightLock lock{&table->lock, LW_EXCLUSIVE};
    for (int at = 0; at < most_copies; ++at)
        if (CopySlot &slot = table->slots[at]; is_of(slot, file, meta.identity))
        {
            if (meta.vertex_count <= slot.capacity)
                return map(meta, slot, at, false);
            drop(&slot);
        }
    CopySlot *slot = make_room(bytes);
    if (slot == nullptr)
        return nullptr;
    const CopySlot made{++table->last_serial, meta.identity, file, capacity, bytes, now()};
    CodeCopy *copy = map(meta, made, static_cast<int>(slot - table->slots), true);
    if (copy == nullptr)
        return nullptr;
    copy->header().reuse_count = no_reuse_count;
    table->bytes += bytes;
    *slot = made;
    return copy;
}

// After the setting has become less: the least recently used go, whoever uses them.
void shrink()
{
    const pg::LightLock lock{&table->lock, LW_EXCLUSIVE};
    while (table->bytes > allowed_bytes())
    {
        CopySlot *oldest = nullptr;
        for (CopySlot &slot : table->slots)
            if (slot.serial != 0 && (oldest == nullptr || slot.used < oldest->used))
                oldest = &slot;
        if (oldest == nullptr)
            return;
        drop(oldest);
    }
}

// The copy this session has mapped, if it still is in the table; others that are not are let go.
CodeCopy *mapped_copy(const MetaPage &meta, const pg::FileNode &file)
{
    CodeCopy *found = nullptr;
    for (int i = 0; i < most_copies; ++i)
    {
        if (mapped[i].serial == 0)
            continue;
        CopySlot &slot = table->slots[i];
        if (__atomic_load_n(&slot.serial, __ATOMIC_ACQUIRE) != mapped[i].serial)
            unmap(&mapped[i]);
        else if (mapped[i].file == file && mapped[i].identity == meta.identity)
        {
            found = &mapped[i].copy;
            if (slot.used != now())
                slot.used = now();
        }
    }
    return found;
}

}  // namespace

CodeCopy *find_copy(Graph &graph)
{
    const MetaPage &meta = graph.meta();
    Relation index = graph.index();
    if (!use_copies || RelationUsesLocalBuffers(index))
        return nullptr;
    const CopyLayout least = copy_layout(meta, 0);
    if ((least.stride == 0 && least.word_bytes == 0) || open_table() == nullptr)
        return nullptr;
    if (table->bytes > allowed_bytes())
        shrink();
    const pg::FileNode file = pg::file_node(index);
    CodeCopy *copy = mapped_copy(meta, file);
    if (copy != nullptr && meta.vertex_count <= copy->layout().capacity)
        return copy;
    return make_copy(meta, file);
}

void begin_with_copy(Graph &graph, std::uint64_t most)
{
    CodeCopy *copy = find_copy(graph);
    if (copy == nullptr)
        return;
    if (copy->is_behind(graph.meta()))
        copy->catch_up(graph, most);
    if (copy->reuse_count() == graph.meta().reuse_count)
        graph.use_copy(copy->view(graph.meta()));
}

void define_copy_settings()
{
    DefineCustomIntVariable("quiver.hnsw_copy_memory",
                            "Memory for the copies of codes that searches of hnsw indexes share.",
                            "-1 is a quarter of shared_buffers; 0 is none.", &copy_memory, -1, -1,
                            std::numeric_limits<int>::max(), PGC_SIGHUP, GUC_UNIT_KB, nullptr,
                            nullptr, nullptr);
    DefineCustomBoolVariable("quiver.hnsw_use_copy",
                             "Whether searches of hnsw indexes use copies of their codes.",
                             "Off, codes are read from pages; answers are the same.", &use_copies,
                             true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

}  // namespace quiver::hnsw
