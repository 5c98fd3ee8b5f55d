// Moving records from the rings into the log's buffer.
#include "audit/drain.hpp"

#include "audit/worker.hpp"

namespace quiver::audit {
namespace {

constinit RingHeads drained{};

bool drain_ring(std::uint32_t shard)
{
    Ring &ring = area.head->rings[shard];
    const std::uint64_t size = area.head->ring_bytes;
    const std::uint64_t head = pg_atomic_read_u64(&ring.head);
    pg_read_barrier();
    while (drained.at[shard] < head)
    {
        const std::uint8_t *at = area.rings[shard] + drained.at[shard] % size;
        const auto *place = reinterpret_cast<const volatile Place *>(at);
        if (place->state != static_cast<std::uint32_t>(PlaceState::ready))
            return false;
        pg_read_barrier();
        if (!log_writer.has_room(place->length))
            return true;
        const auto record = read_as<RecordHead>(at + sizeof(Place));
        const std::uint8_t *payload = at + sizeof(Place) + sizeof(RecordHead);
        log_writer.append(record, payload, 0);
        show_record(record, payload);
        pg_atomic_fetch_add_u64(&area.head->written_events, record.events);
        drained.at[shard] += place->length;
    }
    return false;
}

}  // namespace

bool drain_rings()
{
    bool more = false;
    for (std::uint32_t shard = 0; shard < area.head->shards; ++shard)
        more |= drain_ring(shard);
    return more;
}

RingHeads ring_heads()
{
    RingHeads heads{};
    for (std::uint32_t shard = 0; shard < area.head->shards; ++shard)
        heads.at[shard] = pg_atomic_read_u64(&area.head->rings[shard].head);
    return heads;
}

bool are_drained_to(const RingHeads &heads)
{
    for (std::uint32_t shard = 0; shard < area.head->shards; ++shard)
        if (drained.at[shard] < heads.at[shard])
            return false;
    return true;
}

void give_rings_back()
{
    for (std::uint32_t shard = 0; shard < area.head->shards; ++shard)
        pg_atomic_write_u64(&area.head->rings[shard].tail, drained.at[shard]);
}

}  // namespace quiver::audit
