// Windows in several processes: one set of rows in shared memory, each history row read once.
//
// Steps, by the phase of the barrier: 0 each process reads a share of the spine and keeps its rows for
// itself; 1 one of them joins the keys that all have seen; 2 each reads a share of the history and
// collects its rows; 3 one lays out where the rows of each key go; 4 each moves its rows there; 5 each
// brings some keys' rows into order of time. Then each gives out its own spine rows. Nobody waits for
// another after giving out its first row.
//
// A process that comes late helps with what is left; if that is nothing, it has no rows to give out.
#include "features/window_state.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace quiver::features {
namespace {

enum Phase
{
    reading_spine,
    joining_keys,
    reading_history,
    laying_out,
    moving,
    sorting,
};

// What a process hands over: its keys with their spans, or its rows for each place of the table of keys.
struct Part
{
    Reference next;
    std::uint64_t count;
};

constexpr std::uint64_t sort_share = 1024;

Space shared_space(const WindowState *state)
{
    return Space{state->custom.ss.ps.state->es_query_dsa};
}

template <typename T> T *contents(Part *part) { return reinterpret_cast<T *>(part + 1); }

Part *new_part(Space &space, std::uint64_t count, std::size_t size, Reference *self)
{
    *self = space.allocate(sizeof(Part) + count * size);
    auto *part = space.at<Part>(*self);
    part->count = count;
    return part;
}

void chain(Part *part, Reference self, Reference *head)
{
    part->next = __atomic_load_n(head, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(head, &part->next, self, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
        ;
}

void release_chain(Space &space, Reference *head)
{
    while (*head != 0)
    {
        const Reference next = space.at<Part>(*head)->next;
        space.release(*head);
        *head = next;
    }
}

bool everybody_done(SharedWindows *shared)
{
    return BarrierArriveAndWait(&shared->barrier, PG_WAIT_EXTENSION);
}

void add_rows(std::uint64_t *total, std::uint64_t rows)
{
    __atomic_fetch_add(total, rows, __ATOMIC_RELAXED);
}

// A spine that cannot be read in shares is read by whoever comes first.
bool has_spine_to_read(WindowState *state)
{
    std::uint32_t taken = 0;
    return state->plan.join.shared_spine ||
           __atomic_compare_exchange_n(&state->shared->spine_taken, &taken, 1, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void hand_over_keys(WindowState *state, Space &space)
{
    SharedWindows *shared = state->shared;
    const WindowStore *store = state->store;
    Reference self;
    Part *part = new_part(space, store->key_count(), sizeof(WindowKey), &self);
    auto *to = contents<WindowKey>(part);
    std::copy_if(store->keys(), store->keys() + store->key_room(), to,
                 [](const WindowKey &key) { return key.count != WindowKey::no_key; });
    chain(part, self, &shared->spines);
    add_rows(&shared->spine_keys, store->key_count());
}

void join_keys(SharedWindows *shared, Space &space)
{
    std::uint64_t room = 64;
    while (room < shared->spine_keys * 2)
        room *= 2;
    shared->key_room = room;
    shared->keys = space.allocate(room * sizeof(WindowKey));
    auto *keys = space.at<WindowKey>(shared->keys);
    WindowStore::clear_keys(keys, room);
    for (Reference at = shared->spines; at != 0; at = space.at<Part>(at)->next)
    {
        CHECK_FOR_INTERRUPTS();
        auto *part = space.at<Part>(at);
        const auto *from = contents<WindowKey>(part);
        for (std::uint64_t i = 0; i < part->count; ++i)
            WindowStore::merge_key(keys, room, from[i]);
    }
    release_chain(space, &shared->spines);
}

void read_history(WindowState *state, Space &space)
{
    SharedWindows *shared = state->shared;
    Reference self;
    Part *part = new_part(space, shared->key_room, sizeof(std::uint32_t), &self);
    auto *counts = contents<std::uint32_t>(part);
    std::memset(counts, 0, sizeof(std::uint32_t) * shared->key_room);
    state->store->count_rows(counts);
    if (shared->spine_rows > 0)
        (void) read_window_history(state);
    state->store->finish_rows(space.at<std::uint64_t>(shared->null_counts));
    chain(part, self, &shared->counts);
    add_rows(&shared->row_count, state->store->rows());
    add_rows(&shared->history_rows, state->history_rows);
}

// Rows of one key lie together, those of one process side by side: counts become offsets.
void lay_out(WindowState *state, Space &space)
{
    SharedWindows *shared = state->shared;
    if (shared->row_count > UINT32_MAX)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("too many history rows for one window join"),
                errhint("Please set quiver.enable_asof_join = off for this query."));
    auto *keys = space.at<WindowKey>(shared->keys);
    for (Reference at = shared->counts; at != 0; at = space.at<Part>(at)->next)
    {
        CHECK_FOR_INTERRUPTS();
        auto *counts = contents<std::uint32_t>(space.at<Part>(at));
        for (std::uint64_t i = 0; i < shared->key_room; ++i)
        {
            if (keys[i].count == WindowKey::no_key)
                continue;
            const std::uint32_t rows = counts[i];
            counts[i] = keys[i].count;
            keys[i].count += rows;
        }
    }
    std::uint32_t begin = 0;
    for (std::uint64_t i = 0; i < shared->key_room; ++i)
    {
        keys[i].begin = begin;
        begin += keys[i].count == WindowKey::no_key ? 0 : keys[i].count;
    }
    const auto columns = static_cast<std::size_t>(state->store->column_count());
    const std::size_t row = sizeof(std::int64_t) + columns * (sizeof(Datum) + 5);
    shared->rows = space.allocate(shared->row_count * row + columns * 3 * sizeof(Datum) + 64);
    shared->memory = shared->row_count * row + shared->key_room * sizeof(WindowKey);
}

// Where the arrays lie is the same in every process.
std::int64_t *columns_at(WindowState *state, Space &space, WindowColumn *columns)
{
    const SharedWindows *shared = state->shared;
    const std::uint64_t rows = shared->row_count;
    auto *times = space.at<std::int64_t>(shared->rows);
    const auto *null_counts = space.at<std::uint64_t>(shared->null_counts);
    auto *next = reinterpret_cast<char *>(times + rows);
    const auto take = [&next](std::uint64_t bytes) {
        char *taken = next;
        next += MAXALIGN(bytes);
        return taken;
    };
    for (int i = 0; i < state->store->column_count(); ++i)
    {
        columns[i].null_count = null_counts[i];
        columns[i].values = reinterpret_cast<Datum *>(take(rows * sizeof(Datum)));
        columns[i].nulls = reinterpret_cast<std::uint8_t *>(take(rows));
        columns[i].previous = state->store->column(i).linked
                                  ? reinterpret_cast<std::uint32_t *>(take(rows * 4))
                                  : nullptr;
    }
    return times;
}

void sort_shares(WindowState *state)
{
    SharedWindows *shared = state->shared;
    for (;;)
    {
        const std::uint64_t from =
            __atomic_fetch_add(&shared->next_key, sort_share, __ATOMIC_RELAXED);
        if (from >= shared->key_room)
            return;
        state->store->sort_keys(from, std::min(shared->key_room, from + sort_share));
    }
}

void run_phases(WindowState *state, Space &space, int phase)
{
    SharedWindows *shared = state->shared;
    auto *columns = static_cast<WindowColumn *>(
        palloc0(sizeof(WindowColumn) * static_cast<std::size_t>(state->store->column_count() + 1)));
    if (phase == reading_spine)
    {
        if (has_spine_to_read(state))
            read_window_spine(state);
        add_rows(&shared->spine_rows, state->spine_rows);
        hand_over_keys(state, space);
        if (everybody_done(shared))
        {
            join_keys(shared, space);
            const auto size =
                sizeof(std::uint64_t) * static_cast<std::size_t>(state->store->column_count() + 1);
            shared->null_counts = space.allocate(size);
            std::memset(space.at(shared->null_counts), 0, size);
        }
    }
    if (phase <= joining_keys)
        everybody_done(shared);
    if (phase > sorting)
        return;  // only rows of others are left to give out
    state->store->share_keys(space.at<WindowKey>(shared->keys), shared->key_room);
    if (phase <= reading_history)
    {
        read_history(state, space);
        if (everybody_done(shared))
            lay_out(state, space);
    }
    if (phase <= laying_out)
        everybody_done(shared);
    std::int64_t *times = columns_at(state, space, columns);
    if (phase <= moving)
    {
        state->store->move_rows(times, columns);
        if (everybody_done(shared))
            release_chain(space, &shared->counts);
    }
    state->store->open_rows(times, columns, shared->row_count);
    sort_shares(state);
    everybody_done(shared);
}

}  // namespace

void read_windows_in_parallel(WindowState *state)
{
    Space space = shared_space(state);
    state->store = make_window_store(state);
    state->spine = begin_window_spine(state);
    MemoryContext caller = MemoryContextSwitchTo(state->memory);
    run_phases(state, space, BarrierAttach(&state->shared->barrier));
    BarrierDetach(&state->shared->barrier);
    MemoryContextSwitchTo(caller);
    tuplestore_rescan(state->spine);
}

Size estimate_shared_windows(CustomScanState *, ParallelContext *) { return sizeof(SharedWindows); }

void begin_shared_windows(CustomScanState *node, ParallelContext *context, void *place)
{
    // Without a segment there are no workers, and the join runs as if it had never heard of them.
    if (context->seg == nullptr)
        return;
    auto *shared = new (place) SharedWindows{};
    BarrierInit(&shared->barrier, 0);
    window_state(node)->shared = shared;
}

// Workers are gone; the shared memory stays and is used again.
void begin_shared_windows_again(CustomScanState *node, ParallelContext *, void *)
{
    WindowState *state = window_state(node);
    SharedWindows *shared = state->shared;
    if (shared == nullptr)
        return;
    if (node->ss.ps.state->es_query_dsa != nullptr)
    {
        Space space = shared_space(state);
        release_chain(space, &shared->spines);
        release_chain(space, &shared->counts);
        for (const Reference piece : {shared->keys, shared->null_counts, shared->rows})
            space.release(piece);
    }
    *shared = SharedWindows{};
    BarrierInit(&shared->barrier, 0);
}

void join_shared_windows(CustomScanState *node, shm_toc *, void *place)
{
    window_state(node)->shared = static_cast<SharedWindows *>(place);
}

// The shared memory is about to go; what EXPLAIN shows of it is kept.
void leave_shared_windows(CustomScanState *node)
{
    WindowState *state = window_state(node);
    if (state->shared == nullptr)
        return;
    state->spine_rows = state->shared->spine_rows;
    state->history_rows = state->shared->history_rows;
    state->kept = state->shared->row_count;
    state->peak = state->shared->memory;
    state->shared = nullptr;
}

}  // namespace quiver::features
