// The worker: the one process that writes the log.
#pragma once

#include "audit/log_writer.hpp"

namespace quiver::audit {

void register_worker();

// Records of the worker's own: what it did, what was lost. No session, no event numbers.
void append_own(EventKind kind, std::string_view command, std::string_view message,
                std::uint64_t rows);

struct Recovered
{
    std::uint64_t records;  // from rings
    std::uint64_t stages;
    std::uint64_t unfinished;  // places that were claimed and not filled
};

// Takes up what an earlier server left in files set aside, and removes them. False if it has to be tried
// again because the log cannot be written.
bool recover_old_areas(Recovered &recovered);

// log_erase.cpp: does what quiver.audit_erase() asks for.
void erase_if_asked();

// The other sinks: JSON lines beside the segment, and the server log.
void show_record(const RecordHead &record, const std::uint8_t *payload);
void flush_shown(bool end_of_segment);

}  // namespace quiver::audit
