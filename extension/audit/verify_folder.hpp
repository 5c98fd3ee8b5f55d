// The folder of a log that is verified, perhaps while its server writes it: segments are begun at its end, and the retention
// rule takes its first ones away.
#pragma once

#include "audit/reader.hpp"
#include "audit/verify.hpp"
#include "audit/verify_notes.hpp"

#include <unistd.h>

namespace quiver::audit {

class LogFolder
{
public:
    // False if it cannot be read.
    bool list(const VerifyRequest &request)
    {
        request_ = request;
        return list_segments(request_.directory, range_);
    }

    std::uint64_t first() const { return range_.first; }
    std::uint64_t last() const { return range_.last; }

    // Whether the folder, looked at again, begins after this segment. The files of one that is the first may be going right
    // now, one after the other.
    bool was_removed(std::uint64_t segment)
    {
        for (int tries = 1;; ++tries)
        {
            SegmentRange now;
            if (!list_segments(request_.directory, now) || now.first < segment)
                return false;
            if (now.first > segment)
            {
                range_ = now;
                return true;
            }
            if (tries == removal_tries)
                return false;
            pause();
        }
    }

    // The checkpoints of a segment; false if they are missing or end in the middle. The newest segment gets its first one
    // some fsyncs after it was begun: seconds, on a slow disk.
    bool read_notes(std::uint64_t segment, SealList &notes)
    {
        char path[max_path];
        segment_path(path, request_.directory, segment, ".notes");
        for (int tries = 1;; ++tries)
        {
            notes.clear();
            if (notes.read(path, request_.key, false))
                return true;
            if (segment != range_.last || tries == note_tries)
                return false;
            pause();
        }
    }

private:
    static constexpr int note_tries = 100;
    static constexpr int removal_tries = 3;
    static constexpr useconds_t pause_us = 50'000;

    void pause()
    {
        usleep(pause_us);
        if (request_.each_record != nullptr)
            request_.each_record(request_.context);
    }

    VerifyRequest request_{};
    SegmentRange range_{};
};

}  // namespace quiver::audit
