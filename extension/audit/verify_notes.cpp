// Loading checkpoints and anchors.
#include "audit/verify_notes.hpp"

#include "audit/reader.hpp"

#include <algorithm>
#include <cstdlib>
#include <dirent.h>

namespace quiver::audit {

bool SealList::append(const Seal &seal)
{
    if (count_ == room_)
    {
        const std::size_t room = room_ == 0 ? 64 : 2 * room_;
        auto *grown = static_cast<Seal *>(std::realloc(seals_, room * sizeof(Seal)));
        if (grown == nullptr)
            return false;
        seals_ = grown;
        room_ = room;
    }
    seals_[count_++] = seal;
    return true;
}

bool SealList::read(const char *path, const PublicKey *key, bool anchors)
{
    std::size_t size = 0;
    char *file = read_file(path, size);
    if (file == nullptr)
        return false;
    std::string_view rest{file, size};
    bool whole = true;
    while (!rest.empty() && whole)
    {
        ParsedNote note;
        const std::size_t used = parse_note(rest, note);
        whole = used != 0 && append({note.checkpoint, note.digest, note.is_signed,
                                     key == nullptr || is_signed_by(note, *key), anchors});
        rest.remove_prefix(used);
    }
    std::free(file);
    return whole;
}

bool SealList::read_directory(const char *directory, const PublicKey *key)
{
    DIR *stream = opendir(directory);
    if (stream == nullptr)
        return false;
    while (const dirent *entry = readdir(stream))
    {
        const std::string_view name{entry->d_name};
        if (name.size() < 6 || slice(name, name.size() - 5) != ".note")
            continue;
        char path[max_path];
        std::snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        (void) read(path, key, true);
    }
    closedir(stream);
    return true;
}

void SealList::sort()
{
    std::sort(seals_, seals_ + count_,
              [](const Seal &a, const Seal &b) { return a.checkpoint.size < b.checkpoint.size; });
}

void SealList::release()
{
    std::free(seals_);
    *this = SealList{};
}

}  // namespace quiver::audit
