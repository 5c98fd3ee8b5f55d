// Taking up rings and stages that a killed server has left.
#include "audit/worker.hpp"

#include "audit/digest.hpp"
#include "audit/stage.hpp"

#include <cinttypes>
#include <cstdio>
#include <unistd.h>

namespace quiver::audit {
namespace {

// Room for the next record, writing what is buffered; false if that fails.
bool make_room()
{
    return log_writer.has_room(max_record_bytes) || (log_writer.write() && log_writer.sync());
}

bool is_sound(const RecordHead &record, std::uint64_t place_length)
{
    return record.length == aligned(sizeof(RecordHead) + record.payload) &&
           place_length == sizeof(Place) + record.length &&
           record.payload <= max_record_bytes - sizeof(RecordHead);
}

bool take_ring(const Area &old, std::uint32_t shard, Recovered &recovered)
{
    Ring &ring = old.head->rings[shard];
    const std::uint64_t size = old.head->ring_bytes;
    const std::uint64_t head = pg_atomic_read_u64(&ring.head);
    std::uint64_t at = pg_atomic_read_u64(&ring.tail);
    while (at < head && head - at <= size)
    {
        const std::uint8_t *bytes = old.rings[shard] + at % size;
        const auto place = read_as<Place>(bytes);
        if (place.length < sizeof(Place) || place.length % 8 != 0 || place.length > head - at)
            break;
        auto record = read_as<RecordHead>(bytes + sizeof(Place));
        const std::uint8_t *payload = bytes + sizeof(Place) + sizeof(RecordHead);
        if (place.state != static_cast<std::uint32_t>(PlaceState::ready) ||
            !is_sound(record, place.length))
            ++recovered.unfinished;  // its stage still has the events
        else if (!log_writer.knows(record.session, record.first_event))
        {
            if (!make_room())
                return false;
            record.shard = static_cast<std::uint16_t>(shard % area.head->shards);
            seal_record(record, payload);
            log_writer.append(record, payload, record_recovered);
            show_record(record, payload);
            ++recovered.records;
        }
        at += place.length;
    }
    if (ring.lost != 0)
    {
        if (!make_room())
            return false;
        char message[128];
        snprintf(message, sizeof message,
                 "%" PRIu64 " events of shard %u lost before the server ended", ring.lost, shard);
        append_own(EventKind::loss, "LOSS", message, ring.lost);
        ring.lost = 0;
    }
    return true;
}

// What had not ended, or whose transaction had not, when the server did.
void mark_crashed(Stage &stage)
{
    const auto is_open = [&stage](const EventHead &event) {
        return event.outcome == Outcome::running ||
               (event.transaction != 0 && event.transaction == stage.open_transaction &&
                (event.outcome == Outcome::done || event.outcome == Outcome::committed));
    };
    for (std::uint32_t at = stage.session_bytes; at + sizeof(EventHead) <= stage.used;)
    {
        auto event = read_as<EventHead>(stage.data + at);
        if (is_open(event))
            event.outcome = event.subtransaction == 0 ? Outcome::done : Outcome::crashed;
        std::memcpy(stage.data + at, &event, sizeof event);
        if (event.length < sizeof event)
            return;
        at += event.length;
    }
}

bool take_stage(const Area &old, std::uint64_t i, Recovered &recovered)
{
    Stage &stage = old.stages[i];
    if (stage.events == 0 || stage.used > stage_data_bytes || stage.session_bytes < 4 ||
        stage.session_bytes > stage.used || log_writer.knows(stage.session, stage.first_event))
        return true;
    if (!make_room())
        return false;
    mark_crashed(stage);
    RecordHead record = stage_record(stage, GetCurrentTimestamp());
    record.shard = static_cast<std::uint16_t>(i % area.head->shards);
    salt_record(record);
    seal_record(record, stage.data);
    log_writer.append(record, stage.data, record_recovered);
    show_record(record, stage.data);
    ++recovered.stages;
    return true;
}

bool take_area(const Area &old, Recovered &recovered)
{
    for (std::uint32_t shard = 0; shard < old.head->shards; ++shard)
        if (!take_ring(old, shard, recovered))
            return false;
    for (std::uint64_t i = 0; i < old.head->stages; ++i)
        if (!take_stage(old, i, recovered))
            return false;
    return log_writer.write() && log_writer.sync();
}

}  // namespace

bool recover_old_areas(Recovered &recovered)
{
    for (int i = 1; i < 1000; ++i)
    {
        char path[MAXPGPATH];
        snprintf(path, sizeof path, "%s/ring.%03d", audit_directory(), i);
        if (access(path, F_OK) != 0)
            continue;
        Area old{};
        if (!map_old_area(path, old))
        {
            ereport(LOG, errmsg("\"%s\" is no ring file of the audit and is left alone", path));
            continue;
        }
        const bool taken = take_area(old, recovered);
        unmap_area(old);
        if (!taken)
            return false;
        unlink(path);
    }
    return true;
}

}  // namespace quiver::audit
