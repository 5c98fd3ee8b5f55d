// Building a graph in memory: every vertex can be reached, nearest neighbours are found, equal values
// share a vertex, several builders at once do no harm, and full memory is refused.
#include "hnsw/build_order.hpp"
#include "hnsw/build_reach.hpp"
#include "kernels/distance.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <sched.h>
#include <thread>
#include <vector>

namespace {

using namespace quiver::hnsw::build;
using Floats = std::vector<float>;

// The vectors, exact distances between them, and the graph's memory. Backing is checked: what was not
// asked for stays out of reach in the model below.
struct World
{
    std::size_t dims;
    std::vector<Floats> rows;
    ArenaLayout layout;
    std::unique_ptr<char[]> memory;
    std::atomic<std::uint64_t> backed{0};
    Arena arena;

    World(std::size_t d, std::uint32_t m, std::uint32_t max_vertices)
        : dims(d),
          layout(make_layout(m, static_cast<std::uint32_t>(d * sizeof(float)), 8, max_vertices, 0)),
          memory(new char[layout.total_bytes + 64]())
    {
        char *base = memory.get();
        base += 64 - reinterpret_cast<std::uintptr_t>(base) % 64;
        arena = Arena(layout, base, {this, back, pause});
        arena.init();
    }
    static void back(void *state, std::uint64_t from, std::uint64_t to)
    {
        auto *world = static_cast<World *>(state);
        EXPECT_LT(from, to);
        EXPECT_LE(to, world->layout.total_bytes);
        world->backed += to - from;
    }
    static void pause(void *, int) { sched_yield(); }
    const float *value(Vertex v) const { return reinterpret_cast<const float *>(arena.hot(v)); }
};

// One thread's view.
struct Worker
{
    World *world;
    const Floats *current = nullptr;
    std::vector<char> memory;
    Builder builder;

    Worker(World *w, std::uint32_t ef)
        : world(w),
          memory(Builder::memory_bytes(w->layout, ef)),
          builder(&w->arena, {this, to_new, between, equals, store}, ef, memory.data())
    {
    }
    Added add(std::size_t row, int level)
    {
        current = &world->rows[row];
        std::uint64_t hash = 1469598103934665603U;
        for (float x : *current)
            hash = (hash ^ static_cast<std::uint64_t>(x * 1000)) * 1099511628211U;
        const RowPointer pointer{
            {static_cast<std::uint16_t>(row >> 16), static_cast<std::uint16_t>(row), 1}};
        return builder.add({pointer, level, hash});
    }

    static void many(const World &world, const float *from, const Vertex *v, std::size_t count,
                     float *out)
    {
        std::vector<const float *> rows;
        for (std::size_t i = 0; i < count; i++)
            rows.push_back(world.value(v[i]));
        quiver::kernels::active->f32.l2_squared_many(from, rows.data(), count, world.dims, out);
    }
    static void to_new(void *state, const Vertex *v, std::size_t count, float *out)
    {
        auto *worker = static_cast<Worker *>(state);
        many(*worker->world, worker->current->data(), v, count, out);
    }
    static void between(void *state, Vertex from, const Vertex *v, std::size_t count, float *out)
    {
        auto *worker = static_cast<Worker *>(state);
        many(*worker->world, worker->world->value(from), v, count, out);
    }
    static bool equals(void *state, Vertex v)
    {
        auto *worker = static_cast<Worker *>(state);
        return std::equal(worker->current->begin(), worker->current->end(),
                          worker->world->value(v));
    }
    static void store(void *state, Vertex v)
    {
        auto *worker = static_cast<Worker *>(state);
        std::memcpy(worker->world->arena.hot(v), worker->current->data(),
                    worker->world->dims * sizeof(float));
    }
};

int draw_level(std::mt19937 &random, std::uint32_t m)
{
    const double u = (random() + 1.0) / 4294967297.0;
    return std::min(20, static_cast<int>(-std::log(u) / std::log(double(m))));
}

std::vector<Floats> clusters(std::size_t count, std::size_t dims, std::mt19937 &random)
{
    std::normal_distribution<float> normal;
    std::vector<Floats> centres(20, Floats(dims)), rows(count, Floats(dims));
    for (Floats &c : centres)
        for (float &x : c)
            x = 2 * normal(random);
    for (Floats &r : rows)
    {
        const Floats &c = centres[random() % centres.size()];
        for (std::size_t i = 0; i < dims; i++)
            r[i] = c[i] + normal(random);
    }
    return rows;
}

void build(World *world, std::uint32_t ef, int threads)
{
    std::atomic<std::size_t> next{0};
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        Worker worker(world, ef);
        for (std::size_t row; (row = next++) < world->rows.size();)
            EXPECT_NE(worker.add(row, draw_level(random, world->layout.m)), Added::no_room);
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; t++)
        others.emplace_back(work, t);
    work(0);
    for (std::thread &t : others)
        t.join();
}

// How many vertices the entry point leads to along layer 0.
std::size_t reached(const World &world)
{
    const Arena &arena = world.arena;
    std::vector<bool> seen(arena.count());
    std::vector<Vertex> open{static_cast<Vertex>(arena.shared().entry >> 32)};
    std::size_t count = 1;
    seen[open[0]] = true;
    while (!open.empty())
    {
        const Vertex v = open.back();
        open.pop_back();
        for (std::uint32_t i = 0; i < arena.list_room(0) && arena.links(v)[i] != nobody; i++)
            if (const Vertex next = arena.links(v)[i]; !seen[next])
            {
                seen[next] = true;
                count++;
                open.push_back(next);
            }
    }
    return count;
}

std::uint32_t mend(World *world)
{
    Worker worker(world, 16);
    std::vector<std::uint64_t> memory(Reach::memory_bytes(world->arena) / 8 + 1);
    Reach reach(&world->arena, {&worker, nullptr, Worker::between, nullptr, nullptr},
                memory.data());
    return reach.mend();
}

// Lists hold vertices that exist and have the layer, none twice and not the vertex itself; whoever has a
// list on a layer is reached from the entry point along layer 0, but for very few.
void expect_sound(const World &world)
{
    const Arena &arena = world.arena;
    const std::uint32_t count = arena.count();
    for (Vertex v = 0; v < count; v++)
    {
        ASSERT_EQ(arena.head(v).version % 2, 0U);
        for (int layer = 0; layer <= arena.head(v).level; layer++)
        {
            std::vector<Vertex> list;
            bool ended = false;
            for (std::uint32_t i = 0; i < arena.list_room(layer); i++)
            {
                const Vertex next = arena.list(v, layer)[i];
                ended = ended || next == nobody;
                ASSERT_EQ(ended, next == nobody) << "a gap in a list";
                if (ended)
                    continue;
                ASSERT_LT(next, count);
                ASSERT_NE(next, v);
                ASSERT_GE(arena.head(next).level, layer);
                list.push_back(next);
            }
            std::sort(list.begin(), list.end());
            ASSERT_EQ(std::adjacent_find(list.begin(), list.end()), list.end()) << "a link twice";
        }
    }
    EXPECT_GE(reached(world), count - count / 500) << "of " << count;
}

// Recall of a plain best-first search of layer 0.
double recall(const World &world, const std::vector<Floats> &queries, std::size_t ef)
{
    const Arena &arena = world.arena;
    double found = 0;
    for (const Floats &q : queries)
    {
        const auto distance = [&](Vertex v) {
            return quiver::kernels::active->f32.l2_squared(q.data(), world.value(v), world.dims);
        };
        std::vector<float> exact;
        for (Vertex v = 0; v < arena.count(); v++)
            exact.push_back(distance(v));
        std::nth_element(exact.begin(), exact.begin() + 9, exact.end());
        const float tenth = exact[9];

        std::vector<bool> seen(arena.count());
        std::vector<std::pair<float, Vertex>> nearest;
        const auto entry = static_cast<Vertex>(arena.shared().entry >> 32);
        nearest.emplace_back(distance(entry), entry);
        seen[entry] = true;
        for (std::size_t next = 0; next < nearest.size();)
        {
            const Vertex v = nearest[next].second;
            std::size_t first = next + 1;
            for (std::uint32_t i = 0; i < arena.list_room(0) && arena.links(v)[i] != nobody; i++)
            {
                const Vertex n = arena.links(v)[i];
                if (seen[n])
                    continue;
                seen[n] = true;
                const std::pair<float, Vertex> candidate{distance(n), n};
                auto place = std::upper_bound(nearest.begin(), nearest.end(), candidate);
                if (place == nearest.end() && nearest.size() >= ef)
                    continue;
                first = std::min(first, static_cast<std::size_t>(place - nearest.begin()));
                nearest.insert(place, candidate);
                if (nearest.size() > ef)
                    nearest.pop_back();
            }
            next = first;
        }
        for (std::size_t i = 0; i < 10 && i < nearest.size(); i++)
            found += nearest[i].first <= tenth;
    }
    return found / (10.0 * static_cast<double>(queries.size()));
}

TEST(BuildGraph, finds_nearest_neighbours)
{
    for (int threads : {1, 4})
    {
        std::mt19937 random(31);
        World world(24, 8, 4000);
        world.rows = clusters(4100, 24, random);
        const std::vector<Floats> queries(world.rows.end() - 100, world.rows.end());
        world.rows.resize(4000);
        build(&world, 48, threads);
        EXPECT_EQ(world.arena.count(), 4000U);
        expect_sound(world);
        EXPECT_GE(recall(world, queries, 64), 0.95) << threads << " threads";
        EXPECT_GT(world.backed, 4000 * 24 * sizeof(float));
    }
}

TEST(BuildGraph, of_one_and_two_rows)
{
    World world(3, 2, 10);
    world.rows = {{1, 2, 3}, {1, 2, 4}};
    Worker worker(&world, 4);
    EXPECT_EQ(world.arena.shared().entry, no_entry);
    EXPECT_EQ(worker.add(0, 0), Added::vertex);
    EXPECT_EQ(world.arena.shared().entry, pack_entry(0, 0));
    EXPECT_EQ(world.arena.links(0)[0], nobody);
    EXPECT_EQ(worker.add(1, 3), Added::vertex);
    EXPECT_EQ(world.arena.shared().entry, pack_entry(1, 3));
    EXPECT_EQ(world.arena.links(0)[0], 1U);
    EXPECT_EQ(world.arena.links(1)[0], 0U);
}

// Ten rows share a vertex, the eleventh begins another; a thousand leave no island behind.
TEST(BuildGraph, equal_values_share_vertices)
{
    std::mt19937 random(32);
    World world(8, 4, 4000);
    world.rows = clusters(1000, 8, random);
    for (int i = 0; i < 1000; i++)
        world.rows.push_back(world.rows[0]);
    std::shuffle(world.rows.begin(), world.rows.end(), random);
    build(&world, 40, 1);
    EXPECT_LT(world.arena.count(), 1000U + 140);
    EXPECT_GE(world.arena.count(), 1000U + 100 - 1);
    std::size_t rows = 0;
    for (Vertex v = 0; v < world.arena.count(); v++)
    {
        EXPECT_LE(world.arena.head(v).row_count, rows_per_vertex);
        rows += world.arena.head(v).row_count;
    }
    EXPECT_EQ(rows, 2000U);
    expect_sound(world);
}

TEST(BuildGraph, duplicates_from_several_builders)
{
    World world(4, 4, 3000);
    world.rows.assign(3000, Floats{1, 2, 3, 4});
    build(&world, 16, 4);
    std::size_t rows = 0;
    std::vector<bool> seen(3000);
    for (Vertex v = 0; v < world.arena.count(); v++)
    {
        const Head &head = world.arena.head(v);
        rows += head.row_count;
        for (int i = 0; i < head.row_count; i++)
        {
            const RowPointer &row = i == 0 ? head.row : world.arena.more_rows(v)[i - 1];
            const std::size_t number = std::size_t{row.part[0]} << 16 | row.part[1];
            ASSERT_FALSE(seen[number]) << "row " << number << " twice";
            seen[number] = true;
        }
    }
    EXPECT_EQ(rows, 3000U);
}

TEST(BuildGraph, says_when_there_is_no_room)
{
    std::mt19937 random(33);
    World world(4, 4, 100);
    world.rows = clusters(101, 4, random);
    Worker worker(&world, 16);
    for (std::size_t row = 0; row < 100; row++)
        ASSERT_EQ(worker.add(row, 0), Added::vertex);
    EXPECT_EQ(worker.add(100, 0), Added::no_room);
    EXPECT_EQ(world.arena.count(), 100U);
    expect_sound(world);
}

// Lists of four links lose some vertices; mending leads to each of them, and keeps the graph sound.
TEST(BuildGraph, mends_what_nothing_leads_to)
{
    std::mt19937 random(34);
    World world(16, 2, 6000);
    world.rows = clusters(6000, 16, random);
    build(&world, 8, 1);
    const std::size_t lost = world.arena.count() - reached(world);
    EXPECT_GT(lost, 0U) << "nothing to mend: the test proves nothing";
    const std::uint32_t mended = mend(&world);
    EXPECT_GT(mended, 0U);
    EXPECT_LE(mended, lost);
    EXPECT_EQ(reached(world), world.arena.count());
    EXPECT_EQ(mend(&world), 0U);
    expect_sound(world);
}

// Vertices that lead only to one another are found too, and so are all copies of a value.
TEST(BuildGraph, mends_islands_and_rings)
{
    std::mt19937 random(35);
    World world(8, 2, 3000);
    world.rows = clusters(1000, 8, random);
    for (int i = 0; i < 500; i++)
        world.rows.push_back(world.rows[7]);
    build(&world, 8, 1);
    // Cut: the last ten vertices lead to one another, and nobody leads to them.
    const std::uint32_t count = world.arena.count(), first = count - 10;
    if (static_cast<Vertex>(world.arena.shared().entry >> 32) >= first)
        world.arena.shared().entry = pack_entry(0, 0);
    for (Vertex v = 0; v < count; v++)
    {
        std::uint32_t *list = world.arena.links(v);
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i < world.arena.list_room(0) && list[i] != nobody; i++)
            if ((v < first) == (list[i] < first))
                list[kept++] = list[i];
        for (; kept < world.arena.list_room(0); kept++)
            list[kept] = nobody;
    }
    for (Vertex v = first; v + 1 < count; v++)
        world.arena.links(v)[0] = v + 1;
    EXPECT_LE(reached(world), first);
    EXPECT_GT(mend(&world), 0U);
    EXPECT_EQ(reached(world), count);
}

TEST(BuildGraph, mends_nothing_in_an_empty_graph)
{
    World world(4, 2, 10);
    EXPECT_EQ(mend(&world), 0U);
}

// An order has every row once, and neighbours in it are nearer than rows drawn at random.
TEST(BuildOrder, puts_near_rows_together)
{
    std::mt19937 random(36);
    std::vector<Floats> rows = clusters(2000, 16, random);
    rows.insert(rows.end(), 300, rows[0]);
    const auto from = [](void *state, std::uint32_t row, const std::uint32_t *others,
                         std::size_t count, float *out) {
        const auto &all = *static_cast<std::vector<Floats> *>(state);
        for (std::size_t i = 0; i < count; i++)
            out[i] =
                quiver::kernels::active->f32.l2_squared(all[row].data(), all[others[i]].data(), 16);
    };
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < rows.size(); i++)
        order.push_back(i);
    const auto sum = [&] {
        double total = 0;
        for (std::size_t i = 1; i < order.size(); i++)
        {
            float d;
            from(&rows, order[i - 1], &order[i], 1, &d);
            total += d;
        }
        return total;
    };
    std::shuffle(order.begin(), order.end(), random);
    const double before = sum();
    std::vector<float> scratch(2 * order.size());
    order_batch({&rows, from}, order.data(), order.size(), scratch.data(), 1);
    EXPECT_LT(sum(), 0.5 * before);
    std::sort(order.begin(), order.end());
    for (std::uint32_t i = 0; i < order.size(); i++)
        ASSERT_EQ(order[i], i);
    order_batch({&rows, from}, order.data(), 0, scratch.data(), 1);
    order_batch({&rows, from}, order.data(), 1, scratch.data(), 1);
    EXPECT_EQ(order[0], 0U);
}

}  // namespace
