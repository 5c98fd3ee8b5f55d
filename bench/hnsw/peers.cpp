// hnswlib and faiss in process, one thread: build, size, and recall against queries a second.
//
// usage: peers hnswlib|faiss|faiss-sq8 METRIC BASE QUERIES TRUTH M EF_CONSTRUCTION EF...
//
// METRIC is l2 or cosine (vectors are normalised, then inner product). Prints lines of KEY=VALUE:
// first what=build seconds= bytes=, then for each EF what=search ef= recall= qps= p50= p99=, the
// median of three passes.
// Times are of this thread's processor and of the wall.
#include "bench/hnsw/files.hpp"

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexScalarQuantizer.h>
#include <hnswlib/hnswlib.h>
#include <omp.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>

namespace {

using namespace bench;

constexpr int k = 10;

double now(clockid_t clock)
{
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void normalise(Matrix<float> &matrix)
{
    for (int i = 0; i < matrix.rows; ++i)
    {
        float *row = matrix.values.data() +
                     static_cast<std::size_t>(i) * static_cast<std::size_t>(matrix.columns);
        double sum = 0;
        for (int j = 0; j < matrix.columns; ++j)
            sum += static_cast<double>(row[j]) * row[j];
        const float scale = sum > 0 ? static_cast<float>(1 / std::sqrt(sum)) : 0.0f;
        for (int j = 0; j < matrix.columns; ++j)
            row[j] *= scale;
    }
}

// What both libraries are asked for.
class Peer
{
public:
    virtual ~Peer() = default;
    virtual void build(const Matrix<float> &base) = 0;
    virtual void set_ef(int ef) = 0;
    virtual void search(const float *query, std::vector<std::int32_t> &ids) = 0;
    virtual double bytes() const = 0;
};

class Hnswlib : public Peer
{
public:
    Hnswlib(bool cosine, int dimensions, int rows, int m, int ef_construction)
    {
        if (cosine)
            space_ = std::make_unique<hnswlib::InnerProductSpace>(dimensions);
        else
            space_ = std::make_unique<hnswlib::L2Space>(dimensions);
        index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), rows, m,
                                                                   ef_construction);
    }
    void build(const Matrix<float> &base) override
    {
        rows_ = base.rows;
        for (int i = 0; i < base.rows; ++i)
            index_->addPoint(base.row(i), static_cast<hnswlib::labeltype>(i));
    }
    void set_ef(int ef) override { index_->setEf(static_cast<std::size_t>(ef)); }
    void search(const float *query, std::vector<std::int32_t> &ids) override
    {
        auto found = index_->searchKnn(query, k);
        for (; !found.empty(); found.pop())
            ids.push_back(static_cast<std::int32_t>(found.top().second));
    }
    double bytes() const override
    {
        return static_cast<double>(index_->size_data_per_element_) * rows_;
    }

private:
    std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> index_;
    int rows_ = 0;
};

class Faiss : public Peer
{
public:
    Faiss(bool cosine, bool quantised, int dimensions, int m, int ef_construction)
    {
        const auto metric = cosine ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2;
        if (quantised)
            index_ = std::make_unique<faiss::IndexHNSWSQ>(
                dimensions, faiss::ScalarQuantizer::QT_8bit, m, metric);
        else
            index_ = std::make_unique<faiss::IndexHNSWFlat>(dimensions, m, metric);
        index_->hnsw.efConstruction = ef_construction;
        bytes_per_row_ = dimensions * (quantised ? 1 : 4) + 4 * 2 * m;
    }
    void build(const Matrix<float> &base) override
    {
        rows_ = base.rows;
        index_->train(base.rows, base.values.data());
        index_->add(base.rows, base.values.data());
    }
    void set_ef(int ef) override { index_->hnsw.efSearch = ef; }
    void search(const float *query, std::vector<std::int32_t> &ids) override
    {
        faiss::Index::idx_t labels[k];
        float distances[k];
        index_->search(1, query, k, distances, labels);
        ids.assign(labels, labels + k);
    }
    double bytes() const override { return static_cast<double>(bytes_per_row_) * rows_; }

private:
    std::unique_ptr<faiss::IndexHNSW> index_;
    int bytes_per_row_ = 0;
    int rows_ = 0;
};

// One pass over all queries.
struct Round
{
    double recall, wall, processor, p50, p99;
};

Round search_all(Peer &peer, const Matrix<float> &queries, const Matrix<std::int32_t> &truth)
{
    long hits = 0, wanted = 0;
    std::vector<double> milliseconds;
    const double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_THREAD_CPUTIME_ID);
    for (int q = 0; q < queries.rows; ++q)
    {
        std::vector<std::int32_t> ids;
        const double start = now(CLOCK_MONOTONIC);
        peer.search(queries.row(q), ids);
        milliseconds.push_back(1000 * (now(CLOCK_MONOTONIC) - start));
        count_hits(truth, q, k, ids, hits, wanted);
    }
    const double wall_end = now(CLOCK_MONOTONIC), processor_end = now(CLOCK_THREAD_CPUTIME_ID);
    std::sort(milliseconds.begin(), milliseconds.end());
    return {static_cast<double>(hits) / static_cast<double>(wanted), wall_end - wall,
            processor_end - processor, milliseconds[milliseconds.size() / 2],
            milliseconds[milliseconds.size() * 99 / 100]};
}

}  // namespace

int main(int count, char **words)
{
    if (count < 9)
        fail("usage: peers hnswlib|faiss|faiss-sq8 l2|cosine BASE QUERIES TRUTH M EF_CONSTRUCTION "
             "EF...");
    omp_set_num_threads(1);
    const std::string name = words[1];
    const bool cosine = std::string(words[2]) == "cosine";
    Matrix<float> base(words[3]), queries(words[4]);
    const Matrix<std::int32_t> truth(words[5]);
    const int m = std::stoi(words[6]), ef_construction = std::stoi(words[7]);
    if (cosine)
    {
        normalise(base);
        normalise(queries);
    }
    std::unique_ptr<Peer> peer;
    if (name == "hnswlib")
        peer = std::make_unique<Hnswlib>(cosine, base.columns, base.rows, m, ef_construction);
    else
        peer =
            std::make_unique<Faiss>(cosine, name == "faiss-sq8", base.columns, m, ef_construction);

    const double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_THREAD_CPUTIME_ID);
    peer->build(base);
    std::printf("what=build seconds=%.3f cpu_seconds=%.3f bytes=%.0f\n",
                now(CLOCK_MONOTONIC) - wall, now(CLOCK_THREAD_CPUTIME_ID) - processor,
                peer->bytes());
    std::fflush(stdout);

    for (int i = 8; i < count; ++i)
    {
        const int ef = std::stoi(words[i]);
        peer->set_ef(ef);
        std::vector<Round> rounds;
        for (int round = 0; round < 3; ++round)
            rounds.push_back(search_all(*peer, queries, truth));
        std::sort(rounds.begin(), rounds.end(),
                  [](const Round &a, const Round &b) { return a.wall < b.wall; });
        const Round &median = rounds[1];
        std::printf("what=search ef=%d recall=%.5f qps=%.2f cpu_qps=%.2f p50=%.4f p99=%.4f\n", ef,
                    median.recall, queries.rows / median.wall, queries.rows / median.processor,
                    median.p50, median.p99);
        std::fflush(stdout);
    }
    return 0;
}
