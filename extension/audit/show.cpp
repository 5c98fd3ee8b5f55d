// The worker's other sinks. What they cannot write is not lost: the segment has it.
#include "audit/worker.hpp"

#include "audit/reader.hpp"
#include "audit/render.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace quiver::audit {
namespace {

constinit StringInfoData lines{};
constinit bool failed = false;

void put(void *, const char *text, std::size_t size)
{
    appendBinaryStringInfo(&lines, text, static_cast<int>(size));
}

void to_server_log()
{
    std::string_view rest{lines.data, static_cast<std::size_t>(lines.len)};
    while (!rest.empty())
    {
        const std::size_t end = rest.find('\n');
        const std::string_view line = slice(rest, 0, end);
        ereport(LOG, errhidestmt(true), errhidecontext(true),
                errmsg("AUDIT: %.*s", static_cast<int>(line.size()), line.data()));
        rest = end == std::string_view::npos ? std::string_view{} : slice(rest, end + 1);
    }
}

}  // namespace

void show_record(const RecordHead &record, const std::uint8_t *payload)
{
    if (!settings.json && !settings.log)
        return;
    if (lines.data == nullptr)
    {
        MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
        initStringInfo(&lines);
        MemoryContextSwitchTo(caller);
    }
    render_record(record, payload, TextSink{put, nullptr});
    if (lines.len > 256 * 1024)
        flush_shown(false);
}

void flush_shown(bool)
{
    if (lines.data == nullptr || lines.len == 0)
        return;
    if (settings.log)
        to_server_log();
    if (settings.json)
    {
        char path[max_path];
        segment_path(path, audit_directory(), log_writer.segment(), ".jsonl");
        const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        const bool good =
            file >= 0 && ::write(file, lines.data, static_cast<std::size_t>(lines.len)) ==
                             static_cast<ssize_t>(lines.len);
        if (!good && !failed)
            ereport(LOG, errcode_for_file_access(), errmsg("could not write \"%s\": %m", path),
                    errdetail("The segment has the events all the same."));
        failed = !good;
        if (file >= 0)
            close(file);
    }
    resetStringInfo(&lines);
}

}  // namespace quiver::audit
