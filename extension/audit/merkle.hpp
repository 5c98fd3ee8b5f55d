// The Merkle tree of RFC 9162 over the leaves of a log, by its frontier alone.
//
// frontier[l] is the root of a full subtree of 2^l leaves where bit l of the size is set: appending is
// amortised one hash, and the root costs one hash for each set bit. Nothing else is kept.
#pragma once

#include "audit/digest.hpp"

namespace quiver::audit {

struct MerkleTree
{
    std::uint64_t size = 0;
    Digest frontier[max_levels]{};

    void append(Digest node)
    {
        unsigned level = 0;
        for (; (size >> level) & 1; ++level)
            node = tree_node(frontier[level], node);
        frontier[level] = node;
        ++size;
    }

    // Of no leaves: the hash of nothing.
    Digest root() const
    {
        if (size == 0)
            return Sha256{}.finish();
        Digest node{};
        bool begun = false;
        for (unsigned level = 0; level < max_levels; ++level)
        {
            if (((size >> level) & 1) == 0)
                continue;
            node = begun ? tree_node(frontier[level], node) : frontier[level];
            begun = true;
        }
        return node;
    }
};

// The audit path of a leaf, made while leaves stream by: at most one hash a level.
//
// `target` is the leaf's index in a tree of `size` leaves. RFC 9162, 2.1.3.1.
struct InclusionProof
{
    std::uint64_t target = 0;
    std::uint64_t size = 0;
    unsigned count = 0;
    Digest path[max_levels]{};
    Digest leaf{};
};

// The root that follows from leaf and path: RFC 9162, 2.1.3.2. False if the path has a wrong length.
inline bool proof_root(const InclusionProof &proof, Digest &root)
{
    if (proof.target >= proof.size)
        return false;
    std::uint64_t node = proof.target;
    std::uint64_t last = proof.size - 1;
    Digest value = proof.leaf;
    for (unsigned step = 0; step < proof.count; ++step)
    {
        if (last == 0)
            return false;
        if ((node & 1) != 0 || node == last)
        {
            value = tree_node(proof.path[step], value);
            while ((node & 1) == 0 && node != 0)
            {
                node >>= 1;
                last >>= 1;
            }
        }
        else
            value = tree_node(value, proof.path[step]);
        node >>= 1;
        last >>= 1;
    }
    root = value;
    return last == 0;
}

// Builds a proof from a stream of leaves: each sibling subtree of the path has a tree of its own.
class ProofBuilder
{
public:
    ProofBuilder(std::uint64_t target, std::uint64_t size)
    {
        proof_.target = target;
        proof_.size = size;
        // Walk from the root down: split at the largest power of two below the range's size.
        std::uint64_t begin = 0;
        std::uint64_t end = size;
        while (end - begin > 1)
        {
            const std::uint64_t middle = begin + std::bit_floor(end - begin - 1);
            Range &range = ranges_[proof_.count++];
            if (target < middle)
            {
                range = {middle, end, {}};
                end = middle;
            }
            else
            {
                range = {begin, middle, {}};
                begin = middle;
            }
        }
    }

    void add(std::uint64_t index, const Digest &leaf)
    {
        if (index == proof_.target)
            proof_.leaf = leaf;
        for (unsigned i = 0; i < proof_.count; ++i)
            if (index >= ranges_[i].begin && index < ranges_[i].end)
                ranges_[i].tree.append(leaf);
    }

    // Bottom up, as the RFC has it.
    const InclusionProof &finish()
    {
        for (unsigned i = 0; i < proof_.count; ++i)
            proof_.path[i] = ranges_[proof_.count - 1 - i].tree.root();
        return proof_;
    }

private:
    struct Range
    {
        std::uint64_t begin;
        std::uint64_t end;
        MerkleTree tree;
    };
    InclusionProof proof_;
    Range ranges_[max_levels];
};

}  // namespace quiver::audit
