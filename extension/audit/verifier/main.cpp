// quiver-audit-verify: checks an audit log from its files, without a server.
#include "audit/digest.hpp"
#include "audit/payload.hpp"
#include "audit/reader.hpp"
#include "audit/render.hpp"
#include "audit/verify.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

using namespace quiver::audit;

namespace {

constexpr char usage[] =
    "usage: quiver-audit-verify [--key FILE] [--anchors DIRECTORY] DIRECTORY\n"
    "       quiver-audit-verify --json [--open KEYS]... DIRECTORY\n"
    "\n"
    "Recomputes every hash of the audit log in DIRECTORY and compares it with the log's "
    "checkpoints.\n"
    "  --key FILE            public key (PEM) that checkpoints and anchors must be signed with\n"
    "  --anchors DIRECTORY   checkpoints (*.note) that were kept elsewhere\n"
    "  --json                print the events as JSON lines; nothing is verified\n"
    "  --open KEYS           private key (X25519, PEM) that opens encrypted parameters, or a\n"
    "                        directory of such, *.pem\n"
    "\n"
    "Exit status: 0 sound, 1 problems were found or parameters could not be opened, 2 the log "
    "could not be read.\n";

void print_finding(void *, const Finding &finding)
{
    char time[32] = "-";
    if (finding.time != 0)
        format_time(finding.time, time);
    std::printf("%s: %s: segment %" PRIu64 " byte %" PRIu64 " leaf %" PRIu64 " time %s: %s\n",
                severity_name(finding.severity), problem_name(finding.problem), finding.segment,
                finding.offset, finding.leaf, time, finding.detail);
}

void print_text(void *, const char *text, std::size_t size) { std::fwrite(text, 1, size, stdout); }

int print_json(const char *directory, SealedReader *sealed)
{
    SegmentRange range;
    if (!list_segments(directory, range) || range.first == 0)
    {
        std::fprintf(stderr, "quiver-audit-verify: no segment in %s\n", directory);
        return 2;
    }
    static std::uint8_t buffer[max_record_bytes];
    SegmentReader reader;
    for (std::uint64_t number = range.first; number <= range.last; ++number)
    {
        if (!reader.open(directory, number) || !reader.has_head())
            continue;
        RecordHead record;
        while (reader.next(record, buffer) == ReadResult::record)
            if ((record.flags & record_erased) == 0)
                render_record(record, buffer, TextSink{print_text, nullptr}, sealed);
    }
    reader.close();
    if (sealed == nullptr || sealed->refused == 0)
        return 0;
    std::fprintf(stderr,
                 "quiver-audit-verify: parameters of %" PRIu64
                 " events are for another key, or were changed\n",
                 sealed->refused);
    return 1;
}

const char *complaint(KeyFile verdict)
{
    switch (verdict)
    {
    case KeyFile::missing:
        return "cannot be read";
    case KeyFile::other_kind:
        return "is no X25519 key";
    default:
        return "has no private key in PEM without a pass phrase";
    }
}

// Adds what --open names; says what is wrong with it.
bool add_keys(KeyRing &keys, const char *path)
{
    char refused[1024];
    const KeyFile verdict = keys.add(path, refused);
    if (verdict != KeyFile::good)
        std::fprintf(stderr, "quiver-audit-verify: %s %s\n", refused, complaint(verdict));
    return verdict == KeyFile::good;
}

int open_and_print(const char *directory, KeyRing &keys)
{
    SealedReader sealed{&keys, 0};
    const int status = print_json(directory, &sealed);
    keys.release();
    return status;
}

}  // namespace

int main(int count, char **arguments)
{
    const char *key_file = nullptr;
    const char *anchors = nullptr;
    const char *directory = nullptr;
    KeyRing keys;
    bool opens = false;
    bool json = false;
    for (int i = 1; i < count; ++i)
    {
        const std::string_view argument{arguments[i]};
        if (argument == "--key" && i + 1 < count)
            key_file = arguments[++i];
        else if (argument == "--anchors" && i + 1 < count)
            anchors = arguments[++i];
        else if (argument == "--open" && i + 1 < count)
        {
            opens = true;
            if (!add_keys(keys, arguments[++i]))
                return 2;
        }
        else if (argument == "--json")
            json = true;
        else if (argument == "--help")
        {
            std::fputs(usage, stdout);
            return 0;
        }
        else if (argument.starts_with("-") || directory != nullptr)
        {
            std::fputs(usage, stderr);
            return 2;
        }
        else
            directory = arguments[i];
    }
    if (directory == nullptr || (opens && !json))
    {
        std::fputs(usage, stderr);
        return 2;
    }
    if (json)
        return opens ? open_and_print(directory, keys) : print_json(directory, nullptr);
    PublicKey key;
    if (key_file != nullptr && !load_public_key(key_file, key))
    {
        std::fprintf(stderr, "quiver-audit-verify: %s is no Ed25519 public key in PEM\n", key_file);
        return 2;
    }
    const VerifySummary summary = verify_log({directory, key_file != nullptr ? &key : nullptr,
                                              anchors, print_finding, nullptr, nullptr});
    std::printf("%" PRIu64 " segments, %" PRIu64 " records, %" PRIu64 " events, %" PRIu64
                " checkpoints, %" PRIu64 " anchors, %" PRIu64 " events lost: %" PRIu64
                " errors, %" PRIu64 " warnings\n",
                summary.segments, summary.records, summary.events, summary.checkpoints,
                summary.anchors, summary.lost, summary.errors, summary.warnings);
    if (key_file == nullptr)
        std::printf("no key was given: signatures were not judged\n");
    return summary.segments == 0 ? 2 : summary.errors != 0 ? 1 : 0;
}
