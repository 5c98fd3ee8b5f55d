// Checkpoints of a segment and anchors, as verification needs them: sorted by the log's size.
#pragma once

#include "audit/note.hpp"

#include <cstddef>

namespace quiver::audit {

struct Seal
{
    Checkpoint checkpoint;
    Digest digest;
    bool is_signed;
    bool is_valid;  // the signature is the key's; true where there is no key to judge by
    bool is_anchor;
};

// Malloc'ed; release() frees it.
class SealList
{
public:
    // All notes of a file, appended. False at bytes that are no note; what came before is kept.
    bool read(const char *path, const PublicKey *key, bool anchors);
    // All *.note of a directory. False if it cannot be read.
    bool read_directory(const char *directory, const PublicKey *key);
    void sort();
    void clear() { count_ = 0; }
    void release();

    std::size_t size() const { return count_; }
    const Seal &operator[](std::size_t i) const { return seals_[i]; }

private:
    bool append(const Seal &seal);

    Seal *seals_ = nullptr;
    std::size_t count_ = 0;
    std::size_t room_ = 0;
};

}  // namespace quiver::audit
