// Reserving, backing and releasing mapped memory.
#include "storage/mapped_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace quiver::storage {

namespace {

constinit std::uint32_t files_made = 0;

// Ask for large pages where the system gives them on request: what is looked up at random in hundreds of
// megabytes otherwise waits for the processor's address tables.
void ask_for_large_pages(void *base, std::uint64_t size, std::uint64_t worthwhile)
{
#ifdef MADV_HUGEPAGE
    if (size >= worthwhile)
        (void) madvise(base, size, MADV_HUGEPAGE);  // a wish
#else
    (void) base, (void) size, (void) worthwhile;
#endif
}

// Small private memory would only be rounded up; a file is as long as it is.
constexpr std::uint64_t worthwhile_private = std::uint64_t{64} << 20;
constexpr std::uint64_t worthwhile_file = std::uint64_t{4} << 20;

}  // namespace

MappedMemory *MappedMemory::make(std::uint64_t size)
{
    auto *memory = static_cast<MappedMemory *>(palloc0(sizeof(MappedMemory)));
    memory->size_ = size;
    memory->file_ = -1;
    memory->callback_.func = release;
    memory->callback_.arg = memory;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, &memory->callback_);
    return memory;
}

void MappedMemory::release(void *argument)
{
    auto *memory = static_cast<MappedMemory *>(argument);
    if (memory->base_ != nullptr)
        munmap(memory->base_, memory->size_);
    if (memory->owns_name_)
        unlink(memory->path_);
    if (memory->file_ >= 0)
    {
        close(memory->file_);
        ReleaseExternalFD();
    }
}

void MappedMemory::map(int flags)
{
    void *base = mmap(nullptr, size_, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, file_, 0);
    if (base == MAP_FAILED)
        ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY),
                errmsg("could not map %llu bytes: %m", static_cast<unsigned long long>(size_)));
    base_ = static_cast<char *>(base);
}

MappedMemory *MappedMemory::reserve_private(std::uint64_t size)
{
    void *base = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return nullptr;
    ask_for_large_pages(base, size, worthwhile_private);
    MappedMemory *memory = make(size);
    memory->base_ = static_cast<char *>(base);
    return memory;
}

void MappedMemory::map_private(std::uint64_t size)
{
    void *base = mmap(base_, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (base == MAP_FAILED)
        ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY),
                errmsg("could not map %llu bytes: %m", static_cast<unsigned long long>(size)));
    ask_for_large_pages(base, size, worthwhile_private);
    private_end_ = size;
}

MappedMemory *MappedMemory::create_file(std::uint64_t size, std::uint64_t in_memory)
{
    PrepareTempTablespaces();
    Oid tablespace = GetNextTempTableSpace();
    if (!OidIsValid(tablespace))
        tablespace =
            OidIsValid(MyDatabaseTableSpace) ? MyDatabaseTableSpace : DEFAULTTABLESPACE_OID;
    char directory[MAXPGPATH];
    TempTablespacePath(directory, tablespace);
    (void) MakePGDirectory(directory);  // it may be there

    MappedMemory *memory = make(size);
    snprintf(memory->path_, sizeof memory->path_, "%s/%s%d.quiver.%u", directory,
             PG_TEMP_FILE_PREFIX, MyProcPid, files_made++);
    ReserveExternalFD();
    memory->file_ = open(memory->path_, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, pg_file_create_mode);
    if (memory->file_ < 0)
    {
        const int problem = errno;
        ReleaseExternalFD();
        errno = problem;
        ereport(ERROR, errcode_for_file_access(),
                errmsg("could not create temporary file \"%s\": %m", memory->path_));
    }
    memory->owns_name_ = true;
    memory->map(MAP_SHARED);
    if (in_memory > 0)
        memory->map_private(in_memory);
    return memory;
}

MappedMemory *MappedMemory::attach_file(const char *path, std::uint64_t size)
{
    MappedMemory *memory = make(size);
    strlcpy(memory->path_, path, sizeof memory->path_);
    ReserveExternalFD();
    memory->file_ = open(path, O_RDWR | O_CLOEXEC);
    if (memory->file_ < 0)
    {
        const int problem = errno;
        ReleaseExternalFD();
        errno = problem;
        ereport(ERROR, errcode_for_file_access(),
                errmsg("could not open temporary file \"%s\": %m", path));
    }
    memory->map(MAP_SHARED);
    return memory;
}

void MappedMemory::kept_path(const char *name, char *path)
{
    char directory[MAXPGPATH];
    TempTablespacePath(directory, DEFAULTTABLESPACE_OID);
    (void) MakePGDirectory(directory);  // it may be there
    snprintf(path, path_bytes, "%s/%s.quiver.%s", directory, PG_TEMP_FILE_PREFIX, name);
}

// The mapping keeps the file; its number is not needed any more.
MappedMemory *MappedMemory::map_kept(int file, std::uint64_t size)
{
    void *base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (base == MAP_FAILED)
        return nullptr;
    ask_for_large_pages(base, size, worthwhile_file);
    MappedMemory *memory = make(size);
    memory->base_ = static_cast<char *>(base);
    return memory;
}

MappedMemory *MappedMemory::create_kept(const char *path, std::uint64_t size)
{
    unlink(path);
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, pg_file_create_mode);
    if (file < 0)
        return nullptr;
    int problem;
    do
        problem = posix_fallocate(file, 0, static_cast<off_t>(size));
    while (problem == EINTR);
    MappedMemory *memory = nullptr;
    if (problem == 0)
        memory = map_kept(file, size);
    else
        close(file);
    if (memory == nullptr)
        unlink(path);
    return memory;
}

MappedMemory *MappedMemory::attach_kept(const char *path, std::uint64_t size)
{
    const int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return nullptr;
    return map_kept(file, size);
}

void MappedMemory::back(std::uint64_t from, std::uint64_t to)
{
    from = std::max(from, private_end_);
    if (file_ < 0 || from >= to)
        return;
    int problem;
    do
    {
        CHECK_FOR_INTERRUPTS();
        problem = posix_fallocate(file_, static_cast<off_t>(from), static_cast<off_t>(to - from));
    } while (problem == EINTR);
    if (problem != 0)
    {
        errno = problem;
        ereport(ERROR, errcode_for_file_access(),
                errmsg("could not extend temporary file \"%s\" by %llu bytes: %m", path_,
                       static_cast<unsigned long long>(to - from)));
    }
}

void MappedMemory::unlink_file()
{
    if (owns_name_)
        unlink(path_);
    owns_name_ = false;
}

}  // namespace quiver::storage
