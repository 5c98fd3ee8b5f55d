// Memory that is reserved as addresses and backed as it is needed: private, or a temporary file that
// several processes map.
//
// A file is used where others would use shared memory, so /dev/shm may be as small as it likes; the
// kernel writes pages out when memory is short instead of killing somebody. Its name begins with
// pgsql_tmp and it lies where temporary files lie, so a crash leaves nothing behind: the server removes it
// when it starts. Everything is released with the memory context it was made in, also after an error.
#pragma once

#include "pg/parallel.hpp"

#include <cstdint>

namespace quiver::storage {

class MappedMemory
{
public:
    static constexpr std::size_t path_bytes = MAXPGPATH + 64;

    // `size` bytes of private memory, or null if the system does not give so many addresses.
    static MappedMemory *reserve_private(std::uint64_t size);
    // A new temporary file; the first `in_memory` bytes, whole pages, are private memory instead.
    static MappedMemory *create_file(std::uint64_t size, std::uint64_t in_memory = 0);
    // The file another process made.
    static MappedMemory *attach_file(const char *path, std::uint64_t size);
    // A file that outlives its maker, backed whole and zero, at a path that whoever comes to know of it can
    // map too; an older one of that name goes. Null if the system gives no such file.
    static MappedMemory *create_kept(const char *path, std::uint64_t size);
    static MappedMemory *attach_kept(const char *path, std::uint64_t size);
    // The directory where the default tablespace has its temporary files.
    static void kept_path(const char *name, char *path);

    char *base() const { return base_; }
    const char *path() const { return path_; }
    // Make [from, to) usable; its bytes are zero the first time. An error if the disk is full: touching
    // what is not backed would kill the process.
    void back(std::uint64_t from, std::uint64_t to);
    // Remove the file's name; who has mapped it keeps it.
    void unlink_file();

private:
    static MappedMemory *make(std::uint64_t size);
    static void release(void *memory);
    void map(int flags);
    void map_private(std::uint64_t size);
    static MappedMemory *map_kept(int file, std::uint64_t size);

    char *base_;
    std::uint64_t size_;
    std::uint64_t private_end_;  // what lies before is private memory
    int file_;  // -1: all is
    bool owns_name_;
    MemoryContextCallback callback_;
    char path_[path_bytes];
};

}  // namespace quiver::storage
