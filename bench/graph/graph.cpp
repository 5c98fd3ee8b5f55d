// Building a graph in memory, outside a server: from exact values, from codes, and by hnswlib; time of one
// core, and the recall of searches with exact distances. `graph FOLDER [ROWS]`; bench/hnsw/data.py makes it.
#include "hnsw/build_order.hpp"
#include "hnsw/build_reach.hpp"
#include "kernels/distance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <hnswlib/hnswlib.h>
#include <numeric>
#include <random>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace {

using namespace quiver::hnsw::build;
using namespace quiver::kernels;

constexpr std::uint32_t m = 16, ef_construction = 64;
constexpr std::size_t k = 10;
constexpr std::size_t first_rows = 8192, largest_batch = 32768;

double cpu_seconds()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Matrix
{
    std::size_t rows = 0, dims = 0;
    std::vector<float> data;
    const float *row(std::size_t i) const { return data.data() + i * dims; }
};

// As bench/hnsw/data.py writes it: int32 rows, int32 columns, then the floats.
Matrix read_matrix(const std::string &path)
{
    std::ifstream in(path, std::ios::binary);
    std::int32_t shape[2];
    Matrix matrix;
    if (in.read(reinterpret_cast<char *>(shape), sizeof shape))
    {
        matrix.rows = static_cast<std::size_t>(shape[0]);
        matrix.dims = static_cast<std::size_t>(shape[1]);
        matrix.data.resize(matrix.rows * matrix.dims);
        in.read(reinterpret_cast<char *>(matrix.data.data()),
                static_cast<std::streamsize>(matrix.data.size() * sizeof(float)));
    }
    if (!in)
    {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(2);
    }
    return matrix;
}

void normalise(Matrix *matrix)
{
    for (std::size_t i = 0; i < matrix->rows; i++)
    {
        float *row = matrix->data.data() + i * matrix->dims;
        double sum = 0;
        for (std::size_t j = 0; j < matrix->dims; j++)
            sum += double(row[j]) * double(row[j]);
        for (std::size_t j = 0; j < matrix->dims && sum > 0; j++)
            row[j] = static_cast<float>(double(row[j]) / std::sqrt(sum));
    }
}

// Distances of rows of one matrix, exact or from codes.
struct Rows
{
    const Matrix *base;
    unsigned bits;  // 0: exact
    Arena *arena;
    std::size_t current = 0;
    CodeSpace space{};
    std::vector<float> centre, scratch;
    std::vector<std::uint8_t> record;
    std::vector<std::int8_t> query_memory, other_memory;
    CodeQuery query{};

    Rows(const Matrix &b, unsigned bit_count) : base(&b), bits(bit_count), centre(b.dims)
    {
        if (bits == 0)
            return;
        for (std::size_t i = 0; i < b.rows; i += 16)
            for (std::size_t j = 0; j < b.dims; j++)
                centre[j] += b.row(i)[j] / static_cast<float>((b.rows + 15) / 16);
        scratch.resize(b.dims);
        record.resize(code_record_bytes(b.dims, bits));
        query_memory.resize(code_query_bytes(b.dims, bits));
        other_memory.resize(code_query_bytes(b.dims, bits));
        space = {static_cast<std::uint32_t>(b.dims), bits, CodeMetric::l2_squared, 7,
                 centre.data()};
    }
    std::uint32_t hot_bytes() const
    {
        return static_cast<std::uint32_t>(bits == 0 ? base->dims * sizeof(float)
                                                    : code_record_bytes(base->dims, bits));
    }
    void set(std::size_t row)
    {
        current = row;
        if (bits == 0)
            return;
        encode(space, base->row(row), scratch.data(), record.data());
        query = prepare_query(space, base->row(row), scratch.data(), query_memory.data());
    }
    template <class T> void gather(const Vertex *v, std::size_t count, const T **rows) const
    {
        for (std::size_t i = 0; i < count; i++)
        {
            rows[i] = reinterpret_cast<const T *>(arena->hot(v[i]));
            __builtin_prefetch(rows[i]);
        }
    }
    void exact(const float *from, const Vertex *v, std::size_t count, float *out) const
    {
        const float *rows[256];
        gather(v, count, rows);
        active->f32.l2_squared_many(from, rows, count, base->dims, out);
    }
    void coded(const CodeQuery &from, const Vertex *v, std::size_t count, float *out) const
    {
        const std::uint8_t *rows[256];
        gather(v, count, rows);
        active->code.estimate_many[code_width(bits)](from, rows, count, out);
    }

    static void to_new(void *state, const Vertex *v, std::size_t count, float *out)
    {
        const auto *rows = static_cast<const Rows *>(state);
        if (rows->bits == 0)
            rows->exact(rows->base->row(rows->current), v, count, out);
        else
            rows->coded(rows->query, v, count, out);
    }
    static void between(void *state, Vertex from, const Vertex *v, std::size_t count, float *out)
    {
        auto *rows = static_cast<Rows *>(state);
        const char *record = rows->arena->hot(from);
        if (rows->bits == 0)
            return rows->exact(reinterpret_cast<const float *>(record), v, count, out);
        const CodeQuery other =
            prepare_record(rows->space, reinterpret_cast<const std::uint8_t *>(record), 0,
                           rows->other_memory.data());
        rows->coded(other, v, count, out);
    }
    static bool equals(void *, Vertex) { return false; }
    static void store(void *state, Vertex v)
    {
        const auto *rows = static_cast<const Rows *>(state);
        std::memcpy(rows->arena->hot(v),
                    rows->bits == 0 ? static_cast<const void *>(rows->base->row(rows->current))
                                    : rows->record.data(),
                    rows->hot_bytes());
    }
};

// The links of layer 0, whoever made them; vertices are rows of the base.
struct Graph
{
    std::vector<std::vector<std::uint32_t>> links;
    std::uint32_t entry = 0;
};

struct Truth
{
    std::vector<float> kth;  // the distance of each query's k-th neighbour
};

Truth exact_search(const Matrix &base, const Matrix &queries)
{
    Truth truth;
    std::vector<float> distances(base.rows);
    for (std::size_t q = 0; q < queries.rows; q++)
    {
        for (std::size_t i = 0; i < base.rows; i++)
            distances[i] = active->f32.l2_squared(queries.row(q), base.row(i), base.dims);
        std::nth_element(distances.begin(), distances.begin() + k - 1, distances.end());
        truth.kth.push_back(distances[k - 1]);
    }
    return truth;
}

double recall(const Graph &graph, const Matrix &base, const Matrix &queries, const Truth &truth,
              std::size_t ef, double *distances_per_query)
{
    double found = 0, computed = 0;
    std::vector<std::uint32_t> seen(base.rows, 0);
    for (std::uint32_t q = 0; q < queries.rows; q++)
    {
        const auto distance = [&](std::uint32_t v) {
            computed++;
            return active->f32.l2_squared(queries.row(q), base.row(v), base.dims);
        };
        std::vector<std::pair<float, std::uint32_t>> nearest{{distance(graph.entry), graph.entry}};
        seen[graph.entry] = q + 1;
        for (std::size_t next = 0; next < nearest.size();)
        {
            std::size_t first = next + 1;
            const std::uint32_t v = nearest[next].second;
            for (std::uint32_t n : graph.links[v])
            {
                if (seen[n] == q + 1)
                    continue;
                seen[n] = q + 1;
                const std::pair<float, std::uint32_t> candidate{distance(n), n};
                if (nearest.size() >= ef && candidate >= nearest.back())
                    continue;
                const auto place = std::upper_bound(nearest.begin(), nearest.end(), candidate);
                first = std::min(first, static_cast<std::size_t>(place - nearest.begin()));
                nearest.insert(place, candidate);
                if (nearest.size() > ef)
                    nearest.pop_back();
            }
            next = first;
        }
        for (std::size_t i = 0; i < k && i < nearest.size(); i++)
            found += nearest[i].first <= truth.kth[q];
    }
    *distances_per_query = computed / static_cast<double>(queries.rows);
    return found / static_cast<double>(k * queries.rows);
}

void report(const char *name, double seconds, double reference, const Graph &graph,
            const Matrix &base, const Matrix &queries, const Truth &truth)
{
    double degree = 0;
    for (const auto &list : graph.links)
        degree += static_cast<double>(list.size());
    std::printf("| %s | %.1f | %.2f | %.1f |", name, seconds, seconds / reference,
                degree / static_cast<double>(base.rows));
    for (std::size_t ef : {10, 40, 100, 200})
    {
        double distances;
        const double r = recall(graph, base, queries, truth, ef, &distances);
        std::printf(" %.4f (%.0f) |", r, distances);
    }
    std::printf("\n");
    std::fflush(stdout);
}

// The rows in the order they are added: as they are, or as a build takes them, in batches that grow.
std::vector<std::uint32_t> order_of(const Matrix &base, bool ordered)
{
    std::vector<std::uint32_t> rows(base.rows);
    std::iota(rows.begin(), rows.end(), 0U);
    if (!ordered)
        return rows;
    const auto from = [](void *state, std::uint32_t row, const std::uint32_t *others,
                         std::size_t count, float *out) {
        const auto *matrix = static_cast<const Matrix *>(state);
        std::vector<const float *> values(count);
        for (std::size_t i = 0; i < count; i++)
            values[i] = matrix->row(others[i]);
        active->f32.l2_squared_many(matrix->row(row), values.data(), count, matrix->dims, out);
    };
    std::vector<float> scratch(2 * largest_batch);
    for (std::size_t done = first_rows; done < rows.size();)
    {
        const std::size_t batch = std::min({rows.size() - done, done / 2, largest_batch});
        order_batch({const_cast<Matrix *>(&base), from}, rows.data() + done, batch, scratch.data(),
                    done);
        done += batch;
    }
    return rows;
}

Graph build(const Matrix &base, unsigned bits, bool ordered, double *seconds)
{
    Rows rows(base, bits);
    const ArenaLayout layout =
        make_layout(m, rows.hot_bytes(), 0, static_cast<std::uint32_t>(base.rows), 0);
    void *memory = mmap(nullptr, layout.total_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (std::getenv("GRAPH_SMALL_PAGES") == nullptr)
        (void) madvise(memory, layout.total_bytes, MADV_HUGEPAGE);
    Arena arena(layout, static_cast<char *>(memory),
                {nullptr, [](void *, std::uint64_t, std::uint64_t) {}, [](void *, int) {}});
    arena.init();
    rows.arena = &arena;
    std::vector<char> work(Builder::memory_bytes(layout, ef_construction));
    Builder builder(&arena, {&rows, Rows::to_new, Rows::between, Rows::equals, Rows::store},
                    ef_construction, work.data());
    std::mt19937 random(1);
    const double start = cpu_seconds();
    for (const std::uint32_t i : order_of(base, ordered))
    {
        rows.set(i);
        const double u = (random() + 1.0) / 4294967297.0;
        (void) builder.add({{{0, 0, 1}}, static_cast<int>(-std::log(u) / std::log(double(m))), i});
    }
    std::vector<std::uint64_t> reach_memory(Reach::memory_bytes(arena) / 8 + 1);
    Reach{&arena,
          {&rows, Rows::to_new, Rows::between, Rows::equals, Rows::store},
          reach_memory.data()}
        .mend();
    *seconds = cpu_seconds() - start;
    // The hash given with a row is its number.
    const auto row_of = [&](Vertex v) { return static_cast<std::uint32_t>(arena.head(v).hash); };
    Graph graph;
    graph.entry = row_of(static_cast<Vertex>(arena.shared().entry >> 32));
    graph.links.resize(base.rows);
    for (Vertex v = 0; v < arena.count(); v++)
        for (std::uint32_t i = 0; i < 2 * m && arena.links(v)[i] != nobody; i++)
            graph.links[row_of(v)].push_back(row_of(arena.links(v)[i]));
    munmap(memory, layout.total_bytes);
    return graph;
}

Graph build_hnswlib(const Matrix &base, double *seconds)
{
    hnswlib::L2Space space(base.dims);
    hnswlib::HierarchicalNSW<float> index(&space, base.rows, m, ef_construction);
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < base.rows; i++)
        index.addPoint(base.row(i), i);
    *seconds = cpu_seconds() - start;
    Graph graph;
    graph.entry = index.enterpoint_node_;
    for (unsigned v = 0; v < base.rows; v++)
    {
        auto *list = index.get_linklist0(v);
        const auto *links = reinterpret_cast<const std::uint32_t *>(list + 1);
        graph.links.emplace_back(links, links + index.getListCount(list));
    }
    return graph;
}

}  // namespace

int main(int count, char **arguments)
{
    if (count < 2 || !select(best_level()))
    {
        std::fprintf(stderr, "usage: graph FOLDER [ROWS]\n");
        return 2;
    }
    const std::string folder = arguments[1];
    Matrix base = read_matrix(folder + "/base"), queries = read_matrix(folder + "/query");
    if (count > 2)
        base.rows = std::min(base.rows, static_cast<std::size_t>(std::atol(arguments[2])));
    queries.rows = std::min<std::size_t>(queries.rows, 200);
    std::string metric;
    std::ifstream(folder + "/metric") >> metric;
    if (metric == "cosine")
    {
        normalise(&base);
        normalise(&queries);
    }
    const Truth truth = exact_search(base, queries);
    std::printf("%zu rows of %zu dimensions, m %u, ef_construction %u; recall@10 (distances a "
                "query) at ef\n\n"
                "| builder | CPU s | / hnswlib | links | 10 | 40 | 100 | 200 |\n"
                "|---|---:|---:|---:|---|---|---|---|\n",
                base.rows, base.dims, m, ef_construction);
    double reference, seconds;
    {
        const Graph graph = build_hnswlib(base, &reference);
        report("hnswlib", reference, reference, graph, base, queries, truth);
    }
    for (unsigned bits : {0, 8, 4, 2})
        for (bool ordered : {false, true})
        {
            if (bits % 4 != 0 && !ordered)
                continue;
            const Graph graph = build(base, bits, ordered, &seconds);
            const std::string name =
                (bits == 0 ? "exact values" : std::to_string(bits) + "-bit codes") +
                (ordered ? "" : ", rows as they come");
            report(name.c_str(), seconds, reference, graph, base, queries, truth);
        }
}
