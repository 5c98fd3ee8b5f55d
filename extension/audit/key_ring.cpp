// Several private keys: whichever a message is to opens it.
#include "audit/envelope.hpp"

#include <cstdio>
#include <cstdlib>
#include <dirent.h>

namespace quiver::audit {

KeyFile KeyRing::add_file(const char *path)
{
    if (count_ == room_)
    {
        const std::size_t more = room_ == 0 ? 16 : 2 * room_;
        void *moved = std::realloc(static_cast<void *>(keys_), more * sizeof(Opener));
        if (moved == nullptr)
            return KeyFile::missing;
        keys_ = static_cast<Opener *>(moved);
        room_ = more;
    }
    keys_[count_] = Opener{};
    const KeyFile verdict = keys_[count_].load(path);
    count_ += verdict == KeyFile::good;
    return verdict;
}

KeyFile KeyRing::add(const char *path, char (&refused)[1024])
{
    std::snprintf(refused, sizeof refused, "%s", path);
    DIR *directory = opendir(path);
    if (directory == nullptr)
        return add_file(path);
    KeyFile verdict = KeyFile::good;
    while (const dirent *entry = verdict == KeyFile::good ? readdir(directory) : nullptr)
    {
        const std::string_view name{entry->d_name};
        if (!name.ends_with(".pem"))
            continue;
        std::snprintf(refused, sizeof refused, "%s/%s", path, entry->d_name);
        verdict = add_file(refused);
    }
    closedir(directory);
    return verdict;
}

bool KeyRing::open(std::uint64_t session, std::span<const std::uint8_t> sealed, std::uint8_t *to,
                   std::size_t &size)
{
    for (std::size_t i = 0; i < count_; ++i)
        if (keys_[i].fits(sealed))
            return keys_[i].open(session, sealed, to, size);
    return false;
}

void KeyRing::release()
{
    for (std::size_t i = 0; i < count_; ++i)
        keys_[i].release();
    std::free(keys_);
    *this = KeyRing{};
}

}  // namespace quiver::audit
