// Hashes of an as-of join's keys.
#pragma once

#include "features/asof_values.hpp"

#include <bit>

namespace quiver::features {

// All bits of a key reach the low ones, which choose its entry.
inline std::uint64_t hash_integer(std::uint64_t key)
{
    key ^= key >> 32;
    key *= 0xd6e8feb86659fd93u;
    key ^= key >> 32;
    return key;
}

inline std::uint64_t spread(std::uint32_t hash) { return hash_integer(hash); }

// The keys' own hash functions, as the side at hand has them.
inline std::uint32_t hash_keys(Values &values, const Datum *keys, FmgrInfo KeyFunctions::*function)
{
    std::uint32_t hash = 0;
    for (int i = 0; i < values.key_count; ++i)
    {
        KeyFunctions &key = values.keys[i];
        hash = std::rotl(hash, 1) ^
               DatumGetUInt32(FunctionCall1Coll(&(key.*function), key.collation, keys[i]));
    }
    return hash;
}

}  // namespace quiver::features
