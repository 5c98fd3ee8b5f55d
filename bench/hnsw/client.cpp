// The benchmark's database client: loads vectors, runs prepared searches and inserts, and times them.
//
// usage: client COMMAND KEY=VALUE...      (connects as libpq's environment says)
//
//   load    vectors=FILE first=N rows=N copy='COPY ... FROM STDIN (FORMAT binary)'
//           sends (id int4, v vector, g10 int4, g100 int4, g1000 int4) for the rows named
//   search  queries=FILE truth=FILE k=N statement=SQL [groups=N] [clients=N] [rounds=N] [only=N] [warm=N] [pin=PROCESSOR]
//           runs SQL once for each query ($1 the vector; with groups $2, the query's group), the first `warm`
//           (all) of them once more before that in the same session, both sides bound to a processor (pin), and
//           prints: recall, queries a second by wall and by the backends' processor time, mean, p50,
//           p99 in milliseconds, and the mean number of rows answered
//   batch   statement=SQL queries=FILE truth=FILE k=N     one SQL call over all queries, which
//           answers (query number, id), the second of two; prints recall and queries a second, wall and
//           processor
//   insert  vectors=FILE first=N rows=N statement=SQL     ($1 id, $2 vector, $3.. groups); prints
//           mean, p50 and p99 in milliseconds
//
// setup=SQL is sent to each connection first. Files are int32 rows, int32 dimensions, then rows of
// float32 (vectors) or int32 (truth). Everything travels in binary.
#include "bench/hnsw/files.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace bench;
using Clock = std::chrono::steady_clock;
using Arguments = std::map<std::string, std::string>;

double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string need(const Arguments &arguments, const std::string &key)
{
    const auto found = arguments.find(key);
    if (found == arguments.end())
        fail("the argument " + key + "= is missing");
    return found->second;
}

int number(const Arguments &arguments, const std::string &key, int otherwise)
{
    const auto found = arguments.find(key);
    return found == arguments.end() ? otherwise : std::stoi(found->second);
}

// A connection that stops the program at the first error.
class Session
{
public:
    explicit Session(const Arguments &arguments) : connection_(PQconnectdb(""))
    {
        if (PQstatus(connection_) != CONNECTION_OK)
            fail(PQerrorMessage(connection_));
        if (arguments.count("setup"))
            PQclear(checked(PQexec(connection_, arguments.at("setup").c_str())));
    }
    Session(const Session &) = delete;
    ~Session() { PQfinish(connection_); }

    PGresult *checked(PGresult *result)
    {
        const auto status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
            fail(PQerrorMessage(connection_));
        return result;
    }
    PGconn *get() { return connection_; }
    void prepare(const std::string &statement)
    {
        PQclear(checked(PQprepare(connection_, "q", statement.c_str(), 0, nullptr)));
    }
    PGresult *run(const std::vector<std::string> &values)
    {
        std::vector<const char *> pointers;
        std::vector<int> lengths, formats(values.size(), 1);
        for (const auto &value : values)
        {
            pointers.push_back(value.data());
            lengths.push_back(static_cast<int>(value.size()));
        }
        return checked(PQexecPrepared(connection_, "q", static_cast<int>(values.size()),
                                      pointers.data(), lengths.data(), formats.data(), 1));
    }
    // The server process stays on one processor: one that wanders finds the caches of the other cold, which a library's
    // thread that never waits does not. So does this thread, on the same: the two never run at once, and each would wake
    // the other on a processor that has gone to sleep, twice a query, which on a virtual machine takes as long as a
    // search. Where this is not allowed they wander.
    void stay_on(int processor)
    {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<unsigned>(processor), &set);
        (void) sched_setaffinity(PQbackendPID(connection_), sizeof set, &set);
        (void) sched_setaffinity(0, sizeof set, &set);
    }
    // Processor time of the server process behind this connection, in seconds.
    double backend_seconds()
    {
        const std::string path =
            "/proc/" + std::to_string(PQbackendPID(connection_)) + "/schedstat";
        unsigned long long nanoseconds = 0;
        if (FILE *file = std::fopen(path.c_str(), "r"))
        {
            if (std::fscanf(file, "%llu", &nanoseconds) != 1)
                nanoseconds = 0;
            std::fclose(file);
        }
        return static_cast<double>(nanoseconds) / 1e9;
    }

private:
    PGconn *connection_;
};

std::string int4(std::int32_t value)
{
    const std::uint32_t wire = htonl(static_cast<std::uint32_t>(value));
    return {reinterpret_cast<const char *>(&wire), 4};
}

std::string int2(std::int16_t value)
{
    const std::uint16_t wire = htons(static_cast<std::uint16_t>(value));
    return {reinterpret_cast<const char *>(&wire), 2};
}

// The binary form of a vector value.
std::string vector_value(const float *values, int dimensions)
{
    std::string wire = int2(static_cast<std::int16_t>(dimensions)) + int2(0);
    for (int i = 0; i < dimensions; ++i)
    {
        std::int32_t bits;
        std::memcpy(&bits, &values[i], 4);
        wire += int4(bits);
    }
    return wire;
}

std::int32_t int4_at(const PGresult *result, int row, int column)
{
    std::uint32_t wire;
    std::memcpy(&wire, PQgetvalue(result, row, column), 4);
    return static_cast<std::int32_t>(ntohl(wire));
}

void load(const Arguments &arguments)
{
    const Matrix<float> vectors(need(arguments, "vectors"));
    const int first = number(arguments, "first", 0);
    const int end = std::min(vectors.rows, first + number(arguments, "rows", vectors.rows));
    Session session(arguments);
    PQclear(session.checked(PQexec(session.get(), need(arguments, "copy").c_str())));
    std::string buffer("PGCOPY\n\xff\r\n\0", 11);
    buffer += int4(0) + int4(0);
    for (int id = first; id < end; ++id)
    {
        const std::string value = vector_value(vectors.row(id), vectors.columns);
        buffer += int2(5) + int4(4) + int4(id) + int4(static_cast<int>(value.size())) + value;
        for (const int groups : {10, 100, 1000})
            buffer += int4(4) + int4(group_of(id, groups));
        if (buffer.size() > (1 << 20) || id == end - 1)
        {
            if (id == end - 1)
                buffer += int2(-1);
            if (PQputCopyData(session.get(), buffer.data(), static_cast<int>(buffer.size())) != 1)
                fail(PQerrorMessage(session.get()));
            buffer.clear();
        }
    }
    if (PQputCopyEnd(session.get(), nullptr) != 1)
        fail(PQerrorMessage(session.get()));
    PQclear(session.checked(PQgetResult(session.get())));
}

double percentile(std::vector<double> &values, double share)
{
    if (values.empty())
        return 0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at),
                     values.end());
    return values[at];
}

double mean(const std::vector<double> &values)
{
    double sum = 0;
    for (const double value : values)
        sum += value;
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// What one client found.
struct Found
{
    std::vector<double> milliseconds;
    long hits = 0;
    long wanted = 0;
    long rows = 0;
    double processor_seconds = 0;
};

void search_share(const Arguments &arguments, int client, int clients, Found &found)
{
    const Matrix<float> queries(need(arguments, "queries"));
    const Matrix<std::int32_t> truth(need(arguments, "truth"));
    const int k = number(arguments, "k", 10);
    const int groups = number(arguments, "groups", 0);
    const int only = std::min(queries.rows, number(arguments, "only", queries.rows));
    const int rounds = number(arguments, "rounds", 1);
    Session session(arguments);
    if (clients == 1 && number(arguments, "pin", -1) >= 0)
        session.stay_on(number(arguments, "pin", -1));
    session.prepare(need(arguments, "statement"));
    std::vector<std::string> values(groups > 0 ? 2 : 1);
    const auto prepare_values = [&](int q) {
        values[0] = vector_value(queries.row(q), queries.columns);
        if (groups > 0)
            values[1] = int4(q % groups);
    };
    // A session that has just begun loads libraries and catalogs and maps the server's memory page by page: as in
    // `batch`, the second time counts.
    for (int q = client; q < std::min(only, number(arguments, "warm", only)); q += clients)
    {
        prepare_values(q);
        PQclear(session.run(values));
    }
    const double before = session.backend_seconds();
    for (int turn = 0; turn < rounds; ++turn)
        for (int q = client; q < only; q += clients)
        {
            prepare_values(q);
            const auto start = Clock::now();
            PGresult *result = session.run(values);
            found.milliseconds.push_back(seconds_since(start) * 1000);
            std::vector<std::int32_t> ids;
            for (int row = 0; row < PQntuples(result); ++row)
                ids.push_back(int4_at(result, row, 0));
            PQclear(result);
            found.rows += static_cast<long>(ids.size());
            count_hits(truth, q, k, ids, found.hits, found.wanted);
        }
    found.processor_seconds = session.backend_seconds() - before;
}

void search(const Arguments &arguments)
{
    const int clients = number(arguments, "clients", 1);
    std::vector<Found> shares(static_cast<std::size_t>(clients));
    std::vector<std::thread> threads;
    const auto start = Clock::now();
    for (int i = 0; i < clients; ++i)
        threads.emplace_back(search_share, std::cref(arguments), i, clients,
                             std::ref(shares[static_cast<std::size_t>(i)]));
    for (auto &thread : threads)
        thread.join();
    const double elapsed = seconds_since(start);
    Found all;
    for (const auto &share : shares)
    {
        all.milliseconds.insert(all.milliseconds.end(), share.milliseconds.begin(),
                                share.milliseconds.end());
        all.hits += share.hits;
        all.wanted += share.wanted;
        all.rows += share.rows;
        all.processor_seconds += share.processor_seconds;
    }
    const auto count = static_cast<double>(all.milliseconds.size());
    // With one client the time of the calls alone; with more, of the whole run.
    const double wall = clients == 1 ? mean(all.milliseconds) * count / 1000 : elapsed;
    std::printf("recall=%.5f qps=%.2f cpu_qps=%.2f mean=%.4f p50=%.4f p99=%.4f rows=%.2f\n",
                static_cast<double>(all.hits) / static_cast<double>(std::max(1L, all.wanted)),
                count / wall, count / std::max(1e-9, all.processor_seconds), mean(all.milliseconds),
                percentile(all.milliseconds, 0.5), percentile(all.milliseconds, 0.99),
                static_cast<double>(all.rows) / count);
}

void batch(const Arguments &arguments)
{
    const Matrix<float> queries(need(arguments, "queries"));
    const Matrix<std::int32_t> truth(need(arguments, "truth"));
    const int k = number(arguments, "k", 10);
    Session session(arguments);
    session.prepare(need(arguments, "statement"));
    PQclear(session.run({}));
    const double before = session.backend_seconds();
    const auto start = Clock::now();
    PGresult *result = session.run({});
    const double elapsed = seconds_since(start);
    const double processor = session.backend_seconds() - before;
    std::map<int, std::vector<std::int32_t>> ids;
    for (int row = 0; row < PQntuples(result); ++row)
        ids[int4_at(result, row, 0)].push_back(int4_at(result, row, 1));
    PQclear(result);
    long hits = 0, wanted = 0;
    for (int q = 0; q < queries.rows; ++q)
        count_hits(truth, q, k, ids[q], hits, wanted);
    std::printf("recall=%.5f qps=%.2f cpu_qps=%.2f\n",
                static_cast<double>(hits) / static_cast<double>(wanted), queries.rows / elapsed,
                queries.rows / std::max(1e-9, processor));
}

void insert(const Arguments &arguments)
{
    const Matrix<float> vectors(need(arguments, "vectors"));
    const int first = number(arguments, "first", 0);
    const int end = std::min(vectors.rows, first + number(arguments, "rows", vectors.rows));
    Session session(arguments);
    session.prepare(need(arguments, "statement"));
    std::vector<double> milliseconds;
    const double before = session.backend_seconds();
    for (int id = first; id < end; ++id)
    {
        std::vector<std::string> values{int4(id), vector_value(vectors.row(id), vectors.columns)};
        for (const int groups : {10, 100, 1000})
            values.push_back(int4(group_of(id, groups)));
        const auto start = Clock::now();
        PQclear(session.run(values));
        milliseconds.push_back(seconds_since(start) * 1000);
    }
    std::printf("rows=%zu mean=%.4f p50=%.4f p99=%.4f cpu_mean=%.4f\n", milliseconds.size(),
                mean(milliseconds), percentile(milliseconds, 0.5), percentile(milliseconds, 0.99),
                1000 * (session.backend_seconds() - before) / std::max(1, end - first));
}

}  // namespace

int main(int count, char **words)
{
    Arguments arguments;
    for (int i = 2; i < count; ++i)
    {
        const std::string word = words[i];
        const auto equals = word.find('=');
        if (equals == std::string::npos)
            fail("not KEY=VALUE: " + word);
        arguments[word.substr(0, equals)] = word.substr(equals + 1);
    }
    const std::string command = count > 1 ? words[1] : "";
    if (command == "load")
        load(arguments);
    else if (command == "search")
        search(arguments);
    else if (command == "batch")
        batch(arguments);
    else if (command == "insert")
        insert(arguments);
    else
        fail("usage: client load|search|batch|insert KEY=VALUE...");
    return 0;
}
