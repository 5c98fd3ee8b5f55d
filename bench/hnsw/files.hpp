// What the benchmark's programs share: the array files, groups of rows, and counting recall.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

[[noreturn]] inline void fail(const std::string &message)
{
    std::fprintf(stderr, "%s\n", message.c_str());
    std::exit(1);
}

// A file of int32 rows, int32 columns, then the rows.
template <typename T> struct Matrix
{
    int rows = 0;
    int columns = 0;
    std::vector<T> values;

    explicit Matrix(const std::string &path)
    {
        FILE *file = std::fopen(path.c_str(), "rb");
        std::int32_t shape[2];
        if (file == nullptr || std::fread(shape, 4, 2, file) != 2)
            fail("cannot read " + path);
        rows = shape[0];
        columns = shape[1];
        values.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
        if (std::fread(values.data(), sizeof(T), values.size(), file) != values.size())
            fail(path + " is too short");
        std::fclose(file);
    }
    const T *row(int i) const
    {
        return values.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(columns);
    }
};

// The group, of so many, that a row belongs to: spread evenly, unrelated to the vector. data.py has
// the same function.
inline int group_of(int id, int groups)
{
    std::uint32_t hash = static_cast<std::uint32_t>(id) * 2654435761u;
    hash ^= hash >> 16;
    hash *= 2246822519u;
    hash ^= hash >> 13;
    return static_cast<int>(hash % static_cast<std::uint32_t>(groups));
}

// How many of the k nearest of query q are among the ids found. Truth is padded with -1 where fewer
// than k rows exist.
template <typename Ids>
void count_hits(const Matrix<std::int32_t> &truth, int q, int k, const Ids &ids, long &hits,
                long &wanted)
{
    for (int i = 0; i < k && i < truth.columns; ++i)
    {
        const std::int32_t id = truth.row(q)[i];
        if (id < 0)
            continue;
        ++wanted;
        hits += std::find(ids.begin(), ids.end(), id) != ids.end();
    }
}

}  // namespace bench
