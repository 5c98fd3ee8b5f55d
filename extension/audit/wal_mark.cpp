// Where reading WAL back begins, kept until what was read is on disk: a machine that crashes again before that has begun
// recovery anew, from a later checkpoint.
#include "audit/wal.hpp"

#include "audit/area.hpp"
#include "audit/log_writer.hpp"
#include "audit/reader.hpp"

#include "pg/wal_reader.hpp"

#include <cinttypes>
#include <fcntl.h>
#include <unistd.h>

namespace quiver::audit {
namespace {

// In the data directory, since it is the log's disk that may be full.
constexpr char mark_path[] = "quiver_audit.wal";

bool is_there(const char *name) { return access(name, F_OK) == 0; }

}  // namespace

WalStart last_wal_start()
{
    const bool follows = is_there("standby.signal") || is_there("recovery.signal");
    const pg::LastCheckpoint last = pg::last_checkpoint(follows);
    WalStart start{last.redo, last.time};
    std::size_t size;
    char *text = read_file(mark_path, size);
    if (text == nullptr)
        return start;
    // WAL that comes from elsewhere need not have been here before.
    WalStart mark{};
    if (follows)
        (void) unlink(mark_path);
    else if (std::sscanf(text, "%" SCNu64 " %" SCNd64 " end", &mark.redo, &mark.time) == 2 &&
             std::strstr(text, "end") != nullptr &&
             (start.redo == InvalidXLogRecPtr || mark.redo < start.redo))
        start = mark;
    std::free(text);
    return start;
}

void keep_wal_start(const WalStart &start)
{
    char text[64];
    const int size = std::snprintf(text, sizeof text, "%" PRIu64 " %" PRId64 " end\n",
                                   static_cast<std::uint64_t>(start.redo), start.time);
    const int file = ::open(mark_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const bool good = file >= 0 && ::write(file, text, static_cast<std::size_t>(size)) == size &&
                      ftruncate(file, size) == 0 && fsync(file) == 0;
    if (!good)
        ereport(
            LOG, errcode_for_file_access(), errmsg("could not write \"%s\": %m", mark_path),
            errdetail("Should the machine crash again before the audit has read WAL back, events "
                      "of durable transactions may be lost."));
    if (file >= 0)
        close(file);
    sync_directory(".");
}

void forget_wal_start() { (void) unlink(mark_path); }

}  // namespace quiver::audit
