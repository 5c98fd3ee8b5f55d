// Whose log a directory holds: a copy of another server's, as a base backup makes one, is not gone on with.
//
// Two servers that go on from one log would be a fork. The file "log" says its own inode; in a copy it has
// another. Then the copy is moved aside, whole and verifiable, and a new log begins that names it.
#include "audit/log_writer.hpp"

#include "audit/reader.hpp"

#include <cinttypes>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quiver::audit {
namespace {

void identity_path(char (&path)[max_path])
{
    std::snprintf(path, sizeof path, "%s/log", audit_directory());
}

bool belongs_to_log(const char *name)
{
    return std::strncmp(name, "ring.", 5) == 0 || std::strcmp(name, "log") == 0 ||
           (std::strspn(name, "0123456789abcdef") == 16 && name[16] == '.');
}

}  // namespace

void write_identity()
{
    char path[max_path];
    identity_path(path);
    unlink(path);
    const int file = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat entry;
    char text[32];
    bool good = file >= 0 && fstat(file, &entry) == 0;
    if (good)
    {
        const int size =
            std::snprintf(text, sizeof text, "%ju\n", static_cast<std::uintmax_t>(entry.st_ino));
        good = ::write(file, text, static_cast<std::size_t>(size)) == size && fsync(file) == 0;
    }
    if (file >= 0)
        close(file);
    if (!good)
        ereport(ERROR, errcode_for_file_access(), errmsg("could not write \"%s\": %m", path));
}

bool is_copied_log()
{
    char path[max_path];
    identity_path(path);
    struct stat entry;
    std::size_t size;
    char *text = read_file(path, size);
    if (text == nullptr)
        return false;
    const bool same = stat(path, &entry) == 0 &&
                      std::strtoull(text, nullptr, 10) == static_cast<std::uint64_t>(entry.st_ino);
    std::free(text);
    return !same;
}

bool move_copied_log(char (&moved)[max_path])
{
    const char *directory = audit_directory();
    std::snprintf(moved, sizeof moved, "%s/copied-%" PRId64, directory, GetCurrentTimestamp());
    if (mkdir(moved, S_IRWXU) != 0)
        return false;
    DIR *stream = opendir(directory);
    if (stream == nullptr)
        return false;
    bool good = true;
    while (const dirent *entry = readdir(stream))
    {
        if (!belongs_to_log(entry->d_name))
            continue;
        char from[2 * max_path];
        char to[2 * max_path];
        std::snprintf(from, sizeof from, "%s/%s", directory, entry->d_name);
        std::snprintf(to, sizeof to, "%s/%s", moved, entry->d_name);
        good = rename(from, to) == 0 && good;
    }
    closedir(stream);
    return good;
}

}  // namespace quiver::audit
