// Memory that ends where the next page cannot be touched, so that a read or write past the end stops
// the program whatever instruction makes it; sanitizers do not see inside every vector intrinsic.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define UNIT_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_HAS_ASAN 1
#endif
#endif
#ifdef UNIT_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace unit {

// `count` elements whose end lies `slack` bytes before the forbidden page: slack 0 catches every read
// past the end, an odd slack gives addresses that fit no element's alignment.
template <class T> class Guarded
{
public:
    explicit Guarded(std::size_t count, std::size_t slack = 0) : count_(count)
    {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t room = (count * sizeof(T) + slack + page - 1) / page * page + page;
        size_ = room + page;
        start_ = static_cast<char *>(
            mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (start_ == MAP_FAILED || mprotect(start_ + room, page, PROT_NONE) != 0)
            std::abort();
        end_ = start_ + room - slack;
    }
    explicit Guarded(const std::vector<T> &values, std::size_t slack = 0)
        : Guarded(values.size(), slack)
    {
        if (!values.empty())
            std::memcpy(bytes(), values.data(), values.size() * sizeof(T));
    }
    Guarded(const Guarded &) = delete;
    Guarded &operator=(const Guarded &) = delete;
    ~Guarded()
    {
        fence(nullptr);
        munmap(start_, size_);
    }

    T *data() { return last(count_); }

    // The last n elements. What lies before them is out of bounds, as far as ASan can tell: it
    // marks whole groups of eight bytes.
    T *last(std::size_t n)
    {
        char *from = end_ - n * sizeof(T);
        fence(from);
        return reinterpret_cast<T *>(from);
    }

private:
    char *bytes() { return end_ - count_ * sizeof(T); }

    void fence([[maybe_unused]] char *from)
    {
#ifdef UNIT_HAS_ASAN
        ASAN_UNPOISON_MEMORY_REGION(start_, static_cast<std::size_t>(end_ - start_));
        if (from != nullptr)
            ASAN_POISON_MEMORY_REGION(start_, static_cast<std::size_t>(from - start_) / 8 * 8);
#endif
    }

    std::size_t count_, size_;
    char *start_, *end_;
};

}  // namespace unit
